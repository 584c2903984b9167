using Mayfly.Platforms.Lambda.Invocations;
using Mayfly.Traces;
using Mayfly.Wire;

namespace Mayfly.Platforms.Lambda;

/// <summary>
/// Lambda's look at every span that a tracer sends: internal ones go, the placeholder of the <c>aws.lambda</c> span is handed to its invocation.
/// </summary>
public sealed class LambdaSpanInspector(InternalSpans internalSpans, InvocationTracker invocations) : ISpanInspector
{
    public SpanVerdict Inspect(Span span, in TraceHeaders headers)
    {
        // Recognised by resource: with client-side stats the tracer normalizes the name (docs/spec/07-observed-clients.md#5-net-what-datadogtrace-sends).
        if (span.Resource.SequenceEqual("dd-tracer-serverless-span"u8))
        {
            if (span.Meta.TryFind("request_id"u8, out Utf8Slice requestId))
            {
                invocations.PlaceholderSeen(requestId.ToString(), CopyOf(span, headers));
            }

            return SpanVerdict.Drop;
        }

        return internalSpans.Contains(span) ? SpanVerdict.Drop : SpanVerdict.Keep;
    }

    /// <summary>The span's slices die with the request; its invocation keeps copies.</summary>
    private static PlaceholderSpan CopyOf(Span span, in TraceHeaders headers)
    {
        var meta = new List<KeyValuePair<Utf8Slice, Utf8Slice>>(span.Meta.Count);
        foreach (SpanMapEntry<Utf8Slice> entry in span.Meta.Entries)
        {
            meta.Add(new(Utf8Slice.Copy(entry.Key.Span), Utf8Slice.Copy(entry.Value.Span)));
        }

        var metrics = new List<KeyValuePair<Utf8Slice, double>>(span.Metrics.Count);
        foreach (SpanMapEntry<double> entry in span.Metrics.Entries)
        {
            metrics.Add(new(Utf8Slice.Copy(entry.Key.Span), entry.Value));
        }

        var metaStruct = new List<KeyValuePair<Utf8Slice, Utf8Slice>>(span.MetaStruct.Count);
        foreach (SpanMapEntry<Utf8Slice> entry in span.MetaStruct.Entries)
        {
            metaStruct.Add(new(Utf8Slice.Copy(entry.Key.Span), Utf8Slice.Copy(entry.Value.Span)));
        }

        return new PlaceholderSpan(span.TraceId, span.SpanId, span.Error, meta, metrics, metaStruct, headers);
    }
}
