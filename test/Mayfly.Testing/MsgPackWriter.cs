using System.Buffers.Binary;
using System.Text;

namespace Mayfly.Testing;

/// <summary>Writes msgpack for tests: every value in the width that is asked for. Knows nothing of the reader under test.</summary>
public sealed class MsgPackWriter
{
    private readonly MemoryStream _bytes = new();

    public byte[] ToArray() => _bytes.ToArray();

    public MsgPackWriter Raw(params ReadOnlySpan<byte> bytes)
    {
        _bytes.Write(bytes);
        return this;
    }

    public MsgPackWriter Nil() => Raw(0xc0);

    public MsgPackWriter Bool(bool value) => Raw(value ? (byte)0xc3 : (byte)0xc2);

    /// <summary>An integer in its shortest form.</summary>
    public MsgPackWriter Int(long value) => value switch
    {
        >= 0 => UInt((ulong)value),
        >= -32 => Raw((byte)value),
        >= sbyte.MinValue => Raw(0xd0, (byte)value),
        >= short.MinValue => Raw(0xd1).Big((ulong)value, 2),
        >= int.MinValue => Raw(0xd2).Big((ulong)value, 4),
        _ => Int64(value),
    };

    /// <inheritdoc cref="Int"/>
    public MsgPackWriter UInt(ulong value) => value switch
    {
        <= 0x7f => Raw((byte)value),
        <= byte.MaxValue => Raw(0xcc, (byte)value),
        <= ushort.MaxValue => Raw(0xcd).Big(value, 2),
        <= uint.MaxValue => Raw(0xce).Big(value, 4),
        _ => UInt64(value),
    };

    public MsgPackWriter UInt64(ulong value) => Raw(0xcf).Big(value, 8);

    public MsgPackWriter Int64(long value) => Raw(0xd3).Big((ulong)value, 8);

    public MsgPackWriter Float32(float value) => Raw(0xca).Big(BitConverter.SingleToUInt32Bits(value), 4);

    public MsgPackWriter Float64(double value) => Raw(0xcb).Big(BitConverter.DoubleToUInt64Bits(value), 8);

    /// <summary>str in its shortest form.</summary>
    public MsgPackWriter Str(string value)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(value);
        _ = bytes.Length switch
        {
            < 32 => Raw((byte)(0xa0 | bytes.Length)),
            <= byte.MaxValue => Raw(0xd9, (byte)bytes.Length),
            <= ushort.MaxValue => Raw(0xda).Big((ulong)bytes.Length, 2),
            _ => Raw(0xdb).Big((ulong)bytes.Length, 4),
        };
        return Raw(bytes);
    }

    /// <summary>bin in its shortest form.</summary>
    public MsgPackWriter Bin(params ReadOnlySpan<byte> bytes)
    {
        _ = bytes.Length switch
        {
            <= byte.MaxValue => Raw(0xc4, (byte)bytes.Length),
            <= ushort.MaxValue => Raw(0xc5).Big((ulong)bytes.Length, 2),
            _ => Raw(0xc6).Big((ulong)bytes.Length, 4),
        };
        return Raw(bytes);
    }

    /// <summary>The head of an array in its shortest form.</summary>
    public MsgPackWriter Array(int count) => count switch
    {
        < 16 => Raw((byte)(0x90 | count)),
        <= ushort.MaxValue => Raw(0xdc).Big((ulong)count, 2),
        _ => Raw(0xdd).Big((ulong)count, 4),
    };

    /// <summary>The head of a map in its shortest form.</summary>
    public MsgPackWriter Map(int count) => count switch
    {
        < 16 => Raw((byte)(0x80 | count)),
        <= ushort.MaxValue => Raw(0xde).Big((ulong)count, 2),
        _ => Raw(0xdf).Big((ulong)count, 4),
    };

    private MsgPackWriter Big(ulong value, int width)
    {
        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, value);
        return Raw(bytes.AsSpan(8 - width));
    }
}
