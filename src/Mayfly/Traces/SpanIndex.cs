using System.Numerics;

namespace Mayfly.Traces;

/// <summary>Finds the spans of one trace by id. Open addressing in arrays that are used again.</summary>
/// <remarks>Hashes with the process's random seed, so that a sender cannot choose ids that collide. Of spans with the same id, the first is found.</remarks>
internal sealed class SpanIndex
{
    private const int LargestKept = 8192;

    /// <summary>Position of a span, plus one; 0 = free.</summary>
    private int[] _slots = [];
    private ulong[] _ids = [];
    private int _mask;

    public void Fill(ReadOnlySpan<Span> spans)
    {
        int size = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(spans.Length * 2, 8));
        if (_slots.Length < size || (_slots.Length > LargestKept && size <= LargestKept))
        {
            _slots = new int[size];
            _ids = new ulong[size];
        }
        else
        {
            Array.Clear(_slots, 0, size);
        }

        _mask = size - 1;
        for (int i = 0; i < spans.Length; i++)
        {
            ulong id = spans[i].SpanId;
            int slot = SlotOf(id);
            if (_slots[slot] == 0)
            {
                _slots[slot] = i + 1;
                _ids[slot] = id;
            }
        }
    }

    /// <summary>Position of the span with this id, or −1.</summary>
    public int Find(ulong spanId) => _slots[SlotOf(spanId)] - 1;

    private int SlotOf(ulong id)
    {
        int slot = HashCode.Combine(id) & _mask;
        while (_slots[slot] != 0 && _ids[slot] != id)
        {
            slot = (slot + 1) & _mask;
        }

        return slot;
    }
}
