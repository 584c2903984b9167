using Mayfly.Wire;

namespace Mayfly.Traces;

/// <summary>v0.4, and v0.3: an array of traces, each an array of spans, each a map by field name in any order; unknown fields are skipped.</summary>
/// <remarks>docs/spec/03-traces.md#21-v04-and-v03-array-of-traces-trace--array-of-span-maps. A span as a positional array is rejected.</remarks>
public readonly partial struct TraceV04 : ITraceDecoder, ISpanDecoder
{
    /// <inheritdoc/>
    public static bool TryReadEnvelope(ref MsgPackReader reader, DecodeScratch scratch, out int traceCount) =>
        reader.TryReadArrayHeader(out traceCount);

    /// <inheritdoc/>
    public static bool TryReadTrace(ref MsgPackReader reader, DecodeScratch scratch) => SpanArray.TryRead<TraceV04>(ref reader, scratch);

    /// <inheritdoc/>
    public static bool TryReadSpan(ref MsgPackReader reader, DecodeScratch scratch) => FieldMap.TryRead<SpanFields>(ref reader, scratch);

    private static bool TryReadMeta(ref MsgPackReader reader, DecodeScratch scratch)
    {
        SpanMap<Utf8Slice> meta = scratch.Span.Meta;
        meta.Clear();
        return SpanValue.TryReadTags(ref reader, scratch, meta);
    }

    private static bool TryReadMetrics(ref MsgPackReader reader, DecodeScratch scratch)
    {
        SpanMap<double> metrics = scratch.Span.Metrics;
        metrics.Clear();
        if (!SpanValue.TryReadMap(ref reader, out int count))
        {
            return false;
        }

        for (; count > 0; count--)
        {
            if (!SpanValue.TryReadText(ref reader, scratch, out Utf8Slice key) || !SpanValue.TryReadMetric(ref reader, out double value))
            {
                return false;
            }

            if (double.IsFinite(value))
            {
                metrics.Add(key, value);
            }
        }

        return true;
    }

    private static bool TryReadMetaStruct(ref MsgPackReader reader, DecodeScratch scratch)
    {
        SpanMap<Utf8Slice> metaStruct = scratch.Span.MetaStruct;
        metaStruct.Clear();
        if (!SpanValue.TryReadMap(ref reader, out int count))
        {
            return false;
        }

        for (; count > 0; count--)
        {
            if (!SpanValue.TryReadText(ref reader, scratch, out Utf8Slice key))
            {
                return false;
            }

            bool isNil = reader.Peek() == MsgPackKind.Nil;
            if (!TryReadOpaque(ref reader, scratch, out Utf8Slice bytes))
            {
                return false;
            }

            if (!isNil)
            {
                metaStruct.Add(key, bytes);
            }
        }

        return true;
    }

    /// <summary>bin, str or an array of byte values; nil comes out empty.</summary>
    private static bool TryReadOpaque(ref MsgPackReader reader, DecodeScratch scratch, out Utf8Slice bytes)
    {
        if (reader.Peek() != MsgPackKind.Array)
        {
            return reader.TryReadBytes(out bytes);
        }

        bytes = default;
        int start = reader.Position;
        if (!reader.TryReadArrayHeader(out int count))
        {
            return false;
        }

        if (!scratch.Arena.TryAllocate(count, out bytes, out Span<byte> destination))
        {
            return reader.Fail(MsgPackError.LimitExceeded, start);
        }

        for (int i = 0; i < count; i++)
        {
            int elementStart = reader.Position;
            if (!reader.TryReadNumber(out MsgPackNumber number))
            {
                return false;
            }

            if (!number.TryGetInteger(byte.MinValue, byte.MaxValue, out long value))
            {
                return reader.Fail(number.IsFloat ? MsgPackError.WrongType : MsgPackError.NumberOutOfRange, elementStart);
            }

            destination[i] = (byte)value;
        }

        return true;
    }

    private readonly struct SpanFields : IFields
    {
        public static bool TryRead(ref MsgPackReader reader, DecodeScratch scratch, ReadOnlySpan<byte> key)
        {
            Span span = scratch.Span;
            bool isRead;
            Utf8Slice text;
            ulong id;
            long time;
            switch (key.Length)
            {
                case 4 when key.SequenceEqual("name"u8):
                    isRead = SpanValue.TryReadText(ref reader, scratch, out text);
                    span.Name = text;
                    return isRead;
                case 4 when key.SequenceEqual("type"u8):
                    isRead = SpanValue.TryReadText(ref reader, scratch, out text);
                    span.Type = text;
                    return isRead;
                case 4 when key.SequenceEqual("meta"u8):
                    return TryReadMeta(ref reader, scratch);
                case 5 when key.SequenceEqual("start"u8):
                    isRead = SpanValue.TryReadStart(ref reader, out time);
                    span.StartNs = time;
                    return isRead;
                case 5 when key.SequenceEqual("error"u8):
                    isRead = SpanValue.TryReadError(ref reader, out int error);
                    span.Error = error;
                    return isRead;
                case 7 when key.SequenceEqual("service"u8):
                    isRead = SpanValue.TryReadText(ref reader, scratch, out text);
                    span.Service = text;
                    return isRead;
                case 7 when key.SequenceEqual("span_id"u8):
                    isRead = SpanValue.TryReadId(ref reader, out id);
                    span.SpanId = id;
                    return isRead;
                case 7 when key.SequenceEqual("metrics"u8):
                    return TryReadMetrics(ref reader, scratch);
                case 8 when key.SequenceEqual("trace_id"u8):
                    isRead = SpanValue.TryReadId(ref reader, out id);
                    span.TraceId = id;
                    return isRead;
                case 8 when key.SequenceEqual("resource"u8):
                    isRead = SpanValue.TryReadText(ref reader, scratch, out text);
                    span.Resource = text;
                    return isRead;
                case 8 when key.SequenceEqual("duration"u8):
                    isRead = SpanValue.TryReadDuration(ref reader, out time);
                    span.DurationNs = time;
                    return isRead;
                case 9 when key.SequenceEqual("parent_id"u8):
                    isRead = SpanValue.TryReadId(ref reader, out id);
                    span.ParentId = id;
                    return isRead;
                case 10 when key.SequenceEqual("span_links"u8):
                    return TryReadLinks(ref reader, scratch);
                case 11 when key.SequenceEqual("span_events"u8):
                    return TryReadEvents(ref reader, scratch);
                case 11 when key.SequenceEqual("meta_struct"u8):
                    return TryReadMetaStruct(ref reader, scratch);
                default:
                    return reader.TrySkip();
            }
        }
    }
}
