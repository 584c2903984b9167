using System.Text;
using Mayfly.Diagnostics;
using Mayfly.Intake;
using Mayfly.Metrics;
using Mayfly.Local.Intake;
using Mayfly.Local.Intake.Protos;
using Xunit;
using Pb = Mayfly.Local.Intake.Protos;

namespace Mayfly.Tests.Metrics;

/// <summary>An aggregator whose clock stands still, and what Google's decoder reads from its payloads.</summary>
internal sealed class MetricRig : IDisposable
{
    /// <summary>The `now` of the vectors of docs/spec/04-metrics-logs.md A.14.</summary>
    public const long Now = 1656581409;

    public const long Bucket = 1656581400;

    public MetricRig(MetricSettings? settings = null, Log? log = null)
    {
        Clock = new StandingClock { UnixSeconds = Now };
        Aggregator = new MetricAggregator(settings ?? new MetricSettings(), Counters, Clock, log);
    }

    public StandingClock Clock { get; }

    public SignalCounters Counters { get; } = new();

    public MetricAggregator Aggregator { get; }

    public void Send(string packet) => Aggregator.AcceptPacket(Encoding.UTF8.GetBytes(packet));

    /// <summary>Takes everything, or what a flush by timer takes, and marks it delivered; checks that the counters add up.</summary>
    public Decoded Take(bool byTimer = false)
    {
        var payloads = new List<IntakePayload>();
        if (byTimer)
        {
            Aggregator.TakePayloads(payloads);
        }
        else
        {
            Aggregator.TakeLastPayloads(payloads);
        }

        var decoded = new Decoded();
        foreach (IntakePayload payload in payloads)
        {
            using (payload)
            {
                Assert.Equal(Signal.Metrics, payload.Signal);
                decoded.Add(payload);
                Counters.Deliver(payload.Units);
            }
        }

        if (!byTimer)
        {
            Assert.Equal(0, Counters.Buffered);
        }

        return decoded;
    }

    public void Dispose() => Aggregator.Dispose();
}

/// <summary>Payloads as an independent decoder reads them.</summary>
internal sealed class Decoded
{
    public List<MetricSeries> Series { get; } = [];

    public List<Sketch> Sketches { get; } = [];

    public List<ReceivedEvent> Events { get; } = [];

    public List<ReceivedServiceCheck> Checks { get; } = [];

    private int ItemCount => Series.Count + Sketches.Count + Events.Count + Checks.Count;

    /// <summary>Of each payload: kind, items, raw bytes, units.</summary>
    public List<(IntakeKind Kind, int Items, byte[] Body, long Units)> Payloads { get; } = [];

    public void Add(IntakePayload payload)
    {
        byte[] body = payload.Body.WrittenSpan.ToArray();
        int before = ItemCount;
        switch (payload.Kind)
        {
            case IntakeKind.Series:
                Series.AddRange(MetricPayload.Parser.ParseFrom(body).Series);
                break;
            case IntakeKind.Sketches:
                Sketches.AddRange(SketchPayload.Parser.ParseFrom(body).Sketches);
                break;
            case IntakeKind.Events:
                Events.AddRange(EventDecoder.DecodeEvents(body));
                break;
            default:
                Assert.Equal(IntakeKind.ServiceChecks, payload.Kind);
                Checks.AddRange(EventDecoder.DecodeServiceChecks(body));
                break;
        }

        Payloads.Add((payload.Kind, ItemCount - before, body, payload.Units));
    }

    /// <summary>Everything in one line per series or sketch, sorted: <c>x COUNT 6 @1656581400 a,b</c>, <c>x SKETCH cnt sum {key:n,…} @time tags</c>.</summary>
    public string[] Describe() =>
    [
        .. Series.Select(Describe).Concat(Sketches.Select(Describe)).Concat(Events.Select(Describe)).Concat(Checks.Select(Describe)).Order(StringComparer.Ordinal),
    ];

    private static string Describe(MetricSeries series)
    {
        MetricPoint point = Assert.Single(series.Points);
        Assert.Equal(series.Type == Pb.SeriesType.SeriesGauge ? 0 : 10, series.Interval);
        string type = series.Type.ToString()["Series".Length..].ToUpperInvariant();
        return FormattableString.Invariant($"{series.Metric} {type} {point.Value:R} @{point.Timestamp} {string.Join(',', series.Tags)}").TrimEnd();
    }

    /// <summary><c>title|text EVENT source info normal @time k:key h:host tags</c>; line feeds as <c>⏎</c>.</summary>
    private static string Describe(ReceivedEvent one)
    {
        string optional = (one.AggregationKey.Length > 0 ? $" k:{one.AggregationKey}" : "") + (one.Host.Length > 0 ? $" h:{one.Host}" : "");
        string text = $"{one.Title}|{one.Text} EVENT {one.Source} {one.AlertType} {one.Priority} @{one.TimestampSeconds}{optional} {string.Join(',', one.Tags)}";
        return text.TrimEnd().Replace('\n', '⏎');
    }

    /// <summary><c>name CHECK status @time h:host message tags</c>; line feeds as <c>⏎</c>.</summary>
    private static string Describe(ReceivedServiceCheck one)
    {
        string optional = (one.Host.Length > 0 ? $" h:{one.Host}" : "") + (one.Message.Length > 0 ? $" {one.Message}" : "");
        return $"{one.Name} CHECK {one.Status} @{one.TimestampSeconds}{optional} {string.Join(',', one.Tags)}".TrimEnd().Replace('\n', '⏎');
    }

    private static string Describe(Sketch sketch)
    {
        Dogsketch dog = Assert.Single(sketch.Dogsketches);
        string bins = string.Join(',', dog.K.Zip(dog.N, static (k, n) => $"{k}:{n}"));
        string statistics = FormattableString.Invariant($"cnt {dog.Cnt} sum {dog.Sum:R} avg {dog.Avg:R} min {dog.Min:R} max {dog.Max:R}");
        return $"{sketch.Metric} SKETCH {statistics} {{{bins}}} @{dog.Ts} {string.Join(',', sketch.Tags)}".TrimEnd();
    }
}

/// <summary>A clock that is set, and stands still otherwise.</summary>
internal sealed class StandingClock : TimeProvider
{
    public long UnixSeconds { get; set; }

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeSeconds(UnixSeconds);

    public override long GetTimestamp() => UnixSeconds * TimestampFrequency;
}
