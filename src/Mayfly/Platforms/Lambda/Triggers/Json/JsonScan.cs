using System.Buffers;

namespace Mayfly.Platforms.Lambda.Triggers.Json;

/// <summary>Finds the ends of values in JSON that <see cref="JsonFields.TryRead"/> has accepted. It checks nothing, so it skips a megabyte in well under a millisecond.</summary>
internal static class JsonScan
{
    private static readonly SearchValues<byte> ContainerMarks = SearchValues.Create("\"[]{}"u8);
    private static readonly SearchValues<byte> ScalarEnds = SearchValues.Create(",]} \t\r\n"u8);

    /// <summary>The position of the next byte that is no white space.</summary>
    public static int SkipBlanks(ReadOnlySpan<byte> json, int at)
    {
        while (at < json.Length && json[at] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')
        {
            at++;
        }

        return at;
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
            at += json[at..].IndexOfAny((byte)'"', (byte)'\\');
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
            at += json[at..].IndexOfAny(ContainerMarks);
            switch (json[at])
            {
                case (byte)'"':
                    at = SkipString(json, at);
                    continue;
                case (byte)'{' or (byte)'[':
                    depth++;
                    break;
                default:
                    depth--;
                    break;
            }

            at++;
            if (depth == 0)
            {
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
