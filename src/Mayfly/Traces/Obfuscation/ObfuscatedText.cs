using Mayfly.Wire;

namespace Mayfly.Traces.Obfuscation;

/// <summary>Where obfuscated texts are made, one after the other, and kept: in a buffer of its own, and in the request's arena.</summary>
/// <remarks>The buffers wait between requests, so that nothing is allocated. A <see cref="Maker"/> belongs to one thread; this does not.</remarks>
internal sealed class ObfuscatedText
{
    private const int LargestKeptBytes = 64 * 1024;

    private PooledBuffer? _waiting;

    /// <summary>What stands for a value of which nothing may be seen.</summary>
    public static Utf8Slice Hidden { get; } = Utf8Slice.From("?");

    /// <summary>Starts the work on the spans of one request.</summary>
    public Maker Begin(TextArena arena) => new(arena, Interlocked.Exchange(ref _waiting, null) ?? PooledBuffer.Rent());

    public void End(Maker maker)
    {
        maker.Buffer.Clear();
        if (maker.Buffer.Capacity > LargestKeptBytes || Interlocked.CompareExchange(ref _waiting, maker.Buffer, null) is not null)
        {
            maker.Buffer.Dispose();
        }
    }

    /// <summary>Makes texts in <see cref="Buffer"/> and keeps them in the arena.</summary>
    public readonly struct Maker(TextArena arena, PooledBuffer buffer)
    {
        /// <summary>Empty between two texts.</summary>
        public PooledBuffer Buffer { get; } = buffer;

        /// <summary>What the buffer holds; <paramref name="original"/> if it is the same, <see cref="Hidden"/> if the arena is full.</summary>
        public Utf8Slice Keep(Utf8Slice original)
        {
            Utf8Slice kept = Keep(Buffer.WrittenSpan, original);
            Buffer.Clear();
            return kept;
        }

        /// <inheritdoc cref="Keep(Utf8Slice)"/>
        public Utf8Slice Keep(ReadOnlySpan<byte> text, Utf8Slice original)
        {
            if (original.SequenceEqual(text))
            {
                return original;
            }

            if (!arena.TryAllocate(text.Length, out Utf8Slice slice, out Span<byte> bytes))
            {
                return Hidden;
            }

            text.CopyTo(bytes);
            return slice;
        }
    }
}
