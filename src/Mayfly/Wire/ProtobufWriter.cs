using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace Mayfly.Wire;

/// <summary>
/// Writes protobuf fields into a <see cref="PooledBuffer"/>. Scalars that are zero and texts that are empty are left out, as proto3 does.
/// </summary>
/// <remarks>
/// A nested message is opened with <see cref="BeginMessage"/>, which leaves room for the length, and closed with <see cref="EndMessage"/>, which fills in the
/// length, and moves the content where that needed less or more room.
/// </remarks>
public readonly struct ProtobufWriter(PooledBuffer buffer)
{
    /// <summary>A length varint of 5 bytes covers every message below 2 GiB.</summary>
    private const int LengthBytes = 5;

    private const int WireVarint = 0;
    private const int WireFixed64 = 1;
    private const int WireBytes = 2;

    public PooledBuffer Buffer { get; } = buffer;

    /// <summary>uint64, int64, int32, uint32, bool and enum fields; a negative int32 is sign-extended to ten bytes, as the format demands.</summary>
    public void Varint(int field, ulong value)
    {
        if (value != 0)
        {
            RawVarint((ulong)field << 3 | WireVarint);
            RawVarint(value);
        }
    }

    /// <inheritdoc cref="Varint(int, ulong)"/>
    public void Varint(int field, long value) => Varint(field, (ulong)value);

    public void Bool(int field, bool value) => Varint(field, value ? 1UL : 0UL);

    /// <summary>double; +0 is left out, −0 is written.</summary>
    public void Double(int field, double value)
    {
        long bits = BitConverter.DoubleToInt64Bits(value);
        if (bits != 0)
        {
            Fixed64(field, (ulong)bits);
        }
    }

    /// <summary>fixed64, written even when zero.</summary>
    public void Fixed64(int field, ulong value)
    {
        RawVarint((ulong)field << 3 | WireFixed64);
        BinaryPrimitives.WriteUInt64LittleEndian(Buffer.GetSpan(8), value);
        Buffer.Advance(8);
    }

    /// <summary>string or bytes; empty is left out.</summary>
    public void Bytes(int field, ReadOnlySpan<byte> value)
    {
        if (!value.IsEmpty)
        {
            BytesEvenEmpty(field, value);
        }
    }

    /// <summary>string or bytes, written even when empty: an element of a repeated field, a key or value of a map entry.</summary>
    public void BytesEvenEmpty(int field, ReadOnlySpan<byte> value)
    {
        RawVarint((ulong)field << 3 | WireBytes);
        RawVarint((ulong)value.Length);
        Buffer.Write(value);
    }

    /// <summary>string; empty is left out.</summary>
    public void Text(int field, string value)
    {
        if (value.Length > 0)
        {
            RawVarint((ulong)field << 3 | WireBytes);
            int sizeBytes = Encoding.UTF8.GetByteCount(value);
            RawVarint((ulong)sizeBytes);
            Encoding.UTF8.GetBytes(value, Buffer.GetSpan(sizeBytes));
            Buffer.Advance(sizeBytes);
        }
    }

    /// <summary>Opens a nested message (or a packed field) and returns the mark that <see cref="EndMessage"/> takes.</summary>
    /// <param name="field">Number of the field.</param>
    /// <param name="lengthBytes">
    /// What the length will take, 1 to 5, as far as anybody can tell: where it takes something else the content is moved. By default enough for every message
    /// below 2 GiB.
    /// </param>
    public MessageMark BeginMessage(int field, int lengthBytes = LengthBytes)
    {
        RawVarint((ulong)field << 3 | WireBytes);
        var mark = new MessageMark(Buffer.Length, lengthBytes);
        Buffer.GetSpan(lengthBytes);
        Buffer.Advance(lengthBytes);
        return mark;
    }

    /// <summary>Closes the message opened at <paramref name="mark"/>.</summary>
    public void EndMessage(MessageMark mark)
    {
        int contentStart = mark.Position + mark.LengthBytes;
        int contentBytes = Buffer.Length - contentStart;
        int lengthBytes = VarintSize((ulong)contentBytes);
        if (lengthBytes != mark.LengthBytes)
        {
            Buffer.GetSpan(LengthBytes);
            Buffer.Advance(Math.Max(0, lengthBytes - mark.LengthBytes));
            Buffer.Slice(contentStart, contentBytes).CopyTo(Buffer.Slice(mark.Position + lengthBytes, contentBytes));
            Buffer.Truncate(mark.Position + lengthBytes + contentBytes);
        }

        WriteVarint(Buffer.Slice(mark.Position, lengthBytes), (ulong)contentBytes);
    }

    /// <summary>A varint without a field key: an element of a packed field.</summary>
    public void RawVarint(ulong value)
    {
        Span<byte> span = Buffer.GetSpan(10);
        Buffer.Advance(WriteVarint(span, value));
    }

    /// <summary>sint32 / sint64 mapping: 0, −1, 1, −2 … become 0, 1, 2, 3 ….</summary>
    public static ulong ZigZag(long value) => (ulong)(value << 1 ^ value >> 63);

    /// <summary>Number of bytes that <paramref name="value"/> takes as a varint: 1 to 10.</summary>
    public static int VarintSize(ulong value) => (BitOperations.Log2(value | 1) * 9 + 73) / 64;

    /// <summary>Writes <paramref name="value"/> as a varint and returns its size; <paramref name="destination"/> has room for it.</summary>
    public static int WriteVarint(Span<byte> destination, ulong value)
    {
        int i = 0;
        while (value >= 0x80)
        {
            destination[i++] = (byte)(value | 0x80);
            value >>= 7;
        }

        destination[i++] = (byte)value;
        return i;
    }
}

/// <summary>A nested message that is open.</summary>
/// <param name="Position">Where its length stands.</param>
/// <param name="LengthBytes">Room that was left for that.</param>
public readonly record struct MessageMark(int Position, int LengthBytes);
