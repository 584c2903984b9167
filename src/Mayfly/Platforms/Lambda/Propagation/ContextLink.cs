namespace Mayfly.Platforms.Lambda.Propagation;

/// <summary>
/// A context that a span is related to without being its child: that of another record of the same event, or one that another style found in the parent's
/// carrier (docs/spec/02-triggers.md#62-carrier-locations, #63-configuration-and-composition).
/// </summary>
/// <param name="TraceId">Low 64 bits; never 0.</param>
/// <param name="TraceIdHigh">High 64 bits.</param>
/// <param name="SpanId">Never 0.</param>
/// <param name="IsSampled">Null when unknown.</param>
/// <param name="TraceState">W3C <c>tracestate</c>; null when there was none.</param>
/// <param name="TerminatedStyle">Name of the style, as in the settings, whose trace ends here because another style won; null for another record.</param>
public sealed record ContextLink(ulong TraceId, ulong TraceIdHigh, ulong SpanId, bool? IsSampled, string? TraceState, string? TerminatedStyle)
{
    /// <summary>W3C trace flags as tracers send them: bit 31 says that the others are known. 0 when unknown.</summary>
    public uint Flags => IsSampled is { } isSampled ? 1u << 31 | (isSampled ? 1u : 0) : 0;

    /// <summary>Why the link exists and which headers it is from; nothing for another record.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Attributes =>
        TerminatedStyle is null ? [] : [new("reason", "terminated_context"), new("context_headers", TerminatedStyle)];

    /// <summary>To the span that sent another record; null when its context names none.</summary>
    public static ContextLink? To(SpanContext context)
    {
        string? traceState = context.Tags.FirstOrDefault(static tag => tag.Key == TraceContextStyle.StateHeader).Value;
        return context.SpanId == 0
            ? null
            : new ContextLink(context.TraceId, context.TraceIdHigh, context.SpanId, context.Priority is { } priority ? priority > 0 : null, traceState, null);
    }
}
