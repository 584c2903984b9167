using Mayfly.Tags;
using Mayfly.Wire;

namespace Mayfly.Traces.Stats;

/// <summary>The encoded entries of a map; where it also has a <c>Stats</c> array, those before it and those after it. Reused.</summary>
/// <remarks>A key stands once: a second entry takes the place of the first one, as for a reader that has room for one value.</remarks>
internal sealed class EncodedMap : IDisposable
{
    private readonly RecordList<Entry> _entries = new();
    private int _split = -1;

    /// <summary>All entries; the value of the last one is written here.</summary>
    public PooledBuffer Bytes { get; } = PooledBuffer.Rent();

    /// <summary>Number of entries, the array not counted.</summary>
    public int Count => _entries.Count;

    /// <summary>Entries before the array.</summary>
    public ReadOnlySpan<byte> Head => _split < 0 ? Bytes.WrittenSpan : Bytes.WrittenSpan[.._split];

    /// <summary>Entries after the array.</summary>
    public ReadOnlySpan<byte> Tail => _split < 0 ? default : Bytes.WrittenSpan[_split..];

    /// <summary>Writes the key of an entry; the caller writes its value to the result.</summary>
    public MsgPackEncoder Add(ReadOnlySpan<byte> key)
    {
        Remove(key);
        int start = Bytes.Length;
        var encoder = new MsgPackEncoder(Bytes);
        encoder.Text(key);
        _entries.Add(new Entry(start, Bytes.Length - key.Length, key.Length));
        return encoder;
    }

    public void AddText(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) => Add(key).Text(value);

    /// <summary>A list of texts; nothing, where there are none.</summary>
    public void AddTags(ReadOnlySpan<byte> key, TagSet tags)
    {
        if (tags.Count == 0)
        {
            return;
        }

        MsgPackEncoder encoder = Add(key);
        encoder.BeginArray(tags.Count);
        foreach (Tag tag in tags.Items)
        {
            encoder.Text(tag.TextUtf8);
        }
    }

    /// <summary>Takes out the entry of a key; nothing, if there is none.</summary>
    public void Remove(ReadOnlySpan<byte> key)
    {
        Span<Entry> entries = _entries.Items;
        int index = 0;
        while (index < entries.Length && !entries[index].Has(key, Bytes.WrittenSpan))
        {
            index++;
        }

        if (index == entries.Length)
        {
            return;
        }

        int start = entries[index].Start;
        int end = index + 1 < entries.Length ? entries[index + 1].Start : Bytes.Length;
        Bytes.Slice(end, Bytes.Length - end).CopyTo(Bytes.Slice(start, Bytes.Length - end));
        Bytes.Truncate(Bytes.Length - (end - start));
        _split -= _split >= end ? end - start : 0;
        for (; index + 1 < entries.Length; index++)
        {
            entries[index] = entries[index + 1].Before(end - start);
        }

        _entries.Truncate(entries.Length - 1);
    }

    /// <summary>The array comes here.</summary>
    public void Split() => _split = Bytes.Length;

    public void Clear()
    {
        Bytes.Clear();
        _entries.Clear();
        _split = -1;
    }

    public void Dispose() => Bytes.Dispose();

    /// <summary>Where an entry, and the text of its key, lie in the bytes.</summary>
    private readonly record struct Entry(int Start, int KeyStart, int KeyLength)
    {
        public bool Has(ReadOnlySpan<byte> key, ReadOnlySpan<byte> bytes) => KeyLength == key.Length && bytes.Slice(KeyStart, KeyLength).SequenceEqual(key);

        public Entry Before(int bytes) => new(Start - bytes, KeyStart - bytes, KeyLength);
    }
}
