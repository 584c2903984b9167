using Mayfly.Config;

namespace Mayfly.Metrics;

/// <summary>How metrics are aggregated. Platforms differ in these values only; nothing here reads the environment.</summary>
public sealed record MetricSettings
{
    /// <summary>The most distinct (name, type, tags) in one bucket between two flushes; samples of further ones are dropped as <c>ContextLimit</c>.</summary>
    public int MaxContexts { get; init; } = 10_240;

    /// <summary>The most bytes that aggregates may hold between two flushes; samples that would need more are dropped as <c>BufferFull</c>.</summary>
    public int BufferBytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>Exact names that are left out, because the platform counts them itself (docs/spec/04-metrics-logs.md#a2-packet--lines).</summary>
    public IReadOnlyList<string> IgnoredNames { get; init; } = [];

    /// <summary>Names that the user does not want, as they would arrive: with the namespace.</summary>
    public IReadOnlyList<string> BlockedNames { get; init; } = [];

    /// <summary>The same, of which all names that begin so are dropped.</summary>
    public IReadOnlyList<string> BlockedPrefixes { get; init; } = [];

    /// <summary>Goes before the names of clients' metrics, with a point between; null: nothing does.</summary>
    public string? Namespace { get; init; }

    /// <summary>Names that begin so do not get the namespace.</summary>
    public IReadOnlyList<string> NamespaceExemptions { get; init; } = [];

    /// <summary>Tags of clients' metrics, events and service checks beside <see cref="MetricAggregator.DefaultTags"/>, as they are.</summary>
    public IReadOnlyList<string> ClientTags { get; init; } = [];

    /// <summary>The category of the platform's metrics (docs/spec/04-metrics-logs.md#b7-origin-metadata); 0: only tags tell.</summary>
    public uint OriginCategory { get; init; }

    /// <summary>Between two flushes the process may be frozen, or killed: a flush takes the bucket that is still open too.</summary>
    public bool MayFreeze { get; init; } = true;

    /// <summary>Whether <c>h</c>, <c>ms</c> and <c>s</c> are aggregated. Each histogram becomes several custom metrics.</summary>
    public bool HistogramsAndSets { get; init; } = true;

    /// <summary>The series of a histogram beside its percentiles; <c>histogram_aggregates</c>.</summary>
    public HistogramAggregates HistogramAggregates { get; init; } =
        HistogramAggregates.Max | HistogramAggregates.Median | HistogramAggregates.Average | HistogramAggregates.Count;

    /// <summary>The percentile series of a histogram, whole percents from 1 to 100; <c>histogram_percentiles</c> times 100.</summary>
    public IReadOnlyList<int> HistogramPercentiles { get; init; } = [95];

    /// <summary>Histograms and timings are sent as distributions too, whose names begin so; null: they are not.</summary>
    public string? HistogramCopyPrefix { get; init; }

    /// <summary>Limits of one series payload. Raw bytes within the compressed limit of the intake are safe whatever they compress to.</summary>
    public PayloadLimits Series { get; init; } = new(MaxItems: 1000, MaxBytes: 500_000);

    /// <summary>Limits of one sketch payload. Raw bytes within the compressed limit of the intake are safe whatever they compress to.</summary>
    public PayloadLimits Sketches { get; init; } = new(MaxItems: 1000, MaxBytes: 2_621_440);

    /// <summary>How the intake gets payloads of which there are several in one flush: each is compressed as soon as the next begins.</summary>
    public BodyCompression Compression { get; init; }

    /// <summary>The most bytes that events and service checks may hold between two flushes; further ones are dropped as <c>BufferFull</c>.</summary>
    public int EventBytes { get; init; } = 2 * 1024 * 1024;

    /// <summary>Limits of one payload of events, or of service checks.</summary>
    public PayloadLimits Events { get; init; } = new(MaxItems: 1000, MaxBytes: 1_000_000);

    /// <summary>What the user has set, on a platform that has nothing to add.</summary>
    public static MetricSettings Of(CustomMetricSettings settings) => new()
    {
        MaxContexts = settings.MaxContexts,
        BlockedNames = settings.BlockedNames,
        BlockedPrefixes = settings.BlockedPrefixes,
        Namespace = settings.Namespace,
        NamespaceExemptions = settings.NamespaceExemptions,
        ClientTags = settings.Tags,
        HistogramsAndSets = settings.HistogramsAndSets,
        HistogramAggregates = settings.HistogramAggregates.Aggregate(HistogramAggregates.None, static (all, name) => all | AggregateOf(name)),
        HistogramPercentiles = settings.HistogramPercentiles,
        HistogramCopyPrefix = settings.HistogramCopyPrefix,
    };

    private static HistogramAggregates AggregateOf(string name) => name switch
    {
        "max" => HistogramAggregates.Max,
        "median" => HistogramAggregates.Median,
        "avg" => HistogramAggregates.Average,
        "count" => HistogramAggregates.Count,
        "min" => HistogramAggregates.Min,
        _ => HistogramAggregates.Sum,
    };
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
