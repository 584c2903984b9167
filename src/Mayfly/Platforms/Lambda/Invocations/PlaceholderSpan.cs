using Mayfly.Traces;
using Mayfly.Wire;

namespace Mayfly.Platforms.Lambda.Invocations;

/// <summary>
/// What the agent keeps of a tracer's placeholder span (resource <c>dd-tracer-serverless-span</c>): its ids, tags and metrics, copied out of the request body,
/// and what its request said about the tracer.
/// </summary>
public sealed record PlaceholderSpan(
    ulong TraceId,
    ulong SpanId,
    int Error,
    IReadOnlyList<KeyValuePair<Utf8Slice, Utf8Slice>> Meta,
    IReadOnlyList<KeyValuePair<Utf8Slice, double>> Metrics,
    IReadOnlyList<KeyValuePair<Utf8Slice, Utf8Slice>> MetaStruct,
    TraceHeaders Headers);
