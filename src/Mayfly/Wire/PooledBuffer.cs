using System.Buffers;

namespace Mayfly.Wire;

/// <summary>
/// A growing byte buffer on an array that is used again. Whoever rents it disposes it: the same method, or the one owner it was handed to.
/// </summary>
/// <remarks>Not thread-safe. <see cref="WrittenSpan"/> is invalid after the next write, <see cref="Clear"/> or <see cref="Dispose"/>.</remarks>
public sealed class PooledBuffer : IBufferWriter<byte>, IDisposable
{
    private const int SmallestSizeBytes = 256;

    private byte[] _array;
    private int _length;

    private PooledBuffer(byte[] array) => _array = array;

    /// <summary>Rents a buffer that holds at least <paramref name="sizeBytes"/> before it has to grow.</summary>
    public static PooledBuffer Rent(int sizeBytes = SmallestSizeBytes) =>
        new(LargeArrays.Shared.Rent(Math.Max(sizeBytes, SmallestSizeBytes)));

    /// <summary>Number of bytes written.</summary>
    public int Length => _length;

    /// <summary>Bytes the buffer occupies, written or not.</summary>
    public int Capacity => _array.Length;

    /// <summary>The bytes written so far.</summary>
    public ReadOnlyMemory<byte> Written => _array.AsMemory(0, _length);

    /// <inheritdoc cref="Written"/>
    public ReadOnlySpan<byte> WrittenSpan => _array.AsSpan(0, _length);

    /// <summary>The underlying array, for slices that must outlive a growth check; valid until the next growth or <see cref="Dispose"/>.</summary>
    public byte[] Array => _array;

    /// <summary>Written bytes from <paramref name="start"/> on, writable, to fill in a length afterwards.</summary>
    public Span<byte> Slice(int start, int length) => _array.AsSpan(start, length);

    /// <inheritdoc/>
    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _array.Length - _length);
        _length += count;
    }

    /// <inheritdoc/>
    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _array.AsMemory(_length);
    }

    /// <inheritdoc/>
    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _array.AsSpan(_length);
    }

    /// <summary>Appends <paramref name="bytes"/>.</summary>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        Reserve(bytes.Length);
        bytes.CopyTo(_array.AsSpan(_length));
        _length += bytes.Length;
    }

    /// <summary>Appends one byte.</summary>
    public void WriteByte(byte value)
    {
        Reserve(1);
        _array[_length++] = value;
    }

    /// <summary>Forgets what was written; the array stays.</summary>
    public void Clear() => _length = 0;

    /// <summary>Cuts the written bytes back to the first <paramref name="length"/>.</summary>
    public void Truncate(int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)length, (uint)_length);
        _length = length;
    }

    /// <summary>Gives the array back to the pool. Safe to call twice.</summary>
    public void Dispose()
    {
        byte[] array = _array;
        _array = [];
        _length = 0;
        if (array.Length > 0)
        {
            LargeArrays.Shared.Return(array);
        }
    }

    private void Reserve(int sizeHint)
    {
        if (_array.Length - _length < Math.Max(sizeHint, 1))
        {
            Grow(sizeHint);
        }
    }

    private void Grow(int sizeHint)
    {
        ObjectDisposedException.ThrowIf(_array.Length == 0, this);
        int needed = checked(_length + Math.Max(sizeHint, 1));
        byte[] larger = LargeArrays.Shared.Rent((int)Math.Clamp((long)_array.Length * 2, needed, Math.Max(needed, System.Array.MaxLength)));
        _array.AsSpan(0, _length).CopyTo(larger);
        LargeArrays.Shared.Return(_array);
        _array = larger;
    }
}
