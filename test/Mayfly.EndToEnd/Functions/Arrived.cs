using Mayfly.Local.Intake;
using Xunit;

namespace Mayfly.EndToEnd.Functions;

/// <summary>Checks that what a function says it sent is at the intake, once and with the same values.</summary>
internal static class Arrived
{
    private const double Tolerance = 1e-9;

    public static void Spans(IEnumerable<SentSpanLine> sent, IReadOnlyList<ReceivedSpan> received)
    {
        ILookup<ulong, ReceivedSpan> byId = received.ToLookup(static span => span.SpanId);
        foreach (SentSpanLine span in sent)
        {
            ReceivedSpan[] found = [.. byId[span.SpanId]];
            Assert.True(found.Length == 1, $"{span.Name} {span.SpanId} of {span.RequestId} arrived {found.Length} times");
            ReceivedSpan one = found[0];
            Assert.Equal(
                (span.Name, span.Resource, span.Service, span.TraceId, span.ParentId, span.StartNs, span.DurationNs, span.Error),
                (one.Name, one.Resource, one.Service, one.TraceId, one.ParentId, one.StartNs, one.DurationNs, one.Error));
        }
    }

    public static void AtLeastOnce(IEnumerable<SentSpanLine> sent, IReadOnlyList<ReceivedSpan> received)
    {
        HashSet<ulong> ids = [.. received.Select(static span => span.SpanId)];
        Assert.All(sent, span => Assert.Contains(span.SpanId, ids));
    }

    /// <summary>
    /// Counts by their sum, gauges by their last value, distributions and histograms by number and sum (docs/spec/04-metrics-logs.md, A.5 and A.11).
    /// </summary>
    public static void Metrics(IEnumerable<SentMetricLine> sent, IReadOnlyList<ReceivedRequest> requests)
    {
        foreach (IGrouping<string, SentMetricLine> context in sent.GroupBy(static one => one.Context))
        {
            SentMetricLine first = context.First();
            double[] values = [.. context.Select(static one => one.Value)];
            List<ReceivedMetric> found = [.. requests.SelectMany(request => Of(request, first, "", TypeOf(first)))];
            switch (first.Type)
            {
                case "c":
                    Same(context.Key, values.Sum(), found.Sum(static one => one.Total));
                    break;
                case "g":
                    Assert.NotEmpty(found);
                    Same(context.Key, values[^1], found[^1].Points[^1].Value);
                    break;
                case "d":
                    Same(context.Key, values.Length, found.Sum(static one => one.Sketches.Sum(static sketch => sketch.Count)));
                    Same(context.Key, values.Sum(), found.Sum(static one => one.Sketches.Sum(static sketch => sketch.Sum)));
                    break;
                default:
                    Histogram(context.Key, first, values, requests);
                    break;
            }
        }
    }

    /// <summary>Each line as often as it was written, with its request id.</summary>
    public static void Logs(IEnumerable<SentLogLine> sent, IReadOnlyList<ReceivedLog> received)
    {
        foreach (IGrouping<SentLogLine, SentLogLine> line in sent.GroupBy(static line => line))
        {
            ReceivedLog[] found = [.. received.Where(one => one.Message == line.Key.Text && one.RequestId == line.Key.RequestId)];
            Assert.True(found.Length == line.Count(), $"{line.Key} was written {line.Count()} times and arrived {found.Length} times");
        }
    }

    /// <summary>The samples of a histogram come back as derived series; per payload <c>.avg</c> × <c>.count</c> is a part of the sum.</summary>
    private static void Histogram(string context, SentMetricLine first, double[] values, IReadOnlyList<ReceivedRequest> requests)
    {
        double count = 0;
        double sum = 0;
        foreach (ReceivedRequest request in requests)
        {
            ILookup<long, double> averages = Of(request, first, ".avg", MetricType.Gauge)
                .SelectMany(static one => one.Points)
                .ToLookup(static point => point.TimestampSeconds, static point => point.Value);
            foreach (ReceivedMetric one in Of(request, first, ".count", MetricType.Rate))
            {
                count += one.Total;
                sum += one.Points.Sum(point => point.Value * one.IntervalSeconds * Assert.Single(averages[point.TimestampSeconds]));
            }
        }

        Same(context, values.Length, count);
        Same(context, values.Sum(), sum);
        IEnumerable<ReceivedMetric> largest = requests.SelectMany(request => Of(request, first, ".max", MetricType.Gauge));
        Same(context, values.Max(), largest.SelectMany(static one => one.Points).Max(static point => point.Value));
    }

    private static IEnumerable<ReceivedMetric> Of(ReceivedRequest request, SentMetricLine context, string suffix, MetricType type) =>
        request.Metrics.Where(one => one.Name == context.Name + suffix && one.Type == type && context.Tags.All(one.Tags.Contains));

    private static MetricType TypeOf(SentMetricLine sent) => sent.Type switch { "c" => MetricType.Count, "d" => MetricType.Sketch, _ => MetricType.Gauge };

    public static void Same(string what, double expected, double actual) =>
        Assert.True(Math.Abs(expected - actual) <= Tolerance * Math.Max(1, Math.Abs(expected)), $"{what}: {expected} was sent, {actual} arrived");
}
