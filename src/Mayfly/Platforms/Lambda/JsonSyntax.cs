using System.Buffers;
using System.Runtime.CompilerServices;

namespace Mayfly.Platforms.Lambda;

/// <summary>
/// Says whether bytes are JSON without throwing. The framework's reader throws for anything else, and a payload may hold a hundred thousand texts that start
/// like JSON
/// and are none: at 20 µs each the function would wait for seconds. It also takes 30 ns for each number, and an event may hold three million.
/// </summary>
/// <remarks>Accepts exactly what the reader accepts with default options, so that reading what was accepted here never throws. UTF-8 is not checked.</remarks>
internal static class JsonSyntax
{
    /// <summary>Of what is inside of an event or a payload.</summary>
    internal const int MaxDepth = 128;

    /// <summary>Nesting is kept as one bit per level.</summary>
    internal const int DeepestLimit = 256;

    private static readonly SearchValues<byte> TextEnds = SearchValues.Create(
        "\u0000\u0001\u0002\u0003\u0004\u0005\u0006\u0007\u0008\u0009\u000a\u000b\u000c\u000d\u000e\u000f"u8 +
        "\u0010\u0011\u0012\u0013\u0014\u0015\u0016\u0017\u0018\u0019\u001a\u001b\u001c\u001d\u001e\u001f\"\\"u8);

    private static readonly SearchValues<byte> Blanks = SearchValues.Create(" \t\r\n"u8);

    /// <summary>Bytes within which looking at each is faster than a vectorized search.</summary>
    private const int ShortText = 16;

    /// <summary>True for one value with nothing but blanks around it, nested at most <see cref="MaxDepth"/> levels.</summary>
    public static bool IsValid(ReadOnlySpan<byte> json) => IsValid(json, MaxDepth);

