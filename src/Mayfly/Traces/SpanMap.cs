using System.Diagnostics.CodeAnalysis;
using Mayfly.Wire;

namespace Mayfly.Traces;

/// <summary>A span's map from text to <typeparamref name="TValue"/>, kept as a list in the order of arrival.</summary>
/// <remarks>
/// A span has some 20 entries: looking through a list is faster than hashing. A key that a tracer sends twice stays twice; the last one is found, as in
/// protobuf. Entries that all spans get are not copied into each: <see cref="Share"/>.
/// </remarks>
public sealed class SpanMap<TValue>
    where TValue : struct
{
    private readonly RecordList<SpanMapEntry<TValue>> _entries = new();
    private SharedEntries<TValue>? _shared;

    /// <summary>The <see cref="MarkOf"/> of every key that was ever added: most keys that are looked for in vain cost one test.</summary>
    private ulong _marks;

    public int Count => _entries.Count + (_shared?.Items.Length ?? 0);

    /// <summary>The entries; invalid after the next <see cref="Add"/> or <see cref="Set"/>.</summary>
    /// <remarks>Makes shared entries the map's own: whoever can do without those looks at <see cref="OwnEntries"/>.</remarks>
    public ReadOnlySpan<SpanMapEntry<TValue>> Entries
    {
        get
        {
            Unshare();
            return _entries.Items;
        }
    }

    /// <summary>The <see cref="Entries"/> that are not <see cref="Shared"/>; positions are the same as in there.</summary>
    public ReadOnlySpan<SpanMapEntry<TValue>> OwnEntries => _entries.Items;

    /// <summary>What the map has in common with others; null: nothing.</summary>
    public SharedEntries<TValue>? Shared => _shared;

    /// <summary>Appends an entry without looking for its key.</summary>
    public void Add(Utf8Slice key, TValue value)
    {
        _marks |= MarkOf(key.Span);
        _entries.Add(new SpanMapEntry<TValue>(key, value));
    }

    /// <summary>Replaces the value of <paramref name="key"/>, or appends the entry.</summary>
    public void Set(Utf8Slice key, TValue value)
    {
        ulong mark = MarkOf(key.Span);
        if (_shared?.IndexOf(key.Span, mark) >= 0)
        {
            Unshare();
        }

        int index = (_marks & mark) == 0 ? -1 : LastIndexOf(_entries.Items, key.Span);
        if (index >= 0)
        {
            _entries[index] = new SpanMapEntry<TValue>(key, value);
        }
        else
        {
            _marks |= mark;
            _entries.Add(new SpanMapEntry<TValue>(key, value));
        }
    }

    /// <summary>Sets all <paramref name="entries"/>, in place of entries of the map with their keys, without copying them.</summary>
    public void Share(SharedEntries<TValue> entries)
    {
        Unshare();
        int kept = 0;
        Span<SpanMapEntry<TValue>> own = _entries.Items;
        for (int i = 0; i < own.Length; i++)
        {
            ReadOnlySpan<byte> key = own[i].Key.Span;
            if (entries.IndexOf(key, MarkOf(key)) >= 0)
            {
                continue;
            }

            if (kept < i)
            {
                own[kept] = own[i];
            }

            kept++;
        }

        _entries.Truncate(kept);
        _shared = entries;
    }

    /// <summary>Replaces the entry at <paramref name="index"/> of <see cref="Entries"/>, its key included.</summary>
    public void Replace(int index, Utf8Slice key, TValue value)
    {
        _marks |= MarkOf(key.Span);
        _entries[index] = new SpanMapEntry<TValue>(key, value);
    }

    /// <summary>Takes out every entry of <paramref name="key"/>; the others keep their order.</summary>
    public void Remove(ReadOnlySpan<byte> key)
    {
        if (_shared?.IndexOf(key, MarkOf(key)) >= 0)
        {
            Unshare();
        }

        int kept = 0;
        Span<SpanMapEntry<TValue>> entries = _entries.Items;
        for (int i = 0; i < entries.Length; i++)
        {
            if (!entries[i].Key.SequenceEqual(key))
            {
                entries[kept++] = entries[i];
            }
        }

        _entries.Truncate(kept);
    }

    public bool Contains(ReadOnlySpan<byte> key) => TryFind(key, out _);

    /// <summary>The value of <paramref name="key"/>; false when there is none.</summary>
    public bool TryFind(ReadOnlySpan<byte> key, [MaybeNullWhen(false)] out TValue value)
    {
        ulong mark = MarkOf(key);
        int index = (_marks & mark) == 0 ? -1 : LastIndexOf(_entries.Items, key);
        if (index >= 0)
        {
            value = _entries[index].Value;
            return true;
        }

        index = _shared?.IndexOf(key, mark) ?? -1;
        value = index >= 0 ? _shared!.Items[index].Value : default;
        return index >= 0;
    }

    public void Clear()
    {
        _entries.Clear();
        _shared = null;
        _marks = 0;
    }

    /// <summary>One of 64 bits, by length and the characters in which names of one length differ.</summary>
    internal static ulong MarkOf(ReadOnlySpan<byte> key) => key.IsEmpty ? 1 : 1UL << (key.Length + key[0] * 5 + key[key.Length >> 1] * 11 + key[^1] * 3);

    internal static int LastIndexOf(ReadOnlySpan<SpanMapEntry<TValue>> entries, ReadOnlySpan<byte> key)
    {
        for (int i = entries.Length - 1; i >= 0; i--)
        {
            ref readonly SpanMapEntry<TValue> entry = ref entries[i];
            if (entry.Key.Length == key.Length && entry.Key.Span.SequenceEqual(key))
            {
                return i;
            }
        }

        return -1;
    }

    private void Unshare()
    {
        if (_shared is null)
        {
            return;
        }

        int own = _entries.Count;
        ulong ownMarks = _marks;
        foreach (ref readonly SpanMapEntry<TValue> entry in _shared.Items)
        {
            // One that was added since stays the last of its key.
            ReadOnlySpan<byte> key = entry.Key.Span;
            if ((ownMarks & MarkOf(key)) == 0 || LastIndexOf(_entries.Items[..own], key) < 0)
            {
                Add(entry.Key, entry.Value);
            }
        }

        _shared = null;
    }
}

/// <summary>One entry of a <see cref="SpanMap{TValue}"/>.</summary>
public readonly struct SpanMapEntry<TValue>(Utf8Slice key, TValue value)
    where TValue : struct
{
    public Utf8Slice Key { get; } = key;

    public TValue Value { get; } = value;
}
