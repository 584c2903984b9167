using System.Globalization;

namespace Mayfly.Platforms.Lambda.Triggers;

/// <summary>
/// <c>AWSTraceHeader</c> of a queue's message. Only a trace id whose middle is <c>00000000</c> is ours: Datadog's Java tracer writes such ones. Any other X-Ray
/// id
/// names a trace that Datadog does not know, often with the decision to drop it (docs/spec/02-triggers.md#66-x-ray--awstraceheader).
/// </summary>
internal static class XRayHeader
{
    /// <summary><c>1-xxxxxxxx-00000000</c> before the 16 digits of the id.</summary>
    private const int IdAt = 19;
    private const int IdLength = 16;

    /// <summary>Null if the header is none of ours. Without <c>Sampled=1</c> the priority is 0.</summary>
    public static GeneratedContext? Read(string? header)
    {
        if (header is null || !header.StartsWith("Root=1-", StringComparison.Ordinal))
        {
            return null;
        }

        ReadOnlySpan<char> root = default, parent = default;
        int priority = 0;
        foreach (Range range in header.AsSpan().Split(';'))
        {
            ReadOnlySpan<char> part = header.AsSpan()[range].Trim();
            if (part.StartsWith("Root="))
            {
                root = part["Root=".Length..];
            }
            else if (part.StartsWith("Parent="))
            {
                parent = part["Parent=".Length..];
            }
            else if (part is "Sampled=1")
            {
                priority = 1;
            }
        }

        bool isOurs = root.Length == IdAt + IdLength && IsHex(root[2..10]) && root[10..IdAt] is "-00000000";
        return isOurs && ParseId(root[IdAt..]) is not 0 and var traceId && ParseId(parent) is not 0 and var spanId
            ? new GeneratedContext(traceId, spanId, priority, Origin: null, Tags: [])
            : null;
    }

    private static bool IsHex(ReadOnlySpan<char> text) => ParseId(text) != 0 || !text.ContainsAnyExcept('0');

    /// <summary>0 for anything that is no id of at most 16 hex digits.</summary>
    private static ulong ParseId(ReadOnlySpan<char> text) =>
        ulong.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong id) ? id : 0;
}
