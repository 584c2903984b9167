using Mayfly.Intake;
using Mayfly.Tags;
using Mayfly.Wire;

namespace Mayfly.Metrics;

/// <summary>Turns a set of aggregates into payloads for the intake. One at a time: the aggregator holds a lock around it that no receiver waits for.</summary>
internal sealed class MetricEncoder(MetricSettings settings, NameRules names, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan SentPointsAge = TimeSpan.FromMinutes(5);

    private readonly SentPoints _sentPoints = new(settings.MaxContexts, SentPointsAge, time);
    private readonly EmittedTags _tags = new(settings.ClientTags);
    private readonly PooledBuffer _name = PooledBuffer.Rent();
    private readonly PooledBuffer _derivedName = PooledBuffer.Rent();
    private readonly byte[]? _copyPrefix = settings.HistogramCopyPrefix is { } prefix ? System.Text.Encoding.UTF8.GetBytes(prefix) : null;
    private readonly AgentSketch? _copy = settings.HistogramCopyPrefix is null ? null : new AgentSketch();
    private readonly (int Percent, byte[] Suffix)[] _percentiles =
        [.. settings.HistogramPercentiles.Select(static percent => (percent, System.Text.Encoding.ASCII.GetBytes($".{percent}percentile")))];

    /// <summary>Encodes everything in <paramref name="set"/> and appends the payloads.</summary>
    public void Encode(MetricSet set, EventBuffer events, TagSet defaultTags, List<IntakePayload> payloads)
    {
        _tags.UseDefaults(defaultTags);
        _sentPoints.Age();
        var series = new PayloadBatch(IntakeKind.Series, settings.Series, settings.Compression, payloads);
        var sketches = new PayloadBatch(IntakeKind.Sketches, settings.Sketches, settings.Compression, payloads);
        foreach (ref MetricContext context in set.Table.Contexts)
        {
            if (context.Samples > 0)
            {
                Encode(set.Table, in context, series, sketches);
            }
        }

        series.Close();
        sketches.Close();
        EventEncoder.Encode(events, _tags, settings.Events, payloads);
    }

    public void Dispose()
    {
        _name.Dispose();
        _derivedName.Dispose();
    }

    private void Encode(ContextTable table, in MetricContext context, PayloadBatch series, PayloadBatch sketches)
    {
        ReadOnlySpan<byte> name = EmittedName(table, in context);
        _tags.Set(table.TextArray, context.TagsOffset, context.TagsLength, context.IsClients);
        double amount = AmountOf(in context);
        int shift = _sentPoints.NextShift(IdentityOf(name, in context), ref amount);
        var head = new SeriesHead(_tags, MetricOrigin.Of(name, _tags.Tags, settings.OriginCategory), context.Bucket + shift);
        switch (context.State)
        {
            case AgentSketch sketch:
                SketchWriter.Write(sketches.BeginItem(), in head, name, sketch);
                sketches.EndItem(context.Samples);
                break;
            case WeightedSamples samples:
                ReadOnlySpan<byte> unit = context.Type == MetricType.Timing ? "millisecond"u8 : default;
                var histogram = new HistogramSeries(series, _derivedName, name, unit, context.Samples);
                histogram.Write(in head, samples, settings.HistogramAggregates, _percentiles, amount);
                WriteCopy(in head, name, samples, sketches);
                break;
            case DistinctTexts texts:
                SeriesWriter.Write(series.BeginItem(), in head, name, SeriesType.Gauge, texts.Count);
                series.EndItem(context.Samples);
                break;
            default:
                SeriesType type = context.Type == MetricType.Count ? SeriesType.Count : SeriesType.Gauge;
                SeriesWriter.Write(series.BeginItem(), in head, name, type, type == SeriesType.Count ? amount : context.Value);
                series.EndItem(context.Samples);
                break;
        }
    }

    /// <summary>A histogram as a distribution too: the samples are those of the series, and count there.</summary>
    private void WriteCopy(in SeriesHead head, ReadOnlySpan<byte> name, WeightedSamples samples, PayloadBatch sketches)
    {
        if (_copyPrefix is null || _copy is null)
        {
            return;
        }

        _copy.Clear();
        samples.CopyTo(_copy);
        _derivedName.Clear();
        _derivedName.Write(_copyPrefix);
        _derivedName.Write(name);
        SketchWriter.Write(sketches.BeginItem(), in head, _derivedName.WrittenSpan, _copy);
        sketches.EndItem(units: 0);
    }

    private ReadOnlySpan<byte> EmittedName(ContextTable table, in MetricContext context)
    {
        ReadOnlySpan<byte> name = table.NameOf(in context);
        ReadOnlySpan<byte> prefix = context.IsClients ? names.PrefixOf(name) : default;
        if (prefix.IsEmpty)
        {
            return name;
        }

        _name.Clear();
        _name.Write(prefix);
        _name.Write(name);
        return _name.WrittenSpan;
    }

    /// <summary>What adds up when a point is sent a second time.</summary>
    private static double AmountOf(in MetricContext context) => context.State is WeightedSamples samples ? samples.Count : context.Value;

    /// <summary>Contexts that end up as the same series at the same time have the same identity, whatever type they were sent as.</summary>
    private ulong IdentityOf(ReadOnlySpan<byte> name, in MetricContext context)
    {
        MetricType emitted = context.Type switch
        {
            MetricType.Set => MetricType.Gauge,
            MetricType.Timing => MetricType.Histogram,
            MetricType other => other,
        };
        return BytesHash.Mix(BytesHash.Of(name, _tags.Hash), (ulong)context.Bucket << 3 | (byte)emitted);
    }
}
