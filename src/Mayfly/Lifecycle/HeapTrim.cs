namespace Mayfly.Lifecycle;

/// <summary>
/// Gives memory back, once, when a sandbox has shown that it stays: by then every buffer has had its largest size at least once, and much of the heap is what
/// the start and the first bursts left behind. The collector would find out by itself some thousand invocations later.
/// </summary>
/// <remarks>Measured in docs/decisions/0003-publish-settings.md.</remarks>
public sealed class HeapTrim(Action collect)
{
    /// <summary>Most sandboxes end before this many invocations, and pay nothing.</summary>
    public const int Invocations = 500;

    private int _served;

    public HeapTrim()
        : this(static () => GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true))
    {
    }

    /// <summary>Called after each invocation, when nobody waits for an answer.</summary>
    public void Served()
    {
        if (_served < Invocations && ++_served == Invocations)
        {
            collect();
        }
    }
}
