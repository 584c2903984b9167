namespace Mayfly.Config;

/// <summary>A way to write a trace context into headers (docs/spec/02-triggers.md#64-styles).</summary>
public enum PropagationStyle
{
    /// <summary><c>x-datadog-*</c>.</summary>
    Datadog,

    /// <summary>W3C: <c>traceparent</c> and <c>tracestate</c>.</summary>
    TraceContext,

    /// <summary><c>x-b3-*</c>.</summary>
    B3Multi,

    /// <summary>The single header <c>b3</c>.</summary>
    B3,

    /// <summary>W3C <c>baggage</c>: carries no context.</summary>
    Baggage,
}
