namespace Mayfly.Local.Intake;

/// <summary>One series with <see cref="Points"/> or one with <see cref="Sketches"/> (docs/spec/04-metrics-logs.md, B.4 and B.5).</summary>
public sealed record ReceivedMetric
{
    public required string Name { get; init; }

    public required MetricType Type { get; init; }

    public required IReadOnlyList<string> Tags { get; init; }

    /// <summary>Seconds that one point of a count or rate stands for; 0 = not sent.</summary>
    public long IntervalSeconds { get; init; }

    /// <summary>Host of a sketch, or the resource of type <c>host</c> of a series; empty = none.</summary>
    public string Host { get; init; } = "";

    public string Unit { get; init; } = "";

    public IReadOnlyList<ReceivedPoint> Points { get; init; } = [];

    public IReadOnlyList<ReceivedSketch> Sketches { get; init; } = [];

    /// <summary>Resources of a series as <c>type:name</c>.</summary>
    public IReadOnlyList<string> Resources { get; init; } = [];

    /// <summary>Where the metric comes from (B.7); null = not sent.</summary>
    public ReceivedOrigin? Origin { get; init; }

    /// <summary>How many events it stands for: the sum of a count, rate × interval, the number of values in sketches, the number of gauge points.</summary>
    public double Total => Type switch
    {
        MetricType.Sketch => Sketches.Sum(s => s.Count),
        MetricType.Rate => Points.Sum(p => p.Value) * Math.Max(1, IntervalSeconds),
        MetricType.Gauge => Points.Count,
        _ => Points.Sum(p => p.Value),
    };
}

/// <summary>One point: seconds since the Unix epoch, value.</summary>
public readonly record struct ReceivedPoint(long TimestampSeconds, double Value);

/// <summary>Origin metadata of a metric (docs/spec/04-metrics-logs.md, B.7).</summary>
public readonly record struct ReceivedOrigin(uint Product, uint Category, uint Service);

/// <summary>The published metric types; <see cref="Sketch"/> is everything from <c>/api/beta/sketches</c>.</summary>
public enum MetricType
{
    Unspecified = 0,
    Count = 1,
    Rate = 2,
    Gauge = 3,
    Sketch = 4,
}
