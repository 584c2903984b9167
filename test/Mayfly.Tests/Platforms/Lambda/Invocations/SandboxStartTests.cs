using Mayfly.Config;
using Mayfly.Platforms.Lambda;
using Mayfly.Platforms.Lambda.Invocations;
using Mayfly.Platforms.Lambda.Propagation;
using Mayfly.Tests.Config;
using Mayfly.Traces;
using Mayfly.Wire;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda.Invocations;

/// <summary>docs/spec/01-lambda-lifecycle.md 4.3 (init rows), 4.4 (cold-start and restore spans), 4.7; vectors TV6 and TV10.</summary>
public sealed class SandboxStartTests
{
    private const long InitStart = 1_666_361_102_600_000_000;
    private const long InitReport = 1_666_361_103_149_000_000;
    private const long RestoreStart = 1_666_361_103_000_000_000;
    private const ulong LoadId = 5;

    /// <summary>The table of 4.7: seconds from process start to restoreStart (−1 = none), and to the first INVOKE.</summary>
    [Theory]
    [InlineData("on-demand", -1, 10, "cold_start:true")]
    [InlineData("on-demand", -1, 10.001, "cold_start:false,proactive_initialization:true")]
    [InlineData("provisioned-concurrency", -1, 60, "cold_start:false,proactive_initialization:true")]
    [InlineData("snap-start", -1, 3600, "cold_start:true")]
    [InlineData("snap-start", 3600, 3610, "cold_start:true")]
    [InlineData("snap-start", 3600, 3610.001, "cold_start:false,proactive_initialization:true")]
    [InlineData("lambda-managed-instances", -1, 1, "cold_start:true")]
    public void The_first_invocation_is_cold_or_proactive(string type, double restoredAfter, double invokedAfter, string expected)
    {
        using var rig = new TrackerRig(SandboxKinds.Parse(type));
        if (restoredAfter >= 0)
        {
            rig.Clock.Advance(TimeSpan.FromSeconds(restoredAfter));
            rig.Tracker.RestoreStarted(RestoreStart);
            rig.Clock.Advance(TimeSpan.FromSeconds(invokedAfter - restoredAfter));
        }
        else
        {
            rig.Clock.Advance(TimeSpan.FromSeconds(invokedAfter));
        }

        rig.Invoke("r1");
        rig.Tracker.SendComplete();
        Assert.EndsWith(Sorted(expected + ",runtime:java17"), Assert.Single(rig.TakeMetrics()), StringComparison.Ordinal);
        rig.Report("r1");
        rig.TakeMetrics();
        rig.Invoke("r2");
        Assert.EndsWith("cold_start:false,runtime:java17", rig.TakeMetrics().Single(Invocations), StringComparison.Ordinal);
    }

    /// <summary>TV6: start and duration are the platform's, the parent is that of <c>aws.lambda</c>. In every order of the three.</summary>
    [Theory]
    [InlineData("init,report,invoke")]
    [InlineData("report,init,invoke")]
    [InlineData("invoke,init,report")]
    [InlineData("invoke,report,init")]
    [InlineData("init,invoke,report")]
    public void Tv6_a_cold_start_is_a_span_beside_the_first_invocation(string order)
    {
        using var rig = new TrackerRig();
        foreach (string step in order.Split(','))
        {
            Step(rig, step);
        }

        rig.Start("r1", new SpanContext(111, 222, 2, [new("_dd.p.tid", "80f198ee56343ba8")]));
        rig.End("r1");
        rig.Done("r1");
        rig.Tracker.SendComplete();
        InitSpan init = Assert.Single(rig.Spans).Init!;
        Assert.Equal(("aws.lambda.cold_start", InitStart, 549_040_000, 111ul, 222ul), (init.Name, init.StartNs, init.DurationNs, init.Trace.TraceId, init.Trace.ParentId));
        Assert.NotEqual(0ul, init.SpanId);

        // Once per sandbox.
        rig.Report("r1");
        rig.Invoke("r2");
        rig.End("r2");
        rig.Done("r2");
        rig.Tracker.Shutdown("spindown");
        Assert.Null(rig.Spans[1].Init);
        Assert.Empty(rig.InitSpans);
    }

    /// <summary>Telemetry is asynchronous: the report of the init can come after the span has left.</summary>
    [Fact]
    public void A_cold_start_that_is_known_late_leaves_alone()
    {
        using var rig = new TrackerRig();
        rig.Invoke("r1");
        rig.Start("r1", new SpanContext(111, 222, 2, [new("_dd.p.tid", "80f198ee56343ba8")]));
        rig.End("r1");
        rig.Done("r1");
        rig.Tracker.SendComplete();
        Assert.Null(Assert.Single(rig.Spans).Init);
        rig.Tracker.InitStarted(InitStart, null);
        rig.Tracker.InitReported(549.04, "on-demand", InitReport);
        rig.Tracker.SendComplete();
        InitSpan init = Assert.Single(rig.InitSpans);
        Assert.Equal((InitStart, 549_040_000, new InitSpanTrace(111, 222, "80f198ee56343ba8", 2)), (init.StartNs, init.DurationNs, init.Trace));
        rig.Tracker.Shutdown("spindown");
        Assert.Single(rig.InitSpans);
    }

