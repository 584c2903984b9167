namespace Mayfly.Metrics;

/// <summary>The metric types of DogStatsD, named after what they aggregate to (docs/spec/04-metrics-logs.md#a5-metric-types).</summary>
public enum MetricType : byte
{
    /// <summary><c>c</c>: the sum of all values, each divided by its sample rate.</summary>
    Count,

    /// <summary><c>g</c>: the last value received.</summary>
    Gauge,

    /// <summary><c>d</c>: a sketch of all values.</summary>
    Distribution,

    /// <summary><c>h</c>: derived series (maximum, median …) of all values.</summary>
    Histogram,

    /// <summary><c>ms</c>: a histogram of milliseconds.</summary>
    Timing,

    /// <summary><c>s</c>: the number of distinct texts.</summary>
    Set,
}
