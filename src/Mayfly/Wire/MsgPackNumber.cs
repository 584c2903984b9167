namespace Mayfly.Wire;

/// <summary>A msgpack number as it was written: an unsigned integer, a negative integer, or a float widened to 64 bits.</summary>
public readonly struct MsgPackNumber
{
    private readonly Form _form;
    private readonly ulong _bits;

    private MsgPackNumber(Form form, ulong bits)
    {
        _form = form;
        _bits = bits;
    }

    private enum Form : byte
    {
        Unsigned,
        Negative,
        Float,
    }

    public bool IsFloat => _form == Form.Float;

    /// <summary>The 64 bits of an integer, a negative one in two's complement; meaningless for a float.</summary>
    public ulong Bits => _bits;

    public static MsgPackNumber FromUnsigned(ulong value) => new(Form.Unsigned, value);

    public static MsgPackNumber FromSigned(long value) => new(value < 0 ? Form.Negative : Form.Unsigned, (ulong)value);

    public static MsgPackNumber FromFloat(double value) => new(Form.Float, BitConverter.DoubleToUInt64Bits(value));

    /// <summary>The value as a double; integers above 2^53 lose their low bits.</summary>
    public double ToDouble() => _form switch
    {
        Form.Unsigned => _bits,
        Form.Negative => (long)_bits,
        _ => BitConverter.UInt64BitsToDouble(_bits),
    };

    /// <summary>The value of an integer that lies in [<paramref name="min"/>, <paramref name="max"/>]; false for all else, floats included.</summary>
    public bool TryGetInteger(long min, long max, out long value)
    {
        value = (long)_bits;
        return _form switch
        {
            Form.Unsigned => _bits <= long.MaxValue && value >= min && value <= max,
            Form.Negative => value >= min && value <= max,
            _ => false,
        };
    }

    /// <summary>The value of an integer that is not negative.</summary>
    public bool TryGetUnsigned(out ulong value)
    {
        value = _bits;
        return _form == Form.Unsigned;
    }
}
