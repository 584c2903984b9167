using Mayfly.Config;
using Mayfly.Diagnostics;
using Mayfly.Local.Intake;
using Mayfly.Testing;
using Mayfly.Tests.Http;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda;

/// <summary>What each decision of docs/spec/01-lambda-lifecycle.md 7.2 does to an invocation, over real sockets.</summary>
public class FlushStrategyAgentTests
{
    private static readonly Dictionary<string, string> Large = new() { ["text"] = new string('x', 600) };

    /// <summary>Anything but End: the agent is back at next while the handler still runs.</summary>
    [Theory]
    [InlineData("periodically,1")]
    [InlineData("continuously,1")]
    [InlineData("periodically,3600000")]
    [InlineData("end,3600000")]
    public async Task The_handler_is_not_waited_for(string strategy)
    {
        await using AgentRig rig = await AgentRig.StartAsync(null, (Keys.FlushStrategy, strategy));
        for (int i = 1; i <= 3; i++)
        {
            rig.Platform.Invoke("r" + i, TimeSpan.FromMinutes(10));
            await rig.Platform.NextAskedAsync(i + 1);
        }

        rig.Platform.Shutdown();
        Assert.Equal(0, await rig.EndAsync());
        Assert.Equal(3, rig.Metric("invocations").Count);
        rig.AssertSums();
    }

    /// <summary>Continuous: sent in the background, even with an intake that hangs; nothing of it is lost at SHUTDOWN.</summary>
    [Fact]
    public async Task A_background_flush_keeps_nobody_waiting()
    {
        await using AgentRig rig = await AgentRig.StartAsync(null, (Keys.FlushStrategy, "continuously,1"));
        await rig.Platform.NextAskedAsync(1);
        rig.Intake.SetFault("*", IntakeFault.Hang);
        using (var tracer = new RawHttp(rig.Settings.Listeners.TracePort))
        {
            Assert.Equal(200, (await tracer.RequestAsync("PUT", "/v0.4/traces", SampleSpan.V04([new SampleSpan()]))).Status);
        }

        for (int i = 1; i <= 5; i++)
        {
            rig.Platform.Invoke("r" + i, TimeSpan.FromMinutes(10));
            await rig.Platform.NextAskedAsync(i + 1);
        }

        rig.Intake.ClearFault();
        rig.Platform.Shutdown();
        Assert.Equal(0, await rig.EndAsync());

        // What was cut off before its answer came is sent again: it may be there twice, but it is there.
        Assert.Contains(rig.Intake.Spans, static span => span.Name == "http.request");
        Assert.InRange(rig.Metric("invocations").Count, 5, 10);
        rig.AssertSums();
    }

    /// <summary>
    /// docs/spec/01-lambda-lifecycle.md 1.6: an intake that asked for a minute has had it when the sandbox was frozen for two, also where the monotonic clock
    /// stood still.
    /// </summary>
    [Fact]
    public async Task A_pause_is_over_after_a_freeze()
    {
        var clock = new JumpingClock();
        await using AgentRig rig = await AgentRig.StartAtAsync(clock, (Keys.FlushStrategy, "end"));
        await rig.Platform.NextAskedAsync(1);
        rig.Intake.SetFault("*", IntakeFault.Status(429, retryAfterSeconds: 60));
        rig.Platform.Invoke("r1", TimeSpan.FromHours(1));
        using (var tracer = new RawHttp(rig.Settings.Listeners.TracePort))
        {
            Assert.Equal(200, (await tracer.RequestAsync("PUT", "/v0.4/traces", SampleSpan.V04([new SampleSpan()]))).Status);
        }

        Assert.Equal(200, (await rig.RuntimeDoneAsync("r1")).Status);
        await rig.Platform.NextAskedAsync(2);
        Assert.Empty(rig.Intake.Spans);
        rig.Intake.ClearFault();
        clock.Freeze(TimeSpan.FromMinutes(2));
        rig.Platform.Invoke("r2", TimeSpan.FromHours(1));
        Assert.Equal(200, (await rig.RuntimeDoneAsync("r2")).Status);
        await rig.Platform.NextAskedAsync(3);
        bool hasArrived = await rig.Intake.WaitUntilAsync(static intake => intake.Spans.Any(static span => span.Name == "http.request"), TimeSpan.FromSeconds(20));
        Assert.True(hasArrived, rig.Output);
        rig.Platform.Shutdown();
        Assert.Equal(0, await rig.EndAsync());
        rig.AssertSums();
    }