    /// <summary>A report of the init that was lost: the invocation's report tells its duration, else it lasted until the invocation started.</summary>
    [Theory]
    [InlineData(true, 550_000_000)]
    [InlineData(false, 565_000_000)]
    public void The_duration_of_a_cold_start_is_derived(bool isReported, long expectedNs)
    {
        using var rig = new TrackerRig();
        rig.Tracker.InitStarted(InitStart, null);
        rig.Invoke("r1");
        rig.PlatformStart("r1");
        rig.End("r1");
        rig.Done("r1");
        rig.Tracker.SendComplete();
        if (isReported)
        {
            rig.Report("r1", initMs: 550);
        }

        Assert.Empty(rig.InitSpans);
        rig.Invoke("r2");
        Assert.Equal(expectedNs, Assert.Single(rig.InitSpans).DurationNs);
    }

    /// <summary>Mayfly: a sandbox that was initialized ahead of demand kept nobody waiting.</summary>
    [Fact]
    public void A_proactive_initialization_has_no_span()
    {
        using var rig = new TrackerRig(SandboxKind.ProvisionedConcurrency);
        rig.Tracker.InitStarted(InitStart, null);
        rig.Tracker.InitReported(549.04, "provisioned-concurrency", InitReport);
        rig.Clock.Advance(TimeSpan.FromMinutes(5));
        rig.Invoke("r1");
        rig.End("r1");
        rig.Done("r1");
        rig.Tracker.Shutdown("spindown");
        Assert.Null(Assert.Single(rig.Spans).Init);
        Assert.Empty(rig.InitSpans);
    }

    /// <summary>TV7: no tracer, no span at all.</summary>
    [Fact]
    public void Without_a_tracer_there_is_no_cold_start_span()
    {
        using var rig = new TrackerRig();
        Step(rig, "init");
        Step(rig, "report");
        rig.Invoke("r1");
        rig.Done("r1");
        rig.Report("r1");
        rig.Tracker.Shutdown("spindown");
        Assert.Empty(rig.Spans);
        Assert.Empty(rig.InitSpans);
    }

    /// <summary>TV10.</summary>
    [Fact]
    public void Tv10_a_restore_is_a_span_and_takes_the_place_of_the_cold_start()
    {
        using var rig = new TrackerRig(SandboxKind.SnapStart);
        Step(rig, "init");
        Step(rig, "report");
        rig.Tracker.RestoreStarted(RestoreStart);
        rig.Tracker.RestoreReported(150.5, RestoreStart + 150_500_000);
        rig.Invoke("r1");
        rig.End("r1");
        rig.Done("r1");
        rig.Tracker.Shutdown("spindown");
        InitSpan init = Assert.Single(rig.Spans).Init!;
        Assert.Equal(("aws.lambda.snapstart_restore", RestoreStart, 150_500_000), (init.Name, init.StartNs, init.DurationNs));
        Assert.Empty(rig.InitSpans);
        Assert.Contains(rig.TakeMetrics(), static line => line.StartsWith("snapstart_restore_duration 1x0.1505", StringComparison.Ordinal));
    }

    /// <summary>TV10: a restore that failed has no duration.</summary>
    [Fact]
    public void Tv10_a_failed_restore_has_no_metric()
    {
        using var rig = new TrackerRig(SandboxKind.SnapStart);
        rig.Tracker.RestoreStarted(RestoreStart);
        rig.Tracker.RestoreReported(null, RestoreStart + 1);
        rig.Invoke("r1");
        Assert.Equal("invocations=1", rig.CountMetrics());
    }

    /// <summary>4.4, lib runtimes: <c>aws.lambda.load</c> tells the trace and goes below the cold-start span, which goes beside <c>aws.lambda</c>.</summary>
    [Theory]
    [InlineData("aws.lambda,aws.lambda.load")]
    [InlineData("aws.lambda.load,aws.lambda")]
    public void A_library_s_cold_start_joins_its_trace(string order)
    {
        using var rig = new TrackerRig();
        Step(rig, "init");
        rig.Invoke("r1");
        Dictionary<string, Span> spans = order.Split(',').ToDictionary(static name => name, name => Library(rig, name));
        Step(rig, "report");
        rig.Done("r1");
        rig.Tracker.SendComplete();
        InitSpan init = Assert.Single(rig.InitSpans);
        Assert.Equal(init.SpanId, spans["aws.lambda.load"].ParentId);
        Assert.Equal(33ul, spans["aws.lambda"].ParentId);
        Assert.Equal(("aws.lambda.cold_start", new InitSpanTrace(777, 33, "80f198ee56343ba8", 2)), (init.Name, init.Trace));
        Assert.Empty(rig.Spans);
    }

