using System.Buffers.Binary;
using System.Buffers.Text;
using Mayfly.Wire;

namespace Mayfly.Traces.Sampling;

/// <summary>Keeps a percentage of the traces by a hash of their id: every agent with the same seed decides the same.</summary>
/// <remarks>docs/spec/03-traces.md#311-sampling (probabilistic)</remarks>
internal sealed class ProbabilisticSampler(double percentage, uint seed, bool hashesFullTraceId)
{
    private const uint Buckets = 0x4000;
    private const int TraceIdBytes = 16;

    private static readonly Utf8Slice Rate = Utf8Slice.From("_dd.prob_sr");

    private readonly uint _keptBuckets = (uint)(Math.Clamp(percentage, 0, 100) / 100 * Buckets);

    /// <summary>The decision; the root of a trace that is kept says with what probability.</summary>
    public bool Keeps(Span root)
    {
        Span<byte> id = stackalloc byte[TraceIdBytes];
        WriteTraceId(root, id);
        if ((Hash(seed, id) & (Buckets - 1)) >= _keptBuckets)
        {
            return false;
        }

        root.Metrics.Set(Rate, percentage / 100);
        return true;
    }

    /// <summary>FNV-1a, 32 bits, of the seed (little endian) and the trace id.</summary>
    internal static uint Hash(uint seed, ReadOnlySpan<byte> traceId)
    {
        Span<byte> seedBytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(seedBytes, seed);
        return Hash(Hash(2_166_136_261u, seedBytes, 0), traceId, 0);
    }

    private static uint Hash(uint hash, ReadOnlySpan<byte> bytes, int from)
    {
        foreach (byte value in bytes[from..])
        {
            hash = (hash ^ value) * 16_777_619u;
        }

        return hash;
    }

    /// <summary>64 bits: the low half comes first, then zeros. 128 bits: as they are written in hex.</summary>
    private void WriteTraceId(Span root, Span<byte> id)
    {
        id.Clear();
        if (!hashesFullTraceId)
        {
            BinaryPrimitives.WriteUInt64BigEndian(id, root.TraceId);
            return;
        }

        BinaryPrimitives.WriteUInt64BigEndian(id[8..], root.TraceId);
        if (root.Meta.TryFind("otel.trace_id"u8, out Utf8Slice whole) && whole.Length == 2 * TraceIdBytes
            && TryReadHex(whole.Span[..16], out ulong high) && TryReadHex(whole.Span[16..], out ulong low))
        {
            BinaryPrimitives.WriteUInt64BigEndian(id, high);
            BinaryPrimitives.WriteUInt64BigEndian(id[8..], low);
        }
        else if (root.Meta.TryFind("_dd.p.tid"u8, out Utf8Slice upper) && TryReadHex(upper.Span, out high))
        {
            BinaryPrimitives.WriteUInt64BigEndian(id, high);
        }
    }

    private static bool TryReadHex(ReadOnlySpan<byte> text, out ulong value) =>
        Utf8Parser.TryParse(text, out value, out int consumed, 'x') && consumed == text.Length;
}
