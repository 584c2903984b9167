using Mayfly.Wire;

namespace Mayfly.Traces;

/// <summary>v0.5: an array of a string table and the traces; a span is an array of 12, its texts are indices into the table.</summary>
/// <remarks>docs/spec/03-traces.md#22-v05-shared-string-table. An index beyond the table, or an array of another size, rejects the request.</remarks>
public readonly struct TraceV05 : ITraceDecoder, ISpanDecoder
{
    private const int EnvelopeElements = 2;
    private const int SpanElements = 12;
    private const int MostStrings = 4_000_000;

    /// <inheritdoc/>
    public static bool TryReadEnvelope(ref MsgPackReader reader, DecodeScratch scratch, out int traceCount)
    {
        traceCount = 0;
        if (!TryReadArrayOf(ref reader, EnvelopeElements))
        {
            return false;
        }

        int tableStart = reader.Position;
        if (!reader.TryReadArrayHeader(out int stringCount))
        {
            return false;
        }

        if (stringCount > MostStrings)
        {
            return reader.Fail(MsgPackError.LimitExceeded, tableStart);
        }

        for (int i = 0; i < stringCount; i++)
        {
            if (!SpanValue.TryReadText(ref reader, scratch, out Utf8Slice text))
            {
                return false;
            }

            scratch.AddString(text);
        }

        return reader.TryReadArrayHeader(out traceCount);
    }

    /// <inheritdoc/>
    public static bool TryReadTrace(ref MsgPackReader reader, DecodeScratch scratch) => SpanArray.TryRead<TraceV05>(ref reader, scratch);

    /// <inheritdoc/>
    public static bool TryReadSpan(ref MsgPackReader reader, DecodeScratch scratch)
    {
        Span span = scratch.Span;
        if (!TryReadArrayOf(ref reader, SpanElements)
            || !TryReadString(ref reader, scratch, out Utf8Slice service)
            || !TryReadString(ref reader, scratch, out Utf8Slice name)
            || !TryReadString(ref reader, scratch, out Utf8Slice resource)
            || !SpanValue.TryReadId(ref reader, out ulong traceId)
            || !SpanValue.TryReadId(ref reader, out ulong spanId)
            || !SpanValue.TryReadId(ref reader, out ulong parentId)
            || !SpanValue.TryReadStart(ref reader, out long startNs)
            || !SpanValue.TryReadDuration(ref reader, out long durationNs)
            || !SpanValue.TryReadError(ref reader, out int error)
            || !TryReadMeta(ref reader, scratch, span)
            || !TryReadMetrics(ref reader, scratch, span)
            || !TryReadString(ref reader, scratch, out Utf8Slice type))
        {
            return false;
        }

        span.Service = service;
        span.Name = name;
        span.Resource = resource;
        span.TraceId = traceId;
        span.SpanId = spanId;
        span.ParentId = parentId;
        span.StartNs = startNs;
        span.DurationNs = durationNs;
        span.Error = error;
        span.Type = type;
        return true;
    }

    private static bool TryReadMeta(ref MsgPackReader reader, DecodeScratch scratch, Span span)
    {
        if (!SpanValue.TryReadMap(ref reader, out int count))
        {
            return false;
        }

        for (; count > 0; count--)
        {
            if (!TryReadString(ref reader, scratch, out Utf8Slice key) || !TryReadString(ref reader, scratch, out Utf8Slice value))
            {
                return false;
            }

            span.Meta.Add(key, value);
        }

        return true;
    }

    private static bool TryReadMetrics(ref MsgPackReader reader, DecodeScratch scratch, Span span)
    {
        if (!SpanValue.TryReadMap(ref reader, out int count))
        {
            return false;
        }

        for (; count > 0; count--)
        {
            if (!TryReadString(ref reader, scratch, out Utf8Slice key) || !SpanValue.TryReadMetric(ref reader, out double value))
            {
                return false;
            }

            if (double.IsFinite(value))
            {
                span.Metrics.Add(key, value);
            }
        }

        return true;
    }

    private static bool TryReadString(ref MsgPackReader reader, DecodeScratch scratch, out Utf8Slice text)
    {
        int start = reader.Position;
        text = default;
        if (!reader.TryReadNumber(out MsgPackNumber number))
        {
            return false;
        }

        if (!number.TryGetUnsigned(out ulong index))
        {
            return reader.Fail(MsgPackError.WrongType, start);
        }

        ReadOnlySpan<Utf8Slice> strings = scratch.Strings;
        if (index >= (ulong)strings.Length)
        {
            return reader.Fail(MsgPackError.IndexOutOfRange, start);
        }

        text = strings[(int)index];
        return true;
    }

    private static bool TryReadArrayOf(ref MsgPackReader reader, int elements)
    {
        int start = reader.Position;
        return reader.TryReadArrayHeader(out int count) && (count == elements || reader.Fail(MsgPackError.WrongElementCount, start));
    }
}
