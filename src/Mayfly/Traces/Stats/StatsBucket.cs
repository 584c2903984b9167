using Mayfly.Wire;

namespace Mayfly.Traces.Stats;

/// <summary>What became of a span that was counted.</summary>
internal enum CountOutcome
{
    /// <summary>In the group of its key.</summary>
    Counted,

    /// <summary>In the group of those without a key, because there was no room for another one: docs/spec/03-traces.md#42-eligibility-key-buckets.</summary>
    Overflowed,
}

/// <summary>
/// One sender's groups in one bucket of ten seconds. Filled under the concentrator's lock, encoded by the flush that took it. Not thread-safe.
/// </summary>
internal sealed class StatsBucket(StatsMemory memory)
{
    /// <summary>The most groups of a bucket, beside the one for the rest.</summary>
    public const int MaxGroups = 7000;

    /// <summary>What a bucket takes before the first group.</summary>
    public const int FixedBytes = 4096;

    private const int FirstCapacity = 16;
    private const int KeptKeyBytes = 64 * 1024;

    private GroupStats[] _groups = new GroupStats[FirstCapacity];
    private int[] _heads = new int[FirstCapacity];
    private PooledBuffer _keys = PooledBuffer.Rent(2048);
    private int _count;

    /// <summary>Start, ns since the Unix epoch; a multiple of ten seconds.</summary>
    public long StartNs { get; set; }

    public ReadOnlySpan<GroupStats> Groups => _groups.AsSpan(0, _count);

    public ReadOnlySpan<byte> KeyOf(in GroupStats group) => _keys.WrittenSpan.Slice(group.KeyStart, group.KeyLength);

    /// <summary>Adds a span to the group of its key, or to the one for the rest.</summary>
    public CountOutcome Add(in SpanStats span, ReadOnlySpan<byte> key, ulong overflowHash)
    {
        CountOutcome outcome = span.KeyLength == 0 ? CountOutcome.Overflowed : CountOutcome.Counted;
        int index = Find(span.KeyHash, key);
        if (index < 0 && outcome == CountOutcome.Counted)
        {
            if (_count < MaxGroups && memory.Budget.TryTake(GroupStats.FixedBytes + key.Length))
            {
                index = AddGroup(span.KeyHash, key);
            }
            else
            {
                outcome = CountOutcome.Overflowed;
                index = Find(overflowHash, GroupKey.Overflow);
            }
        }

        if (index < 0)
        {
            memory.Budget.Take(GroupStats.FixedBytes + GroupKey.Overflow.Length);
            index = AddGroup(overflowHash, GroupKey.Overflow);
        }

        ref GroupStats group = ref _groups[index];
        group.Spans += outcome == CountOutcome.Counted ? 1 : 0;
        Fold(ref group, span);
        return outcome;
    }

    /// <summary>Empties the bucket and gives back what it took; an unusually large one lets go of its memory.</summary>
    public void Clear()
    {
        memory.Budget.Release(FixedBytes);
        foreach (ref GroupStats group in _groups.AsSpan(0, _count))
        {
            memory.Budget.Release(GroupStats.FixedBytes + group.KeyLength);
            memory.Return(group.Ok);
            memory.Return(group.Errors);
        }

        if (_groups.Length > FirstCapacity && _count < _groups.Length / 4)
        {
            _groups = new GroupStats[_groups.Length / 2];
            _heads = new int[_groups.Length];
        }
        else
        {
            Array.Clear(_groups, 0, _count);
            Array.Clear(_heads);
        }

        if (_keys.Capacity > KeptKeyBytes)
        {
            _keys.Dispose();
            _keys = PooledBuffer.Rent(2048);
        }

        _keys.Clear();
        _count = 0;
    }

    private void Fold(ref GroupStats group, in SpanStats span)
    {
        group.Hits += span.Weight;
        group.DurationNs += span.DurationNs * span.Weight;
        group.TopLevelHits += span.IsTopLevel ? span.Weight : 0;
        if (span.IsError)
        {
            group.ErrorHits += span.Weight;
            (group.Errors ??= memory.Rent()).Add(span.DurationNs, span.Weight, memory.Budget);
        }
        else
        {
            (group.Ok ??= memory.Rent()).Add(span.DurationNs, span.Weight, memory.Budget);
        }
    }

    private int Find(ulong hash, ReadOnlySpan<byte> key)
    {
        ReadOnlySpan<byte> keys = _keys.WrittenSpan;
        for (int at = _heads[(int)hash & (_heads.Length - 1)] - 1; at >= 0; at = _groups[at].Next)
        {
            ref readonly GroupStats group = ref _groups[at];
            if (group.KeyHash == hash && keys.Slice(group.KeyStart, group.KeyLength).SequenceEqual(key))
            {
                return at;
            }
        }

        return -1;
    }

    private int AddGroup(ulong hash, ReadOnlySpan<byte> key)
    {
        if (_count == _groups.Length)
        {
            Array.Resize(ref _groups, _count * 2);
            _heads = new int[_groups.Length];
            for (int i = 0; i < _count; i++)
            {
                Link(i);
            }
        }

        _groups[_count] = new GroupStats { KeyHash = hash, KeyStart = _keys.Length, KeyLength = key.Length };
        _keys.Write(key);
        Link(_count);
        return _count++;
    }

    private void Link(int index)
    {
        ref int head = ref _heads[(int)_groups[index].KeyHash & (_heads.Length - 1)];
        _groups[index].Next = head - 1;
        head = index + 1;
    }
}

/// <summary>The counts of one group. Sums of weights: whole numbers unless a tracer samples.</summary>
internal struct GroupStats
{
    /// <summary>Bytes that a group takes, beside its key and what its sketches grow by.</summary>
    public const int FixedBytes = 192;

    public ulong KeyHash;
    public int KeyStart;
    public int KeyLength;

    /// <summary>The next group with the same head, or −1.</summary>
    public int Next;

    /// <summary>Accepted units of the counters; unlike <see cref="Hits"/> not weighted.</summary>
    public int Spans;

    public double Hits;
    public double ErrorHits;
    public double DurationNs;
    public double TopLevelHits;

    /// <summary>Durations of spans without error; null = there was none.</summary>
    public LatencySketch? Ok;

    /// <summary>Durations of spans with error; null = there was none.</summary>
    public LatencySketch? Errors;
}
