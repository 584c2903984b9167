namespace Mayfly.Traces;

/// <summary>Entries that many maps have alike: kept, looked at and encoded once for all of them. Immutable.</summary>
/// <param name="entries">No key twice.</param>
/// <param name="encoded">What <see cref="SpanWriter"/> writes for them in a span.</param>
public sealed class SharedEntries<TValue>(IEnumerable<SpanMapEntry<TValue>> entries, byte[] encoded)
    where TValue : struct
{
    private readonly SpanMapEntry<TValue>[] _entries = [.. entries];
    private readonly ulong _marks = entries.Aggregate(0UL, static (marks, entry) => marks | SpanMap<TValue>.MarkOf(entry.Key.Span));

    public ReadOnlySpan<SpanMapEntry<TValue>> Items => _entries;

    public ReadOnlySpan<byte> Encoded => encoded;

    public bool Contains(ReadOnlySpan<byte> key) => IndexOf(key, SpanMap<TValue>.MarkOf(key)) >= 0;

    /// <summary>Position of the entry of <paramref name="key"/>, or −1.</summary>
    /// <param name="key">Looked for.</param>
    /// <param name="mark">Its <see cref="SpanMap{TValue}.MarkOf"/>.</param>
    internal int IndexOf(ReadOnlySpan<byte> key, ulong mark) => (_marks & mark) == 0 ? -1 : SpanMap<TValue>.LastIndexOf(_entries, key);
}
