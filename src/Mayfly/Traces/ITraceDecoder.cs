using Mayfly.Wire;

namespace Mayfly.Traces;

/// <summary>
/// One wire format of traces. A body is an envelope, then for each trace an array of spans; the pipeline asks for one span after the other,
/// so that no more than one trace of a request is held decoded.
/// </summary>
public interface ITraceDecoder
{
    /// <summary>Reads what precedes the traces, up to and including the head of the array of traces.</summary>
    static abstract bool TryReadEnvelope(ref MsgPackReader reader, DecodeScratch scratch, out int traceCount);

    /// <summary>Reads one span into <paramref name="span"/>, which is empty; false: the reader says why.</summary>
    static abstract bool TryReadSpan(ref MsgPackReader reader, DecodeScratch scratch, Span span);
}
