using System.Buffers;
using System.Numerics;
using System.Runtime.Intrinsics;

namespace Mayfly.Platforms.Lambda.Triggers.Json;

/// <summary>
/// Finds the ends of values in JSON that <see cref="JsonFields.TryRead"/> has accepted. It checks nothing, so it skips a megabyte in well under a millisecond.
/// </summary>
internal static class JsonScan
{
    /// <summary>The bit by which <c>[</c> and <c>]</c> differ from <c>{</c> and <c>}</c>; no other byte becomes one of these by it.</summary>
    private const byte BracketToBrace = 0x20;

    /// <summary>Bytes within which looking at each is faster than a vectorized search.</summary>
    private const int ShortText = 16;

    private static readonly SearchValues<byte> Blanks = SearchValues.Create(" \t\r\n"u8);
    private static readonly SearchValues<byte> ScalarEnds = SearchValues.Create(",]} \t\r\n"u8);

    /// <summary>The position of the next byte that is no white space.</summary>
    public static int SkipBlanks(ReadOnlySpan<byte> json, int at)
    {
        if (at >= json.Length || json[at] > ' ')
        {
            return at;
        }

        int blanks = json[at..].IndexOfAnyExcept(Blanks);
        return blanks < 0 ? json.Length : at + blanks;
    }

    /// <summary>The position behind the value that starts at <paramref name="at"/>.</summary>
    public static int SkipValue(ReadOnlySpan<byte> json, int at) => json[at] switch
    {
        (byte)'"' => SkipString(json, at),
        (byte)'{' or (byte)'[' => SkipContainer(json, at),
        _ => SkipScalar(json, at),
    };

    private static int SkipString(ReadOnlySpan<byte> json, int at)
    {
        at++;
        while (true)
        {
            // Most names and values are short, and so is the way from one escape to the next.
            int near = Math.Min(at + ShortText, json.Length);
            while (at < near && json[at] is not ((byte)'"' or (byte)'\\'))
            {
                at++;
            }

            at += at < near ? 0 : json[at..].IndexOfAny((byte)'"', (byte)'\\');
            if (json[at] == '"')
            {
                return at + 1;
            }

            at += 2;
        }
    }

    /// <summary>Block by block; each block is looked at up to the first string in it.</summary>
    private static int SkipContainer(ReadOnlySpan<byte> json, int at)
    {
        int depth = 0;
        while (at + Vector128<byte>.Count <= json.Length)
        {
            Vector128<byte> block = Vector128.Create(json.Slice(at, Vector128<byte>.Count));
            Vector128<byte> braces = block | Vector128.Create(BracketToBrace);
            uint quotes = Vector128.Equals(block, Vector128.Create((byte)'"')).ExtractMostSignificantBits();
            uint beforeQuote = quotes == 0 ? uint.MaxValue : (quotes & (~quotes + 1)) - 1;
            uint opening = Vector128.Equals(braces, Vector128.Create((byte)'{')).ExtractMostSignificantBits() & beforeQuote;
            uint closing = Vector128.Equals(braces, Vector128.Create((byte)'}')).ExtractMostSignificantBits() & beforeQuote;
            if (EndIn(opening, closing, depth) is >= 0 and int end)
            {
                return at + end;
            }

            depth += BitOperations.PopCount(opening) - BitOperations.PopCount(closing);
            at = quotes == 0 ? at + Vector128<byte>.Count : SkipString(json, at + BitOperations.TrailingZeroCount(quotes));
        }

        return SkipShortContainer(json, at, depth);
    }

    /// <summary>The position in a block behind the mark that closes the container; −1 if it does not end in this block.</summary>
    /// <param name="opening">One bit for each opening mark.</param>
    private static int EndIn(uint opening, uint closing, int depth)
    {
        if (BitOperations.PopCount(closing) < depth)
        {
            return -1;
        }

        for (uint rest = closing; rest != 0; rest &= rest - 1)
        {
            uint upTo = rest ^ (rest - 1);
            if (depth + BitOperations.PopCount(opening & upTo) == BitOperations.PopCount(closing & upTo))
            {
                return BitOperations.TrailingZeroCount(rest) + 1;
            }
        }

        return -1;
    }

    /// <summary>Byte by byte, for what is shorter than a block.</summary>
    private static int SkipShortContainer(ReadOnlySpan<byte> json, int at, int depth)
    {
        while (true)
        {
            byte value = json[at];
            if (value == '"')
            {
                at = SkipString(json, at);
                continue;
            }

            at++;
            switch (value | BracketToBrace)
            {
                case '{':
                    depth++;
                    break;
                case '}' when --depth == 0:
                    return at;
            }
        }
    }

    private static int SkipScalar(ReadOnlySpan<byte> json, int at)
    {
        int length = json[at..].IndexOfAny(ScalarEnds);
        return length < 0 ? json.Length : at + length;
    }
}
