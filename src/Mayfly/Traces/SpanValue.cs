using Mayfly.Wire;

namespace Mayfly.Traces;

/// <summary>
/// The values of span fields with the coercions that tracers of all ages need
/// (docs/spec/03-traces.md#21-v04-and-v03-array-of-traces-trace--array-of-span-maps, column M).
/// </summary>
/// <remarks>
/// An integer outside its field's range is an error; a float that is NaN or outside of it reads as 0, because a float there is a tracer's arithmetic, not
/// a broken body.
/// </remarks>
internal static class SpanValue
{
    /// <summary>str, bin or nil (empty); invalid UTF-8 is repaired.</summary>
    public static bool TryReadText(ref MsgPackReader reader, DecodeScratch scratch, out Utf8Slice text)
    {
        int start = reader.Position;
        return reader.TryReadBytes(out text) && (scratch.Arena.TryRepair(text, out text) || reader.Fail(MsgPackError.LimitExceeded, start));
    }

    /// <summary>A value of <c>meta</c>: text, or a number or boolean as text; nil: <paramref name="isPresent"/> is false.</summary>
    public static bool TryReadTag(ref MsgPackReader reader, DecodeScratch scratch, out Utf8Slice text, out bool isPresent)
    {
        isPresent = true;
        int start = reader.Position;
        switch (reader.Peek())
        {
            case MsgPackKind.Nil:
                text = default;
                isPresent = false;
                return reader.TryTakeNil();
            case MsgPackKind.Number:
                text = default;
                return reader.TryReadNumber(out MsgPackNumber number)
                    && (scratch.Arena.TryFormat(number, out text) || reader.Fail(MsgPackError.LimitExceeded, start));
            case MsgPackKind.Boolean:
                bool isRead = reader.TryReadBoolean(out bool value);
                text = TextArena.Format(value);
                return isRead;
            default:
                return TryReadText(ref reader, scratch, out text);
        }
    }

    /// <summary>A map of texts, such as <c>meta</c>, added to <paramref name="tags"/>; nil is the empty map, an entry whose value is nil is left out.</summary>
    public static bool TryReadTags(ref MsgPackReader reader, DecodeScratch scratch, SpanMap<Utf8Slice> tags)
    {
        if (!TryReadMap(ref reader, out int count))
        {
            return false;
        }

        for (; count > 0; count--)
        {
            if (!TryReadText(ref reader, scratch, out Utf8Slice key) || !TryReadTag(ref reader, scratch, out Utf8Slice value, out bool isPresent))
            {
                return false;
            }

            if (isPresent)
            {
                tags.Add(key, value);
            }
        }

        return true;
    }

    /// <summary>A boolean; nil is false.</summary>
    public static bool TryReadBoolean(ref MsgPackReader reader, out bool value)
    {
        value = false;
        return reader.TryTakeNil() || reader.TryReadBoolean(out value);
    }

    /// <summary>An id: an integer, a negative one as its two's complement; nil is 0.</summary>
    public static bool TryReadId(ref MsgPackReader reader, out ulong id)
    {
        int start = reader.Position;
        id = 0;
        if (reader.TryTakeNil())
        {
            return true;
        }

        if (!reader.TryReadNumber(out MsgPackNumber number))
        {
            return false;
        }

        id = number.Bits;
        return !number.IsFloat || reader.Fail(MsgPackError.WrongType, start);
    }

    /// <summary>ns since the Unix epoch: an integer, or a float that is rounded; nil is 0.</summary>
    public static bool TryReadStart(ref MsgPackReader reader, out long startNs)
    {
        bool isRead = TryReadInteger(ref reader, long.MinValue, long.MaxValue, out startNs, out double fraction);
        startNs = isRead && !double.IsNaN(fraction) ? ToInt64(Math.Round(fraction)) : startNs;
        return isRead;
    }

    /// <summary>ns: an integer, or a float that is truncated; nil is 0.</summary>
    public static bool TryReadDuration(ref MsgPackReader reader, out long durationNs)
    {
        bool isRead = TryReadInteger(ref reader, long.MinValue, long.MaxValue, out durationNs, out double fraction);
        durationNs = isRead && !double.IsNaN(fraction) ? ToInt64(Math.Truncate(fraction)) : durationNs;
        return isRead;
    }

