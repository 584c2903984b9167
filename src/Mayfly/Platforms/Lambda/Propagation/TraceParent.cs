namespace Mayfly.Platforms.Lambda.Propagation;

/// <summary>W3C <c>traceparent</c>: <c>VV-TTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTT-PPPPPPPPPPPPPPPP-FF</c>, lower-case hex (docs/spec/02-triggers.md#64-styles).</summary>
/// <param name="IsSampled">Bit 0 of the flags. The other bits are not looked at: one of them says that the id is random, and more may follow.</param>
internal readonly record struct TraceParent(ulong TraceIdHigh, ulong TraceId, ulong SpanId, bool IsSampled)
{
    /// <summary>Version, ids, flags and the dashes between them.</summary>
    private const int BaseLength = 55;

    /// <summary>Versions to come may append to it. The text becomes a tag, so there is an end to that.</summary>
    private const int MaxLength = 512;

    /// <summary>False for anything malformed, and for a trace id whose low half is 0: that half alone is the id on spans.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out TraceParent parent)
    {
        parent = default;
        if (text.Length is < BaseLength or > MaxLength || text[2] != '-' || text[35] != '-' || text[52] != '-')
        {
            return false;
        }

        ReadOnlySpan<char> version = text[..2], traceId = text[3..35], spanId = text[36..52], flags = text[53..BaseLength];
        if (!IdText.IsLowerHex(version) || !IdText.IsLowerHex(traceId) || !IdText.IsLowerHex(spanId) || !IdText.IsLowerHex(flags))
        {
            return false;
        }

        bool isTailAllowed = text.Length == BaseLength || (version is not "00" && text[BaseLength] == '-');
        if (version is "ff"
            || !isTailAllowed
            || !IdText.TryParseHex128(traceId, out ulong high, out ulong low)
            || !IdText.TryParseHex(spanId, out ulong span)
            || !IdText.TryParseHex(flags, out ulong bits))
        {
            return false;
        }

        parent = new TraceParent(high, low, span, (bits & 1) != 0);
        return low != 0 && span != 0;
    }
}
