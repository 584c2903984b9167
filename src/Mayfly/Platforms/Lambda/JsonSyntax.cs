using System.Buffers;

namespace Mayfly.Platforms.Lambda;

/// <summary>
/// Says whether bytes are JSON without throwing. The framework's reader throws for anything else, and a payload may hold a hundred thousand texts that start like JSON
/// and are none: at 20 µs each the function would wait for seconds.
/// </summary>
/// <remarks>Accepts exactly what the reader accepts with default options, so that reading what was accepted here never throws. UTF-8 is not checked.</remarks>
internal static class JsonSyntax
{
    /// <summary>Nesting is kept as one bit per level.</summary>
    internal const int MaxDepth = 128;

    private static readonly SearchValues<byte> TextEnds = SearchValues.Create(
        "\u0000\u0001\u0002\u0003\u0004\u0005\u0006\u0007\u0008\u0009\u000a\u000b\u000c\u000d\u000e\u000f"u8 +
        "\u0010\u0011\u0012\u0013\u0014\u0015\u0016\u0017\u0018\u0019\u001a\u001b\u001c\u001d\u001e\u001f\"\\"u8);

    private static readonly SearchValues<byte> HexDigits = SearchValues.Create("0123456789abcdefABCDEF"u8);

    /// <summary>True for one value with nothing but blanks around it, nested at most <see cref="MaxDepth"/> levels.</summary>
    public static bool IsValid(ReadOnlySpan<byte> json)
    {
        UInt128 objects = 0;
        int depth = 0;
        SkipBlanks(ref json);
        while (true)
        {
            // At the start of a value.
            if (json.IsEmpty)
            {
                return false;
            }

            byte first = json[0];
            if (first is (byte)'{' or (byte)'[')
            {
                bool isObject = first == '{';
                json = json[1..];
                SkipBlanks(ref json);
                if (depth == MaxDepth || json.IsEmpty)
                {
                    return false;
                }

                objects = (objects << 1) | (isObject ? UInt128.One : UInt128.Zero);
                depth++;
                if (json[0] != (isObject ? '}' : ']'))
                {
                    if (isObject && !TrySkipName(ref json))
                    {
                        return false;
                    }

                    continue;
                }
            }
            else if (!TrySkipScalar(ref json))
            {
                return false;
            }

            // Behind a value, or at the end of an empty container.
            SkipBlanks(ref json);
            while (depth > 0 && !json.IsEmpty && json[0] == ((objects & 1) == 1 ? '}' : ']'))
            {
                json = json[1..];
                objects >>= 1;
                depth--;
                SkipBlanks(ref json);
            }

            if (depth == 0)
            {
                return json.IsEmpty;
            }

            if (json.IsEmpty || json[0] != ',')
            {
                return false;
            }

            json = json[1..];
            SkipBlanks(ref json);
            if ((objects & 1) == 1 && !TrySkipName(ref json))
            {
                return false;
            }
        }
    }

    private static void SkipBlanks(ref ReadOnlySpan<byte> json)
    {
        int length = json.IndexOfAnyExcept(" \t\r\n"u8);
        json = length < 0 ? default : json[length..];
    }

    /// <summary>A name, its colon, and the blanks around that.</summary>
    private static bool TrySkipName(ref ReadOnlySpan<byte> json)
    {
        if (json.IsEmpty || json[0] != '"' || !TrySkipText(ref json))
        {
            return false;
        }

        SkipBlanks(ref json);
        if (json.IsEmpty || json[0] != ':')
        {
            return false;
        }

        json = json[1..];
        SkipBlanks(ref json);
        return true;
    }

    private static bool TrySkipScalar(ref ReadOnlySpan<byte> json) => json[0] switch
    {
        (byte)'"' => TrySkipText(ref json),
        (byte)'t' => TrySkip(ref json, "true"u8),
        (byte)'f' => TrySkip(ref json, "false"u8),
        (byte)'n' => TrySkip(ref json, "null"u8),
        _ => TrySkipNumber(ref json),
    };

    private static bool TrySkip(ref ReadOnlySpan<byte> json, ReadOnlySpan<byte> word)
    {
        bool isWord = json.StartsWith(word);
        json = isWord ? json[word.Length..] : json;
        return isWord;
    }

    private static bool TrySkipText(ref ReadOnlySpan<byte> json)
    {
        json = json[1..];
        while (true)
        {
            int end = json.IndexOfAny(TextEnds);
            if (end < 0 || json[end] < 0x20)
            {
                return false;
            }

            bool isEscape = json[end] == '\\';
            json = json[(end + 1)..];
            if (!isEscape)
            {
                return true;
            }

            if (!TrySkipEscape(ref json))
            {
                return false;
            }
        }
    }

    /// <summary>From behind the backslash.</summary>
    private static bool TrySkipEscape(ref ReadOnlySpan<byte> json)
    {
        int length = json.IsEmpty ? 0 : json[0] == 'u' ? 5 : 1;
        bool isEscape = length switch
        {
            0 => false,
            1 => "\"\\/bfnrt"u8.Contains(json[0]),
            _ => json.Length >= length && !json[1..length].ContainsAnyExcept(HexDigits),
        };
        json = isEscape ? json[length..] : json;
        return isEscape;
    }

    private static bool TrySkipNumber(ref ReadOnlySpan<byte> json)
    {
        TrySkip(ref json, "-"u8);
        bool startsWithZero = !json.IsEmpty && json[0] == '0';
        int whole = SkipDigits(ref json);
        if (whole == 0 || (whole > 1 && startsWithZero))
        {
            return false;
        }

        if (TrySkip(ref json, "."u8) && SkipDigits(ref json) == 0)
        {
            return false;
        }

        if (TrySkip(ref json, "e"u8) || TrySkip(ref json, "E"u8))
        {
            if (!TrySkip(ref json, "+"u8))
            {
                TrySkip(ref json, "-"u8);
            }

            return SkipDigits(ref json) > 0;
        }

        return true;
    }

    private static int SkipDigits(ref ReadOnlySpan<byte> json)
    {
        int length = json.IndexOfAnyExceptInRange((byte)'0', (byte)'9');
        length = length < 0 ? json.Length : length;
        json = json[length..];
        return length;
    }
}
