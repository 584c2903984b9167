using Mayfly.Platforms.Lambda.Propagation;

namespace Mayfly.Platforms.Lambda.Triggers;

/// <summary>
/// One place that may hold an upstream trace context, such as one record of a batch: texts for the propagator, a context that follows from the event itself, or
/// both; then the texts are the stronger ones.
/// </summary>
public sealed record TriggerContext
{
    private TriggerContext()
    {
    }

    /// <summary>Null = none; never empty.</summary>
    public Carrier? Carrier { get; private init; }

    /// <summary>Computed instead of propagated: ids of a Step Functions state, or those in an <c>AWSTraceHeader</c>. Null = none.</summary>
    public SpanContext? Generated { get; private init; }

    public static TriggerContext Of(SpanContext generated) => new() { Generated = generated };

    /// <summary>Null for an empty carrier.</summary>
    public static TriggerContext? Of(Carrier carrier) => carrier.Entries.Count == 0 ? null : new() { Carrier = carrier };

    /// <summary>The place with what it has, and with <paramref name="generated"/> where it has no context of that kind itself.</summary>
    internal static TriggerContext? Join(TriggerContext? place, SpanContext? generated)
    {
        if (generated is null)
        {
            return place;
        }

        return place is null ? Of(generated) : place with { Generated = place.Generated ?? generated };
    }
}
