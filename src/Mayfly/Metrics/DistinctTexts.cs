using Mayfly.Wire;

namespace Mayfly.Metrics;

/// <summary>
/// Counts the distinct texts of a set metric by their 64-bit hashes: a million of them are counted one too few with a probability below 1 in 10 million. Not
/// thread-safe.
/// </summary>
internal sealed class DistinctTexts
{
    private const int FirstCapacity = 16;

    /// <summary>Open addressing; 0 = free, so the hash 0 is stored as 1.</summary>
    private ulong[] _slots = new ulong[FirstCapacity];

    public int Count { get; private set; }

    public int SizeBytes => _slots.Length * sizeof(ulong);

    /// <summary>Adds a text; false, and nothing done, when it is new and there is no room and <paramref name="budget"/> grants none.</summary>
    public bool TryAdd(ulong hash, ByteBudget budget)
    {
        hash = Math.Max(hash, 1);
        int at = Find(hash);
        if (_slots[at] == hash)
        {
            return true;
        }

        if (Count >= _slots.Length / 4 * 3)
        {
            if (!budget.TryTake(SizeBytes))
            {
                return false;
            }

            Grow();
            at = Find(hash);
        }

        _slots[at] = hash;
        Count++;
        return true;
    }

    public void Clear()
    {
        if (_slots.Length > FirstCapacity && Count < _slots.Length / 8)
        {
            _slots = new ulong[_slots.Length / 2];
        }
        else
        {
            Array.Clear(_slots);
        }

        Count = 0;
    }

    private int Find(ulong hash)
    {
        int mask = _slots.Length - 1;
        int at = (int)hash & mask;
        while (_slots[at] != 0 && _slots[at] != hash)
        {
            at = (at + 1) & mask;
        }

        return at;
    }

    private void Grow()
    {
        ulong[] old = _slots;
        _slots = new ulong[old.Length * 2];
        foreach (ulong hash in old)
        {
            if (hash != 0)
            {
                _slots[Find(hash)] = hash;
            }
        }
    }
}