    /// <summary>The same for another limit of levels.</summary>
    /// <param name="json">The bytes.</param>
    /// <param name="maxDepth">At most <see cref="DeepestLimit"/>.</param>
    public static bool IsValid(ReadOnlySpan<byte> json, int maxDepth)
    {
        // One bit per level: set for an object.
        Span<ulong> levels = stackalloc ulong[DeepestLimit / 64];
        int depth = 0;
        bool isInObject = false;
        int at = SkipBlanks(json, 0);
        while (true)
        {
            // At the start of a value.
            if (depth > 0 && !isInObject)
            {
                at = SkipWholeNumbers(json, at);
            }

            if (at >= json.Length)
            {
                return false;
            }

            if (json[at] is (byte)'{' or (byte)'[')
            {
                if (depth == maxDepth)
                {
                    return false;
                }

                isInObject = json[at] == '{';
                levels[depth >> 6] = (levels[depth >> 6] & ~(1ul << depth)) | (isInObject ? 1ul << depth : 0);
                depth++;
                at = SkipBlanks(json, at + 1);
                if (at >= json.Length)
                {
                    return false;
                }

                if (json[at] != (isInObject ? '}' : ']'))
                {
                    if (isInObject && (at = SkipName(json, at)) < 0)
                    {
                        return false;
                    }

                    continue;
                }
            }
            else if ((at = SkipScalar(json, at)) < 0)
            {
                return false;
            }

            // Behind a value, or at the end of an empty container.
            at = SkipBlanks(json, at);
            while (depth > 0 && at < json.Length && json[at] == (isInObject ? '}' : ']'))
            {
                depth--;
                isInObject = depth > 0 && (levels[(depth - 1) >> 6] >> (depth - 1) & 1) == 1;
                at = SkipBlanks(json, at + 1);
            }

            if (depth == 0)
            {
                return at >= json.Length;
            }

            if (at >= json.Length || json[at] != ',')
            {
                return false;
            }

            at = SkipBlanks(json, at + 1);
            if (isInObject && (at = SkipName(json, at)) < 0)
            {
                return false;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int SkipBlanks(ReadOnlySpan<byte> json, int at) => at >= json.Length || json[at] > ' ' ? at : SkipBlanksSlow(json, at);

    private static int SkipBlanksSlow(ReadOnlySpan<byte> json, int at)
    {
        int length = json[at..].IndexOfAnyExcept(Blanks);
        return length < 0 ? json.Length : at + length;
    }

    /// <summary>The position behind a name, its colon, and the blanks around that; −1 where there is none. So for all of the following.</summary>
    private static int SkipName(ReadOnlySpan<byte> json, int at)
    {
        if (at >= json.Length || json[at] != '"' || (at = SkipText(json, at)) < 0)
        {
            return -1;
        }

        at = SkipBlanks(json, at);
        return at < json.Length && json[at] == ':' ? SkipBlanks(json, at + 1) : -1;
    }

    private static int SkipScalar(ReadOnlySpan<byte> json, int at) => json[at] switch
    {
        (byte)'"' => SkipText(json, at),
        (byte)'t' => SkipWord(json, at, "true"u8),
        (byte)'f' => SkipWord(json, at, "false"u8),
        (byte)'n' => SkipWord(json, at, "null"u8),
        _ => SkipNumber(json, at),
    };

    private static int SkipWord(ReadOnlySpan<byte> json, int at, ReadOnlySpan<byte> word) => json[at..].StartsWith(word) ? at + word.Length : -1;

    private static int SkipText(ReadOnlySpan<byte> json, int at)
    {
        at++;
        while (true)
        {
            // Most names and values are short, and so is the way from one escape to the next.
            int near = Math.Min(at + ShortText, json.Length);
            while (at < near && json[at] is >= 0x20 and not (byte)'"' and not (byte)'\\')
            {
                at++;
            }

            if (at == near)
            {
                int length = json[at..].IndexOfAny(TextEnds);
                if (length < 0)
                {
                    return -1;
                }

                at += length;
            }

            if (json[at] == '"')
            {
                return at + 1;
            }

            if (json[at] != '\\' || (at = SkipEscape(json, at + 1)) < 0)
            {
                return -1;
            }
        }
    }

    /// <summary>
    /// The position of the first element that is not a whole number with its comma right behind it: of nothing else does a payload hold so many, three million.
    /// </summary>
    private static int SkipWholeNumbers(ReadOnlySpan<byte> json, int at)
    {
        while ((uint)at < (uint)json.Length && char.IsAsciiDigit((char)json[at]))
        {
            int end = SkipDigits(json, at + 1);
            bool isElement = (uint)end < (uint)json.Length && json[end] == ',' && (json[at] != '0' || end == at + 1);
            if (!isElement)
            {
                return at;
            }

            at = end + 1;
        }

        return SkipBlanks(json, at);
    }

    /// <summary>From behind the backslash.</summary>
    private static int SkipEscape(ReadOnlySpan<byte> json, int at)
    {
        if (at >= json.Length)
        {
            return -1;
        }

        if (json[at] != 'u')
        {
            return "\"\\/bfnrt"u8.Contains(json[at]) ? at + 1 : -1;
        }

        const int Digits = 4;
        at++;
        return json.Length - at >= Digits && char.IsAsciiHexDigit((char)json[at]) && char.IsAsciiHexDigit((char)json[at + 1])
            && char.IsAsciiHexDigit((char)json[at + 2]) && char.IsAsciiHexDigit((char)json[at + 3])
                ? at + Digits
                : -1;
    }

    private static int SkipNumber(ReadOnlySpan<byte> json, int at)
    {
        at += json[at] == '-' ? 1 : 0;
        int whole = at;
        at = SkipDigits(json, at);
        if (at == whole || (at - whole > 1 && json[whole] == '0'))
        {
            return -1;
        }

        if (at < json.Length && json[at] == '.')
        {
            int fraction = ++at;
            at = SkipDigits(json, at);
            if (at == fraction)
            {
                return -1;
            }
        }

        if (at < json.Length && json[at] is (byte)'e' or (byte)'E')
        {
            at++;
            at += at < json.Length && json[at] is (byte)'+' or (byte)'-' ? 1 : 0;
            int exponent = at;
            at = SkipDigits(json, at);
            if (at == exponent)
            {
                return -1;
            }
        }

        return at;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int SkipDigits(ReadOnlySpan<byte> json, int at)
    {
        while (at < json.Length && char.IsAsciiDigit((char)json[at]))
        {
            at++;
        }

        return at;
    }
}
