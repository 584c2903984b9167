using Mayfly.Wire;

namespace Mayfly.Traces;

/// <summary>
/// One wire format of traces. A body is an envelope, then one trace after the other; the pipeline asks for one at a time, so that no more than one trace of
/// a request is held decoded.
/// </summary>
public interface ITraceDecoder
{
    /// <summary>True: a "trace" of this format is spans of any traces, to be sorted.</summary>
    static virtual bool MixesTraces => false;

    /// <summary>
    /// Reads what precedes the traces, up to and including the head of their array; what it says about all of them goes to
    /// <see cref="DecodeScratch.Request"/>.
    /// </summary>
    static abstract bool TryReadEnvelope(ref MsgPackReader reader, DecodeScratch scratch, out int traceCount);

    /// <summary>
    /// Reads one trace into <see cref="DecodeScratch.Batch"/> and <see cref="DecodeScratch.Chunk"/>, which are empty; false: the reader says why.
    /// </summary>
    static abstract bool TryReadTrace(ref MsgPackReader reader, DecodeScratch scratch);
}

/// <summary>How a format writes one span.</summary>
internal interface ISpanDecoder
{
    /// <summary>Reads a span into <see cref="DecodeScratch.Span"/>, which is empty; false: the reader says why.</summary>
    static abstract bool TryReadSpan(ref MsgPackReader reader, DecodeScratch scratch);
}

/// <summary>An array of spans.</summary>
internal static class SpanArray
{
    /// <summary>docs/spec/03-traces.md#25-malformed-input-and-decoder-limits; a request above is answered 413.</summary>
    private const int MostSpans = 200_000;

    public static bool TryRead<TSpan>(ref MsgPackReader reader, DecodeScratch scratch)
        where TSpan : struct, ISpanDecoder
    {
        int start = reader.Position;
        if (!reader.TryReadArrayHeader(out int spans))
        {
            return false;
        }

        if (spans > MostSpans)
        {
            return reader.Fail(MsgPackError.LimitExceeded, start);
        }

        for (; spans > 0; spans--)
        {
            scratch.NextSpan();
            if (!TSpan.TryReadSpan(ref reader, scratch))
            {
                return false;
            }
        }

        return true;
    }
}
