namespace Mayfly.Platforms.Lambda.Propagation;

/// <summary>
/// X-Ray's trace header, <c>Root=1-65530000-0000000000000000000003e9;Parent=00000000000007d2;Sampled=1</c>, as a queue's <c>AWSTraceHeader</c> or as a
/// request's
/// <c>X-Amzn-Trace-Id</c>. Only an id with <c>00000000</c> before its last 16 digits is ours: Datadog's Java tracer writes those. Any other one names a trace
/// that
/// Datadog does not know (docs/spec/02-triggers.md#66-x-ray--awstraceheader).
/// </summary>
public static class XRayHeader
{
    public const string AttributeName = "AWSTraceHeader";
    public const string HeaderName = "x-amzn-trace-id";

    /// <summary><c>1-xxxxxxxx-</c> before the 24 digits of the id.</summary>
    private const int IdAt = 11;
    private const int RootLength = 35;

    /// <summary>The platform's own have some hundred characters.</summary>
    private const int MaxLength = 8192;

    /// <summary>Null for a header of others, and for one without both ids. Fields may stand in any order; without <c>Sampled=1</c> the priority is 0.</summary>
    public static SpanContext? Read(string? header)
    {
        if (header is null or { Length: > MaxLength })
        {
            return null;
        }

        ReadOnlySpan<char> root = default, parent = default;
        int priority = 0;
        foreach (Range range in header.AsSpan().Split(';'))
        {
            ReadOnlySpan<char> field = header.AsSpan()[range].Trim();
            if (field.StartsWith("Root="))
            {
                root = field["Root=".Length..];
            }
            else if (field.StartsWith("Parent="))
            {
                parent = field["Parent=".Length..];
            }
            else if (field is "Sampled=1")
            {
                priority = 1;
            }
        }

        bool isOurs = root.Length == RootLength
            && root.StartsWith("1-")
            && IdText.IsHex(root[2..(IdAt - 1)])
            && root[(IdAt - 1)..].StartsWith("-00000000");
        if (!isOurs || !IdText.TryParseHex(root[^16..], out ulong traceId) || !IdText.TryParseHex(parent, out ulong spanId) || traceId == 0 || spanId == 0)
        {
            return null;
        }

        return new SpanContext(traceId, spanId, priority, Tags: []);
    }
}
