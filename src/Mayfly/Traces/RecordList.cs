namespace Mayfly.Traces;

/// <summary>A small array-backed list that is cleared and filled again, so that a reused span allocates nothing.</summary>
/// <remarks>
/// Not thread-safe. <see cref="Clear"/> gives back an array that grew past <see cref="LargestKept"/>: one odd span must not hold its memory for good.
/// </remarks>
public sealed class RecordList<T>
    where T : struct
{
    private const int SmallestCapacity = 8;
    private const int LargestKept = 256;

    private T[] _items = [];
    private int _count;

    public int Count => _count;

    /// <summary>The records, writable in place; invalid after the next <see cref="Add"/>.</summary>
    public Span<T> Items => _items.AsSpan(0, _count);

    public ref T this[int index] => ref Items[index];

    /// <summary>The record that was added last, writable in place; there is one. Invalid after the next <see cref="Add"/>.</summary>
    public ref T Last => ref Items[_count - 1];

    public void Add(in T item)
    {
        if (_count == _items.Length)
        {
            Array.Resize(ref _items, Math.Max(SmallestCapacity, _count * 2));
        }

        _items[_count++] = item;
    }

    public void RemoveLast() => Truncate(_count - 1);

    /// <summary>Keeps the first <paramref name="count"/> records.</summary>
    public void Truncate(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)count, (uint)_count);
        _count = count;
    }

    public void Clear()
    {
        _count = 0;
        if (_items.Length > LargestKept)
        {
            _items = [];
        }
    }
}
