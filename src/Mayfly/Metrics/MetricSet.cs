using System.Runtime.InteropServices;
using Mayfly.Diagnostics;
using Mayfly.Wire;

namespace Mayfly.Metrics;

/// <summary>
/// Everything accepted between two flushes. Filled under the aggregator's lock, encoded by the flush that took it, then cleared and used again. Not
/// thread-safe.
/// </summary>
/// <remarks>Aggregation per type: docs/spec/04-metrics-logs.md#a5-metric-types, weights: #a9-sample-rate.</remarks>
internal sealed class MetricSet(MetricSettings settings, ulong seed)
{
    /// <summary>Weights beyond this many samples per sample are cut, so that counts cannot overflow.</summary>
    private const double LargestWeight = uint.MaxValue;

    private readonly ByteBudget _budget = new(settings.BufferBytes);
    private readonly CanonicalTags _canonicalTags = new();
    private readonly Dictionary<long, int> _contextsByBucket = [];
    private readonly Stack<AgentSketch> _freeSketches = new();
    private readonly Stack<WeightedSamples> _freeSamples = new();
    private readonly Stack<DistinctTexts> _freeTexts = new();

    public ContextTable Table { get; } = new(seed);

    public bool IsEmpty => Table.Count == 0;

    /// <summary>Bytes held, as far as they count towards <see cref="MetricSettings.BufferBytes"/>.</summary>
    public long UsedBytes => _budget.UsedBytes;

    /// <summary>Folds the values of <paramref name="line"/> into its context of <paramref name="bucket"/>.</summary>
    public AddOutcome Add(in DogStatsdLine line, long bucket, bool isClients)
    {
        var key = new ContextKey(line.Name, line.Tags, line.Type, bucket, isClients);
        ulong hash = Table.HashOf(in key);
        int index = Table.Find(hash, in key);
        bool tagsWereCut = false;
        if (index < 0)
        {
            AddOutcome outcome = AddSpelling(hash, in key, line.ValueCount, out index);
            if (index < 0)
            {
                return outcome;
            }

            tagsWereCut = outcome.TagsWereCut;
        }

        AddOutcome folded = Fold(ref Table.Contexts[index], in line);
        return tagsWereCut ? folded with { TagsWereCut = true } : folded;
    }

    /// <summary>Moves the contexts of <paramref name="openBucket"/> and later ones to <paramref name="target"/>, which is empty.</summary>
    public void MoveOpenTo(MetricSet target, long openBucket)
    {
        foreach (ref MetricContext context in Table.Contexts)
        {
            if (context.Bucket < openBucket || context.Samples == 0)
            {
                continue;
            }

            ContextKey key = Table.KeyOf(in context);
            int index = target.Table.Add(Table.HashOf(in key), in key);
            ref MetricContext moved = ref target.Table.Contexts[index];
            moved.Samples = context.Samples;
            moved.Value = context.Value;
            moved.State = context.State;
            target._budget.Take(MetricContext.SizeBytes + key.Name.Length + key.Tags.Length + SizeOf(context.State));
            target.CountContext(key.Bucket);
            context.Samples = 0;
            context.State = null;
        }
    }

    /// <summary>Empties the set. Aggregates are kept for the next cycle, but no more than this cycle used.</summary>
    public void Clear()
    {
        _freeSketches.Clear();
        _freeSamples.Clear();
        _freeTexts.Clear();
        foreach (ref MetricContext context in Table.Contexts)
        {
            Free(context.State);
            context.State = null;
        }

        Table.Clear();
        _contextsByBucket.Clear();
        _budget.Clear();
    }

    private static long SizeOf(object? state) => state switch
    {
        AgentSketch sketch => sketch.SizeBytes,
        WeightedSamples samples => samples.SizeBytes,
        DistinctTexts texts => texts.SizeBytes,
        _ => 0,
    };

    private AddOutcome AddSpelling(ulong hash, in ContextKey key, int samples, out int index)
    {
        ReadOnlySpan<byte> tags = _canonicalTags.Of(key.Tags);
        bool isCanonical = tags.SequenceEqual(key.Tags);
        ContextKey canonical = key.WithTags(tags);
        ulong canonicalHash = isCanonical ? hash : Table.HashOf(in canonical);
        index = isCanonical ? -1 : Table.Find(canonicalHash, in canonical);
        if (index < 0)
        {
            if (_contextsByBucket.GetValueOrDefault(key.Bucket) >= settings.MaxContexts)
            {
                return new AddOutcome(samples, DropReason.ContextLimit);
            }

            if (!_budget.TryTake(MetricContext.SizeBytes + key.Name.Length + tags.Length))
            {
                return new AddOutcome(samples, DropReason.BufferFull);
            }

            index = Table.Add(canonicalHash, in canonical);
            object? state = TakeState(key.Type);
            Table.Contexts[index].State = state;
            _budget.Take(SizeOf(state));
            CountContext(key.Bucket);
        }

        // Without room for another spelling the context is still found, by sorting the tags each time.
        if (!isCanonical && Table.EntryCount < settings.MaxContexts * 2L && _budget.TryTake(MetricContext.SizeBytes / 4 + key.Tags.Length))
        {
            Table.AddSpelling(hash, index, key.Tags);
        }

        return new AddOutcome { TagsWereCut = _canonicalTags.WereCut };
    }

