using Mayfly.Wire;

namespace Mayfly.Traces.Normalization;

/// <summary>Cuts texts at a number of bytes, never within a character.</summary>
internal static class Utf8Cut
{
    /// <summary>The longest beginning of <paramref name="text"/> that has at most <paramref name="mostBytes"/>.</summary>
    public static Utf8Slice To(Utf8Slice text, int mostBytes) => text.Length <= mostBytes ? text : text.Slice(0, LengthOf(text.Span, mostBytes));

    private static int LengthOf(ReadOnlySpan<byte> text, int mostBytes)
    {
        int length = mostBytes;
        while (length > 0 && (text[length] & 0xc0) == 0x80)
        {
            length--;
        }

        return length;
    }
}
