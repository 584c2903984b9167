using System.Text;
using Mayfly.Wire;

namespace Mayfly.Platforms.Lambda.RuntimeProxy;

/// <summary>
/// The headers that concern one connection and are not passed on (docs/spec/01-lambda-lifecycle.md#9-runtime-api-proxy). Every other line passes as it is:
/// order, case, white space and bytes.
/// </summary>
internal static class HopByHopHeaders
{
    /// <summary>Appends <paramref name="head"/>, a parsed one, without its hop-by-hop lines and their continuations.</summary>
    public static void CopyWithout(ReadOnlySpan<byte> head, PooledBuffer output)
    {
        int headers = HttpHeadParser.HeadersStart(head);
        int copied = 0;
        int at = headers;
        bool isLeftOut = false;
        var lines = new HeaderLineReader(head[headers..]);
        while (lines.MoveNext())
        {
            isLeftOut = lines.IsContinuation ? isLeftOut : IsHopByHop(lines.Name);
            if (isLeftOut)
            {
                output.Write(head[copied..at]);
                copied = at + lines.Line.Length;
            }

            at += lines.Line.Length;
        }

        output.Write(head[copied..]);
    }

    private static bool IsHopByHop(ReadOnlySpan<byte> name) => name.Length switch
    {
        2 => Ascii.EqualsIgnoreCase(name, "te"u8),
        7 => Ascii.EqualsIgnoreCase(name, "upgrade"u8),
        10 => Ascii.EqualsIgnoreCase(name, "connection"u8),
        16 => Ascii.EqualsIgnoreCase(name, "proxy-connection"u8),
        18 => Ascii.EqualsIgnoreCase(name, "proxy-authenticate"u8),
        19 => Ascii.EqualsIgnoreCase(name, "proxy-authorization"u8),
        _ => false,
    };
}
