namespace Mayfly.Platforms.Lambda.Propagation;

/// <summary>A context that another style found in the same carrier and that belongs to another trace (docs/spec/02-triggers.md#63-configuration-and-composition).</summary>
/// <param name="TraceId">Low 64 bits; never 0.</param>
/// <param name="TraceIdHigh">High 64 bits.</param>
/// <param name="SpanId">Never 0.</param>
/// <param name="Style">Name of the style, as in the settings.</param>
/// <param name="Flags">W3C trace flags: 1 = sampled, 0 = not; null when unknown.</param>
/// <param name="TraceState">W3C <c>tracestate</c>; null for other styles or when there was none.</param>
public sealed record ContextLink(ulong TraceId, ulong TraceIdHigh, ulong SpanId, string Style, uint? Flags, string? TraceState)
{
    /// <summary>The link's attributes: why it exists and which headers it is from.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Attributes => [new("reason", "terminated_context"), new("context_headers", Style)];
}
