namespace Mayfly.Platforms.Lambda.Invocations;

/// <summary>The contexts by request id, oldest first, at most <see cref="Limit"/>. Guarded by the lock of <see cref="InvocationTracker"/>.</summary>
internal sealed class ContextTable
{
    /// <summary>docs/spec/01-lambda-lifecycle.md#42-context-per-request-id.</summary>
    public const int Limit = 500;

    private readonly Dictionary<string, InvocationContext> _byId = new(StringComparer.Ordinal);
    private readonly LinkedList<InvocationContext> _byAge = new();

    public int Count => _byId.Count;

    /// <summary>A snapshot, oldest first.</summary>
    public IReadOnlyList<InvocationContext> All => [.. _byAge];

    public InvocationContext? Find(string requestId) => _byId.GetValueOrDefault(requestId);

    public void Add(InvocationContext context)
    {
        _byId.Add(context.RequestId, context);
        context.Place = _byAge.AddLast(context);
    }

    /// <summary>Nothing happens when it has been removed before.</summary>
    public void Remove(InvocationContext context)
    {
        if (context.Place is { } place)
        {
            context.Place = null;
            _byAge.Remove(place);
            _byId.Remove(context.RequestId);
            context.ForgetTracer();
        }
    }

    /// <summary>The oldest one that is not <paramref name="spared"/>, if the table is full.</summary>
    public InvocationContext? OneTooMany(InvocationContext? spared) =>
        _byId.Count < Limit ? null : _byAge.First is { } first && first.Value != spared ? first.Value : _byAge.First?.Next?.Value;
}
