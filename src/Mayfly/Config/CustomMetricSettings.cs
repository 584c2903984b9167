using System.Globalization;

namespace Mayfly.Config;

/// <summary>What is made of the metrics that DogStatsD clients send (docs/spec/04-metrics-logs.md#a-dogstatsd).</summary>
public sealed record CustomMetricSettings
{
    /// <summary>Where no prefix list is set (docs/spec/04-metrics-logs.md#a8-namespace).</summary>
    private static readonly string[] DefaultNamespaceExemptions =
    [
        "datadog.agent", "datadog.dogstatsd", "datadog.process", "datadog.trace_agent", "datadog.tracer", "activemq", "activemq_58", "airflow", "cassandra",
        "confluent", "hazelcast", "hive", "ignite", "jboss", "jvm", "kafka", "presto", "sidekiq", "solr", "tomcat", "runtime",
    ];

    private static readonly string[] KnownAggregates = ["max", "min", "median", "avg", "sum", "count"];

    /// <summary>Put before every name with a point between; null: none.</summary>
    public required string? Namespace { get; init; }

    /// <summary>Names that begin so keep their name.</summary>
    public required IReadOnlyList<string> NamespaceExemptions { get; init; }

    /// <summary>Names that are dropped.</summary>
    public required IReadOnlyList<string> BlockedNames { get; init; }

    /// <summary>Names that begin so are dropped.</summary>
    public required IReadOnlyList<string> BlockedPrefixes { get; init; }

    /// <summary>Tags that every metric of a client gets, as they are.</summary>
    public required IReadOnlyList<string> Tags { get; init; }

    /// <summary>Names of tags of the platform that metrics do not get.</summary>
    public required IReadOnlyList<string> ExcludedTags { get; init; }

    /// <summary><c>h</c>, <c>ms</c> and <c>s</c> are taken.</summary>
    public required bool HistogramsAndSets { get; init; }

    /// <summary>Of <c>max min median avg sum count</c>.</summary>
    public required IReadOnlyList<string> HistogramAggregates { get; init; }

    /// <summary>Whole percents from 1 to 99.</summary>
    public required IReadOnlyList<int> HistogramPercentiles { get; init; }

    /// <summary>What the name of the distribution that a histogram is sent as too begins with; null: it is not.</summary>
    public required string? HistogramCopyPrefix { get; init; }

    /// <summary>The most distinct name, type and tags within ten seconds.</summary>
    public required int MaxContexts { get; init; }

    internal static CustomMetricSettings Read(EnvReader env)
    {
        if (env.Any(Keys.MetricMapperProfiles) is { } profiles)
        {
            env.Warn(profiles, profiles.Text, "nothing, as names of metrics are not mapped");
        }

        string copyPrefix = env.Text(Keys.HistogramCopyPrefix)?.Trim() ?? "";
        IReadOnlyList<string> exemptions = env.Texts(Keys.MetricNamespaceExemptions);
        (IReadOnlyList<string> Names, bool ArePrefixes)[] blocked =
        [
            (env.Texts(Keys.MetricBlocklist), env.Bool(Keys.MetricBlocklistMatchPrefix, @default: false)),
            (env.Texts(Keys.MetricFilterlist), env.Bool(Keys.MetricFilterlistMatchPrefix, @default: false)),
        ];
        return new CustomMetricSettings
        {
            Namespace = env.First<string?>(
                [Keys.MetricNamespace],
                TryReadNamespace,
                "a letter, then letters, digits, _ and points; names are sent without a namespace",
                null,
                isError: true),
            NamespaceExemptions = exemptions.Count > 0 ? exemptions : DefaultNamespaceExemptions,
            BlockedNames = [.. blocked.Where(static list => !list.ArePrefixes).SelectMany(static list => list.Names)],
            BlockedPrefixes = [.. blocked.Where(static list => list.ArePrefixes).SelectMany(static list => list.Names)],
            Tags = env.Texts(Keys.DogStatsdTags),
            ExcludedTags = env.Texts(Keys.ExcludedMetricTags),
            HistogramsAndSets = env.Bool(Keys.HistogramsAndSets, @default: true),
            HistogramAggregates = ReadAggregates(env),
            HistogramPercentiles = ReadPercentiles(env),
            HistogramCopyPrefix = env.Bool(Keys.HistogramCopy, @default: false) ? copyPrefix : null,
            MaxContexts = env.Int(Keys.MaxMetricContexts, @default: 10_240, min: 1, max: 1_000_000),
        };
    }

    private static bool TryReadNamespace(SettingValue value, out string? name)
    {
        string text = value.Text.Trim();
        name = text.EndsWith('.') ? text[..^1] : text;
        return name.Length > 0 && char.IsAsciiLetter(name[0]) && name.All(static c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.');
    }

    private static string[] ReadAggregates(EnvReader env)
    {
        string[] words = [.. env.Texts(Keys.HistogramAggregates).Select(static word => word.ToLowerInvariant())];
        if (words.Except(KnownAggregates).FirstOrDefault() is { } unknown)
        {
            env.Warn(Keys.HistogramAggregates, unknown, "max, min, median, avg, sum and count, this one is skipped");
        }

        string[] chosen = [.. KnownAggregates.Where(words.Contains)];
        return chosen.Length > 0 ? chosen : ["max", "median", "avg", "count"];
    }

    private static int[] ReadPercentiles(EnvReader env)
    {
        var percents = new List<int>();
        foreach (string text in env.Texts(Keys.HistogramPercentiles))
        {
            // A rounding error of the product must not turn 0.29 into 28 percent.
            if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double part) && part * 100 + 1e-9 is >= 1 and < 100)
            {
                percents.Add((int)(part * 100 + 1e-9));
            }
            else
            {
                env.Warn(Keys.HistogramPercentiles, text, "numbers above 0 and below 1, this one is skipped");
            }
        }

        return percents.Count > 0 ? [.. percents.Distinct()] : [95];
    }
}
