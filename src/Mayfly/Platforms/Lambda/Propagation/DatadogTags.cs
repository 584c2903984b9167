using System.Text;

namespace Mayfly.Platforms.Lambda.Propagation;

/// <summary>
/// The header <c>x-datadog-tags</c>: <c>k=v,k=v</c>, of which only <c>_dd.p.*</c> travels on. Tags that everybody downstream relies on are checked, and a bad
/// one
/// is replaced by what was wrong with it (docs/spec/02-triggers.md#64-styles).
/// </summary>
internal static class DatadogTags
{
    public const string Prefix = "_dd.p.";
    public const string DecisionMakerTag = "_dd.p.dm";

    /// <summary>A longer header is refused whole.</summary>
    private const int LimitBytes = 512;

    /// <summary>Adds the tags of <paramref name="header"/> to <paramref name="tags"/>.</summary>
    /// <returns>The high 64 bits of the trace id; 0 without a good <c>_dd.p.tid</c>.</returns>
    public static ulong ReadChecked(string header, ContextTags tags)
    {
        if (header.Length > LimitBytes || Encoding.UTF8.GetByteCount(header) > LimitBytes)
        {
            tags.Set(SpanContext.ErrorTag, "extract_max_size");
            return 0;
        }

        Read(header, tags);
        if (tags.Find(DecisionMakerTag) is { } maker && IdText.ParsePriority(maker) is null or > 0)
        {
            Replace(tags, DecisionMakerTag, "decoding_error");
        }

        if (tags.Find(SpanContext.HighBitsTag) is not { } text)
        {
            return 0;
        }

        if (text.Length == 16 && IdText.TryParseHex(text, out ulong high))
        {
            return high;
        }

        Replace(tags, SpanContext.HighBitsTag, "malformed_tid " + text);
        return 0;
    }

    /// <summary>The <c>_dd.p.*</c> tags of <paramref name="header"/> as they are.</summary>
    public static IReadOnlyList<KeyValuePair<string, string>> Read(string? header)
    {
        var tags = new ContextTags();
        Read(header ?? "", tags);
        return tags.ToList();
    }

    private static void Read(string header, ContextTags tags)
    {
        foreach (Range range in header.AsSpan().Split(','))
        {
            ReadOnlySpan<char> pair = header.AsSpan()[range].Trim();
            int equals = pair.IndexOf('=');
            if (equals > Prefix.Length && pair.StartsWith(Prefix))
            {
                tags.Set(pair[..equals].ToString(), pair[(equals + 1)..].ToString());
            }
        }
    }

    private static void Replace(ContextTags tags, string key, string error)
    {
        tags.Remove(key);
        tags.Set(SpanContext.ErrorTag, error);
    }
}
