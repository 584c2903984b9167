using Mayfly.Platforms.Lambda.Invocations;
using Mayfly.Platforms.Lambda.Propagation;
using Mayfly.Platforms.Lambda.Telemetry;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda.Invocations;

/// <summary>docs/spec/01-lambda-lifecycle.md 3.5, 4.3 to 4.7; each test is named after its row.</summary>
public sealed class InvocationTrackerTests : IDisposable
{
    private static readonly SpanContext Upstream = new(111, 222, 2, [new("_dd.p.tid", "80f198ee56343ba8")]);

    private readonly TrackerRig _rig = new();

    public void Dispose() => _rig.Dispose();

    [Fact]
    public void Start_without_id_before_INVOKE_belongs_to_the_next_INVOKE()
    {
        _rig.Start(null, Upstream);
        _rig.Invoke("r1");
        _rig.End(null);
        _rig.Done("r1");
        Assert.Equal(111ul, Sent().TraceId);
    }

    [Fact]
    public void Start_and_end_without_id_before_INVOKE_belong_to_the_next_INVOKE()
    {
        _rig.Invoke("r0");
        _rig.Done("r0");
        _rig.Start(null, Upstream);
        _rig.End(null, spanId: 5);
        _rig.Invoke("r1");
        _rig.Done("r1");
        ExecutionSpan span = Sent();
        Assert.Equal(("r1", 111ul, 5ul), (span.RequestId, span.TraceId, span.SpanId));
    }

    [Fact]
    public void Start_without_id_after_INVOKE_belongs_to_the_open_invocation()
    {
        Serve("r0");
        _rig.Spans.Clear();
        _rig.Invoke("r1");
        _rig.Start(null, Upstream);
        _rig.End(null);
        _rig.Done("r1");
        Assert.Equal(("r1", 111ul), (Sent().RequestId, Sent().TraceId));
    }

    [Theory]
    [InlineData("r1")]
    [InlineData(null)]
    public void Start_twice_ignores_the_second(string? id)
    {
        _rig.Invoke("r1");
        _rig.Start(id, Upstream);
        _rig.Start(id, Upstream with { TraceId = 5 });
        _rig.End("r1");
        _rig.Done("r1");
        Assert.Equal(111ul, Sent().TraceId);
        _rig.Report("r1");
        _rig.Spans.Clear();

        // Nor does the next invocation get it.
        _rig.Invoke("r2");
        _rig.End("r2");
        _rig.Done("r2");
        Assert.Equal(999ul, Sent().TraceId);
    }

    [Fact]
    public void Start_and_end_for_an_unknown_id_wait_for_it()
    {
        _rig.Start("r1", Upstream);
        _rig.End("r1");
        _rig.Tracker.SendComplete();
        Assert.Empty(_rig.Spans);
        _rig.Invoke("r1");
        _rig.Done("r1");
        Assert.Equal(111ul, Sent().TraceId);
    }

    [Fact]
    public void Ids_that_are_never_invoked_are_forgotten()
    {
        _rig.Start("stranger", Upstream);
        _rig.Invoke("r1");
        _rig.Clock.Advance(TimeSpan.FromMinutes(21));
        _rig.Invoke("r2");
        Assert.Equal(2, _rig.Tracker.Count);
    }

    [Fact]
    public void A_freeze_of_any_length_does_not_cost_an_invocation_its_report()
    {
        _rig.Invoke("r1");
        _rig.Done("r1");
        _rig.TakeMetrics();
        _rig.Clock.Advance(TimeSpan.FromHours(5));
        _rig.Invoke("r2");
        _rig.Report("r1");
        Assert.Contains(_rig.TakeMetrics(), static line => line.StartsWith("post_runtime_duration", StringComparison.Ordinal) && line.Contains("cold_start:true", StringComparison.Ordinal));
    }

    [Fact]
    public void End_before_runtimeDone_is_held_until_then()
    {
        _rig.Invoke("r1");
        _rig.End("r1");
        _rig.Tracker.SendComplete();
        Assert.Empty(_rig.Spans);
        _rig.Done("r1");
        Assert.Equal(2_599_000_000, Sent().DurationNs);
    }

    [Fact]
    public void End_twice_with_id_lets_the_last_win()
    {
        _rig.Invoke("r1");
        _rig.End("r1", spanId: 1);
        _rig.End("r1", spanId: 2);
        _rig.Done("r1");
        Assert.Equal(2ul, Sent().SpanId);
    }

    [Fact]
    public void End_twice_without_id_ignores_the_second()
    {
        _rig.Invoke("r1");
        _rig.End(null, spanId: 1);
        _rig.End(null, spanId: 2);
        _rig.Done("r1");
        Assert.Equal(1ul, Sent().SpanId);
        _rig.Spans.Clear();
        _rig.Invoke("r2");
        _rig.Done("r2");
        _rig.Tracker.SendComplete();
        Assert.Empty(_rig.Spans);
    }

