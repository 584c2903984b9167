using System.Globalization;

namespace Mayfly.Platforms.Lambda.Invocations;

/// <summary>A position in a distributed trace, in Datadog's own propagation style (docs/spec/01-lambda-lifecycle.md#410-trace-context-extraction).</summary>
/// <param name="TraceId">Low 64 bits; never 0.</param>
/// <param name="ParentId">0 = unknown.</param>
/// <param name="Priority">Null when upstream gave none.</param>
/// <param name="Tags">The <c>_dd.p.*</c> tags, and <c>_dd.propagation_error</c> for one that was malformed.</param>
public sealed record TraceContext(ulong TraceId, ulong ParentId, int? Priority, IReadOnlyList<KeyValuePair<string, string>> Tags)
{
    public const string TraceIdHeader = "x-datadog-trace-id";
    public const string ParentIdHeader = "x-datadog-parent-id";
    public const string SpanIdHeader = "x-datadog-span-id";
    public const string PriorityHeader = "x-datadog-sampling-priority";
    public const string TagsHeader = "x-datadog-tags";

    /// <summary>The high 64 bits of the trace id, 16 hex digits.</summary>
    public const string HighBitsTag = "_dd.p.tid";

    private const string DecisionMakerTag = "_dd.p.dm";
    private const string PropagatedPrefix = "_dd.p.";
    private const string ErrorTag = "_dd.propagation_error";

    /// <summary>A longer tags header is refused whole.</summary>
    private const int TagsLimitBytes = 512;

    /// <summary>The context in a set of headers; null without a usable trace id. A bad parent id counts as 0, a bad priority as none.</summary>
    public static TraceContext? Extract(Func<string, string?> header)
    {
        ulong traceId = ParseId(header(TraceIdHeader));
        if (traceId == 0)
        {
            return null;
        }

        string tags = header(TagsHeader) ?? "";
        return new TraceContext(
            traceId,
            ParseId(header(ParentIdHeader)),
            ParsePriority(header(PriorityHeader)),
            tags.Length > TagsLimitBytes ? [new(ErrorTag, "extract_max_size")] : Checked(PropagatedTags(tags)));
    }

    /// <summary>Null when upstream sent none, or a malformed one.</summary>
    public string? HighBits => Tags.FirstOrDefault(static tag => tag.Key == HighBitsTag).Value;

    /// <summary>A decimal unsigned 64-bit id; 0 for anything else.</summary>
    public static ulong ParseId(string? text) => ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong id) ? id : 0;

    /// <summary>The <c>_dd.p.*</c> pairs of <c>k=v,k=v</c>.</summary>
    public static IReadOnlyList<KeyValuePair<string, string>> PropagatedTags(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return [];
        }

        var tags = new List<KeyValuePair<string, string>>();
        foreach (string pair in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            int equals = pair.IndexOf('=', StringComparison.Ordinal);
            if (equals > PropagatedPrefix.Length && pair.StartsWith(PropagatedPrefix, StringComparison.Ordinal))
            {
                tags.Add(new(pair[..equals], pair[(equals + 1)..]));
            }
        }

        return tags;
    }

    /// <summary>Tags whose value everybody downstream relies on: a bad one is replaced by what was wrong with it.</summary>
    private static IReadOnlyList<KeyValuePair<string, string>> Checked(IReadOnlyList<KeyValuePair<string, string>> tags) => [.. tags.Select(Checked)];

    private static KeyValuePair<string, string> Checked(KeyValuePair<string, string> tag) => tag.Key switch
    {
        HighBitsTag when tag.Value.Length != 16 || tag.Value.AsSpan().ContainsAnyExcept(HexDigits) => new(ErrorTag, "malformed_tid " + tag.Value),
        DecisionMakerTag when ParsePriority(tag.Value) is null or > 0 => new(ErrorTag, "decoding_error"),
        _ => tag,
    };

    private static int? ParsePriority(string? text) =>
        sbyte.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out sbyte parsed) ? parsed : null;

    private static readonly System.Buffers.SearchValues<char> HexDigits = System.Buffers.SearchValues.Create("0123456789abcdefABCDEF");
}
