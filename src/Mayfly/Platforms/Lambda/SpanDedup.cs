namespace Mayfly.Platforms.Lambda;

/// <summary>
/// Remembers the spans that passed lately. A tracer that feels a timeout coming sends a span early, and sends it again when it really ends
/// (docs/spec/03-traces.md#32-lambda-mode-span-preparation-bc). Thread-safe; allocates nothing after the first span.
/// </summary>
/// <remarks>A ring of ids in the order they came, and a table of places in it: open addressing, where what is forgotten closes its gap.</remarks>
public sealed class SpanDedup
{
    /// <summary>Spans remembered; the oldest is forgotten first.</summary>
    public const int Capacity = 2000;

    /// <summary>2¹², so that at most half is taken.</summary>
    private const int TableSize = 1 << TableBits;

    private const int TableBits = 12;

    private static readonly ulong Secret = BitConverter.ToUInt64(Guid.NewGuid().ToByteArray()) | 1;

    private readonly Lock _gate = new();
    private (ulong TraceId, ulong SpanId)[] _ring = [];

    /// <summary>Place in the ring, plus one; 0 = free.</summary>
    private ushort[] _table = [];
    private int _count;
    private int _next;

    /// <summary>True the first time for these ids.</summary>
    public bool IsNew(ulong traceId, ulong spanId)
    {
        lock (_gate)
        {
            if (_ring.Length == 0)
            {
                _ring = new (ulong, ulong)[Capacity];
                _table = new ushort[TableSize];
            }

            int slot = SlotOf(traceId, spanId);
            if (_table[slot] != 0)
            {
                return false;
            }

            if (_count == Capacity)
            {
                int home = Home(traceId, spanId);
                int gap = Forget(_ring[_next].TraceId, _ring[_next].SpanId);

                // A gap before the free slot is where these ids would be looked for in vain.
                slot = DistanceOf(gap, home) < DistanceOf(slot, home) ? gap : slot;
            }
            else
            {
                _count++;
            }

            _ring[_next] = (traceId, spanId);
            _table[slot] = (ushort)(_next + 1);
            _next = (_next + 1) % Capacity;
            return true;
        }
    }

    /// <summary>What stands behind the freed slot moves up, so that nothing is looked for past a gap. Returns the slot that is free in the end.</summary>
    private int Forget(ulong traceId, ulong spanId)
    {
        int free = SlotOf(traceId, spanId);
        for (int slot = (free + 1) % TableSize; _table[slot] != 0; slot = (slot + 1) % TableSize)
        {
            (ulong otherTrace, ulong otherSpan) = _ring[_table[slot] - 1];
            if (DistanceOf(slot, Home(otherTrace, otherSpan)) >= DistanceOf(slot, free))
            {
                _table[free] = _table[slot];
                free = slot;
            }
        }

        _table[free] = 0;
        return free;
    }

    /// <summary>Slots from <paramref name="start"/> on to <paramref name="slot"/>, round the end of the table.</summary>
    private static int DistanceOf(int slot, int start) => (slot - start) & (TableSize - 1);

    /// <summary>Where these ids stand, or the free slot where they would.</summary>
    private int SlotOf(ulong traceId, ulong spanId)
    {
        int slot = Home(traceId, spanId);
        while (_table[slot] != 0 && _ring[_table[slot] - 1] != (traceId, spanId))
        {
            slot = (slot + 1) % TableSize;
        }

        return slot;
    }

    /// <summary>By multiplication with a secret odd number, so that a sender cannot choose ids that collide.</summary>
    private static int Home(ulong traceId, ulong spanId)
    {
        ulong hash = traceId * Secret;
        hash = (hash ^ (hash >> 32) ^ spanId) * Secret;
        return (int)(hash >> (64 - TableBits));
    }
}
