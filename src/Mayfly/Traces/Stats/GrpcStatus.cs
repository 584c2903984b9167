using System.Buffers.Text;
using System.Text;

namespace Mayfly.Traces.Stats;

/// <summary>The gRPC status of a span, from any of the tags that tracers put it in (docs/spec/03-traces.md#42-eligibility-key-buckets).</summary>
internal static class GrpcStatus
{
    /// <summary>No status.</summary>
    public const int None = -1;

    private const int LongestName = 32;

    /// <summary>The tags, in the order in which they are believed; as tags first, then as numeric ones.</summary>
    public static IReadOnlyList<string> Keys { get; } = ["rpc.grpc.status_code", "grpc.code", "rpc.grpc.status.code", "grpc.status.code"];

    private static readonly byte[][] KeysUtf8 = [.. Keys.Select(Encoding.UTF8.GetBytes)];

    /// <summary>The names without underscores, by code.</summary>
    private static readonly byte[][] Names =
    [
        .. new[]
        {
            "OK", "CANCELLED", "UNKNOWN", "INVALIDARGUMENT", "DEADLINEEXCEEDED", "NOTFOUND", "ALREADYEXISTS", "PERMISSIONDENIED", "RESOURCEEXHAUSTED",
            "FAILEDPRECONDITION", "ABORTED", "OUTOFRANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATALOSS", "UNAUTHENTICATED",
        }.Select(Encoding.ASCII.GetBytes),
    ];

    /// <summary>The code of a tag's text: a number up to 255, or a name; else <see cref="None"/>.</summary>
    public static int Parse(ReadOnlySpan<byte> text)
    {
        if (Utf8Parser.TryParse(text, out byte number, out int consumed) && consumed == text.Length)
        {
            return number;
        }

        while (text.StartsWith("StatusCode."u8))
        {
            text = text["StatusCode."u8.Length..];
        }

        Span<byte> name = stackalloc byte[LongestName];
        int length = 0;
        foreach (byte character in text)
        {
            if (character == (byte)'_')
            {
                continue;
            }

            if (length == LongestName)
            {
                return None;
            }

            name[length++] = character is >= (byte)'a' and <= (byte)'z' ? (byte)(character - 0x20) : character;
        }

        name = name[..length];
        for (int code = 0; code < Names.Length; code++)
        {
            if (name.SequenceEqual(Names[code]))
            {
                return code;
            }
        }

        return name.SequenceEqual("CANCELED"u8) ? 1 : None;
    }

    /// <summary>The code of the first numeric tag that holds one: a whole number up to 255.</summary>
    public static int Of(SpanMap<double> metrics)
    {
        foreach (byte[] key in KeysUtf8)
        {
            if (metrics.TryFind(key, out double value) && value is >= 0 and <= byte.MaxValue && Math.Floor(value) == value)
            {
                return (int)value;
            }
        }

        return None;
    }
}
