using System.Buffers.Binary;
using System.Text;

namespace Mayfly.Wire;

/// <summary>Writes msgpack into a <see cref="PooledBuffer"/>, every value in its shortest form.</summary>
/// <remarks>
/// A container whose number of elements is not known yet is opened with <see cref="BeginMap"/> or <see cref="BeginArray"/>, in the 32-bit form, and its count
/// is filled in afterwards.
/// </remarks>
public readonly struct MsgPackEncoder(PooledBuffer buffer)
{
    private const int HeadBytes = 5;

    public PooledBuffer Buffer { get; } = buffer;

    public void Bool(bool value) => Buffer.WriteByte(value ? (byte)0xc3 : (byte)0xc2);

    public void UInt(ulong value)
    {
        switch (value)
        {
            case <= 0x7f:
                Buffer.WriteByte((byte)value);
                break;
            case <= byte.MaxValue:
                Buffer.WriteByte(0xcc);
                Buffer.WriteByte((byte)value);
                break;
            case <= ushort.MaxValue:
                Head(0xcd, 2, value);
                break;
            case <= uint.MaxValue:
                Head(0xce, 4, value);
                break;
            default:
                Head(0xcf, 8, value);
                break;
        }
    }

    /// <summary>str; the bytes are UTF-8.</summary>
    public void Text(ReadOnlySpan<byte> value)
    {
        TextHead(value.Length);
        Buffer.Write(value);
    }

    /// <inheritdoc cref="Text(ReadOnlySpan{byte})"/>
    public void Text(string value)
    {
        int sizeBytes = Encoding.UTF8.GetByteCount(value);
        TextHead(sizeBytes);
        Encoding.UTF8.GetBytes(value, Buffer.GetSpan(sizeBytes));
        Buffer.Advance(sizeBytes);
    }

    /// <summary>The head of a str whose bytes the caller writes next.</summary>
    public void TextHead(int sizeBytes)
    {
        if (sizeBytes < 32)
        {
            Buffer.WriteByte((byte)(0xa0 | sizeBytes));
        }
        else
        {
            LengthHead(0xd9, sizeBytes);
        }
    }

    /// <summary>The head of a bin whose bytes the caller writes next.</summary>
    public void BinaryHead(int sizeBytes) => LengthHead(0xc4, sizeBytes);

    public void MapHead(int entries) => ContainerHead(0x80, 0xde, entries);

    public void ArrayHead(int elements) => ContainerHead(0x90, 0xdc, elements);

    /// <summary>Opens a map; the result goes to <see cref="SetCount"/>.</summary>
    public int BeginMap(int entries = 0) => Begin(0xdf, entries);

    /// <summary>Opens an array; the result goes to <see cref="SetCount"/>.</summary>
    public int BeginArray(int elements = 0) => Begin(0xdd, elements);

    /// <summary>Fills in the number of entries or elements of the container that was opened at <paramref name="mark"/>.</summary>
    public void SetCount(int mark, int count) => BinaryPrimitives.WriteInt32BigEndian(Buffer.Slice(mark + 1, HeadBytes - 1), count);

    private int Begin(byte code, int count)
    {
        int mark = Buffer.Length;
        Head(code, 4, (ulong)count);
        return mark;
    }

    private void LengthHead(byte code8, int length)
    {
        if (length <= byte.MaxValue)
        {
            Buffer.WriteByte(code8);
            Buffer.WriteByte((byte)length);
        }
        else if (length <= ushort.MaxValue)
        {
            Head((byte)(code8 + 1), 2, (ulong)length);
        }
        else
        {
            Head((byte)(code8 + 2), 4, (ulong)length);
        }
    }

    private void ContainerHead(byte fixCode, byte code16, int count)
    {
        if (count < 16)
        {
            Buffer.WriteByte((byte)(fixCode | count));
        }
        else if (count <= ushort.MaxValue)
        {
            Head(code16, 2, (ulong)count);
        }
        else
        {
            Head((byte)(code16 + 1), 4, (ulong)count);
        }
    }

    /// <summary>A code and the low <paramref name="widthBytes"/> bytes of a number, big endian.</summary>
    private void Head(byte code, int widthBytes, ulong value)
    {
        Span<byte> span = Buffer.GetSpan(1 + sizeof(ulong));
        BinaryPrimitives.WriteUInt64BigEndian(span[1..], value << (64 - (8 * widthBytes)));
        span[0] = code;
        Buffer.Advance(1 + widthBytes);
    }
}
