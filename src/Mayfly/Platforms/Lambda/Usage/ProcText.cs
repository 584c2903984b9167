using System.Buffers.Text;

namespace Mayfly.Platforms.Lambda.Usage;

/// <summary>Lines, words and numbers of the texts under <c>/proc</c>. Nothing here allocates or throws, whatever the text is.</summary>
internal static class ProcText
{
    /// <summary>Takes the next line, without its end.</summary>
    public static bool TryTakeLine(ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> line)
    {
        if (rest.IsEmpty)
        {
            line = default;
            return false;
        }

        int end = rest.IndexOf((byte)'\n');
        line = end < 0 ? rest : rest[..end];
        rest = end < 0 ? default : rest[(end + 1)..];
        return true;
    }

    /// <summary>Takes the next word of a line; words are separated by spaces and tabs.</summary>
    public static bool TryTakeWord(ref ReadOnlySpan<byte> line, out ReadOnlySpan<byte> word)
    {
        int start = line.IndexOfAnyExcept((byte)' ', (byte)'\t');
        if (start < 0)
        {
            word = default;
            return false;
        }

        line = line[start..];
        int end = line.IndexOfAny((byte)' ', (byte)'\t');
        word = end < 0 ? line : line[..end];
        line = line[word.Length..];
        return true;
    }

    /// <summary>Takes the next word if it is a whole number without sign.</summary>
    public static bool TryTakeNumber(ref ReadOnlySpan<byte> line, out ulong number)
    {
        number = 0;
        return TryTakeWord(ref line, out ReadOnlySpan<byte> word) && TryParse(word, out number);
    }

    /// <summary>A whole number without sign, and nothing else.</summary>
    public static bool TryParse(ReadOnlySpan<byte> word, out ulong number) =>
        Utf8Parser.TryParse(word, out number, out int length) && length == word.Length && word[0] != (byte)'+';

    /// <summary>Seconds since the start of the system, the first word of <c>/proc/uptime</c>, in ms.</summary>
    public static bool TryParseUptime(ReadOnlySpan<byte> text, out double uptimeMs)
    {
        uptimeMs = 0;
        bool isNumber = TryTakeLine(ref text, out ReadOnlySpan<byte> line)
            && TryTakeWord(ref line, out ReadOnlySpan<byte> word)
            && Utf8Parser.TryParse(word, out uptimeMs, out int length, 'F')
            && length == word.Length;
        uptimeMs *= 1000;
        return isNumber && double.IsFinite(uptimeMs) && uptimeMs >= 0;
    }
}
