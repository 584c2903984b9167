using System.Buffers;

namespace Mayfly.Wire;

/// <summary>
/// Arrays above <see cref="SharedLimit"/> that wait to be used again: few, and of <see cref="MostBytes"/> together. Thread-safe.
/// </summary>
/// <remarks>
/// The shared pool of .NET keeps some arrays of every size for every thread and core, for a minute or more: of the large ones that a flush takes, tens of
/// megabytes. What does not fit in here is left to the garbage collector.
/// </remarks>
internal sealed class LargeArrays
{
    /// <summary>Up to this length arrays come from the shared pool, which is faster, and where they are small enough to be forgotten.</summary>
    public const int SharedLimit = 64 * 1024;

    /// <summary>Of all arrays that wait.</summary>
    public const int MostBytes = 16 * 1024 * 1024;

    /// <summary>Lengths above this are multiples of it, below they are powers of two.</summary>
    private const int Step = 1024 * 1024;

    private readonly Lock _gate = new();

    /// <summary>The one that was given back last stands last. It never grows: taking and giving back allocates nothing.</summary>
    private readonly List<byte[]> _waiting = new(MostBytes / SharedLimit);

    /// <summary>The process's.</summary>
    public static LargeArrays Shared { get; } = new();

    /// <summary>Bytes of the arrays that wait.</summary>
    public long WaitingBytes { get; private set; }

    /// <summary>An array of at least <paramref name="length"/> bytes, of any length: from here or from the shared pool.</summary>
    public byte[] Rent(int length)
    {
        if (length <= SharedLimit)
        {
            return ArrayPool<byte>.Shared.Rent(length);
        }

        lock (_gate)
        {
            for (int i = _waiting.Count - 1; i >= 0; i--)
            {
                // Not one that is much too long: whoever needs that length finds it gone.
                byte[] array = _waiting[i];
                if (array.Length >= length && array.Length / 2 <= length)
                {
                    _waiting.RemoveAt(i);
                    WaitingBytes -= array.Length;
                    return array;
                }
            }
        }

        return GC.AllocateUninitializedArray<byte>(RoundUp(length));
    }

    /// <summary>Takes back what <see cref="Rent"/> gave; nobody else may use it from now on.</summary>
    public void Return(byte[] array)
    {
        if (array.Length <= SharedLimit)
        {
            ArrayPool<byte>.Shared.Return(array);
            return;
        }

        if (array.Length > MostBytes)
        {
            return;
        }

        lock (_gate)
        {
            while (WaitingBytes + array.Length > MostBytes)
            {
                WaitingBytes -= _waiting[0].Length;
                _waiting.RemoveAt(0);
            }

            _waiting.Add(array);
            WaitingBytes += array.Length;
        }
    }

    /// <summary>Leaves all that waits to the garbage collector.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            _waiting.Clear();
            WaitingBytes = 0;
        }
    }

    private static int RoundUp(int length) => length > Array.MaxLength - Step ? length
        : length > Step ? (length + Step - 1) / Step * Step
        : (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)length);
}
