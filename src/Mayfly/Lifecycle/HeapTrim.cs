using Mayfly.Wire;

namespace Mayfly.Lifecycle;

/// <summary>
/// Gives memory back: once when a sandbox has shown that it stays, since by then every buffer has had its largest size at least once and much of the heap is
/// what the start and the first bursts left behind; and whenever the process has grown since by <see cref="GrowthBytes"/>. The collector would find out by
/// itself some thousand invocations, or some hundred megabytes, later.
/// </summary>
/// <remarks>Measured in docs/decisions/0003-publish-settings.md. Not thread-safe.</remarks>
public sealed class HeapTrim(Action collect, Func<long> allocatedBytes, Func<long> residentBytes)
{
    /// <summary>Most sandboxes end before this many invocations, and pay nothing.</summary>
    public const int Invocations = 500;

    /// <summary>Growth of the process that is worth a collection; twice as much each time when it comes back at once.</summary>
    public const long GrowthBytes = 8 * 1024 * 1024;

    /// <summary>What the agent allocates before it looks at the size of the process again.</summary>
    public const long AllocatedBytes = 4 * 1024 * 1024;

    /// <summary>A process that is back at its size after fewer invocations needs that size.</summary>
    private const int Soon = 10;

    private int _served;
    private int _sinceCollection = Soon;
    private long _growthBytes = GrowthBytes;
    private long _allocatedAtLook = allocatedBytes();

    /// <summary>Of the process after the last collection, at first after the first burst; 0 = not looked at yet.</summary>
    private long _residentBytes;

    public HeapTrim()
        : this(
            static () =>
            {
                LargeArrays.Shared.Clear();
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
                NativeHeap.Trim();
            },
            static () => GC.GetTotalAllocatedBytes(),
            static () => Environment.WorkingSet)
    {
    }

    /// <summary>Called after each invocation, when nobody waits for an answer.</summary>
    public void Served()
    {
        if (_served < Invocations && ++_served == Invocations)
        {
            Collect();
        }

        _sinceCollection = Math.Min(_sinceCollection + 1, Soon);
        long allocated = allocatedBytes();
        if (allocated - _allocatedAtLook < AllocatedBytes)
        {
            return;
        }

        _allocatedAtLook = allocated;
        long resident = residentBytes();
        if (_residentBytes == 0)
        {
            _residentBytes = resident;
        }
        else if (resident - _residentBytes >= _growthBytes)
        {
            _growthBytes *= _sinceCollection < Soon ? 2 : 1;
            Collect();
        }
    }

    private void Collect()
    {
        collect();
        _sinceCollection = 0;
        _residentBytes = residentBytes();
    }
}
