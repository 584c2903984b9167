using Mayfly.Platforms.Lambda.Propagation;
using Mayfly.Platforms.Lambda.Triggers;

namespace Mayfly.Platforms.Lambda;

/// <summary>
/// Finds the trace that an invocation continues, and the spans that it is linked to, among the places where callers leave their contexts
/// (docs/spec/02-triggers.md#61-precedence, #62-carrier-locations).
/// </summary>
internal sealed class UpstreamFinder(Propagator propagator)
{
    /// <param name="trigger">Null for an event that says nothing.</param>
    /// <param name="startCall">
    /// Headers of the start-invocation call itself, or of the Runtime API's answer; weaker than everything in the event. The weakest is the client context.
    /// </param>
    public Upstream Find(Trigger? trigger, Carrier startCall)
    {
        // Who asked for no propagation gets none, not even ids that follow from the event itself.
        if (!propagator.IsEnabled)
        {
            return new Upstream(null, []);
        }

        SpanContext? parent = null;
        LinkSet? links = null;
        foreach (TriggerContext place in trigger?.Contexts ?? [])
        {
            if (ContextOf(place) is not { } found)
            {
                continue;
            }

            if (parent is null)
            {
                parent = found;
            }
            else
            {
                (links ??= new LinkSet(parent)).Add(found);
            }
        }

        parent ??= FirstOf(trigger?.Fallbacks ?? []) ?? propagator.Extract(startCall) ?? ContextOf(ClientContext.Read(startCall.Find(ClientContext.Header)));
        return new Upstream(parent, links?.Links ?? []);
    }

    private SpanContext? FirstOf(IReadOnlyList<TriggerContext> places)
    {
        foreach (TriggerContext place in places)
        {
            if (ContextOf(place) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    private SpanContext? ContextOf(TriggerContext? place) => (place?.Carrier is { } carrier ? propagator.Extract(carrier) : null) ?? place?.Generated;

    /// <summary>Each span once, and never the parent.</summary>
    private sealed class LinkSet(SpanContext parent)
    {
        private readonly HashSet<(ulong, ulong, ulong)> _known = [(parent.TraceIdHigh, parent.TraceId, parent.SpanId)];

        public List<ContextLink> Links { get; } = [];

        public void Add(SpanContext context)
        {
            if (ContextLink.To(context) is { } link && _known.Add((link.TraceIdHigh, link.TraceId, link.SpanId)))
            {
                Links.Add(link);
            }
        }
    }
}

/// <summary>What an invocation continues.</summary>
/// <param name="Parent">Null = it begins a trace.</param>
/// <param name="Links">Contexts of the event's other records, without the parent's.</param>
internal readonly record struct Upstream(SpanContext? Parent, IReadOnlyList<ContextLink> Links);