    /// <summary>A parent that was promised to <c>aws.lambda.load</c> is sent, whatever else the platform tells.</summary>
    [Fact]
    public void A_parent_that_was_promised_is_sent()
    {
        using var rig = new TrackerRig();
        Step(rig, "init");
        rig.Invoke("r1");
        Span load = Library(rig, "aws.lambda.load");
        rig.Tracker.Shutdown("failure");
        Assert.Equal(Assert.Single(rig.InitSpans).SpanId, load.ParentId);
    }

    /// <summary>Nothing is promised as long as nobody has told of an init.</summary>
    [Fact]
    public void Without_init_records_a_library_s_spans_stay_as_they_are()
    {
        using var rig = new TrackerRig();
        rig.Invoke("r1");
        Assert.Equal(LoadId, Library(rig, "aws.lambda.load").ParentId);
        rig.Tracker.Shutdown("spindown");
        Assert.Empty(rig.InitSpans);
    }

    /// <summary>4.3, held-back metric: the tag is on the first invocation's metric whichever comes first, and later on every metric and span.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_durable_function_is_tagged(bool initFirst)
    {
        using var rig = new TrackerRig();
        if (initFirst)
        {
            rig.Tracker.InitStarted(InitStart, "python:3.13.DurableFunction.v6");
        }

        rig.Invoke("r1");
        rig.Clock.Advance(TimeSpan.FromSeconds(20));
        if (!initFirst)
        {
            Assert.Empty(rig.TakeMetrics());
            rig.Tracker.InitStarted(InitStart, "python:3.13.DurableFunction.v6");
        }

        // The INVOKE's own time, not that of its leaving.
        string expected = "invocations 1x1 @1666361100 cold_start:true,durable_function:true,runtime:java17";
        Assert.Equal([expected], rig.TakeMetrics());
        rig.End("r1");
        rig.Done("r1");
        rig.Report("r1");
        rig.Tracker.Shutdown("spindown");
        Assert.All(rig.TakeMetrics().Where(static line => !line.StartsWith("shutdowns", StringComparison.Ordinal)), static line =>
            Assert.Contains("durable_function:true", line, StringComparison.Ordinal));
        Assert.True(Assert.Single(rig.Spans).IsDurable);
    }

    /// <summary>4.3: the held-back metric leaves at the end of its invocation at the latest; 11.23: under SnapStart it is not held at all.</summary>
    [Theory]
    [InlineData("on-demand", "done")]
    [InlineData("on-demand", "flush")]
    [InlineData("on-demand", "shutdown")]
    [InlineData("snap-start", "nothing")]
    public void The_first_invocation_is_counted_without_initStart(string type, string by)
    {
        using var rig = new TrackerRig(SandboxKinds.Parse(type));
        rig.Invoke("r1");
        switch (by)
        {
            case "done":
                rig.Done("r1");
                break;
            case "flush":
                rig.Tracker.SendComplete();
                break;
            case "shutdown":
                rig.Tracker.Shutdown("failure");
                break;
        }

        Assert.Single(rig.TakeMetrics(), Invocations);
        rig.Tracker.Shutdown("spindown");
        Assert.DoesNotContain(rig.TakeMetrics(), Invocations);
    }

    private static bool Invocations(string line) => line.StartsWith("invocations", StringComparison.Ordinal);

    private static string Sorted(string tags) => string.Join(',', tags.Split(',').Order(StringComparer.Ordinal));

    private static void Step(TrackerRig rig, string step)
    {
        switch (step)
        {
            case "init":
                rig.Tracker.InitStarted(InitStart, "java:17.v30");
                break;
            case "report":
                rig.Tracker.InitReported(549.04, "on-demand", InitReport);
                break;
            default:
                rig.Invoke("r1");
                break;
        }
    }

    /// <summary>A span as a library sends it, after the agent has looked at it.</summary>
    private static Span Library(TrackerRig rig, string name)
    {
        var span = new Span { Name = Utf8Slice.From(name), TraceId = 777, SpanId = name == "aws.lambda" ? 4ul : LoadId, ParentId = name == "aws.lambda" ? 33 : LoadId };
        if (name == "aws.lambda")
        {
            span.Meta.Set(Utf8Slice.From("_dd.p.tid"), Utf8Slice.From("80f198ee56343ba8"));
            span.Metrics.Set(Utf8Slice.From("_sampling_priority_v1"), 2);
        }

        var inspector = new LambdaSpanInspector(new InternalSpans(Environments.Read()), rig.Tracker);
        Assert.Equal(SpanVerdict.Keep, inspector.Inspect(span, default));
        return span;
    }
}