    /// <summary>An int32 or a boolean; nil is 0.</summary>
    public static bool TryReadError(ref MsgPackReader reader, out int error)
    {
        error = 0;
        if (reader.Peek() == MsgPackKind.Boolean)
        {
            bool isRead = reader.TryReadBoolean(out bool value);
            error = value ? 1 : 0;
            return isRead;
        }

        return TryReadInt32(ref reader, out error);
    }

    /// <summary>An int32; nil is 0.</summary>
    public static bool TryReadInt32(ref MsgPackReader reader, out int value)
    {
        value = 0;
        int start = reader.Position;
        if (reader.TryTakeNil())
        {
            return true;
        }

        if (!reader.TryReadNumber(out MsgPackNumber number))
        {
            return false;
        }

        if (!number.TryGetInteger(int.MinValue, int.MaxValue, out long wide))
        {
            return reader.Fail(number.IsFloat ? MsgPackError.WrongType : MsgPackError.NumberOutOfRange, start);
        }

        value = (int)wide;
        return true;
    }

    /// <summary>A value of <c>metrics</c>: any number; nil is 0. NaN and infinities have no place in the intake's sums: the caller leaves them out.</summary>
    public static bool TryReadMetric(ref MsgPackReader reader, out double value)
    {
        value = 0;
        if (reader.TryTakeNil())
        {
            return true;
        }

        bool isRead = reader.TryReadNumber(out MsgPackNumber number);
        value = number.ToDouble();
        return isRead;
    }

    /// <summary>A moment as uint64: an integer that is not negative, or a float; nil is 0.</summary>
    /// <remarks>The JavaScript tracer sends every event time as a float64.</remarks>
    public static bool TryReadMoment(ref MsgPackReader reader, out ulong momentNs)
    {
        int start = reader.Position;
        momentNs = 0;
        if (reader.TryTakeNil())
        {
            return true;
        }

        if (!reader.TryReadNumber(out MsgPackNumber number))
        {
            return false;
        }

        if (number.IsFloat)
        {
            double moment = Math.Round(number.ToDouble());
            momentNs = moment is >= 0 and < 18446744073709551616.0 ? (ulong)moment : 0;
            return true;
        }

        return number.TryGetUnsigned(out momentNs) || reader.Fail(MsgPackError.NumberOutOfRange, start);
    }

    /// <summary>An int64: an integer, or a float that is truncated; nil is 0.</summary>
    public static bool TryReadInt64(ref MsgPackReader reader, out long value) => TryReadDuration(ref reader, out value);

    /// <summary>A uint32; nil is 0.</summary>
    public static bool TryReadUInt32(ref MsgPackReader reader, out uint value)
    {
        int start = reader.Position;
        value = 0;
        if (reader.TryTakeNil())
        {
            return true;
        }

        if (!reader.TryReadNumber(out MsgPackNumber number))
        {
            return false;
        }

        if (!number.TryGetInteger(0, uint.MaxValue, out long wide))
        {
            return reader.Fail(number.IsFloat ? MsgPackError.WrongType : MsgPackError.NumberOutOfRange, start);
        }

        value = (uint)wide;
        return true;
    }

    /// <summary>The head of a map; nil is the empty map.</summary>
    public static bool TryReadMap(ref MsgPackReader reader, out int count)
    {
        count = 0;
        return reader.TryTakeNil() || reader.TryReadMapHeader(out count);
    }

    /// <summary>The head of an array; nil is the empty array.</summary>
    public static bool TryReadArray(ref MsgPackReader reader, out int count)
    {
        count = 0;
        return reader.TryTakeNil() || reader.TryReadArrayHeader(out count);
    }

    /// <summary>An integer within the range, or a float, which comes out in <paramref name="fraction"/> (0 for one that is NaN); no float: NaN there.</summary>
    private static bool TryReadInteger(ref MsgPackReader reader, long min, long max, out long value, out double fraction)
    {
        int start = reader.Position;
        value = 0;
        fraction = double.NaN;
        if (reader.TryTakeNil())
        {
            return true;
        }

        if (!reader.TryReadNumber(out MsgPackNumber number))
        {
            return false;
        }

        if (number.IsFloat)
        {
            double read = number.ToDouble();
            fraction = double.IsNaN(read) ? 0 : read;
            return true;
        }

        return number.TryGetInteger(min, max, out value) || reader.Fail(MsgPackError.NumberOutOfRange, start);
    }

    private static long ToInt64(double whole) => whole is >= -9223372036854775808.0 and < 9223372036854775808.0 ? (long)whole : 0;
}
