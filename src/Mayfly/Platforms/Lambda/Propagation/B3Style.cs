using Mayfly.Config;

namespace Mayfly.Platforms.Lambda.Propagation;

/// <summary>B3, as several headers and as one; hex of either case (docs/spec/02-triggers.md#64-styles).</summary>
internal static class B3Style
{
    public const string TraceIdHeader = "x-b3-traceid";
    public const string SpanIdHeader = "x-b3-spanid";
    public const string SampledHeader = "x-b3-sampled";
    public const string FlagsHeader = "x-b3-flags";
    public const string SingleHeader = "b3";

    /// <summary>Null for a trace id that is missing, malformed or 0, and for a malformed span id. A missing span id counts as 0.</summary>
    public static ExtractedContext? ExtractMulti(Carrier carrier)
    {
        if (carrier.Find(TraceIdHeader) is not { } traceId)
        {
            return null;
        }

        int? priority = carrier.Find(FlagsHeader) == "1" ? 2 : carrier.Find(SampledHeader) switch
        {
            "1" => 1,
            "0" => 0,
            _ => null,
        };
        return Context(PropagationStyle.B3Multi, traceId, carrier.Find(SpanIdHeader) ?? "0", priority);
    }

    /// <summary>
    /// <c>trace-span</c>, optionally followed by <c>-0</c>, <c>-1</c> or <c>-d</c> (debug), and by anything. A lone sampling decision names no trace and is no context:
    /// counting it as one would hide what other styles found.
    /// </summary>
    public static ExtractedContext? ExtractSingle(Carrier carrier)
    {
        ReadOnlySpan<char> header = carrier.Find(SingleHeader);
        Span<Range> parts = stackalloc Range[4];
        int count = header.Split(parts, '-');
        if (count < 2)
        {
            return null;
        }

        int? priority = count == 2 ? null : header[parts[2]] switch
        {
            "0" => 0,
            "1" => 1,
            "d" => 2,
            _ => null,
        };
        return Context(PropagationStyle.B3, header[parts[0]], header[parts[1]], priority);
    }

    private static ExtractedContext? Context(PropagationStyle style, ReadOnlySpan<char> traceId, ReadOnlySpan<char> spanId, int? priority)
    {
        if (!IdText.TryParseHex128(traceId, out ulong high, out ulong low) || low == 0 || !IdText.TryParseHex(spanId, out ulong span))
        {
            return null;
        }

        return new ExtractedContext { Style = style, TraceId = low, TraceIdHigh = high, SpanId = span, Priority = priority };
    }
}