    /// <summary>
    /// Mayfly: more than 256 KiB is not kept until the interval is over; it leaves with the next invocation, and on managed instances, where the agent is told of
    /// none, by itself.
    /// </summary>
    [Theory]
    [InlineData("on-demand")]
    [InlineData("lambda-managed-instances")]
    public async Task A_load_is_sent_before_its_time(string kind)
    {
        await using AgentRig rig = await AgentRig.StartAsync(null, (Keys.FlushStrategy, "continuously,3600000"), (Keys.InitializationType, kind));
        await rig.Platform.NextAskedAsync(1);
        SampleSpan[] load = [.. Enumerable.Range(1, 2000).Select(static id => new SampleSpan { SpanId = (ulong)id, Meta = Large })];
        using (var tracer = new RawHttp(rig.Settings.Listeners.TracePort))
        {
            Assert.Equal(200, (await tracer.RequestAsync("PUT", "/v0.4/traces", SampleSpan.V04(load))).Status);
        }

        if (kind == "on-demand")
        {
            Assert.Empty(rig.Intake.Requests);
            rig.Platform.Invoke("r1", TimeSpan.FromMinutes(10));
        }

        using var over = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        while (rig.Intake.Spans.Count < load.Length)
        {
            await tick.WaitForNextTickAsync(over.Token);
        }

        rig.Platform.Shutdown();
        Assert.Equal(0, await rig.EndAsync());
        rig.AssertSums();
    }

    /// <summary>Mayfly: 1 MiB does not wait for the end of the invocation that made it, whatever the strategy: buffers would fill up.</summary>
    [Theory]
    [InlineData("end")]
    [InlineData("continuously,3600000")]
    public async Task What_piles_up_leaves_while_the_handler_runs(string strategy)
    {
        await using AgentRig rig = await AgentRig.StartAsync(null, (Keys.FlushStrategy, strategy));
        await rig.Platform.NextAskedAsync(1);
        rig.Platform.Invoke("r1", TimeSpan.FromMinutes(10));
        const int Requests = 4;
        const int SpansEach = 1000;
        using (var tracer = new RawHttp(rig.Settings.Listeners.TracePort))
        {
            for (int i = 0; i < Requests; i++)
            {
                SampleSpan[] load = [.. Enumerable.Range(1 + (i * SpansEach), SpansEach).Select(static id => new SampleSpan { SpanId = (ulong)id, Meta = Large })];
                Assert.Equal(200, (await tracer.RequestAsync("PUT", "/v0.4/traces", SampleSpan.V04(load))).Status);
            }
        }

        // Nobody has said that the handler is done.
        using var over = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        while (rig.Intake.Spans.Count == 0)
        {
            await tick.WaitForNextTickAsync(over.Token);
        }

        await rig.RuntimeDoneAsync("r1");
        rig.Platform.Shutdown();
        Assert.Equal(0, await rig.EndAsync());
        // A flush that is cut on a busy machine is sent again.
        Assert.Equal(Requests * SpansEach, rig.Intake.Spans.Where(static span => span.Name == "http.request").DistinctBy(static span => span.SpanId).Count());
        Assert.Equal(0, rig.Agent.Counters[Signal.Traces].DroppedInAll);
        rig.AssertSums();
    }

    /// <summary>Periodic: what earlier invocations left is sent beside the handler.</summary>
    [Fact]
    public async Task A_periodic_flush_sends_beside_the_handler()
    {
        await using AgentRig rig = await AgentRig.StartAsync(null, (Keys.FlushStrategy, "periodically,1"));
        await rig.Platform.NextAskedAsync(1);
        await rig.TelemetryAsync("""[{"time":"2022-10-21T14:05:02.600Z","type":"platform.initStart","record":{}}]""");
        rig.Platform.Invoke("r1", TimeSpan.FromMinutes(10));
        await rig.Platform.NextAskedAsync(2);
        Assert.Equal(1, rig.Metric("invocations").Count);
        rig.Platform.Shutdown();
        Assert.Equal(0, await rig.EndAsync());
    }
}
