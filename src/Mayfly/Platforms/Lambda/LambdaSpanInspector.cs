using Mayfly.Logs;
using Mayfly.Platforms.Lambda.Invocations;
using Mayfly.Platforms.Lambda.RuntimeProxy;
using Mayfly.Platforms.Lambda.Telemetry;
using Mayfly.Traces;
using Mayfly.Wire;

namespace Mayfly.Platforms.Lambda;

/// <summary>
/// Lambda's look at every span that a tracer sends: internal ones and repeated ones go, the placeholder of the <c>aws.lambda</c> span is handed to its
/// invocation, a web application's spans are put below theirs, and spans of nobody's service get the function's.
/// </summary>
/// <param name="internalSpans">What is the customer's neither to see nor to pay for.</param>
/// <param name="invocations">Takes the placeholders.</param>
/// <param name="reparenting">Null unless a web adapter stands before the function.</param>
/// <param name="logs">Told of the executions of a durable function; null: nobody.</param>
/// <param name="service">The function's tag <c>service</c>; null when it has none.</param>
public sealed class LambdaSpanInspector(
    InternalSpans internalSpans,
    InvocationTracker invocations,
    Reparenting? reparenting = null,
    LambdaLogs? logs = null,
    string? service = null) : ISpanInspector
{
    private readonly SpanDedup _dedup = new();
    private readonly Utf8Slice _service = service is null ? default : Utf8Slice.From(service);

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

        if (internalSpans.Contains(span) || !_dedup.IsNew(span.TraceId, span.SpanId))
        {
            return SpanVerdict.Drop;
        }

        // docs/spec/01-lambda-lifecycle.md#412-service-names-and-mapping
        if (service is not null && span.Service.SequenceEqual("aws.lambda"u8))
        {
            span.Service = _service;
        }

        invocations.LibrarySpanSeen(span);
        if (logs is { WantsExecutions: true } && span.Name.SequenceEqual("aws.lambda"u8))
        {
            LearnExecution(span, logs);
        }

        if (reparenting is not null)
        {
            Reparent(span, reparenting, headers);
        }

        return SpanVerdict.Keep;
    }

    /// <summary>The library's span of an invocation says to which execution of a durable function it belongs.</summary>
    private static void LearnExecution(Span span, LambdaLogs logs)
    {
        if (span.Meta.TryFind("request_id"u8, out Utf8Slice requestId)
            && span.Meta.TryFind("aws.durable.execution_id"u8, out Utf8Slice id)
            && span.Meta.TryFind("aws.durable.execution_name"u8, out Utf8Slice name))
        {
            bool? isFirst = span.Meta.TryFind("aws.durable.first_invocation"u8, out Utf8Slice first) ? first.SequenceEqual("true"u8) : null;
            span.Meta.TryFind("aws.durable.execution_status"u8, out Utf8Slice status);
            logs.Learn(requestId.ToString(), new DurableExecution(id.Span, name.Span, isFirst, status.Span));
        }
    }

    /// <summary>The first span that is put below an invocation tells it its trace.</summary>
    private void Reparent(Span span, Reparenting known, in TraceHeaders headers)
    {
        ulong parentId = known.ParentOf(span.TraceId, span.ParentId);
        if (parentId == span.ParentId)
        {
            return;
        }

        span.ParentId = parentId;
        foreach (ReparentedInvocation invocation in known.ToList())
        {
            if (invocation.InvocationSpanId == parentId)
            {
                invocations.PlaceholderSeen(invocation.RequestId, new PlaceholderSpan(span.TraceId, parentId, 0, [], [], [], headers));
            }
        }
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
