using System.Buffers.Text;
using Mayfly.Wire;

namespace Mayfly.Traces;

public readonly partial struct TraceV10
{
    /// <summary>The types of attribute values, by their numbers.</summary>
    private enum AttributeKind
    {
        Text = 1,
        Boolean = 2,
        Double = 3,
        Integer = 4,
        Bytes = 5,
        Array = 6,
        List = 7,
    }

    /// <summary>Where the attributes of something go.</summary>
    private interface IAttributes
    {
        /// <summary>Reads the value of an attribute and keeps it; false: the reader says why.</summary>
        static abstract bool TryAdd(ref MsgPackReader reader, DecodeScratch scratch, Utf8Slice key, AttributeKind kind);
    }

    /// <summary>A flat array of key, type, value, key, type, value …</summary>
    private static bool TryReadAttributes<TAttributes>(ref MsgPackReader reader, DecodeScratch scratch)
        where TAttributes : struct, IAttributes
    {
        if (!TryReadGroups(ref reader, 3, out int count))
        {
            return false;
        }

        for (; count > 0; count--)
        {
            if (!TryReadText(ref reader, scratch, out Utf8Slice key)
                || !TryReadKind(ref reader, out AttributeKind kind)
                || !TAttributes.TryAdd(ref reader, scratch, key, kind))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The head of an array whose elements belong together in groups.</summary>
    private static bool TryReadGroups(ref MsgPackReader reader, int size, out int count)
    {
        int start = reader.Position;
        if (!SpanValue.TryReadArray(ref reader, out count))
        {
            return false;
        }

        if (count % size != 0)
        {
            return reader.Fail(MsgPackError.WrongElementCount, start);
        }

        count /= size;
        return true;
    }

    private static bool TryReadKind(ref MsgPackReader reader, out AttributeKind kind)
    {
        int start = reader.Position;
        kind = default;
        if (!reader.TryReadNumber(out MsgPackNumber number))
        {
            return false;
        }

        if (!number.TryGetInteger((long)AttributeKind.Text, (long)AttributeKind.List, out long read))
        {
            return reader.Fail(MsgPackError.WrongType, start);
        }

        kind = (AttributeKind)read;
        return true;
    }

    /// <summary>Arrays and lists come out as JSON text.</summary>
    private static bool TryReadValue(ref MsgPackReader reader, DecodeScratch scratch, AttributeKind kind, out AttributeValue value)
    {
        value = new AttributeValue { Kind = kind };
        bool isRead;
        switch (kind)
        {
            case AttributeKind.Text:
                isRead = TryReadText(ref reader, scratch, out Utf8Slice text);
                value.Text = text;
                return isRead;
            case AttributeKind.Boolean:
                isRead = SpanValue.TryReadBoolean(ref reader, out bool flag);
                value.Boolean = flag;
                return isRead;
            case AttributeKind.Double:
                isRead = SpanValue.TryReadMetric(ref reader, out double number);
                value.Double = number;
                return isRead;
            case AttributeKind.Integer:
                isRead = SpanValue.TryReadInt64(ref reader, out long integer);
                value.Integer = integer;
                return isRead;
            case AttributeKind.Bytes:
                isRead = TryReadBinary(ref reader, out Utf8Slice bytes);
                value.Text = bytes;
                return isRead;
            default:
                isRead = TryReadJson(ref reader, scratch, kind, out Utf8Slice json);
                value.Text = json;
                return isRead;
        }
    }

    /// <summary>Any value as text: bytes in base64, arrays and lists as JSON.</summary>
    private static bool TryReadAsText(ref MsgPackReader reader, DecodeScratch scratch, AttributeKind kind, out Utf8Slice text)
    {
        int start = reader.Position;
        text = default;
        if (!TryReadValue(ref reader, scratch, kind, out AttributeValue value))
        {
            return false;
        }

        bool isMade = true;
        switch (kind)
        {
            case AttributeKind.Boolean:
                text = TextArena.Format(value.Boolean);
                break;
            case AttributeKind.Double:
                isMade = scratch.Arena.TryFormat(MsgPackNumber.FromFloat(value.Double), out text);
                break;
            case AttributeKind.Integer:
                isMade = scratch.Arena.TryFormat(MsgPackNumber.FromSigned(value.Integer), out text);
                break;
            case AttributeKind.Bytes:
                isMade = scratch.Arena.TryAllocate(Base64.GetMaxEncodedToUtf8Length(value.Text.Length), out text, out Span<byte> room);
                if (isMade)
                {
                    Base64.EncodeToUtf8(value.Text.Span, room, out _, out _);
                }

                break;
            default:
                text = value.Text;
                break;
        }

        return isMade || reader.Fail(MsgPackError.LimitExceeded, start);
    }

    private struct AttributeValue
    {
        public AttributeKind Kind { get; init; }

        /// <summary>Of text and bytes, and the JSON of arrays and lists.</summary>
        public Utf8Slice Text { get; set; }

        public bool Boolean { get; set; }

        public double Double { get; set; }

        public long Integer { get; set; }
    }
}