    [Theory]
    [InlineData("r1", "next INVOKE")]
    [InlineData(null, "next INVOKE")]
    [InlineData("r1", "SHUTDOWN")]
    public void End_after_runtimeDone_sends_the_span_with_what_comes_next(string? id, string next)
    {
        _rig.Invoke("r1");
        _rig.Start("r1");
        _rig.Done("r1");
        _rig.Tracker.SendComplete();
        _rig.End(id);
        if (next == "SHUTDOWN")
        {
            _rig.Tracker.Shutdown("spindown");
        }
        else
        {
            _rig.Invoke("r2");
        }

        Assert.Equal(77ul, Assert.Single(_rig.Spans).SpanId);
    }

    [Fact]
    public void End_after_report_is_still_heard()
    {
        _rig.Invoke("r1");
        _rig.Start("r1");
        _rig.Done("r1");
        _rig.Report("r1");
        _rig.End("r1");
        _rig.Invoke("r2");
        Assert.Equal(77ul, Assert.Single(_rig.Spans).SpanId);
        Assert.Equal(1, _rig.Tracker.Count);
    }

    [Fact]
    public void End_without_start_works()
    {
        _rig.Invoke("r1");
        _rig.End("r1");
        _rig.Done("r1");
        ExecutionSpan span = Sent();
        Assert.Equal((999ul, 77ul, 0ul, 1d), (span.TraceId, span.SpanId, span.ParentId, span.Priority));
    }

    [Fact]
    public void Start_without_end_sends_only_with_the_tracers_placeholder()
    {
        _rig.Invoke("r1");
        _rig.Start("r1");
        _rig.Done("r1");
        _rig.Report("r1");
        _rig.Invoke("r2");
        Assert.Empty(_rig.Spans);

        _rig.Start("r2");
        _rig.Placeholder("r2");
        _rig.Done("r2");
        _rig.Report("r2");
        _rig.Invoke("r3");
        ExecutionSpan span = Assert.Single(_rig.Spans);
        Assert.Equal(("r2", 999ul, 77ul), (span.RequestId, span.TraceId, span.SpanId));
        Assert.Equal(1, _rig.Tracker.Count);
    }

    /// <summary>4.8: lib runtimes make their own <c>aws.lambda</c> span.</summary>
    [Fact]
    public void Without_a_tracers_call_there_is_no_span()
    {
        Serve("r1", withTracer: false);
        _rig.Tracker.Shutdown("spindown");
        Assert.Empty(_rig.Spans);
    }

    /// <summary>4.6, first row, and TV7.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Timeout_closes_the_span_if_a_tracer_was_there(bool hasTracer)
    {
        _rig.Invoke("r1");
        if (hasTracer)
        {
            _rig.Start("r1");
        }

        _rig.Done("r1", PlatformStatus.Timeout, durationMs: 3000, producedBytes: 0);
        _rig.Tracker.SendComplete();
        Assert.Equal("errors=1 invocations=1 produced_bytes=1 runtime_duration=1 timeouts=1", _rig.CountMetrics());
        if (!hasTracer)
        {
            _rig.Tracker.Shutdown("timeout");
            Assert.Empty(_rig.Spans);
            return;
        }

        ExecutionSpan span = Assert.Single(_rig.Spans);
        Assert.NotEqual(0ul, span.TraceId);
        Assert.NotEqual(0ul, span.SpanId);
        Assert.Equal((true, 3_000_000_000), (span.IsError, span.DurationNs));
        Assert.Equal(new InvocationError("Datadog detected a Timeout", "Timeout", ""), span.Error);
    }

    /// <summary>3.4, last paragraph: SHUTDOWN while the handler still runs.</summary>
    [Theory]
    [InlineData("timeout", "Impending Timeout")]
    [InlineData("failure", "Runtime.ExitError")]
    [InlineData("spindown", null)]
    [InlineData("sigterm", null)]
    public void Shutdown_closes_an_open_invocation(string reason, string? errorType)
    {
        _rig.Invoke("r1");
        _rig.Start("r1", Upstream);
        _rig.Clock.Advance(TimeSpan.FromSeconds(3));
        _rig.Tracker.Shutdown(reason);
        Assert.Equal(errorType, _rig.Spans.SingleOrDefault()?.Error?.Type);
        Assert.Equal(errorType is not null, _rig.Spans.Count == 1 && _rig.Spans[0].DurationNs == 3_000_000_000 && _rig.Spans[0].IsError);
        Assert.Equal(0, _rig.Tracker.Count);
    }

