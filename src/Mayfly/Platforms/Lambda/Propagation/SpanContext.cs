namespace Mayfly.Platforms.Lambda.Propagation;

/// <summary>
/// A position in a distributed trace, as somebody upstream wrote it down, or as it follows from the event itself (docs/spec/02-triggers.md#6-trace-context).
/// </summary>
/// <param name="TraceId">Low 64 bits; never 0.</param>
/// <param name="SpanId">The span that called; 0 = unknown.</param>
/// <param name="Priority">-128 to 127, above 0 = keep; null when upstream gave none.</param>
/// <param name="Tags">
/// Tags for the local root span: <c>_dd.p.*</c> (<c>_dd.p.tid</c> whenever the trace id has high bits), <see cref="LastParentTag"/>, <see cref="ErrorTag"/>,
/// <c>traceparent</c> and <c>tracestate</c> where W3C headers took part, baggage. Every key is there once.
/// </param>
public sealed record SpanContext(ulong TraceId, ulong SpanId, int? Priority, IReadOnlyList<KeyValuePair<string, string>> Tags)
{
    /// <summary>The tag with the high 64 bits of the trace id: 16 hex digits.</summary>
    public const string HighBitsTag = "_dd.p.tid";

    /// <summary>The last span of a Datadog tracer, where tracers of others took part after it: 16 hex digits.</summary>
    public const string LastParentTag = "_dd.parent_id";

    /// <summary>What was wrong with propagated tags.</summary>
    public const string ErrorTag = "_dd.propagation_error";

    /// <summary>High 64 bits; 0 = a 64-bit trace id.</summary>
    public ulong TraceIdHigh { get; init; }

    /// <summary>Where the trace began, such as <c>rum</c>; never emitted (docs/spec/02-triggers.md#67-sampling-priority-origin-128-bits).</summary>
    public string? Origin { get; init; }

    /// <summary>Other traces that the same carrier named: span links for the local root span.</summary>
    public IReadOnlyList<ContextLink> Links { get; init; } = [];

    /// <summary>The value of <see cref="HighBitsTag"/>; null without that tag.</summary>
    public string? HighBits => Tags.FirstOrDefault(static tag => tag.Key == HighBitsTag).Value;
}
