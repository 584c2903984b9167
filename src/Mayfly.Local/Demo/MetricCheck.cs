using System.Globalization;
using Mayfly.Local.Intake;

namespace Mayfly.Local.Demo;

/// <summary>Metrics sent against metrics arrived. Values are compared, not just names; a value that arrived twice is a problem too.</summary>
internal static class MetricCheck
{
    private const double Tolerance = 1e-6;
    private const string EnhancedPrefix = "aws.lambda.enhanced.";

    /// <summary>Each context (name, type, tags) that the function sent: docs/spec/04-metrics-logs.md, A.5 and A.11 say what it becomes.</summary>
    public static DeliveryRow Custom(IReadOnlyList<SentMetric> sent, IReadOnlyList<ReceivedMetric> metrics, List<string> problems)
    {
        int arrived = 0;
        foreach (IGrouping<string, SentMetric> group in sent.GroupBy(m => $"{m.Name}|{m.Type}|{string.Join(',', m.Tags.Order(StringComparer.Ordinal))}"))
        {
            SentMetric context = group.First();
            string? problem = Difference(context, [.. group.Select(m => m.Value)], metrics);
            if (problem is null)
            {
                arrived += group.Count();
            }
            else
            {
                problems.Add($"Metric {context.Name} ({Word(context.Type)}, {string.Join(",", context.Tags)}) {problem}.");
            }
        }

        return new DeliveryRow("metric values", sent.Count, arrived);
    }

    /// <summary>Per invocation one value of each; errors and timeouts where they happened.</summary>
    public static DeliveryRow Enhanced(IReadOnlyList<DemoInvocation> invocations, IReadOnlyList<ReceivedMetric> metrics, List<string> problems)
    {
        (string Name, int Count, double? Sum)[] expected =
        [
            ("invocations", invocations.Count, invocations.Count),
            ("duration", invocations.Count, null),
            ("billed_duration", invocations.Count, invocations.Sum(i => i.BilledMs) / 1000d),
            ("errors", invocations.Count(i => i.Failed), invocations.Count(i => i.Failed)),
            ("timeouts", invocations.Count(i => i.TimedOut), invocations.Count(i => i.TimedOut)),
        ];
        int arrived = 0;
        foreach ((string name, int count, double? sum) in expected)
        {
            ReceivedSketch[] sketches = [.. metrics.Where(m => m.Name == EnhancedPrefix + name).SelectMany(m => m.Sketches)];
            long found = sketches.Sum(s => s.Count);
            double foundSum = sketches.Sum(s => s.Sum);
            arrived += (int)Math.Min(count, found);
            if (found != count)
            {
                problems.Add($"Metric {EnhancedPrefix}{name}: {count} value{(count == 1 ? "" : "s")} expected, {found} arrived.");
            }
            else if (sum is { } wanted && !Same(wanted, foundSum))
            {
                problems.Add($"Metric {EnhancedPrefix}{name}: the sum should be {Text(wanted)}, it is {Text(foundSum)}.");
            }
        }

        return new DeliveryRow("enhanced metric values", expected.Sum(e => e.Count), arrived);
    }

    private static string? Difference(SentMetric context, List<double> values, IReadOnlyList<ReceivedMetric> metrics) => context.Type switch
    {
        "c" => Sum(values.Sum(), [.. Find(metrics, context, "").Where(m => m.Type is MetricType.Count or MetricType.Rate)]),
        "g" => Last(values[^1], [.. Find(metrics, context, "").Where(m => m.Type == MetricType.Gauge)]),
        "d" => Distribution(values, [.. Find(metrics, context, "").SelectMany(m => m.Sketches)]),
        _ => Histogram(values, Find(metrics, context, ".count"), Find(metrics, context, ".avg")),
    };

    private static string? Sum(double wanted, List<ReceivedMetric> found) =>
        found.Count == 0 ? "did not arrive"
        : Same(wanted, found.Sum(m => m.Total)) ? null
        : $"should add up to {Text(wanted)}, {Text(found.Sum(m => m.Total))} arrived";

    private static string? Last(double wanted, List<ReceivedMetric> found)
    {
        ReceivedPoint[] points = [.. found.SelectMany(m => m.Points).OrderBy(p => p.TimestampSeconds)];
        return points.Length == 0 ? "did not arrive"
            : Same(wanted, points[^1].Value) ? null
            : $"should be {Text(wanted)} in the end, it is {Text(points[^1].Value)}";
    }

    private static string? Distribution(List<double> values, List<ReceivedSketch> found) =>
        found.Count == 0 ? "did not arrive" : Values(values, found.Sum(s => s.Count), found.Sum(s => s.Sum));

    /// <summary>A histogram arrives as derived series: <c>.count</c> is a rate, <c>.avg</c> a gauge at the same time.</summary>
    private static string? Histogram(List<double> values, List<ReceivedMetric> counts, List<ReceivedMetric> averages)
    {
        if (counts.Count == 0 || averages.Count == 0)
        {
            return "did not arrive";
        }

        Dictionary<long, double> average = averages.SelectMany(m => m.Points).GroupBy(p => p.TimestampSeconds).ToDictionary(g => g.Key, g => g.Last().Value);
        double count = counts.Sum(m => m.Total);
        double sum = counts.Sum(m => m.Points.Sum(p =>
            p.Value * (m.Type == MetricType.Rate ? Math.Max(1, m.IntervalSeconds) : 1) * average.GetValueOrDefault(p.TimestampSeconds)));
        return Values(values, count, sum);
    }

    private static string? Values(List<double> wanted, double count, double sum) =>
        !Same(wanted.Count, count) ? $"has {wanted.Count} value{(wanted.Count == 1 ? "" : "s")}, {Text(count)} arrived"
        : !Same(wanted.Sum(), sum) ? $"should add up to {Text(wanted.Sum())}, {Text(sum)} arrived"
        : null;

    private static List<ReceivedMetric> Find(IReadOnlyList<ReceivedMetric> metrics, SentMetric context, string suffix) =>
        [.. metrics.Where(m => m.Name == context.Name + suffix && context.Tags.All(m.Tags.Contains))];

    private static bool Same(double a, double b) => Math.Abs(a - b) <= Tolerance * Math.Max(1, Math.Max(Math.Abs(a), Math.Abs(b)));

    private static string Text(double value) => value.ToString("0.######", CultureInfo.InvariantCulture);

    private static string Word(string type) => type switch { "c" => "count", "g" => "gauge", "d" => "distribution", "ms" => "timer", _ => "histogram" };
}
