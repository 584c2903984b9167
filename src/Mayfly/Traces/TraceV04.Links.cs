using Mayfly.Wire;

namespace Mayfly.Traces;

public readonly partial struct TraceV04
{
    private static bool TryReadLinks(ref MsgPackReader reader, DecodeScratch scratch)
    {
        Span span = scratch.Span;
        span.Links.Clear();
        span.LinkAttributes.Clear();
        if (!SpanValue.TryReadArray(ref reader, out int count))
        {
            return false;
        }

        for (; count > 0; count--)
        {
            span.Links.Add(default);
            if (!FieldMap.TryReadOrNil<LinkFields>(ref reader, scratch))
            {
                return false;
            }
        }

        return true;
    }

    private static bool TryReadLinkAttributes(ref MsgPackReader reader, DecodeScratch scratch, ref SpanLink link)
    {
        RecordList<SpanMapEntry<Utf8Slice>> attributes = scratch.Span.LinkAttributes;
        link.FirstAttribute = attributes.Count;
        link.AttributeCount = 0;
        if (!SpanValue.TryReadMap(ref reader, out int count))
        {
            return false;
        }

        for (; count > 0; count--)
        {
            if (!SpanValue.TryReadText(ref reader, scratch, out Utf8Slice key)
                || !SpanValue.TryReadTag(ref reader, scratch, out Utf8Slice value, out bool isPresent))
            {
                return false;
            }

            if (isPresent)
            {
                attributes.Add(new SpanMapEntry<Utf8Slice>(key, value));
                link.AttributeCount++;
            }
        }

        return true;
    }

    private readonly struct LinkFields : IFields
    {
        public static bool TryRead(ref MsgPackReader reader, DecodeScratch scratch, ReadOnlySpan<byte> key)
        {
            ref SpanLink link = ref scratch.Span.Links.Last;
            bool isRead;
            ulong id;
            switch (key.Length)
            {
                case 8 when key.SequenceEqual("trace_id"u8):
                    isRead = SpanValue.TryReadId(ref reader, out id);
                    link.TraceId = id;
                    return isRead;
                case 13 when key.SequenceEqual("trace_id_high"u8):
                    isRead = SpanValue.TryReadId(ref reader, out id);
                    link.TraceIdHigh = id;
                    return isRead;
                case 7 when key.SequenceEqual("span_id"u8):
                    isRead = SpanValue.TryReadId(ref reader, out id);
                    link.SpanId = id;
                    return isRead;
                case 10 when key.SequenceEqual("tracestate"u8):
                    isRead = SpanValue.TryReadText(ref reader, scratch, out Utf8Slice state);
                    link.TraceState = state;
                    return isRead;
                case 5 when key.SequenceEqual("flags"u8):
                    isRead = SpanValue.TryReadUInt32(ref reader, out uint flags);
                    link.Flags = flags;
                    return isRead;
                case 10 when key.SequenceEqual("attributes"u8):
                    return TryReadLinkAttributes(ref reader, scratch, ref link);
                default:
                    return reader.TrySkip();
            }
        }
    }
}
