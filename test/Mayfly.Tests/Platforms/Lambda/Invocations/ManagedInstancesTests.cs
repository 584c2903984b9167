using Mayfly.Config;
using Mayfly.Platforms.Lambda.Invocations;
using Mayfly.Platforms.Lambda.Propagation;
using Mayfly.Platforms.Lambda.Telemetry;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda.Invocations;

/// <summary>docs/spec/01-lambda-lifecycle.md 1.7, 4.3 (LMI), 11.7 and 11.8; vector TV9.</summary>
public sealed class ManagedInstancesTests : IDisposable
{
    private const long At = 1_758_310_610_881_000_000;

    private readonly TrackerRig _rig = new(SandboxKind.ManagedInstances);

    public void Dispose() => _rig.Dispose();

    /// <summary>TV9.</summary>
    [Fact]
    public void Tv9_the_report_ends_an_invocation()
    {
        _rig.PlatformStart("r1");
        _rig.Start("r1");
        _rig.End("r1");
        _rig.TakeMetrics();
        _rig.Clock.Advance(TimeSpan.FromSeconds(At / 1_000_000_000) - TimeSpan.FromTicks(_rig.Clock.NowNs / 100));
        Report("r1");
        Assert.Equal(
            [
                "duration 1x0.001148 @1758310610 cold_start:true,runtime:java17",
                "response_duration 1x0.127 @1758310610 cold_start:true,runtime:java17",
                "response_latency 1x0.847 @1758310610 cold_start:true,runtime:java17",
                "runtime_duration 1x0.847 @1758310610 cold_start:true,runtime:java17",
            ],
            _rig.TakeMetrics());
        ExecutionSpan span = Assert.Single(_rig.Spans);
        Assert.Equal((847_000, null), (span.DurationNs, span.IsColdStart));
        Assert.Null(span.Init);
        Assert.Equal(0, _rig.Tracker.Count);
    }

    /// <summary>TV9: an id that nobody knows.</summary>
    [Fact]
    public void Tv9_a_report_of_a_stranger_tells_its_duration()
    {
        _rig.Clock.Advance(TimeSpan.FromSeconds(At / 1_000_000_000) - TimeSpan.FromTicks(_rig.Clock.NowNs / 100));
        Report("stranger");
        Assert.Equal(["duration 1x0.001148 @1758310610 runtime:java17"], _rig.TakeMetrics());
        Assert.Equal(0, _rig.Tracker.Count);
    }

    /// <summary>11.7: overlapping invocations do not take each other's data.</summary>
    [Fact]
    public void Overlapping_invocations_keep_their_own()
    {
        foreach (int i in Enumerable.Range(1, 3))
        {
            _rig.PlatformStart("r" + i, i);
            _rig.Start("r" + i, new SpanContext((ulong)i, 7, null, []));
        }

        foreach (int i in (int[])[2, 3, 1])
        {
            _rig.End("r" + i, spanId: 100 + (ulong)i, statusCode: i == 3 ? "500" : "200");
            Report("r" + i);
        }

        Assert.Equal(
            [("r1", 1ul, 101ul, 1L, false), ("r2", 2ul, 102ul, 2L, false), ("r3", 3ul, 103ul, 3L, true)],
            _rig.Spans.OrderBy(static span => span.RequestId).Select(static span => (span.RequestId, span.TraceId, span.SpanId, span.StartNs, span.IsError)));
        Assert.Equal("errors=1 invocations=3", _rig.CountMetrics("errors", "invocations"));
        Assert.Equal(0, _rig.Tracker.Count);
    }

    /// <summary>11.8: a start or an end that comes late is used, and nothing stays in memory.</summary>
    [Fact]
    public void An_end_after_the_report_sends_the_span()
    {
        _rig.Start("r1", new SpanContext(5, 6, null, []));
        _rig.PlatformStart("r1");
        Report("r1");
        Assert.Empty(_rig.Spans);
        _rig.End("r1");
        Assert.Equal(5ul, Assert.Single(_rig.Spans).TraceId);
        Assert.Equal(0, _rig.Tracker.Count);
    }

