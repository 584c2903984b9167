using Mayfly.Wire;

namespace Mayfly.Metrics;

/// <summary>
/// The agent's distribution sketch: bins of relative width 1/64 with a count each, beside exact count, sum, average, minimum and maximum.
/// </summary>
/// <remarks>
/// Rules: docs/spec/04-metrics-logs.md#b2-operations. One 64-bit count per key; at most <see cref="MaxBins"/> bins, above that the lowest collapse into one,
/// so that high quantiles stay exact. Bins are two parallel sorted arrays. Not thread-safe.
/// </remarks>
public sealed class AgentSketch
{
    /// <summary>The most bins a sketch keeps.</summary>
    public const int MaxBins = 4096;

    private const int FirstCapacity = 8;
    private const int BytesPerBin = sizeof(short) + sizeof(long);

    private short[] _keys = new short[FirstCapacity];
    private long[] _counts = new long[FirstCapacity];
    private int _length;

    /// <summary>Number of values.</summary>
    public long Count { get; private set; }

    public double Sum { get; private set; }

    public double Average { get; private set; }

    /// <summary>The smallest value; the largest double when empty.</summary>
    public double Min { get; private set; } = double.MaxValue;

    /// <summary>The largest value; the smallest double when empty.</summary>
    public double Max { get; private set; } = double.MinValue;

    /// <summary>Number of bins.</summary>
    public int BinCount => _length;

    /// <summary>Bytes that the bins occupy, used or not.</summary>
    internal int SizeBytes => _keys.Length * BytesPerBin;

    /// <summary>The keys of the bins, ascending.</summary>
    public ReadOnlySpan<short> Keys => _keys.AsSpan(0, _length);

    /// <summary>The count of each bin, in the order of <see cref="Keys"/>.</summary>
    public ReadOnlySpan<long> Counts => _counts.AsSpan(0, _length);

    /// <summary>Adds <paramref name="value"/>, which is finite, <paramref name="weight"/> times (at least 1).</summary>
    public void Insert(double value, long weight = 1) => TryInsert(value, weight, budget: null);

    /// <summary>As <see cref="Insert"/>; false, and nothing done, when the bins would have to grow beyond <paramref name="budget"/>.</summary>
    internal bool TryInsert(double value, long weight, ByteBudget? budget)
    {
        if (!TryAddToBin((short)SketchKey.Of(value), weight, budget))
        {
            return false;
        }

        AddStatistics(value, weight);
        Trim();
        return true;
    }

    /// <summary>
    /// Adds the bucket of a histogram: <paramref name="count"/> values (at least 1) that lie evenly between two bounds. One bound may be infinite and then
    /// is as the other.
    /// </summary>
    public void InsertBucket(double lower, double upper, long count)
    {
        lower = double.IsNegativeInfinity(lower) ? upper : lower;
        upper = double.IsPositiveInfinity(upper) ? lower : upper;
        int start = SketchKey.Of(lower);
        int last = SketchKey.Of(upper);
        long left = count;
        double carried = 0;
        double startValue = SketchKey.ToValue(start);
        for (int end = start + 1; end <= last && left > 0; end++)
        {
            // How many of the values lie from the start to here; what is beyond whole ones is made up for later.
            double endValue = SketchKey.ToValue(end);
            double share = (endValue - startValue) / (upper - lower) * count;
            carried += share > 1 ? share - Math.Floor(share) : 0;
            long whole = (long)share + (carried > 1 ? 1 : 0);
            carried -= carried > 1 ? 1 : 0;
            if (whole > 0)
            {
                whole = Math.Min(whole, left);
                InsertAt(start, startValue, whole);
                left -= whole;
                start = end;
                startValue = endValue;
            }
        }

        if (left > 0)
        {
            InsertAt(start, SketchKey.ToValue(start), left);
        }
    }

    /// <summary>Adds all values of <paramref name="other"/>.</summary>
    public void Merge(AgentSketch other)
    {
        if (other.Count == 0)
        {
            return;
        }

        MergeBins(other);
        Count += other.Count;
        Sum += other.Sum;
        Average = MovedAverage(other.Average, other.Count);
        Min = Math.Min(Min, other.Min);
        Max = Math.Max(Max, other.Max);
        Trim();
    }

