using Mayfly.Config;
using Mayfly.Diagnostics;

namespace Mayfly.Platforms.Lambda.Propagation;

/// <summary>
/// Finds the trace that an invocation continues: reads carriers in the configured styles and settles what to do when several of them name a context
/// (docs/spec/02-triggers.md#6-trace-context). Thread-safe; malformed input is no context.
/// </summary>
/// <param name="settings">Which styles count, in which order.</param>
/// <param name="counters">Told of baggage that limits leave out; null where nobody asks.</param>
public sealed class Propagator(PropagationSettings settings, Counters? counters = null)
{
    private readonly BaggageTags _baggage = new(settings, counters);
    private readonly PropagationStyle[] _styles = [.. settings.ExtractStyles.Where(static style => style != PropagationStyle.Baggage)];

    /// <summary>False when the user asked for <c>none</c>: then no source counts, not even ids that follow from the event itself.</summary>
    public bool IsEnabled => _styles.Length > 0;

    /// <summary>The context in one carrier. Null when no configured style finds one, and the X-Ray header is not Datadog's either.</summary>
    public SpanContext? Extract(Carrier carrier)
    {
        ExtractedContext? primary = null;
        List<ExtractedContext>? others = null;
        foreach (PropagationStyle style in _styles)
        {
            if (ExtractStyle(style, carrier) is not { } found)
            {
                continue;
            }

            if (primary is not null)
            {
                (others ??= []).Add(found);
                continue;
            }

            primary = found;
            if (settings.ExtractFirst)
            {
                break;
            }
        }

        if (primary is not null)
        {
            return Compose(primary, others, carrier);
        }

        return !IsEnabled
            ? null
            : WithBaggage(XRayHeader.Read(carrier.Find(XRayHeader.AttributeName) ?? carrier.Find(XRayHeader.HeaderName)), carrier);
    }

    private static ExtractedContext? ExtractStyle(PropagationStyle style, Carrier carrier) => style switch
    {
        PropagationStyle.Datadog => DatadogStyle.Extract(carrier),
        PropagationStyle.TraceContext => TraceContextStyle.Extract(carrier),
        PropagationStyle.B3Multi => B3Style.ExtractMulti(carrier),
        PropagationStyle.B3 => B3Style.ExtractSingle(carrier),
        _ => null,
    };

    private SpanContext Compose(ExtractedContext primary, List<ExtractedContext>? others, Carrier carrier)
    {
        List<ContextLink>? links = null;
        foreach (ExtractedContext other in others ?? [])
        {
            if (other.SpanId != 0 && !other.IsSameTrace(primary))
            {
                (links ??= []).Add(LinkTo(other));
            }
            else if (other.Style == PropagationStyle.TraceContext)
            {
                ulong? datadogSpanId = primary.Style == PropagationStyle.Datadog
                    ? primary.SpanId
                    : others?.Find(static o => o.Style == PropagationStyle.Datadog)?.SpanId;
                TakeOver(primary, other, datadogSpanId);
            }
        }

        if (primary.TraceIdHigh != 0)
        {
            primary.Tags.TryAdd(SpanContext.HighBitsTag, IdText.ToHex(primary.TraceIdHigh));
        }

        _baggage.AddTo(primary.Tags, carrier);
        return new SpanContext(primary.TraceId, primary.SpanId, primary.Priority, primary.Tags.ToList())
        {
            TraceIdHigh = primary.TraceIdHigh,
            Origin = primary.Origin,
            Links = links ?? [],
        };
    }

    /// <summary>W3C headers of the same trace: whoever wrote them last is the parent, and the last Datadog span becomes a tag.</summary>
    private static void TakeOver(ExtractedContext primary, ExtractedContext traceContext, ulong? datadogSpanId)
    {
        if (traceContext.Tags.Find(TraceContextStyle.StateHeader) is { } state)
        {
            primary.Tags.Set(TraceContextStyle.StateHeader, state);
        }

        if (primary.SpanId == traceContext.SpanId)
        {
            return;
        }

        if ((traceContext.Tags.Find(SpanContext.LastParentTag) ?? (datadogSpanId is { } id ? IdText.ToHex(id) : null)) is { } lastParent)
        {
            primary.Tags.Set(SpanContext.LastParentTag, lastParent);
        }

        primary.SpanId = traceContext.SpanId;
    }

    private static ContextLink LinkTo(ExtractedContext context) => new(
        context.TraceId,
        context.TraceIdHigh,
        context.SpanId,
        context.Priority is { } priority ? priority > 0 : null,
        context.Tags.Find(TraceContextStyle.StateHeader),
        context.Style.ToString().ToLowerInvariant());

    private SpanContext? WithBaggage(SpanContext? context, Carrier carrier)
    {
        if (context is null)
        {
            return null;
        }

        var tags = new ContextTags();
        _baggage.AddTo(tags, carrier);
        return tags.Count == 0 ? context : context with { Tags = tags.ToList() };
    }
}
