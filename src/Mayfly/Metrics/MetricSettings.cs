namespace Mayfly.Metrics;

/// <summary>How metrics are aggregated. Platforms differ in these values only; nothing here reads the environment.</summary>
public sealed record MetricSettings
{
    /// <summary>The most distinct (name, type, tags, bucket) between two flushes; samples of further ones are dropped as <c>ContextLimit</c>.</summary>
    public int MaxContexts { get; init; } = 10_240;

    /// <summary>The most bytes that aggregates may hold between two flushes; samples that would need more are dropped as <c>BufferFull</c>.</summary>
    public int BufferBytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>Exact names that are left out, because the platform counts them itself (docs/spec/04-metrics-logs.md#a2-packet--lines).</summary>
    public IReadOnlyList<string> IgnoredNames { get; init; } = [];

    /// <summary>Whether <c>h</c>, <c>ms</c> and <c>s</c> are aggregated. Each histogram becomes several custom metrics.</summary>
    public bool HistogramsAndSets { get; init; } = true;

    /// <summary>The series of a histogram beside its percentiles; <c>histogram_aggregates</c>.</summary>
    public HistogramAggregates HistogramAggregates { get; init; } =
        HistogramAggregates.Max | HistogramAggregates.Median | HistogramAggregates.Average | HistogramAggregates.Count;

    /// <summary>The percentile series of a histogram, whole percents from 1 to 100; <c>histogram_percentiles</c> times 100.</summary>
    public IReadOnlyList<int> HistogramPercentiles { get; init; } = [95];

    /// <summary>Limits of one series payload. The intake takes 512,000 B compressed; these bodies compress at least four to one.</summary>
    public PayloadLimits Series { get; init; } = new(MaxItems: 1000, MaxBytes: 2_000_000);

    /// <summary>Limits of one sketch payload. Raw bytes within the compressed limit of the intake are safe whatever they compress to.</summary>
    public PayloadLimits Sketches { get; init; } = new(MaxItems: 1000, MaxBytes: 2_621_440);
}

/// <summary>When a payload is full, before compression (docs/spec/04-metrics-logs.md#b10-payload-limits). A single larger item goes alone.</summary>
public sealed record PayloadLimits(int MaxItems, int MaxBytes);

/// <summary>Series derived from a histogram (docs/spec/04-metrics-logs.md#a11-aggregation-results-go-histogram-details).</summary>
[Flags]
public enum HistogramAggregates
{
    None = 0,
    Max = 1,
    Median = 2,
    Average = 4,
    Count = 8,
    Min = 16,
    Sum = 32,
}
