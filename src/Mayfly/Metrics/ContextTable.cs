using Mayfly.Wire;

namespace Mayfly.Metrics;

/// <summary>
/// Finds contexts by name, type, bucket and tags without an allocation. Each spelling of the tags that was seen (order, duplicates) has an entry of its own
/// that leads to the one context with the canonical spelling, so that tags are sorted once per spelling and not once per sample. Not thread-safe.
/// </summary>
internal sealed class ContextTable(ulong seed)
{
    private const int FirstCapacity = 64;
    private const int KeptArenaBytes = 64 * 1024;

    private PooledBuffer _texts = PooledBuffer.Rent(4096);
    private MetricContext[] _contexts = new MetricContext[FirstCapacity];
    private Entry[] _entries = new Entry[FirstCapacity];
    private int[] _heads = new int[FirstCapacity];
    private int _entryCount;

    /// <summary>Number of contexts.</summary>
    public int Count { get; private set; }

    /// <summary>Number of spellings.</summary>
    public int EntryCount => _entryCount;

    public Span<MetricContext> Contexts => _contexts.AsSpan(0, Count);

    /// <summary>The array that holds names and tags; stays as it is until the next context.</summary>
    public byte[] TextArray => _texts.Array;

    public ReadOnlySpan<byte> NameOf(in MetricContext context) => _texts.WrittenSpan.Slice(context.NameOffset, context.NameLength);

    public ReadOnlySpan<byte> TagsOf(in MetricContext context) => _texts.WrittenSpan.Slice(context.TagsOffset, context.TagsLength);

    /// <summary>The key of a context, with its canonical tags.</summary>
    public ContextKey KeyOf(in MetricContext context) => new(NameOf(in context), TagsOf(in context), context.Type, context.Bucket, context.IsClients);

    public ulong HashOf(in ContextKey key)
    {
        ulong hash = BytesHash.Of(key.Tags, BytesHash.Of(key.Name, seed));
        return BytesHash.Mix(hash, (ulong)key.Bucket << 4 | (ulong)key.Type << 1 | (key.IsClients ? 1UL : 0));
    }

    /// <summary>The index of the context that this spelling leads to, or −1.</summary>
    public int Find(ulong hash, in ContextKey key)
    {
        ReadOnlySpan<byte> texts = _texts.WrittenSpan;
        int at = _heads[(int)hash & (_heads.Length - 1)] - 1;
        while (at >= 0)
        {
            ref readonly Entry entry = ref _entries[at];
            if (entry.Hash == hash)
            {
                ref readonly MetricContext context = ref _contexts[entry.Context];
                if (context.Type == key.Type && context.Bucket == key.Bucket && context.IsClients == key.IsClients &&
                    texts.Slice(entry.TagsOffset, entry.TagsLength).SequenceEqual(key.Tags) &&
                    texts.Slice(context.NameOffset, context.NameLength).SequenceEqual(key.Name))
                {
                    return entry.Context;
                }
            }

            at = entry.Next;
        }

        return -1;
    }

    /// <summary>Adds a context under its canonical spelling, that of <paramref name="key"/>, and returns its index.</summary>
    public int Add(ulong hash, in ContextKey key)
    {
        if (Count == _contexts.Length)
        {
            Array.Resize(ref _contexts, Count * 2);
        }

        int index = Count++;
        _contexts[index] = new MetricContext
        {
            Bucket = key.Bucket,
            Type = key.Type,
            IsClients = key.IsClients,
            NameOffset = Keep(key.Name),
            NameLength = key.Name.Length,
            TagsOffset = Keep(key.Tags),
            TagsLength = key.Tags.Length,
        };
        AddEntry(new Entry { Hash = hash, Context = index, TagsOffset = _contexts[index].TagsOffset, TagsLength = key.Tags.Length });
        return index;
    }

    /// <summary>Adds another spelling of a context's tags.</summary>
    public void AddSpelling(ulong hash, int context, ReadOnlySpan<byte> tags) =>
        AddEntry(new Entry { Hash = hash, Context = context, TagsOffset = Keep(tags), TagsLength = tags.Length });

    public void Clear()
    {
        if (_contexts.Length > FirstCapacity && Count < _contexts.Length / 4)
        {
            _contexts = new MetricContext[_contexts.Length / 2];
        }
        else
        {
            Array.Clear(_contexts, 0, Count);
        }

        if (_entries.Length > FirstCapacity && _entryCount < _entries.Length / 4)
        {
            _entries = new Entry[_entries.Length / 2];
            _heads = new int[_entries.Length];
        }
        else
        {
            Array.Clear(_heads);
        }

        if (_texts.Capacity > KeptArenaBytes && _texts.Length < _texts.Capacity / 4)
        {
            int half = _texts.Capacity / 2;
            _texts.Dispose();
            _texts = PooledBuffer.Rent(half);
        }

        Count = 0;
        _entryCount = 0;
        _texts.Clear();
    }

    private int Keep(ReadOnlySpan<byte> text)
    {
        int offset = _texts.Length;
        _texts.Write(text);
        return offset;
    }

    private void AddEntry(Entry entry)
    {
        if (_entryCount == _entries.Length)
        {
            Array.Resize(ref _entries, _entryCount * 2);
            _heads = new int[_entries.Length];
            for (int i = 0; i < _entryCount; i++)
            {
                Link(i);
            }
        }

        _entries[_entryCount] = entry;
        Link(_entryCount++);
    }

    private void Link(int at)
    {
        ref int head = ref _heads[(int)_entries[at].Hash & (_heads.Length - 1)];
        _entries[at].Next = head - 1;
        head = at + 1;
    }

    private struct Entry
    {
        public ulong Hash;
        public int Next;
        public int Context;
        public int TagsOffset;
        public int TagsLength;
    }
}
