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

    /// <summary>Computed instead of propagated: ids of a Step Functions state, or those in an <c>AWSTraceHeader</c>. Null when <see cref="Carrier"/> is set.</summary>
    public SpanContext? Generated { get; private init; }

    public static TriggerContext Of(SpanContext generated) => new() { Generated = generated };

    /// <summary>Null for an empty carrier.</summary>
    public static TriggerContext? Of(Carrier carrier) => carrier.Entries.Count == 0 ? null : new() { Carrier = carrier };
}
