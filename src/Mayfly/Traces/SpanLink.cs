using Mayfly.Wire;

namespace Mayfly.Traces;

/// <summary>A reference from a span to another one, of this or of another trace.</summary>
public struct SpanLink
{
    public ulong TraceId { get; set; }

    public ulong TraceIdHigh { get; set; }

    public ulong SpanId { get; set; }

    /// <summary>Index of the link's first attribute in <see cref="Span.LinkAttributes"/>.</summary>
    public int FirstAttribute { get; set; }

    public int AttributeCount { get; set; }

    /// <summary>W3C <c>tracestate</c>, as sent.</summary>
    public Utf8Slice TraceState { get; set; }

    /// <summary>W3C trace flags; bit 31 says that they were set.</summary>
    public uint Flags { get; set; }
}