    /// <summary>A worker that died never calls its end: an error makes the span, a success does not, and both are forgotten.</summary>
    [Theory]
    [InlineData(PlatformStatus.Error, 1)]
    [InlineData(PlatformStatus.Success, 0)]
    public void An_end_that_never_comes_is_not_waited_for(PlatformStatus status, int spans)
    {
        _rig.PlatformStart("r1");
        _rig.Start("r1", new SpanContext(5, 6, null, []));
        Report("r1", status);
        _rig.Clock.Advance(TimeSpan.FromSeconds(9));
        _rig.Tracker.SendComplete();
        Assert.Equal(1, _rig.Tracker.Count);
        _rig.Clock.Advance(TimeSpan.FromSeconds(2));
        _rig.Tracker.SendComplete();
        Assert.Equal(0, _rig.Tracker.Count);
        Assert.Equal(spans, _rig.Spans.Count(static span => span.IsError));
    }

    /// <summary>4.6: a timeout closes the span.</summary>
    [Fact]
    public void A_timeout_closes_the_span()
    {
        _rig.PlatformStart("r1");
        _rig.Start("r1");
        Report("r1", PlatformStatus.Timeout);
        Assert.Equal("Timeout", Assert.Single(_rig.Spans).Error!.Type);
        Assert.Equal("errors=1 timeouts=1", _rig.CountMetrics("errors", "timeouts"));
    }

    /// <summary>1.7: pairing by id only; a call without one has an owner only where no doubt is possible.</summary>
    [Fact]
    public void A_call_without_id_belongs_to_the_only_open_invocation()
    {
        _rig.PlatformStart("r1");
        Assert.True(_rig.Tracker.StartCalled(null, new StartCall(1, new SpanContext(5, 6, null, []))));
        _rig.PlatformStart("r2");
        Assert.True(_rig.Tracker.StartCalled(null, new StartCall(1, new SpanContext(7, 8, null, []))));
        Assert.False(_rig.Tracker.EndCalled(null, new EndCall(1, 5, 6, 0, null, [], null, null)));
        Report("r2");
        Assert.True(_rig.Tracker.EndCalled(null, new EndCall(1, 5, 6, 0, null, [], null, null)));
        Report("r1");
        Assert.Equal("r1", Assert.Single(_rig.Spans).RequestId);
    }

    /// <summary>Every order of the four parties, for two invocations at once.</summary>
    [Fact]
    public void Any_order_of_two_overlapping_invocations_gives_the_same()
    {
        string? expected = null;
        var random = new Random(20261128);
        for (int i = 0; i < 300; i++)
        {
            using var rig = new TrackerRig(SandboxKind.ManagedInstances);
            (string Id, int Step)[] steps = [.. from id in (string[])["r1", "r2"] from step in Enumerable.Range(0, 4) select (id, step)];
            random.Shuffle(steps);

            // The report comes after the platform's start and the tracer's, an invocation apart; the rest as it likes.
            foreach (string id in (string[])["r1", "r2"])
            {
                foreach (int before in (int[])[0, 1])
                {
                    int start = Array.IndexOf(steps, (id, before)), report = Array.IndexOf(steps, (id, 3));
                    if (start > report)
                    {
                        (steps[start], steps[report]) = (steps[report], steps[start]);
                    }
                }
            }

            rig.PlatformStart("first", 1);
            foreach ((string id, int step) in steps)
            {
                Play(rig, id, step);
            }

            string outcome = string.Join('\n', rig.Spans.OrderBy(static span => span.RequestId).Select(TrackerRig.Describe).Concat(rig.TakeMetrics()));
            expected ??= outcome;
            Assert.True(expected == outcome, $"{string.Join(' ', steps)}:\n{outcome}\ninstead of\n{expected}");
        }
    }

    private static void Play(TrackerRig rig, string id, int step)
    {
        switch (step)
        {
            case 0:
                rig.PlatformStart(id, 1000);
                break;
            case 1:
                rig.Start(id, new SpanContext(id == "r1" ? 1ul : 2, 7, null, []));
                break;
            case 2:
                rig.End(id);
                break;
            default:
                Report(rig, id, PlatformStatus.Success);
                break;
        }
    }

    private void Report(string id, PlatformStatus status = PlatformStatus.Success) => Report(_rig, id, status);

    private static void Report(TrackerRig rig, string id, PlatformStatus status) => rig.Tracker.Reported(
        id,
        new ReportFigures { Status = status, DurationMs = 1.148, ResponseLatencyMs = 0.847, ResponseDurationMs = 0.127 },
        At);
}