    /// <summary>The estimated value at quantile <paramref name="q"/>, interpolated within its bin; null when empty.</summary>
    public double? Quantile(double q)
    {
        if (Count == 0)
        {
            return null;
        }

        if (q <= 0)
        {
            return Min;
        }

        if (q >= 1)
        {
            return Max;
        }

        double rank = Math.Round(q * (Count - 1));
        double running = 0;
        for (int i = 0; i < _length; i++)
        {
            running += _counts[i];
            if (running > rank)
            {
                double weight = (running - rank) / _counts[i];
                double low = SketchKey.ToValue(_keys[i]);
                double high = low * SketchKey.Gamma;
                low = i == 0 ? Min : low;
                return Math.Clamp(low * weight + high * (1 - weight), Min, Max);
            }
        }

        return Max;
    }

    /// <summary>Empties the sketch. The arrays stay, unless they are much larger than what was in them.</summary>
    internal void Clear()
    {
        if (_keys.Length > FirstCapacity && _length < _keys.Length / 4)
        {
            _keys = new short[_keys.Length / 2];
            _counts = new long[_keys.Length];
        }

        _length = 0;
        Count = 0;
        Sum = 0;
        Average = 0;
        Min = double.MaxValue;
        Max = double.MinValue;
    }

    private void InsertAt(int key, double value, long weight)
    {
        TryAddToBin((short)key, weight, budget: null);
        AddStatistics(value, weight);
        Trim();
    }

    private void AddStatistics(double value, long weight)
    {
        Count += weight;
        Sum += value * weight;
        Average = MovedAverage(value, weight);
        Min = Math.Min(Min, value);
        Max = Math.Max(Max, value);
    }

    /// <summary>
    /// The average after <paramref name="weight"/> values of <paramref name="value"/>; <see cref="Count"/> and <see cref="Sum"/> include them already.
    /// </summary>
    private double MovedAverage(double value, long weight)
    {
        double moved = Average + (value - Average) * weight / Count;
        return double.IsFinite(moved) ? moved : Sum / Count;
    }

    private bool TryAddToBin(short key, long weight, ByteBudget? budget)
    {
        int at = FirstNotBelow(key);
        if (at < _length && _keys[at] == key)
        {
            _counts[at] += weight;
            return true;
        }

        if (_length == _keys.Length && !TryGrow(_length * 2, budget))
        {
            return false;
        }

        _keys.AsSpan(at, _length - at).CopyTo(_keys.AsSpan(at + 1));
        _counts.AsSpan(at, _length - at).CopyTo(_counts.AsSpan(at + 1));
        _keys[at] = key;
        _counts[at] = weight;
        _length++;
        return true;
    }

    private int FirstNotBelow(short key)
    {
        ReadOnlySpan<short> keys = Keys;
        int low = 0;
        int high = keys.Length;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (keys[middle] < key)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    private bool TryGrow(int capacity, ByteBudget? budget)
    {
        // One above the limit: a bin is added first and trimmed then.
        capacity = Math.Min(capacity, MaxBins + 1);
        if (budget is not null && !budget.TryTake((long)(capacity - _keys.Length) * BytesPerBin))
        {
            return false;
        }

        Array.Resize(ref _keys, capacity);
        Array.Resize(ref _counts, capacity);
        return true;
    }

    private void MergeBins(AgentSketch other)
    {
        var keys = new short[_length + other._length];
        var counts = new long[keys.Length];
        int to = 0;
        int mine = 0;
        int theirs = 0;
        while (mine < _length || theirs < other._length)
        {
            bool takeMine = theirs == other._length || (mine < _length && _keys[mine] <= other._keys[theirs]);
            bool takeTheirs = mine == _length || (theirs < other._length && other._keys[theirs] <= _keys[mine]);
            keys[to] = takeMine ? _keys[mine] : other._keys[theirs];
            counts[to] = (takeMine ? _counts[mine] : 0) + (takeTheirs ? other._counts[theirs] : 0);
            mine += takeMine ? 1 : 0;
            theirs += takeTheirs ? 1 : 0;
            to++;
        }

        _keys = keys;
        _counts = counts;
        _length = to;
    }

    private void Trim()
    {
        int surplus = _length - MaxBins;
        if (surplus <= 0)
        {
            return;
        }

        for (int i = 0; i < surplus; i++)
        {
            _counts[surplus] += _counts[i];
        }

        _keys.AsSpan(surplus, MaxBins).CopyTo(_keys);
        _counts.AsSpan(surplus, MaxBins).CopyTo(_counts);
        _length = MaxBins;
    }
}
