using System.Buffers;
using System.Text;
using System.Text.Unicode;
using Mayfly.Wire;

namespace Mayfly.Traces;

/// <summary>Texts that a request does not carry in usable form: repaired UTF-8, numbers turned into text. They live until <see cref="Clear"/>.</summary>
/// <remarks>Blocks from the shared pool, so slices stay put while the arena grows. Limited to <see cref="LimitBytes"/> per request. Not thread-safe.</remarks>
public sealed class TextArena
{
    /// <summary>Real requests need next to nothing; this bounds what hostile ones can make of 50 MiB.</summary>
    public const int LimitBytes = 16 * 1024 * 1024;

    private const int BlockBytes = 4096;
    private const int LongestNumberBytes = 32;
    private static readonly byte[] True = "true"u8.ToArray();
    private static readonly byte[] False = "false"u8.ToArray();

    private readonly List<byte[]> _blocks = [];
    private byte[] _block = [];
    private int _used;
    private long _sizeBytes;

    /// <summary>The text itself when it is valid UTF-8, else a copy with U+FFFD in place of each invalid sequence; false when the arena is full.</summary>
    public bool TryRepair(Utf8Slice text, out Utf8Slice repaired)
    {
        repaired = text;
        return ShortAscii.Is(text.Span) || Utf8.IsValid(text.Span) || TryRepairSlow(text, out repaired);
    }

    /// <summary>An integer in decimal, a float in its shortest form that reads back the same; false when the arena is full.</summary>
    public bool TryFormat(MsgPackNumber number, out Utf8Slice text)
    {
        text = default;
        if (!TryReserve(LongestNumberBytes))
        {
            return false;
        }

        Span<byte> free = _block.AsSpan(_used);
        IFormatProvider culture = System.Globalization.CultureInfo.InvariantCulture;
        bool fits = number.IsFloat ? number.ToDouble().TryFormat(free, out int length, provider: culture)
            : number.TryGetUnsigned(out ulong unsigned) ? unsigned.TryFormat(free, out length, provider: culture)
            : ((long)number.Bits).TryFormat(free, out length, provider: culture);
        text = Take(length);
        return fits;
    }

    /// <summary><c>true</c> or <c>false</c>.</summary>
    public static Utf8Slice Format(bool value)
    {
        byte[] text = value ? True : False;
        return new Utf8Slice(text, 0, text.Length);
    }

    /// <summary>Room for a byte string of the given length, to be filled by the caller; false when the arena is full.</summary>
    public bool TryAllocate(int length, out Utf8Slice slice, out Span<byte> bytes)
    {
        slice = default;
        bytes = default;
        if (!TryReserve(length))
        {
            return false;
        }

        bytes = _block.AsSpan(_used, length);
        slice = Take(length);
        return true;
    }

    /// <summary>Forgets all texts; the blocks go back to the pool.</summary>
    public void Clear()
    {
        foreach (byte[] block in _blocks)
        {
            ArrayPool<byte>.Shared.Return(block);
        }

        _blocks.Clear();
        _block = [];
        _used = 0;
        _sizeBytes = 0;
    }

    private bool TryRepairSlow(Utf8Slice text, out Utf8Slice repaired)
    {
        repaired = default;
        if (!TryReserve(text.Length * 3L))
        {
            return false;
        }

        ReadOnlySpan<byte> rest = text.Span;
        Span<byte> free = _block.AsSpan(_used);
        int length = 0;
        while (!rest.IsEmpty)
        {
            Rune.DecodeFromUtf8(rest, out Rune rune, out int consumed);
            length += rune.EncodeToUtf8(free[length..]);
            rest = rest[consumed..];
        }

        repaired = Take(length);
        return true;
    }

    private bool TryReserve(long sizeBytes)
    {
        if (_block.Length - _used >= sizeBytes)
        {
            return true;
        }

        if (_sizeBytes + sizeBytes > LimitBytes)
        {
            return false;
        }

        _block = ArrayPool<byte>.Shared.Rent((int)Math.Max(sizeBytes, BlockBytes));
        _blocks.Add(_block);
        _sizeBytes += _block.Length;
        _used = 0;
        return true;
    }

    private Utf8Slice Take(int length)
    {
        var slice = new Utf8Slice(_block, _used, length);
        _used += length;
        return slice;
    }
}
