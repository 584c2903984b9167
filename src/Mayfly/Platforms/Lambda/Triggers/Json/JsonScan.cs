using System.Buffers;
using System.Numerics;
using System.Runtime.Intrinsics;

namespace Mayfly.Platforms.Lambda.Triggers.Json;

/// <summary>Finds the ends of values in JSON that <see cref="JsonFields.TryRead"/> has accepted. It checks nothing, so it skips a megabyte in well under a millisecond.</summary>
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

    private static int SkipContainer(ReadOnlySpan<byte> json, int at)
    {
        int depth = 0;
        while (true)
        {
            SkipBlocks(json, ref at, ref depth);
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

    /// <summary>Blocks without a string need not be looked at byte by byte, as long as the container cannot end in them.</summary>
    private static void SkipBlocks(ReadOnlySpan<byte> json, ref int at, ref int depth)
    {
        while (at + Vector256<byte>.Count <= json.Length)
        {
            Vector256<byte> block = Vector256.Create(json.Slice(at, Vector256<byte>.Count));
            Vector256<byte> braces = block | Vector256.Create(BracketToBrace);
            int closing = BitOperations.PopCount(Vector256.Equals(braces, Vector256.Create((byte)'}')).ExtractMostSignificantBits());
            if (closing >= depth || Vector256.EqualsAny(block, Vector256.Create((byte)'"')))
            {
                return;
            }

            depth += BitOperations.PopCount(Vector256.Equals(braces, Vector256.Create((byte)'{')).ExtractMostSignificantBits()) - closing;
            at += Vector256<byte>.Count;
        }
    }

    private static int SkipScalar(ReadOnlySpan<byte> json, int at)
    {
        int length = json[at..].IndexOfAny(ScalarEnds);
        return length < 0 ? json.Length : at + length;
    }
}
