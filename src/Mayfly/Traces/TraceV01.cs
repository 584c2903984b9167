using Mayfly.Wire;

namespace Mayfly.Traces;

/// <summary>v0.1: an array of spans of any traces, each a map as in v0.4. The spans of a trace keep their order.</summary>
public readonly struct TraceV01 : ITraceDecoder
{
    /// <inheritdoc/>
    public static bool MixesTraces => true;

    /// <inheritdoc/>
    public static bool TryReadEnvelope(ref MsgPackReader reader, DecodeScratch scratch, out int traceCount)
    {
        traceCount = 1;
        return true;
    }

    /// <inheritdoc/>
    public static bool TryReadTrace(ref MsgPackReader reader, DecodeScratch scratch) => SpanArray.TryRead<TraceV04>(ref reader, scratch);
}
