using System.Diagnostics.CodeAnalysis;
using Mayfly.Wire;

namespace Mayfly.Traces;

/// <summary>A span's map from text to <typeparamref name="TValue"/>, kept as a list in the order of arrival.</summary>
/// <remarks>
/// A span has some 20 entries: looking through a list is faster than hashing. A key that a tracer sends twice stays twice; the last one is found, as in
/// protobuf.
/// </remarks>
public sealed class SpanMap<TValue>
    where TValue : struct
{
    private readonly RecordList<SpanMapEntry<TValue>> _entries = new();

    /// <summary>The <see cref="MarkOf"/> of every key that was ever added: most keys that are looked for in vain cost one test.</summary>
    private ulong _marks;

    public int Count => _entries.Count;

    /// <summary>The entries; invalid after the next <see cref="Add"/> or <see cref="Set(Utf8Slice, TValue)"/>.</summary>
    public ReadOnlySpan<SpanMapEntry<TValue>> Entries => _entries.Items;

    /// <summary>Appends an entry without looking for its key.</summary>
    public void Add(Utf8Slice key, TValue value)
    {
        _marks |= MarkOf(key.Span);
        _entries.Add(new SpanMapEntry<TValue>(key, value));
    }

    /// <summary>Replaces the value of <paramref name="key"/>, or appends the entry.</summary>
    public void Set(Utf8Slice key, TValue value) => Set(key, MarkOf(key.Span), value);

    /// <inheritdoc cref="Set(Utf8Slice, TValue)"/>
    /// <param name="mark">The key's <see cref="MarkOf"/>, for keys that are set in every span.</param>
    internal void Set(Utf8Slice key, ulong mark, TValue value)
    {
        int index = (_marks & mark) == 0 ? -1 : LastIndexOf(key.Span);
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

    /// <summary>Replaces the entry at <paramref name="index"/> of <see cref="Entries"/>, its key included.</summary>
    public void Replace(int index, Utf8Slice key, TValue value)
    {
        _marks |= MarkOf(key.Span);
        _entries[index] = new SpanMapEntry<TValue>(key, value);
    }

    /// <summary>Takes out every entry of <paramref name="key"/>; the others keep their order.</summary>
    public void Remove(ReadOnlySpan<byte> key)
    {
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

    public bool Contains(ReadOnlySpan<byte> key) => IndexOf(key) >= 0;

    /// <summary>The value of <paramref name="key"/>; false when there is none.</summary>
    public bool TryFind(ReadOnlySpan<byte> key, [MaybeNullWhen(false)] out TValue value)
    {
        int index = IndexOf(key);
        value = index >= 0 ? _entries[index].Value : default;
        return index >= 0;
    }

    public void Clear()
    {
        _entries.Clear();
        _marks = 0;
    }

    /// <summary>One of 64 bits, by length and the characters in which names of one length differ.</summary>
    internal static ulong MarkOf(ReadOnlySpan<byte> key) => key.IsEmpty ? 1 : 1UL << (key.Length + key[0] * 5 + key[key.Length >> 1] * 11 + key[^1] * 3);

    private int IndexOf(ReadOnlySpan<byte> key) => (_marks & MarkOf(key)) == 0 ? -1 : LastIndexOf(key);

    private int LastIndexOf(ReadOnlySpan<byte> key)
    {
        ReadOnlySpan<SpanMapEntry<TValue>> entries = _entries.Items;
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
}

/// <summary>One entry of a <see cref="SpanMap{TValue}"/>.</summary>
public readonly struct SpanMapEntry<TValue>(Utf8Slice key, TValue value)
    where TValue : struct
{
    public Utf8Slice Key { get; } = key;

    public TValue Value { get; } = value;
}
