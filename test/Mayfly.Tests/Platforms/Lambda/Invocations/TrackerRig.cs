using System.Globalization;
using System.Text;
using Mayfly.Config;
using Mayfly.Diagnostics;
using Mayfly.Intake;
using Mayfly.Metrics;
using Mayfly.Platforms.Lambda;
using Mayfly.Platforms.Lambda.Invocations;
using Mayfly.Platforms.Lambda.Propagation;
using Mayfly.Platforms.Lambda.Telemetry;
using Mayfly.Tags;
using Mayfly.Testing;
using Mayfly.Local.Intake.Protos;
using Mayfly.Wire;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda.Invocations;

/// <summary>A tracker on a clock that stands still, with the spans and metrics that left it.</summary>
internal sealed class TrackerRig : IDisposable
{
    public const string Prefix = "aws.lambda.enhanced.";

    private readonly MetricAggregator _metrics;

    public TrackerRig(SandboxKind kind = SandboxKind.OnDemand)
    {
        _metrics = new MetricAggregator(new MetricSettings(), new SignalCounters(), Clock);
        Tracker = new InvocationTracker(new EnhancedMetrics(_metrics, isOn: true), Spans.Add, InitSpans.Add, Clock, kind)
        {
            SandboxTags = TagSet.Empty.With("runtime", "java17"),
        };
    }

    public FakeClock Clock { get; } = new();

    public InvocationTracker Tracker { get; }

    public List<ExecutionSpan> Spans { get; } = [];

    /// <summary>Those that left alone; others are in <see cref="Spans"/>.</summary>
    public List<InitSpan> InitSpans { get; } = [];

    public void Dispose() => _metrics.Dispose();

    public void Invoke(string id) => Tracker.Begin(id);

    public void PlatformStart(string id, long atNs = 1_666_361_103_165_000_000) => Tracker.PlatformStarted(id, atNs);

    public void Start(string? id, SpanContext? upstream = null) => Tracker.StartCalled(id, new StartCall(Clock.NowNs, upstream));

    public void End(string? id, ulong spanId = 77, string? statusCode = null, InvocationError? error = null) =>
        Tracker.EndCalled(id, new EndCall(Clock.NowNs, 999, spanId, 0, 1, [], statusCode, error));

    public void Placeholder(string id) => Tracker.PlaceholderSeen(id, PlaceholderOf());

    public void Done(string id, PlatformStatus status = PlatformStatus.Success, double? durationMs = 2599, string? errorType = null, long? producedBytes = null) =>
        Tracker.RuntimeFinished(id, new RuntimeDone(1_666_361_105_764_000_000, status, errorType, durationMs, producedBytes));

    public void Report(string id, PlatformStatus status = PlatformStatus.Success, double usedMb = 94, double? initMs = null) => Tracker.Reported(
        id,
        new ReportFigures { Status = status, DurationMs = 2599.4, BilledDurationMs = 2600, MemorySizeMb = 128, MaxMemoryUsedMb = usedMb, InitDurationMs = initMs },
        1_666_361_105_766_000_000);

    public static PlaceholderSpan PlaceholderOf() => new(
        999,
        77,
        0,
        [new(Utf8Slice.From("request_id"), Utf8Slice.From("x")), new(Utf8Slice.From("tracer"), Utf8Slice.From("tag"))],
        [new(Utf8Slice.From("_sampling_priority_v1"), 2)],
        [],
        default);

    /// <summary>What was counted since the last call: <c>name count×sum @bucket tags</c> without the common prefix, sorted.</summary>
    public string[] TakeMetrics()
    {
        var payloads = new List<IntakePayload>();
        _metrics.TakePayloads(payloads);
        var lines = new List<string>();
        foreach (IntakePayload payload in payloads)
        {
            using (payload)
            {
                Assert.Equal(IntakeKind.Sketches, payload.Kind);
                foreach (Sketch sketch in SketchPayload.Parser.ParseFrom(payload.Body.WrittenSpan.ToArray()).Sketches)
                {
                    foreach (Dogsketch dog in sketch.Dogsketches)
                    {
                        Assert.StartsWith(Prefix, sketch.Metric, StringComparison.Ordinal);
                        string sum = Math.Round(dog.Sum, 9).ToString(CultureInfo.InvariantCulture);
                        lines.Add($"{sketch.Metric[Prefix.Length..]} {dog.Cnt}x{sum} @{dog.Ts} {string.Join(',', sketch.Tags)}");
                    }
                }
            }
        }

        return [.. lines.Order(StringComparer.Ordinal)];
    }

    /// <summary>How many values each metric got since the last call: <c>errors=1 invocations=1</c>.</summary>
    public string CountMetrics(params string[] names) => string.Join(' ', TakeMetrics()
        .Select(static line => line.Split(' '))
        .GroupBy(static parts => parts[0])
        .Where(group => names.Length == 0 || names.Contains(group.Key))
        .Select(static group => $"{group.Key}={group.Sum(static parts => int.Parse(parts[1].Split('x')[0], CultureInfo.InvariantCulture))}"));

    /// <summary>Everything of a span, random ids included, as one text.</summary>
    public static string Describe(ExecutionSpan span)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{span.RequestId} trace {span.TraceId} span {span.SpanId} parent {span.ParentId} at {span.StartNs} for {span.DurationNs} ");
        text.Append(CultureInfo.InvariantCulture, $"cold {span.IsColdStart} proactive {span.IsProactiveInit} error {span.IsError} {span.Error} status {span.StatusCode} ");
        text.Append(CultureInfo.InvariantCulture, $"priority {span.Priority} tags {string.Join(',', span.PropagationTags)} placeholder {span.Placeholder is not null}");
        return text.ToString();
    }
}