    private void CountContext(long bucket) => CollectionsMarshal.GetValueRefOrAddDefault(_contextsByBucket, bucket, out _)++;

    private AddOutcome Fold(ref MetricContext context, in DogStatsdLine line)
    {
        AddOutcome outcome = context.Type switch
        {
            MetricType.Count => FoldCount(ref context, in line),
            MetricType.Gauge => FoldGauge(ref context, in line),
            MetricType.Distribution => FoldDistribution((AgentSketch)context.State!, in line),
            MetricType.Set => FoldMember((DistinctTexts)context.State!, in line),
            _ => FoldHistogram((WeightedSamples)context.State!, in line),
        };
        context.Samples += outcome.Overflowed ? 0 : line.ValueCount - outcome.Dropped;
        return outcome;
    }

    private static AddOutcome FoldCount(ref MetricContext context, in DogStatsdLine line)
    {
        if (!double.IsFinite(Math.Abs(context.Value) + line.Largest / line.SampleRate * line.ValueCount))
        {
            return new AddOutcome { Overflowed = true };
        }

        foreach (double value in line)
        {
            context.Value += value / line.SampleRate;
        }

        return default;
    }

    private static AddOutcome FoldGauge(ref MetricContext context, in DogStatsdLine line)
    {
        foreach (double value in line)
        {
            context.Value = value;
        }

        return default;
    }

    private AddOutcome FoldDistribution(AgentSketch sketch, in DogStatsdLine line)
    {
        long weight = WeightOf(line.SampleRate);
        if (!double.IsFinite(Math.Abs(sketch.Sum) + line.Largest * weight * line.ValueCount))
        {
            return new AddOutcome { Overflowed = true };
        }

        int dropped = 0;
        foreach (double value in line)
        {
            dropped += sketch.TryInsert(value, weight, _budget) ? 0 : 1;
        }

        return new AddOutcome(dropped, DropReason.BufferFull);
    }

    private AddOutcome FoldHistogram(WeightedSamples samples, in DogStatsdLine line)
    {
        long weight = WeightOf(line.SampleRate);
        if (!double.IsFinite(Math.Abs(samples.Sum) + line.Largest * weight * line.ValueCount))
        {
            return new AddOutcome { Overflowed = true };
        }

        int dropped = 0;
        foreach (double value in line)
        {
            dropped += samples.TryAdd(value, weight, _budget) ? 0 : 1;
        }

        return new AddOutcome(dropped, DropReason.BufferFull);
    }

    private AddOutcome FoldMember(DistinctTexts texts, in DogStatsdLine line) =>
        texts.TryAdd(BytesHash.Of(line.ValueText, seed), _budget) ? default : new AddOutcome(1, DropReason.BufferFull);

    private static long WeightOf(double sampleRate) =>
        sampleRate == 1 ? 1 : (long)Math.Clamp(Math.Round(1 / sampleRate, MidpointRounding.AwayFromZero), 1, LargestWeight);

    private object? TakeState(MetricType type) => type switch
    {
        MetricType.Distribution => _freeSketches.TryPop(out AgentSketch? sketch) ? sketch : new AgentSketch(),
        MetricType.Histogram or MetricType.Timing => _freeSamples.TryPop(out WeightedSamples? samples) ? samples : new WeightedSamples(),
        MetricType.Set => _freeTexts.TryPop(out DistinctTexts? texts) ? texts : new DistinctTexts(),
        _ => null,
    };

    private void Free(object? state)
    {
        switch (state)
        {
            case AgentSketch sketch:
                sketch.Clear();
                _freeSketches.Push(sketch);
                break;
            case WeightedSamples samples:
                samples.Clear();
                _freeSamples.Push(samples);
                break;
            case DistinctTexts texts:
                texts.Clear();
                _freeTexts.Push(texts);
                break;
        }
    }
}

/// <summary>What became of a line's values. Overflowed: none was taken, none counts as accepted.</summary>
internal readonly record struct AddOutcome(int Dropped, DropReason Reason)
{
    public bool Overflowed { get; init; }

    public bool TagsWereCut { get; init; }

    /// <summary>All values were taken as they came.</summary>
    public bool IsPlain => Dropped == 0 && !Overflowed && !TagsWereCut;
}
