using Mayfly.Wire;

namespace Mayfly.Traces.Normalization;

/// <summary>Cuts what is too long for the intake: one huge tag can have a whole payload rejected.</summary>
/// <remarks>docs/spec/03-traces.md#39-truncation-go-lib-none. Truncating twice changes nothing.</remarks>
internal static class SpanTruncation
{
    private const int LongestResourceBytes = 5_000;
    private const int LongestBigResourceBytes = 15_000;
    private const int LongestKeyBytes = 200;
    private const int LongestValueBytes = 25_000;

    private static ReadOnlySpan<byte> Mark => "..."u8;

    /// <param name="spans">Changed in place.</param>
    /// <param name="arena">Takes the cut texts; where it is full they lack the mark at their end.</param>
    /// <param name="isBigResource">The feature <c>big_resource</c> is on.</param>
    public static void Truncate(ReadOnlySpan<Span> spans, TextArena arena, bool isBigResource)
    {
        foreach (Span span in spans)
        {
            span.Resource = Utf8Cut.To(span.Resource, isBigResource ? LongestBigResourceBytes : LongestResourceBytes);
            TruncateMeta(span.Meta, arena);
            TruncateMetrics(span.Metrics, arena);
        }
    }

    /// <summary>True for a tag that is too long. None of those that spans share is.</summary>
    public static bool IsCut(in SpanMapEntry<Utf8Slice> tag) =>
        tag.Key.Length > LongestKeyBytes || (tag.Value.Length > LongestValueBytes && !IsStructured(tag.Key.Span));

    private static void TruncateMeta(SpanMap<Utf8Slice> meta, TextArena arena)
    {
        ReadOnlySpan<SpanMapEntry<Utf8Slice>> entries = meta.OwnEntries;
        for (int i = 0; i < entries.Length; i++)
        {
            ref readonly SpanMapEntry<Utf8Slice> entry = ref entries[i];
            if (IsCut(entry))
            {
                int longest = IsStructured(entry.Key.Span) ? int.MaxValue : LongestValueBytes;
                meta.Replace(i, Cut(entry.Key, LongestKeyBytes, arena), Cut(entry.Value, longest, arena));
            }
        }
    }

    private static void TruncateMetrics(SpanMap<double> metrics, TextArena arena)
    {
        ReadOnlySpan<SpanMapEntry<double>> entries = metrics.Entries;
        for (int i = 0; i < entries.Length; i++)
        {
            ref readonly SpanMapEntry<double> entry = ref entries[i];
            if (entry.Key.Length > LongestKeyBytes)
            {
                metrics.Replace(i, Cut(entry.Key, LongestKeyBytes, arena), entry.Value);
            }
        }
    }

    /// <summary>A document in one of these forms is useless when it is cut.</summary>
    private static bool IsStructured(ReadOnlySpan<byte> key) =>
        key.StartsWith("_dd."u8) && (key.EndsWith(".json"u8) || key.EndsWith(".msgpack"u8) || key.EndsWith(".protobuf"u8));

    private static Utf8Slice Cut(Utf8Slice text, int longestBytes, TextArena arena)
    {
        bool isCutAlready = text.Length - longestBytes <= Mark.Length && text.Span.EndsWith(Mark);
        if (text.Length <= longestBytes || isCutAlready)
        {
            return text;
        }

        Utf8Slice beginning = Utf8Cut.To(text, longestBytes);
        if (!arena.TryAllocate(beginning.Length + Mark.Length, out Utf8Slice marked, out Span<byte> bytes))
        {
            return beginning;
        }

        beginning.Span.CopyTo(bytes);
        Mark.CopyTo(bytes[beginning.Length..]);
        return marked;
    }
}
