using Mayfly.Platforms.Lambda.Propagation;
using Mayfly.Platforms.Lambda.Triggers;
using Mayfly.Traces;
using Mayfly.Wire;

namespace Mayfly.Platforms.Lambda;

/// <summary>
/// Puts links on the agent's own spans. Links to spans go into the span's own list, pointers into the tag <c>_dd.span_links</c>, as tracers do: whoever reads
/// a span takes either form, so that a link in both would be two (docs/spec/02-triggers.md#63-configuration-and-composition, #7-span-pointers).
/// </summary>
internal static class SpanLinks
{
    public static void Add(Span span, IReadOnlyList<ContextLink> links)
    {
        foreach (ContextLink link in links)
        {
            int first = span.LinkAttributes.Count;
            foreach ((string key, string value) in link.Attributes)
            {
                span.LinkAttributes.Add(new SpanMapEntry<Utf8Slice>(Utf8Slice.From(key), Utf8Slice.From(value)));
            }

            span.Links.Add(new SpanLink
            {
                TraceId = link.TraceId,
                TraceIdHigh = link.TraceIdHigh,
                SpanId = link.SpanId,
                FirstAttribute = first,
                AttributeCount = span.LinkAttributes.Count - first,
                TraceState = link.TraceState is null ? default : Utf8Slice.From(link.TraceState),
                Flags = link.Flags,
            });
        }
    }

    /// <summary>Keeps what is in the tag already.</summary>
    public static void Add(Span span, IReadOnlyList<SpanPointer> pointers)
    {
        if (pointers.Count == 0)
        {
            return;
        }

        Utf8Slice key = Utf8Slice.From(SpanPointerLinks.Key);
        string? existing = span.Meta.TryFind(key.Span, out Utf8Slice known) ? known.ToString() : null;
        span.Meta.Set(key, Utf8Slice.From(SpanPointerLinks.Append(existing, pointers)));
    }
}
