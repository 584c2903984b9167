using System.Buffers;
using Mayfly.Wire;

namespace Mayfly.Logs;

/// <summary>
/// A request body in the making. Events lie in it one after the other, each behind one separator byte, so that a flush only closes the array.
/// </summary>
/// <remarks>Not thread-safe; owned by <see cref="LogBuffer"/>. Old events can be dropped one by one from the front.</remarks>
internal sealed class LogPage(int maxEvents) : IDisposable
{
    private const int FirstSizeBytes = 16 * 1024;

    private readonly int[] _sizes = ArrayPool<int>.Shared.Rent(maxEvents);
    private int _first;
    private int _next;
    private int _start;

    /// <summary>Where events are written to: a separator byte, then the event, then <see cref="Commit"/>.</summary>
    public PooledBuffer Body { get; } = PooledBuffer.Rent(FirstSizeBytes);

    /// <summary>Events in the page.</summary>
    public int Events => _next - _first;

    /// <summary>No more events fit, whatever their size.</summary>
    public bool IsFull => _next == maxEvents;

    /// <summary>Bytes that the body has when it is closed now.</summary>
    public int ClosedBytes => Body.Length - _start + 1;

    /// <summary>Makes the last <paramref name="sizeBytes"/> of the body (separator included) an event of the page.</summary>
    public void Commit(int sizeBytes) => _sizes[_next++] = sizeBytes;

    /// <summary>Drops the oldest event.</summary>
    /// <returns>Its size with its separator.</returns>
    public int DropOldest()
    {
        int size = _sizes[_first++];
        _start += size;
        if (_start > Body.Length / 2)
        {
            MoveToFront();
        }

        return size;
    }

    /// <summary>Closes the array and gives the body away; the page is done.</summary>
    public PooledBuffer Close()
    {
        MoveToFront();
        Body.Slice(0, 1)[0] = (byte)'[';
        Body.WriteByte((byte)']');
        ArrayPool<int>.Shared.Return(_sizes);
        return Body;
    }

    public void Dispose()
    {
        Body.Dispose();
        ArrayPool<int>.Shared.Return(_sizes);
    }

    private void MoveToFront()
    {
        if (_start > 0)
        {
            int length = Body.Length - _start;
            Body.Slice(_start, length).CopyTo(Body.Slice(0, length));
            Body.Truncate(length);
            _start = 0;
        }
    }
}
