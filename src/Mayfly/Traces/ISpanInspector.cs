namespace Mayfly.Traces;

/// <summary>The platform's look at each span that a tracer sent: to learn from it, to change it, or to take it out.</summary>
/// <remarks>
/// Called on the receiving thread, trace by trace while the request is read, from several threads at once. A request that turns out to be malformed
/// further on is rejected after its first traces were inspected. The span and its slices are valid during the call only.
/// </remarks>
public interface ISpanInspector
{
    SpanVerdict Inspect(Span span, in TraceHeaders headers);
}

/// <summary>What becomes of an inspected span.</summary>
public enum SpanVerdict
{
    Keep,

    /// <summary>The span was never the customer's: it disappears and is counted nowhere.</summary>
    Drop,
}