    [Fact]
    public void Shutdown_after_a_crash_takes_the_platforms_error_type()
    {
        _rig.Invoke("r1");
        _rig.Start("r1");
        _rig.Done("r1", PlatformStatus.Error, errorType: "Runtime.OutOfMemory");
        _rig.Tracker.Shutdown("failure");
        Assert.Equal("Runtime.OutOfMemory", Assert.Single(_rig.Spans).Error?.Type);
    }

    [Fact]
    public void Shutdown_after_a_success_is_no_error_of_the_invocation()
    {
        _rig.Invoke("r1");
        _rig.Start("r1");
        _rig.Done("r1");
        _rig.Tracker.Shutdown("failure");
        Assert.Empty(_rig.Spans);
        Assert.DoesNotContain("errors", _rig.CountMetrics(), StringComparison.Ordinal);
    }

    /// <summary>5: <c>shutdowns</c> and <c>unused_init</c>.</summary>
    [Fact]
    public void Shutdown_is_counted_and_says_whether_the_sandbox_was_used()
    {
        _rig.Tracker.InitReported(549.04, "provisioned-concurrency", 1_666_361_103_000_000_000);
        _rig.Tracker.Shutdown("spindown");
        Assert.Equal("init_duration=1 shutdowns=1 unused_init=1", _rig.CountMetrics());
        using var used = new TrackerRig();
        used.Invoke("r1");
        used.Tracker.Shutdown("spindown");
        Assert.Equal("invocations=1 shutdowns=1", used.CountMetrics());
    }

    public static TheoryData<string, Action<TrackerRigSteps>> Errors => new()
    {
        { "end with error", static r => r.End(new InvocationError("m", "t", "s")) },
        { "end with error, then runtimeDone error", static r => { r.End(new InvocationError("m", "t", "s")); r.Done(PlatformStatus.Error); } },
        { "runtimeDone error, then end with error", static r => { r.Done(PlatformStatus.Error); r.End(new InvocationError("m", "t", "s")); } },
        { "two ends with error", static r => { r.End(new InvocationError("m", "t", "s")); r.End(new InvocationError("m", "t", "s")); } },
        { "5xx", static r => r.EndWithStatus("502") },
        { "failure", static r => r.Done(PlatformStatus.Failure) },
        { "timeout twice", static r => { r.Done(PlatformStatus.Timeout); r.Done(PlatformStatus.Timeout); } },
        { "timeout after success", static r => { r.Done(PlatformStatus.Success); r.Done(PlatformStatus.Timeout); } },
        { "runtimeDone and report", static r => { r.Done(PlatformStatus.Error); r.Report(PlatformStatus.Error); } },
        { "report alone", static r => r.Report(PlatformStatus.Error) },
    };

    /// <summary>12: one error per request id whatever the combination.</summary>
    [Theory]
    [MemberData(nameof(Errors))]
    public void One_error_per_request_id(string row, Action<TrackerRigSteps> steps)
    {
        _rig.Invoke("r1");
        steps(new TrackerRigSteps(_rig));
        _rig.Tracker.Shutdown("spindown");
        string counts = _rig.CountMetrics("errors", "timeouts", "invocations");
        Assert.Equal(row.StartsWith("timeout", StringComparison.Ordinal) ? "errors=1 invocations=1 timeouts=1" : "errors=1 invocations=1", counts);
    }

    /// <summary>07, 7.3: two runtimeDone.</summary>
    [Fact]
    public void A_second_runtimeDone_counts_no_second_duration_and_can_turn_the_span_into_an_error()
    {
        _rig.Invoke("r1");
        _rig.Start("r1");
        _rig.End("r1");
        _rig.Done("r1", durationMs: 100);
        _rig.Done("r1", PlatformStatus.Timeout, durationMs: null);
        ExecutionSpan span = Sent();
        Assert.Equal(("Timeout", 100_000_000), (span.Error?.Type, span.DurationNs));
        Assert.Equal("errors=1 runtime_duration=1 timeouts=1", _rig.CountMetrics("errors", "timeouts", "runtime_duration"));
    }

    /// <summary>TV8, as far as the platform's records tell.</summary>
    [Fact]
    public void Out_of_memory_is_counted_once_per_request_id()
    {
        foreach (string id in (string[])["r1", "r2"])
        {
            _rig.Invoke(id);
            _rig.Done(id, PlatformStatus.Error, errorType: "Runtime.OutOfMemory");
            _rig.Report(id, PlatformStatus.Error, usedMb: 128);
        }

        _rig.Invoke("r3");
        _rig.Done("r3");
        _rig.Report("r3", usedMb: 128);
        Assert.Equal("errors=2 out_of_memory=3", _rig.CountMetrics("errors", "out_of_memory"));
    }

