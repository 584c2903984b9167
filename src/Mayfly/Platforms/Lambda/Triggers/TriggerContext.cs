using Mayfly.Platforms.Lambda.Propagation;

namespace Mayfly.Platforms.Lambda.Triggers;

/// <summary>One place that may hold the upstream trace context: either texts for the propagator, or a context that follows from the event itself.</summary>
public sealed record TriggerContext
{
    private TriggerContext()
    {
    }

    /// <summary>Never empty; null when <see cref="Generated"/> is set.</summary>
    public Carrier? Carrier { get; private init; }

    /// <summary>Null when <see cref="Carrier"/> is set.</summary>
    public GeneratedContext? Generated { get; private init; }

    public static TriggerContext Of(GeneratedContext generated) => new() { Generated = generated };

    /// <summary>Null for an empty carrier.</summary>
    public static TriggerContext? Of(Carrier carrier) => carrier.Entries.Count == 0 ? null : new() { Carrier = carrier };
}

/// <summary>A trace context that is computed instead of propagated: ids of a Step Functions state, or those in an <c>AWSTraceHeader</c>.</summary>
/// <param name="TraceId">Low 64 bits; never 0.</param>
/// <param name="SpanId">Parent of the first span; never 0.</param>
/// <param name="Origin">Null = none.</param>
/// <param name="Tags"><c>_dd.p.*</c> tags, <c>_dd.p.tid</c> among them when the trace id has high bits.</param>
public sealed record GeneratedContext(ulong TraceId, ulong SpanId, int Priority, string? Origin, IReadOnlyList<KeyValuePair<string, string>> Tags);
