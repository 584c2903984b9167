using Mayfly.Wire;

namespace Mayfly.Traces;

public readonly partial struct TraceV04
{
    private static bool TryReadLinks(ref MsgPackReader reader, DecodeScratch scratch, Span span)
    {
        span.Links.Clear();
        span.LinkAttributes.Clear();
        if (!SpanValue.TryReadArray(ref reader, out int count))
        {
            return false;
        }

        for (; count > 0; count--)
        {
            SpanLink link = default;
            if (!TryReadLink(ref reader, scratch, span, ref link))
            {
                return false;
            }

            span.Links.Add(link);
        }

        return true;
    }

    private static bool TryReadLink(ref MsgPackReader reader, DecodeScratch scratch, Span span, ref SpanLink link)
    {
        if (!SpanValue.TryReadMap(ref reader, out int fields))
        {
            return false;
        }

        for (; fields > 0; fields--)
        {
            if (!reader.TryReadBytes(out Utf8Slice key) || !TryReadLinkField(ref reader, scratch, span, ref link, key.Span))
            {
                return false;
            }
        }

        return true;
    }

    private static bool TryReadLinkField(ref MsgPackReader reader, DecodeScratch scratch, Span span, ref SpanLink link, ReadOnlySpan<byte> key)
    {
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
                return TryReadLinkAttributes(ref reader, scratch, span, ref link);
            default:
                return reader.TrySkip();
        }
    }

    private static bool TryReadLinkAttributes(ref MsgPackReader reader, DecodeScratch scratch, Span span, ref SpanLink link)
    {
        link.FirstAttribute = span.LinkAttributes.Count;
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
                span.LinkAttributes.Add(new SpanMapEntry<Utf8Slice>(key, value));
                link.AttributeCount++;
            }
        }

        return true;
    }
}