    /// <summary>4.7.</summary>
    [Theory]
    [InlineData(10_000, "cold_start:true,runtime:java17")]
    [InlineData(10_001, "cold_start:false,proactive_initialization:true,runtime:java17")]
    public void Only_the_first_invocation_is_cold(int initMs, string tags)
    {
        _rig.Clock.Advance(TimeSpan.FromMilliseconds(initMs));
        Serve("r1");
        Assert.All(_rig.TakeMetrics(), line => Assert.EndsWith(" " + tags, line, StringComparison.Ordinal));
        Serve("r2");
        Assert.All(_rig.TakeMetrics(), static line => Assert.EndsWith(" cold_start:false,runtime:java17", line, StringComparison.Ordinal));
        Assert.Equal([initMs == 10_000, false], _rig.Spans.Select(static span => span.IsColdStart));
        Assert.Equal([initMs != 10_000, false], _rig.Spans.Select(static span => span.IsProactiveInit));
    }

    /// <summary>5: <c>init_duration</c>, at most once per process.</summary>
    [Theory]
    [InlineData(true, "init_duration 1x0.54904 @1666361100 cold_start:true,init_type:snap-start,runtime:java17")]
    [InlineData(false, "init_duration 1x0.55 @1666361100 cold_start:true,init_type:on-demand,runtime:java17")]
    public void The_init_duration_is_told_once(bool hasInitReport, string expected)
    {
        if (hasInitReport)
        {
            _rig.Tracker.InitReported(549.04, "snap-start", 1_666_361_103_000_000_000);
        }

        _rig.Invoke("r1");
        _rig.Done("r1");
        _rig.Report("r1", initMs: 550);
        _rig.Invoke("r2");
        _rig.Report("r2", initMs: 550);
        Assert.Equal([expected], _rig.TakeMetrics().Where(static line => line.StartsWith("init", StringComparison.Ordinal)));
    }

    /// <summary>07, 7.3: events of an invocation that an earlier life of the sandbox served reach this one.</summary>
    [Fact]
    public void The_report_of_an_earlier_life_leaves_with_the_next_INVOKE()
    {
        _rig.Report("before the reset");
        _rig.Invoke("r1");
        _rig.Tracker.SendComplete();
        Assert.Equal("billed_duration=1 duration=1 estimated_cost=1 invocations=1 max_memory_used=1 memorysize=1", _rig.CountMetrics());
        Assert.Equal(1, _rig.Tracker.Count);
    }

    [Fact]
    public void Contexts_stay_bounded_over_many_invocations()
    {
        for (int i = 0; i < 10_000; i++)
        {
            Serve("r" + i, withTracer: i % 3 != 0);
            _rig.Start("late " + i % 100);
            Assert.InRange(_rig.Tracker.Count, 0, 102);
        }

        _rig.Tracker.Shutdown("spindown");
        Assert.Equal(0, _rig.Tracker.Count);
        Assert.Equal(10_000 - 3334, _rig.Spans.Count);
    }

    [Fact]
    public void A_flood_of_strange_ids_closes_the_oldest_and_never_the_current()
    {
        _rig.Invoke("r1");
        for (int i = 0; i < 5000; i++)
        {
            _rig.End("stranger " + i);
        }

        Assert.Equal(ContextTable.Limit, _rig.Tracker.Count);
        Assert.Equal(5001 - ContextTable.Limit, _rig.Spans.Count);
        _rig.Spans.Clear();
        _rig.End("r1");
        _rig.Done("r1");
        Assert.Equal("r1", Sent().RequestId);
    }

    [Fact]
    public async Task Waiters_are_told()
    {
        InvocationContext context = _rig.Tracker.Begin("r1");
        Assert.False(context.WhenRuntimeDone.IsCompleted);
        Task reported = _rig.Tracker.WhenAllReported();
        _rig.Done("r1");
        await context.WhenRuntimeDone.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.False(reported.IsCompleted);
        _rig.Report("r1");
        await reported.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.True(_rig.Tracker.WhenAllReported().IsCompleted);
    }

    private void Serve(string id, bool withTracer = true)
    {
        _rig.Invoke(id);
        if (withTracer)
        {
            _rig.Start(id);
            _rig.End(id);
        }

        _rig.Done(id);
        _rig.Tracker.SendComplete();
        _rig.Report(id);
    }

    private ExecutionSpan Sent()
    {
        _rig.Tracker.SendComplete();
        return Assert.Single(_rig.Spans);
    }
}

/// <summary>Steps of a table row, for the request id <c>r1</c>.</summary>
public sealed class TrackerRigSteps
{
    private readonly TrackerRig _rig;

    internal TrackerRigSteps(TrackerRig rig) => _rig = rig;

    public void End(InvocationError error) => _rig.End("r1", error: error);

    public void EndWithStatus(string status) => _rig.End("r1", statusCode: status);

    public void Done(PlatformStatus status) => _rig.Done("r1", status);

    public void Report(PlatformStatus status) => _rig.Report("r1", status);
}
