using System.Buffers.Binary;

namespace Mayfly.Wire;

/// <summary>
/// Reads msgpack front to back from an array that it does not copy: texts and byte strings come out as slices of it.
/// </summary>
/// <remarks>
/// Every method returns false on bad input and leaves the first <see cref="Error"/> with its <see cref="ErrorOffset"/>; after that the reader has lost its
/// place.
/// A declared length is held against the bytes that are left before anybody acts on it. Never throws on any bytes.
/// </remarks>
public ref struct MsgPackReader
{
    /// <summary>Deepest nesting that <see cref="TrySkip()"/> follows (docs/spec/03-traces.md#25-malformed-input-and-decoder-limits).</summary>
    public const int MaxDepth = 64;

    private readonly byte[] _array;
    private readonly ReadOnlySpan<byte> _bytes;
    private int _position;

    /// <summary>A reader over the first <paramref name="length"/> bytes of <paramref name="array"/>.</summary>
    public MsgPackReader(byte[] array, int length)
    {
        _array = array;
        _bytes = array.AsSpan(0, length);
    }

    /// <summary>The first failure, or <see cref="MsgPackError.None"/>.</summary>
    public MsgPackError Error { get; private set; }

    /// <summary>Offset of the value that failed.</summary>
    public int ErrorOffset { get; private set; }

    /// <summary>Offset of the next value.</summary>
    public readonly int Position => _position;

    private readonly int Left => _bytes.Length - _position;

    /// <summary>Goes back to a value that was stepped over before; <paramref name="position"/> is where it starts.</summary>
    public void Return(int position)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)position, (uint)_position);
        _position = position;
    }

    /// <summary>The family of the next value; reads nothing.</summary>
    public readonly MsgPackKind Peek()
    {
        if (_position >= _bytes.Length)
        {
            return MsgPackKind.End;
        }

        return _bytes[_position] switch
        {
            <= 0x7f or >= 0xe0 or (>= 0xca and <= 0xd3) => MsgPackKind.Number,
            <= 0x8f or 0xde or 0xdf => MsgPackKind.Map,
            <= 0x9f or 0xdc or 0xdd => MsgPackKind.Array,
            <= 0xbf or (>= 0xd9 and <= 0xdb) => MsgPackKind.Text,
            0xc0 => MsgPackKind.Nil,
            0xc1 => MsgPackKind.Reserved,
            0xc2 or 0xc3 => MsgPackKind.Boolean,
            <= 0xc6 => MsgPackKind.Binary,
            _ => MsgPackKind.Extension,
        };
    }

    /// <summary>Records a failure at the given offset (the first one stays) and returns false.</summary>
    public bool Fail(MsgPackError error, int offset)
    {
        if (Error == MsgPackError.None)
        {
            Error = error;
            ErrorOffset = offset;
        }

        return false;
    }

    /// <summary>Steps over a nil; false, and no failure, when the next value is something else.</summary>
    public bool TryTakeNil()
    {
        if (_position < _bytes.Length && _bytes[_position] == 0xc0)
        {
            _position++;
            return true;
        }

        return false;
    }

    public bool TryReadBoolean(out bool value)
    {
        int start = _position;
        value = false;
        if (start >= _bytes.Length || _bytes[start] is not (0xc2 or 0xc3))
        {
            return FailHere(start);
        }

        value = _bytes[start] == 0xc3;
        _position = start + 1;
        return true;
    }

    /// <summary>An integer or a float of any width.</summary>
    public bool TryReadNumber(out MsgPackNumber number)
    {
        int start = _position;
        number = default;
        if (start >= _bytes.Length)
        {
            return Fail(MsgPackError.Truncated, start);
        }

        byte code = _bytes[start];
        if (code <= 0x7f)
        {
            _position = start + 1;
            number = MsgPackNumber.FromUnsigned(code);
            return true;
        }

        if (code >= 0xe0)
        {
            _position = start + 1;
            number = MsgPackNumber.FromSigned((sbyte)code);
            return true;
        }

        int width = code switch
        {
            0xcc or 0xd0 => 1,
            0xcd or 0xd1 => 2,
            0xce or 0xd2 or 0xca => 4,
            0xcf or 0xd3 or 0xcb => 8,
            _ => 0,
        };
        if (width == 0)
        {
            return FailHere(start);
        }

        if (Left <= width)
        {
            return Fail(MsgPackError.Truncated, start);
        }

        ReadOnlySpan<byte> bytes = _bytes.Slice(start + 1, width);
        _position = start + 1 + width;
        number = code switch
        {
            0xcc => MsgPackNumber.FromUnsigned(bytes[0]),
            0xcd => MsgPackNumber.FromUnsigned(BinaryPrimitives.ReadUInt16BigEndian(bytes)),
            0xce => MsgPackNumber.FromUnsigned(BinaryPrimitives.ReadUInt32BigEndian(bytes)),
            0xcf => MsgPackNumber.FromUnsigned(BinaryPrimitives.ReadUInt64BigEndian(bytes)),
            0xd0 => MsgPackNumber.FromSigned((sbyte)bytes[0]),
            0xd1 => MsgPackNumber.FromSigned(BinaryPrimitives.ReadInt16BigEndian(bytes)),
            0xd2 => MsgPackNumber.FromSigned(BinaryPrimitives.ReadInt32BigEndian(bytes)),
            0xd3 => MsgPackNumber.FromSigned(BinaryPrimitives.ReadInt64BigEndian(bytes)),
            0xca => MsgPackNumber.FromFloat(BinaryPrimitives.ReadSingleBigEndian(bytes)),
            _ => MsgPackNumber.FromFloat(BinaryPrimitives.ReadDoubleBigEndian(bytes)),
        };
        return true;
    }

    /// <summary>A text or a byte string, unchecked, as a slice of the array; nil is the empty one.</summary>
    public bool TryReadBytes(out Utf8Slice bytes)
    {
        int start = _position;
        bytes = default;
        if (start >= _bytes.Length)
        {
            return Fail(MsgPackError.Truncated, start);
        }

        int content;
        uint length;
        byte code = _bytes[start];
        if ((code & 0xe0) == 0xa0)
        {
            length = code & 0x1fu;
            content = start + 1;
        }
        else if (code == 0xd9 && start + 1 < _bytes.Length)
        {
            length = _bytes[start + 1];
            content = start + 2;
        }
        else if (code == 0xc0)
        {
            _position = start + 1;
            return true;
        }
        else if (!TryReadLength(start, code, 0xd9, 0xc4, out length, out content))
        {
            return false;
        }

        if (length > (uint)(_bytes.Length - content))
        {
            return Fail(MsgPackError.Truncated, start);
        }

        bytes = new Utf8Slice(_array, content, (int)length);
        _position = content + (int)length;
        return true;
    }

    /// <summary>The head of an array; each element takes at least one of the bytes left, so <paramref name="count"/> is bounded by them.</summary>
    public bool TryReadArrayHeader(out int count) => TryReadContainerHeader(0x90, 0xdc, 1, out count);

    /// <summary>The head of a map; each entry takes at least two of the bytes left.</summary>
    public bool TryReadMapHeader(out int count) => TryReadContainerHeader(0x80, 0xde, 2, out count);

    /// <summary>Steps over one value of any type, extensions included.</summary>
    public bool TrySkip() => TrySkip(MaxDepth);

    private bool TrySkip(int depthLeft)
    {
        int start = _position;
        switch (Peek())
        {
            case MsgPackKind.Nil or MsgPackKind.Boolean:
                _position++;
                return true;
            case MsgPackKind.Number:
                return TryReadNumber(out _);
            case MsgPackKind.Text or MsgPackKind.Binary:
                return TryReadBytes(out _);
            case MsgPackKind.Array:
                return TryReadArrayHeader(out int elements) && TrySkipElements(elements, depthLeft, start);
            case MsgPackKind.Map:
                return TryReadMapHeader(out int entries) && TrySkipElements(entries * 2L, depthLeft, start);
            case MsgPackKind.Extension:
                return TrySkipExtension(start);
            default:
                return FailHere(start);
        }
    }

    private bool TrySkipElements(long count, int depthLeft, int start)
    {
        if (depthLeft == 0)
        {
            return Fail(MsgPackError.TooDeep, start);
        }

        for (; count > 0; count--)
        {
            if (!TrySkip(depthLeft - 1))
            {
                return false;
            }
        }

        return true;
    }

    private bool TrySkipExtension(int start)
    {
        byte code = _bytes[start];
        uint length;
        int typeAt;
        if (code >= 0xd4)
        {
            length = 1u << (code - 0xd4);
            typeAt = start + 1;
        }
        else if (!TryReadLength(start, code, 0xc7, 0xc7, out length, out typeAt))
        {
            return false;
        }

        if (length + 1UL > (ulong)(_bytes.Length - typeAt))
        {
            return Fail(MsgPackError.Truncated, start);
        }

        _position = typeAt + 1 + (int)length;
        return true;
    }

    private bool TryReadContainerHeader(byte fixCode, byte code16, int bytesPerElement, out int count)
    {
        int start = _position;
        count = 0;
        if (start >= _bytes.Length)
        {
            return Fail(MsgPackError.Truncated, start);
        }

        byte code = _bytes[start];
        uint declared;
        int content = start + 1;
        if ((code & 0xf0) == fixCode)
        {
            declared = code & 0x0fu;
        }
        else if (code == code16 && Left >= 3)
        {
            declared = BinaryPrimitives.ReadUInt16BigEndian(_bytes[content..]);
            content += 2;
        }
        else if (code == code16 + 1 && Left >= 5)
        {
            declared = BinaryPrimitives.ReadUInt32BigEndian(_bytes[content..]);
            content += 4;
        }
        else
        {
            return code == code16 || code == code16 + 1 ? Fail(MsgPackError.Truncated, start) : FailHere(start);
        }

        if ((ulong)declared * (uint)bytesPerElement > (ulong)(_bytes.Length - content))
        {
            return Fail(MsgPackError.Truncated, start);
        }

        count = (int)declared;
        _position = content;
        return true;
    }

    /// <summary>The length behind one of the three codes (8, 16, 32 bits) that start at <paramref name="first"/> or at <paramref name="second"/>.</summary>
    private bool TryReadLength(int start, byte code, byte first, byte second, out uint length, out int content)
    {
        length = 0;
        int width = (byte)(code - first) <= 2 ? code - first : code - second;
        int widthBytes = width is >= 0 and <= 2 ? 1 << width : 0;
        content = start + 1 + widthBytes;
        if (widthBytes == 0)
        {
            return FailHere(start);
        }

        if (content > _bytes.Length)
        {
            return Fail(MsgPackError.Truncated, start);
        }

        ReadOnlySpan<byte> bytes = _bytes.Slice(start + 1, widthBytes);
        length = widthBytes switch
        {
            1 => bytes[0],
            2 => BinaryPrimitives.ReadUInt16BigEndian(bytes),
            _ => BinaryPrimitives.ReadUInt32BigEndian(bytes),
        };
        return true;
    }

    /// <summary>The value at <paramref name="start"/> is not what was asked for: missing, reserved, or of another type.</summary>
    private bool FailHere(int start) => Fail(
        start >= _bytes.Length ? MsgPackError.Truncated : _bytes[start] == 0xc1 ? MsgPackError.ReservedByte : MsgPackError.WrongType,
        start);
}
