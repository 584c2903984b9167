using System.Buffers.Binary;
using Mayfly.Wire;

namespace Mayfly.Traces.Stats;

/// <summary>The durations of a group: a DDSketch with bins of relative width 1/64, of nanoseconds.</summary>
/// <remarks>
/// docs/spec/03-traces.md#44-ddsketch. It has the grid of the metrics' sketch but not its rounding, weights that are no whole numbers, and another limit: its
/// bins span at most <see cref="MaxBins"/> keys, and when a higher key needs room the lowest collapse. Kept sparse, since most groups see few durations in
/// ten seconds; sent dense. Not thread-safe.
/// </remarks>
internal sealed class LatencySketch
{
    /// <summary>The most keys from the lowest to the highest bin.</summary>
    public const int MaxBins = 2048;

    /// <summary>γ = (1 + α) / (1 − α), α = 0.007751937984496124: the ratio between neighbouring bins.</summary>
    public const double Gamma = 1.015625;

    /// <summary>Key of 1 ns, less the half that centres a bin.</summary>
    public const double IndexOffset = 1338.5;

    private const int FirstCapacity = 4;
    private const int BytesPerBin = sizeof(short) + sizeof(double);

    private static readonly double Multiplier = 1 / Math.Log(Gamma);

    /// <summary>IndexMapping: 1 gamma, 2 indexOffset; the interpolation is none, which is 0.</summary>
    private static readonly byte[] Mapping = [0x09, 0, 0, 0, 0, 0, 0x40, 0xf0, 0x3f, 0x11, 0, 0, 0, 0, 0, 0xea, 0x94, 0x40];

    private short[] _keys = new short[FirstCapacity];
    private double[] _counts = new double[FirstCapacity];
    private int _length;
    private double _zeroCount;

    /// <summary>Bytes that the bins occupy, used or not.</summary>
    public int SizeBytes => _keys.Length * BytesPerBin;

    /// <summary>The key of a positive value.</summary>
    public static int KeyOf(double value) => (int)Math.Floor(Math.Log(value) * Multiplier + IndexOffset);

    /// <summary>
    /// Adds a duration, not negative, <paramref name="weight"/> times. Where <paramref name="budget"/> has no room for another bin, it counts in the nearest
    /// one: less exact, but not lost.
    /// </summary>
    public void Add(long durationNs, double weight, ByteBudget budget)
    {
        if (durationNs > 0)
        {
            AddToBin(KeyOf(durationNs), weight, budget);
        }
        else
        {
            _zeroCount += weight;
        }
    }

    /// <summary>Empties the sketch; an array that is much larger than what was in it shrinks.</summary>
    public void Clear()
    {
        if (_keys.Length > FirstCapacity && _length < _keys.Length / 4)
        {
            _keys = new short[_keys.Length / 2];
            _counts = new double[_keys.Length];
        }

        _length = 0;
        _zeroCount = 0;
    }

    /// <summary>A DDSketch message as a msgpack bin; of nothing at all for null.</summary>
    public static void Write(MsgPackEncoder encoder, LatencySketch? sketch)
    {
        int dense = sketch is null or { _length: 0 } ? 0 : sketch._keys[sketch._length - 1] - sketch._keys[0] + 1;
        ulong offset = dense == 0 ? 0 : ProtobufWriter.ZigZag(sketch!._keys[0]);
        int binsBytes = dense * sizeof(double);
        int storeBytes = dense == 0 ? 0 : 1 + ProtobufWriter.VarintSize((ulong)binsBytes) + binsBytes + 1 + ProtobufWriter.VarintSize(offset);
        bool hasZeros = sketch is { _zeroCount: > 0 };
        int sizeBytes = 2 + Mapping.Length + 1 + ProtobufWriter.VarintSize((ulong)storeBytes) + storeBytes + 2 + (hasZeros ? 9 : 0);
        encoder.BinaryHead(sizeBytes);

        var writer = new ProtobufWriter(encoder.Buffer);
        writer.BytesEvenEmpty(1, Mapping);
        writer.RawVarint(2 << 3 | 2);
        writer.RawVarint((ulong)storeBytes);
        if (dense > 0)
        {
            writer.RawVarint(2 << 3 | 2);
            writer.RawVarint((ulong)binsBytes);
            sketch!.WriteDense(encoder.Buffer, binsBytes);
            writer.Varint(3, offset);
        }

        writer.BytesEvenEmpty(3, []);
        if (hasZeros)
        {
            writer.Double(4, sketch!._zeroCount);
        }
    }

    private void WriteDense(PooledBuffer buffer, int binsBytes)
    {
        Span<byte> bins = buffer.GetSpan(binsBytes)[..binsBytes];
        bins.Clear();
        for (int i = 0; i < _length; i++)
        {
            BinaryPrimitives.WriteDoubleLittleEndian(bins[((_keys[i] - _keys[0]) * sizeof(double))..], _counts[i]);
        }

        buffer.Advance(binsBytes);
    }

    private void AddToBin(int key, double weight, ByteBudget budget)
    {
        if (_length > 0)
        {
            int lowest = Math.Max(_keys[_length - 1], key) - (MaxBins - 1);
            if (_keys[0] < lowest)
            {
                CollapseInto(lowest);
            }

            key = Math.Max(key, lowest);
        }

        int at = _keys.AsSpan(0, _length).BinarySearch((short)key);
        if (at >= 0)
        {
            _counts[at] += weight;
            return;
        }

        at = ~at;
        if (_length == _keys.Length && !TryGrow(budget))
        {
            _counts[Math.Min(at, _length - 1)] += weight;
            return;
        }

        _keys.AsSpan(at, _length - at).CopyTo(_keys.AsSpan(at + 1));
        _counts.AsSpan(at, _length - at).CopyTo(_counts.AsSpan(at + 1));
        _keys[at] = (short)key;
        _counts[at] = weight;
        _length++;
    }

    /// <summary>Puts everything below <paramref name="lowest"/>, of which there is some, into that bin.</summary>
    private void CollapseInto(int lowest)
    {
        double sum = 0;
        int first = 0;
        while (first < _length && _keys[first] <= lowest)
        {
            sum += _counts[first++];
        }

        first--;
        _keys[first] = (short)lowest;
        _counts[first] = sum;
        _keys.AsSpan(first, _length - first).CopyTo(_keys);
        _counts.AsSpan(first, _length - first).CopyTo(_counts);
        _length -= first;
    }

    private bool TryGrow(ByteBudget budget)
    {
        int capacity = Math.Min(_keys.Length * 2, MaxBins);
        if (!budget.TryTake((capacity - _keys.Length) * BytesPerBin))
        {
            return false;
        }

        Array.Resize(ref _keys, capacity);
        Array.Resize(ref _counts, capacity);
        return true;
    }
}
