using Mayfly.Wire;

namespace Mayfly.Metrics;

/// <summary>
/// Writes the series that a histogram context becomes. Its samples count towards the payload that holds the first of them
/// (docs/spec/04-metrics-logs.md#a11-aggregation-results-go-histogram-details).
/// </summary>
internal ref struct HistogramSeries(PayloadBatch batch, PooledBuffer nameBuffer, ReadOnlySpan<byte> name, ReadOnlySpan<byte> unit, long units)
{
    private readonly ReadOnlySpan<byte> _name = name;
    private readonly ReadOnlySpan<byte> _unit = unit;
    private long _unitsLeft = units;

    public void Write(
        in SeriesHead head, WeightedSamples samples, HistogramAggregates aggregates, (int Percent, byte[] Suffix)[] percentiles, double emittedCount)
    {
        samples.Sort();
        long count = samples.Count;
        WriteIf(aggregates, HistogramAggregates.Max, in head, ".max"u8, samples.Max);
        WriteIf(aggregates, HistogramAggregates.Min, in head, ".min"u8, samples.Min);
        WriteIf(aggregates, HistogramAggregates.Median, in head, ".median"u8, samples.FirstAbove((count - 1) / 2));
        WriteIf(aggregates, HistogramAggregates.Average, in head, ".avg"u8, samples.Sum / count);
        WriteIf(aggregates, HistogramAggregates.Sum, in head, ".sum"u8, samples.Sum);
        if (aggregates.HasFlag(HistogramAggregates.Count))
        {
            WriteOne(in head, ".count"u8, SeriesType.Rate, emittedCount / MetricContext.BucketSeconds, unit: default);
        }

        foreach ((int percent, byte[] suffix) in percentiles)
        {
            WriteOne(in head, suffix, SeriesType.Gauge, samples.FirstAbove((percent * count - 1) / 100), _unit);
        }
    }

    private void WriteIf(HistogramAggregates wanted, HistogramAggregates aggregate, in SeriesHead head, ReadOnlySpan<byte> suffix, double value)
    {
        if (wanted.HasFlag(aggregate))
        {
            WriteOne(in head, suffix, SeriesType.Gauge, value, _unit);
        }
    }

    private void WriteOne(in SeriesHead head, ReadOnlySpan<byte> suffix, SeriesType type, double value, ReadOnlySpan<byte> unit)
    {
        nameBuffer.Clear();
        nameBuffer.Write(_name);
        nameBuffer.Write(suffix);
        SeriesWriter.Write(batch.BeginItem(), in head, nameBuffer.WrittenSpan, type, value, unit);
        batch.EndItem(_unitsLeft);
        _unitsLeft = 0;
    }
}
