using System.Buffers;

namespace Mayfly.Traces.Obfuscation;

/// <summary>Finds where the strings, numbers and words of JSON end, and whether they are whole.</summary>
internal static class JsonText
{
    private static readonly SearchValues<byte> StringStops =
        SearchValues.Create([.. Enumerable.Range(0, 0x20).Select(static b => (byte)b), (byte)'"', (byte)'\\']);

    public static bool IsSpace(byte b) => b is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n';

    public static bool StartsScalar(byte b) => b is (byte)'"' or (byte)'-' or (byte)'t' or (byte)'f' or (byte)'n' || char.IsAsciiDigit((char)b);

    /// <summary>Length of the scalar at the start of <paramref name="json"/>, or of what there is of it.</summary>
    /// <param name="isWhole">False: it is broken off, or something stands in it that must not.</param>
    public static int LengthOfScalar(ReadOnlySpan<byte> json, out bool isWhole) => json[0] switch
    {
        (byte)'"' => LengthOfString(json, out isWhole),
        (byte)'t' => LengthOfWord(json, "true"u8, out isWhole),
        (byte)'f' => LengthOfWord(json, "false"u8, out isWhole),
        (byte)'n' => LengthOfWord(json, "null"u8, out isWhole),
        _ => LengthOfNumber(json, out isWhole),
    };

    /// <summary>With both quotes.</summary>
    public static int LengthOfString(ReadOnlySpan<byte> json, out bool isWhole)
    {
        isWhole = false;
        for (int at = 1; at < json.Length;)
        {
            int plain = json[at..].IndexOfAny(StringStops);
            if (plain < 0)
            {
                return json.Length;
            }

            at += plain;
            isWhole = json[at] == '"';
            int escape = json[at] == '\\' ? LengthOfEscape(json[at..]) : 0;
            if (escape == 0)
            {
                return isWhole ? at + 1 : at;
            }

            at += escape;
        }

        return json.Length;
    }

    /// <summary>0: none that JSON knows.</summary>
    private static int LengthOfEscape(ReadOnlySpan<byte> json)
    {
        if (json.Length < 2)
        {
            return 0;
        }

        if (json[1] == 'u')
        {
            return json.Length >= 6 && !json[2..6].ContainsAnyExcept("0123456789abcdefABCDEF"u8) ? 6 : 0;
        }

        return "bfnrt\\/\""u8.Contains(json[1]) ? 2 : 0;
    }

    private static int LengthOfWord(ReadOnlySpan<byte> json, ReadOnlySpan<byte> word, out bool isWhole)
    {
        int length = json.CommonPrefixLength(word);
        isWhole = length == word.Length;
        return length;
    }

    private static int LengthOfNumber(ReadOnlySpan<byte> json, out bool isWhole)
    {
        int at = json[0] == '-' ? 1 : 0;
        int digits = Digits(json, at);
        isWhole = digits > 0;

        // A number with a leading zero is that zero, and then another number in a place where none can be.
        at += digits > 0 && json[at] == '0' ? 1 : digits;
        if (isWhole && at < json.Length && json[at] == '.')
        {
            at++;
            digits = Digits(json, at);
            isWhole = digits > 0;
            at += digits;
        }

        if (isWhole && at < json.Length && json[at] is (byte)'e' or (byte)'E')
        {
            at++;
            at += at < json.Length && json[at] is (byte)'+' or (byte)'-' ? 1 : 0;
            digits = Digits(json, at);
            isWhole = digits > 0;
            at += digits;
        }

        return at;
    }

    private static int Digits(ReadOnlySpan<byte> json, int at)
    {
        int end = json[at..].IndexOfAnyExceptInRange((byte)'0', (byte)'9');
        return end < 0 ? json.Length - at : end;
    }
}
