using System.Buffers.Binary;
using Mayfly.Wire;

namespace Mayfly.Traces;

public readonly partial struct TraceV10
{
    private const int MostStrings = 4_000_000;
    private const int TraceIdBytes = 16;

    /// <summary>A key that stands for no field.</summary>
    private const ulong UnknownField = ulong.MaxValue;

    /// <summary>The fields of one kind of map, by their numbers.</summary>
    private interface INumberedFields
    {
        /// <summary>Reads the value of the field <paramref name="key"/> to where it belongs, or steps over it; false: the reader says why.</summary>
        static abstract bool TryRead(ref MsgPackReader reader, DecodeScratch scratch, ulong key);
    }

    private static bool TryReadMap<TFields>(ref MsgPackReader reader, DecodeScratch scratch)
        where TFields : struct, INumberedFields
    {
        if (!reader.TryReadMapHeader(out int fields))
        {
            return false;
        }

        for (; fields > 0; fields--)
        {
            if (!TryReadKey(ref reader, scratch, out ulong key) || !TFields.TryRead(ref reader, scratch, key))
            {
                return false;
            }
        }

        return true;
    }

    private static bool TryReadKey(ref MsgPackReader reader, DecodeScratch scratch, out ulong key)
    {
        key = UnknownField;
        if (reader.Peek() != MsgPackKind.Number)
        {
            return TryStepOver(ref reader, scratch);
        }

        if (!reader.TryReadNumber(out MsgPackNumber number))
        {
            return false;
        }

        key = number.TryGetUnsigned(out ulong read) ? read : UnknownField;
        return true;
    }

    /// <summary>A text: a new one, which joins the string table, or the number of one that is there already; nil is the empty one.</summary>
    private static bool TryReadText(ref MsgPackReader reader, DecodeScratch scratch, out Utf8Slice text)
    {
        text = default;
        if (reader.Peek() == MsgPackKind.Text)
        {
            return TryReadNewText(ref reader, scratch, out text);
        }

        int start = reader.Position;
        if (reader.TryTakeNil())
        {
            return true;
        }

        if (!reader.TryReadNumber(out MsgPackNumber number))
        {
            return false;
        }

        if (!number.TryGetUnsigned(out ulong index))
        {
            return reader.Fail(MsgPackError.WrongType, start);
        }

        if (index >= (ulong)scratch.StringsSeen)
        {
            return reader.Fail(MsgPackError.IndexOutOfRange, start);
        }

        text = scratch.Strings[(int)index];
        return true;
    }

    /// <summary>The empty text is entry 0, wherever it is written; any other is the next entry.</summary>
    private static bool TryReadNewText(ref MsgPackReader reader, DecodeScratch scratch, out Utf8Slice text)
    {
        int start = reader.Position;
        if (!reader.TryReadBytes(out text) || text.IsEmpty)
        {
            return reader.Error == MsgPackError.None;
        }

        // The first pass adds, the second finds what it added, repaired.
        if (scratch.StringsSeen == scratch.StringCount)
        {
            if (scratch.StringCount == MostStrings || !scratch.Arena.TryRepair(text, out text))
            {
                return reader.Fail(MsgPackError.LimitExceeded, start);
            }

            scratch.AddString(text);
        }

        text = scratch.Strings[scratch.StringsSeen++];
        return true;
    }

    /// <summary>Steps over one value of any type; the texts in it join the string table.</summary>
    private static bool TryStepOver(ref MsgPackReader reader, DecodeScratch scratch, int depthLeft = MsgPackReader.MaxDepth)
    {
        int start = reader.Position;
        long elements;
        switch (reader.Peek())
        {
            case MsgPackKind.Text:
                return TryReadNewText(ref reader, scratch, out _);
            case MsgPackKind.Array:
                bool isArray = reader.TryReadArrayHeader(out int items);
                elements = isArray ? items : -1;
                break;
            case MsgPackKind.Map:
                bool isMap = reader.TryReadMapHeader(out int entries);
                elements = isMap ? entries * 2L : -1;
                break;
            default:
                return reader.TrySkip();
        }

        if (elements >= 0 && depthLeft == 0)
        {
            return reader.Fail(MsgPackError.TooDeep, start);
        }

        for (; elements > 0; elements--)
        {
            if (!TryStepOver(ref reader, scratch, depthLeft - 1))
            {
                return false;
            }
        }

        return elements == 0;
    }

    /// <summary>A byte string. A text in its place would be an entry of the string table, so it is not accepted for one.</summary>
    private static bool TryReadBinary(ref MsgPackReader reader, out Utf8Slice bytes)
    {
        bytes = default;
        return reader.Peek() switch
        {
            MsgPackKind.Binary => reader.TryReadBytes(out bytes),
            MsgPackKind.Nil => reader.TryTakeNil(),
            MsgPackKind.End => reader.Fail(MsgPackError.Truncated, reader.Position),
            _ => reader.Fail(MsgPackError.WrongType, reader.Position),
        };
    }

    /// <summary>An id of 16 bytes, big endian; nil is 0.</summary>
    private static bool TryReadId128(ref MsgPackReader reader, out ulong high, out ulong low)
    {
        int start = reader.Position;
        (high, low) = (0, 0);
        if (!TryReadBinary(ref reader, out Utf8Slice id))
        {
            return false;
        }

        if (id.Length is not (0 or TraceIdBytes))
        {
            return reader.Fail(MsgPackError.WrongElementCount, start);
        }

        if (id.Length == TraceIdBytes)
        {
            high = BinaryPrimitives.ReadUInt64BigEndian(id.Span);
            low = BinaryPrimitives.ReadUInt64BigEndian(id.Span[8..]);
        }

        return true;
    }
}
