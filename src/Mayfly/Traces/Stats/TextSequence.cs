using Mayfly.Wire;

namespace Mayfly.Traces.Stats;

/// <summary>Texts one after another, each behind its length: a key that can be hashed, compared and kept as one piece.</summary>
internal ref struct TextSequence(ReadOnlySpan<byte> bytes)
{
    /// <summary>Room for the length of a text that is known only afterwards; see <see cref="PatchHead"/>.</summary>
    public const int PatchedHeadBytes = 3;

    private ReadOnlySpan<byte> _rest = bytes;

    public readonly bool IsEmpty => _rest.IsEmpty;

    /// <summary>Appends a text.</summary>
    public static void Append(PooledBuffer buffer, ReadOnlySpan<byte> text)
    {
        const int LongestVarint = 5;
        Span<byte> free = buffer.GetSpan(LongestVarint + text.Length);
        int head = ProtobufWriter.WriteVarint(free, (ulong)text.Length);
        text.CopyTo(free[head..]);
        buffer.Advance(head + text.Length);
    }

    /// <summary>Fills in the length of the text that ends here, in the <see cref="PatchedHeadBytes"/> at <paramref name="mark"/>; below 2 MiB.</summary>
    public static void PatchHead(PooledBuffer buffer, int mark)
    {
        int length = buffer.Length - mark - PatchedHeadBytes;
        Span<byte> head = buffer.Slice(mark, PatchedHeadBytes);
        head[0] = (byte)(length | 0x80);
        head[1] = (byte)(length >> 7 | 0x80);
        head[2] = (byte)(length >> 14 & 0x7f);
    }

    /// <summary>Takes the next text; there is one.</summary>
    public ReadOnlySpan<byte> Next()
    {
        int length = 0;
        int at = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte part = _rest[at++];
            length |= (part & 0x7f) << shift;
            if (part < 0x80)
            {
                break;
            }
        }

        ReadOnlySpan<byte> text = _rest.Slice(at, length);
        _rest = _rest[(at + length)..];
        return text;
    }
}
