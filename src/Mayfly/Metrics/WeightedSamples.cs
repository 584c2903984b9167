using Mayfly.Wire;

namespace Mayfly.Metrics;

/// <summary>
/// All values of one histogram context, exact: values with an integer weight each, equal ones merged whenever the space runs out. Not thread-safe.
/// </summary>
/// <remarks>docs/spec/04-metrics-logs.md#a11-aggregation-results-go-histogram-details.</remarks>
internal sealed class WeightedSamples
{
    private const int FirstCapacity = 8;
    private const int BytesPerSample = sizeof(double) + sizeof(long);

    private double[] _values = new double[FirstCapacity];
    private long[] _weights = new long[FirstCapacity];
    private int _length;

    /// <summary>Sum of the weights.</summary>
    public long Count { get; private set; }

    /// <summary>Sum of the values, each times its weight.</summary>
    public double Sum { get; private set; }

    public int SizeBytes => _values.Length * BytesPerSample;

    /// <summary>The smallest value. Only after <see cref="Sort"/>.</summary>
    public double Min => _values[0];

    /// <summary>The largest value. Only after <see cref="Sort"/>.</summary>
    public double Max => _values[_length - 1];

    /// <summary>Adds a value; false, and nothing done, when there is no room and <paramref name="budget"/> grants none.</summary>
    public bool TryAdd(double value, long weight, ByteBudget budget)
    {
        if (_length == _values.Length && !TryMakeRoom(budget))
        {
            return false;
        }

        _values[_length] = value;
        _weights[_length++] = weight;
        Count += weight;
        Sum += value * weight;
        return true;
    }

    /// <summary>Brings the values into ascending order, equal ones merged.</summary>
    public void Sort()
    {
        Array.Sort(_values, _weights, 0, _length);
        int to = 0;
        for (int i = 1; i < _length; i++)
        {
            if (_values[i] == _values[to])
            {
                _weights[to] += _weights[i];
            }
            else
            {
                _values[++to] = _values[i];
                _weights[to] = _weights[i];
            }
        }

        _length = _length == 0 ? 0 : to + 1;
    }

    /// <summary>The first value whose running weight exceeds <paramref name="rank"/>. Only after <see cref="Sort"/>.</summary>
    public double FirstAbove(long rank)
    {
        long running = 0;
        for (int i = 0; i < _length; i++)
        {
            running += _weights[i];
            if (running > rank)
            {
                return _values[i];
            }
        }

        return Max;
    }

    /// <summary>Adds everything to a sketch.</summary>
    public void CopyTo(AgentSketch sketch)
    {
        for (int i = 0; i < _length; i++)
        {
            sketch.Insert(_values[i], _weights[i]);
        }
    }

    public void Clear()
    {
        if (_values.Length > FirstCapacity && _length < _values.Length / 4)
        {
            _values = new double[_values.Length / 2];
            _weights = new long[_values.Length];
        }

        _length = 0;
        Count = 0;
        Sum = 0;
    }

    private bool TryMakeRoom(ByteBudget budget)
    {
        Sort();
        if (_length <= _values.Length / 2)
        {
            return true;
        }

        int capacity = _values.Length * 2;
        if (budget.TryTake((long)_values.Length * BytesPerSample))
        {
            Array.Resize(ref _values, capacity);
            Array.Resize(ref _weights, capacity);
            return true;
        }

        return _length < _values.Length;
    }
}
