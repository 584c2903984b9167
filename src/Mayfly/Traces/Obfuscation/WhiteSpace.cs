using System.Text;

namespace Mayfly.Traces.Obfuscation;

/// <summary>White space of Unicode in UTF-8.</summary>
internal static class WhiteSpace
{
    public static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> text)
    {
        while (Rune.DecodeFromUtf8(text, out Rune first, out int width) == System.Buffers.OperationStatus.Done && Rune.IsWhiteSpace(first))
        {
            text = text[width..];
        }

        while (Rune.DecodeLastFromUtf8(text, out Rune last, out int width) == System.Buffers.OperationStatus.Done && Rune.IsWhiteSpace(last))
        {
            text = text[..^width];
        }

        return text;
    }

    /// <summary>Takes the first word off; empty when there is none.</summary>
    public static ReadOnlySpan<byte> TakeWord(ref ReadOnlySpan<byte> text)
    {
        int start = 0;
        while (start < text.Length && IsSpaceAt(text, start, out int width))
        {
            start += width;
        }

        int end = start;
        while (end < text.Length && !IsSpaceAt(text, end, out int width))
        {
            end += width;
        }

        ReadOnlySpan<byte> word = text[start..end];
        text = text[end..];
        return word;
    }

    /// <param name="width">Bytes of the code point, at least 1.</param>
    public static bool IsSpaceAt(ReadOnlySpan<byte> text, int at, out int width)
    {
        width = 1;
        byte first = text[at];
        if (first < 0x80)
        {
            return first is (byte)' ' or (>= 9 and <= 13);
        }

        Rune.DecodeFromUtf8(text[at..], out Rune rune, out width);
        return Rune.IsWhiteSpace(rune);
    }

    /// <summary>True when <paramref name="text"/> is empty or nothing but white space.</summary>
    public static bool IsBlank(ReadOnlySpan<byte> text)
    {
        int at = 0;
        while (at < text.Length && IsSpaceAt(text, at, out int width))
        {
            at += width;
        }

        return at == text.Length;
    }
}
