using System.Diagnostics;
using Mayfly.Config;
using Mayfly.Delivery;
using Mayfly.Diagnostics;
using Mayfly.Intake;
using Mayfly.Lifecycle;
using Mayfly.Local.Intake;
using Mayfly.Testing;
using Xunit;

namespace Mayfly.Tests.Lifecycle;

/// <summary>docs/spec/04-metrics-logs.md B.9, B.11, C.11; every test ends with accepted = delivered + buffered + dropped.</summary>
public class FlushCoordinatorTests
{
    /// <summary>Those with an endpoint of their own.</summary>
    private static readonly IntakeKind[] Kinds = [.. Enum.GetValues<IntakeKind>().Where(static kind => kind != IntakeKind.Proxied)];

    /// <summary>B.11, column Mayfly; what may go better is tried three times.</summary>
    [Theory]
    [InlineData(200, "delivered")]
    [InlineData(202, "delivered")]
    [InlineData(204, "delivered")]
    [InlineData(400, "rejected")]
    [InlineData(401, "rejected")]
    [InlineData(403, "rejected")]
    [InlineData(404, "rejected")]
    [InlineData(413, "rejected")]
    [InlineData(415, "rejected")]
    [InlineData(301, "rejected")]
    [InlineData(408, "kept")]
    [InlineData(425, "kept")]
    [InlineData(429, "kept")]
    [InlineData(500, "kept")]
    [InlineData(502, "kept")]
    [InlineData(503, "kept")]
    public async Task The_status_decides(int status, string outcome)
    {
        await using FlushRig rig = await FlushRig.StartAsync();
        rig.Intake.SetFault("*", IntakeFault.Status(status));
        foreach (IntakeKind kind in Kinds)
        {
            rig.Put(kind, units: 3);
        }

        FlushReport report = await rig.FlushAsync();
        long units = 3 * Kinds.Length;
        Assert.Equal(
            outcome switch { "delivered" => new FlushReport(units, 0, 0), "rejected" => new FlushReport(0, units, 0), _ => new FlushReport(0, 0, units) },
            report);
        Assert.Equal(Kinds.Length * (outcome == "kept" ? 3 : 1), rig.Intake.Requests.Count);
        SignalCounters traces = rig.Counters[Signal.Traces];
        Assert.Equal(outcome == "rejected" ? 3 : 0, traces.DroppedFor(DropReason.Rejected));
        Assert.Equal(outcome == "kept" ? (9, 3) : (0, 0), (traces.Retried, traces.Buffered));
        AssertSums(rig);
    }

    public static TheoryData<IntakeKind, string, string> Headers => new()
    {
        { IntakeKind.Traces, "/api/v0.2/traces", "Content-Type=application/x-protobuf" },
        { IntakeKind.Stats, "/api/v0.2/stats", "Content-Type=application/msgpack" },
        { IntakeKind.Series, "/api/v2/series", "Content-Type=application/x-protobuf" },
        { IntakeKind.Sketches, "/api/beta/sketches", "Content-Type=application/x-protobuf" },
        { IntakeKind.Events, "/intake/", "Content-Type=application/json" },
        { IntakeKind.ServiceChecks, "/api/v1/check_run", "Content-Type=application/json" },
        { IntakeKind.Logs, "/api/v2/logs", $"Content-Type=application/json DD-PROTOCOL=agent-json DD-EVP-ORIGIN=mayfly DD-EVP-ORIGIN-VERSION={BuildInfo.Version}" },
    };

    [Theory]
    [MemberData(nameof(Headers))]
    public async Task Headers_and_compression(IntakeKind kind, string path, string headers)
    {
        await using FlushRig rig = await FlushRig.StartAsync();
        rig.Put(kind, sizeBytes: 5000);
        Assert.Equal(new FlushReport(1, 0, 0), await rig.FlushAsync());
        ReceivedRequest request = Assert.Single(rig.Intake.Requests);
        Assert.Null(request.Error);
        Assert.Equal((path, "POST", "gzip"), (request.Path, request.Method, request.ContentEncoding));
        Assert.EndsWith(FlushRig.Key[^5..], request.ApiKey, StringComparison.Ordinal);
        Assert.Equal(BuildInfo.UserAgent, request.Headers["User-Agent"]);
        foreach (string[] pair in headers.Split(' ').Select(static text => text.Split('=')))
        {
            Assert.Equal(pair[1], request.Headers[pair[0]]);
        }

        Assert.InRange(request.BytesRaw, 5000, 5100);
    }

    [Fact]
    public async Task Logs_go_plain_when_compression_is_off()
    {
        await using FlushRig rig = await FlushRig.StartAsync(FlushRig.Key, (Keys.LogsUseCompression, "false"));
        rig.Put(IntakeKind.Logs);
        await rig.FlushAsync();
        ReceivedRequest request = Assert.Single(rig.Intake.Requests);
        Assert.Null(request.ContentEncoding);
        Assert.Equal(request.BytesRaw, request.BytesCompressed);
        Assert.Single(request.Logs);
    }

    [Fact]
    public async Task What_failed_is_sent_again_once_the_pause_is_over_the_newest_first()
    {
        var time = new JumpingClock();
        await using FlushRig rig = await FlushRig.StartAsync(spool: null, time);
        rig.Intake.SetFault("*", IntakeFault.Status(503));
        rig.Put(IntakeKind.Logs, units: 1, sizeBytes: 1);
        Assert.Equal(new FlushReport(0, 0, 1), await rig.FlushAsync());
        Assert.Equal(3, rig.Intake.Requests.Count);

        // From here on the pause is longer than a busy machine may stand still.
        rig.Intake.SetFault("*", IntakeFault.Status(503, retryAfterSeconds: 60));
        time.Jump(TimeSpan.FromSeconds(3));
        Assert.Equal(default, await rig.FlushAsync());
        Assert.Equal(4, rig.Intake.Requests.Count);

        // The circuit is open: not even one attempt.
        rig.Put(IntakeKind.Logs, units: 10, sizeBytes: 2);
        Assert.Equal(new FlushReport(0, 0, 10), await rig.FlushAsync());
        Assert.Equal(4, rig.Intake.Requests.Count);
        AssertSums(rig);

        rig.Intake.ClearFault();
        rig.Intake.Clear();
        time.Jump(TimeSpan.FromSeconds(70));
        rig.Put(IntakeKind.Logs, units: 100, sizeBytes: 3);
        Assert.Equal(111, (await rig.FlushAsync()).Delivered);
        Assert.Equal([3, 2, 1], rig.Intake.Logs.Select(static log => log.Message.Length));
        Assert.Equal((111, 111, 0), (rig.Counters[Signal.Logs].Accepted, rig.Counters[Signal.Logs].Delivered, rig.Counters[Signal.Logs].Buffered));
        AssertSums(rig);
    }

    [Fact]
    public async Task An_intake_that_asks_for_time_gets_it_and_no_retry()
    {
        var time = new JumpingClock();
        await using FlushRig rig = await FlushRig.StartAsync(spool: null, time);
        rig.Intake.SetFault("*", IntakeFault.Status(429, retryAfterSeconds: 60));
        rig.Put(IntakeKind.Logs);
        await rig.FlushAsync();
        Assert.Single(rig.Intake.Requests);

        rig.Intake.ClearFault();
        time.Jump(TimeSpan.FromSeconds(50));
        Assert.Equal(default, await rig.FlushAsync());
        time.Jump(TimeSpan.FromSeconds(12));
        Assert.Equal(new FlushReport(1, 0, 0), await rig.FlushAsync());
        AssertSums(rig);
    }

    /// <summary>A healthy invocation with a dead intake costs next to nothing once the circuit has opened.</summary>
    [Fact]
    public async Task A_dead_intake_costs_a_flush_nothing()
    {
        await using FlushRig rig = await FlushRig.StartHurriedAsync();
        rig.Intake.SetFault("*", IntakeFault.Hang);
        rig.Put(IntakeKind.Traces);
        await rig.FlushAsync(seconds: 3);
        var times = new List<TimeSpan>();
        for (int round = 0; round < 10; round++)
        {
            // Past every pause: half of the flushes probe.
            rig.Time.Jump(TimeSpan.FromSeconds(round % 2 * 600));
            rig.Put(IntakeKind.Traces);
            long start = Stopwatch.GetTimestamp();
            Assert.Equal(1, (await rig.FlushAsync()).Kept);
            times.Add(Stopwatch.GetElapsedTime(start));
        }

        // Round 1 waits half a second for the intake; a busy machine may stand still once.
        Assert.True(times.Order().ElementAt(^2) < TimeSpan.FromSeconds(1), string.Join(' ', times));
        Assert.Equal(11, rig.Counters[Signal.Traces].Buffered);
        AssertSums(rig);
    }

    /// <summary>It is given up after twenty attempts, and what came before it is not held up by it.</summary>
    [Fact]
    public async Task A_payload_that_an_intake_chokes_on_is_dropped_in_the_end()
    {
        var time = new JumpingClock();
        await using FlushRig rig = await FlushRig.StartAsync(spool: null, time);
        rig.Intake.SetFault("*", IntakeFault.Status(500));
        rig.Put(IntakeKind.Logs);
        for (int flush = 0; flush < 200 && rig.Counters[Signal.Logs].Buffered > 0; flush++)
        {
            await rig.FlushAsync();
            time.Jump(TimeSpan.FromSeconds(400));
        }

        Assert.Equal(20, rig.Intake.Requests.Count);
        Assert.Equal((0, 1), (rig.Counters[Signal.Logs].Buffered, rig.Counters[Signal.Logs].DroppedFor(DropReason.Unreachable)));
        AssertSums(rig);
    }

    [Fact]
    public async Task The_last_flush_gives_every_intake_a_chance()
    {
        await using FlushRig rig = await FlushRig.StartAsync();
        rig.Intake.SetFault("*", IntakeFault.Status(500));
        rig.Put(IntakeKind.Logs);
        Assert.Equal(1, (await rig.FlushAsync()).Kept);
        rig.Intake.ClearFault();
        rig.Put(IntakeKind.Logs);
        Assert.Equal(new FlushReport(2, 0, 0), await rig.Flushes.FlushLastAsync(Deadline.In(TimeProvider.System, TimeSpan.FromSeconds(20))));
        AssertSums(rig);
    }

    public static TheoryData<string> Deaths => ["hangs", "refuses", "resets", "slow", "cuts the answer"];

    /// <summary>The flush is over at its deadline whatever the intake does, and nothing is lost by the first failure.</summary>
    [Theory]
    [MemberData(nameof(Deaths))]
    public async Task The_deadline_holds(string death)
    {
        await using FlushRig rig = await FlushRig.StartAsync();
        switch (death)
        {
            case "hangs":
                rig.Intake.SetFault("*", IntakeFault.Hang);
                break;
            case "refuses":
                await rig.Intake.RefuseConnectionsAsync();
                break;
            case "resets":
                rig.Intake.SetFault("*", IntakeFault.Reset);
                break;
            case "slow":
                rig.Intake.SetFault("*", IntakeFault.Slow(TimeSpan.FromMinutes(1)));
                break;
            default:
                rig.Intake.SetFault("*", IntakeFault.CloseMidResponse);
                break;
        }

        foreach (IntakeKind kind in Kinds)
        {
            rig.Put(kind, units: 2);
            rig.Put(kind, units: 2);
        }

        long start = Stopwatch.GetTimestamp();
        FlushReport report = await rig.FlushAsync(seconds: 0.5);
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 0, 5);
        Assert.Equal(4 * Kinds.Length, report.Kept + report.Delivered);
        Assert.Equal(0, report.Dropped);
        AssertSums(rig);
        rig.Flushes.DropRest();
        Assert.All(Enum.GetValues<Signal>(), signal => Assert.Equal(0, rig.Counters[signal].Buffered));
        AssertSums(rig);
    }

    [Fact]
    public async Task An_endpoint_that_hangs_holds_up_only_its_own_payloads()
    {
        await using FlushRig rig = await FlushRig.StartAsync();
        rig.Intake.SetFault(IntakePaths.Traces, IntakeFault.Hang);
        foreach (IntakeKind kind in Kinds)
        {
            rig.Put(kind);
        }

        Assert.Equal(new FlushReport(Kinds.Length - 1, 0, 1), await rig.FlushAsync(seconds: 4));
        Assert.Equal((0, 1), (rig.Counters[Signal.Traces].Delivered, rig.Counters[Signal.Traces].Buffered));
        AssertSums(rig);
    }

    [Fact]
    public async Task A_payload_that_no_attempt_was_made_for_keeps_its_attempts()
    {
        await using FlushRig rig = await FlushRig.StartAsync();
        rig.Put(IntakeKind.Logs);
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(0, (await rig.FlushAsync(seconds: 0)).Dropped);
        }

        Assert.Equal(new FlushReport(1, 0, 0), await rig.FlushAsync());
        Assert.Equal(0, rig.Counters[Signal.Logs].Retried);
        AssertSums(rig);
    }

    /// <summary>B.11, redrive: bounded, oldest dropped first.</summary>
    [Fact]
    public async Task What_waits_for_another_attempt_is_bounded_in_bytes()
    {
        await using FlushRig rig = await FlushRig.StartAsync();
        await rig.Intake.RefuseConnectionsAsync();
        const int Megabyte = 1024 * 1024;
        int room = (int)(PayloadStore.MemoryLimitBytes / Megabyte) - 1;
        for (int i = 0; i < room + 3; i++)
        {
            rig.Put(IntakeKind.Traces, units: 1 << i, sizeBytes: Megabyte);
        }

        FlushReport report = await rig.FlushAsync();
        SignalCounters traces = rig.Counters[Signal.Traces];
        Assert.Equal(7, report.Dropped);
        Assert.Equal(7, traces.DroppedFor(DropReason.BufferFull));
        Assert.Equal((1 << (room + 3)) - 8, report.Kept);
        Assert.Equal(report.Kept, traces.Buffered);
        AssertSums(rig);
    }

    /// <summary>Timers stand still in a freeze: after it the next flush does not wait until the time of the one before it is up.</summary>
    [Fact]
    public async Task A_flush_that_was_frozen_holds_up_no_other()
    {
        await using FlushRig rig = await FlushRig.StartAsync();
        rig.Intake.SetFault("*", IntakeFault.Hang with { Requests = 1 });
        rig.Put(IntakeKind.Logs);
        Task<FlushReport> frozen = rig.FlushAsync(seconds: 100);
        Assert.True(await rig.Intake.WaitUntilAsync(static intake => intake.Requests.Count == 1, TimeSpan.FromSeconds(20)), "it hangs");
        rig.Time.Jump(TimeSpan.FromMinutes(10));
        rig.Put(IntakeKind.Traces);
        Assert.Equal(new FlushReport(2, 0, 0), await rig.FlushAsync(seconds: 1000).WaitAsync(TimeSpan.FromSeconds(50), TestContext.Current.CancellationToken));
        Assert.Equal(new FlushReport(0, 0, 1), await frozen);
        AssertSums(rig);
    }

    /// <summary>Bytes of a body are the least of what a small payload takes.</summary>
    [Fact]
    public async Task Many_small_payloads_that_wait_are_bounded_too()
    {
        const int Many = 20_000;
        await using FlushRig rig = await FlushRig.StartAsync();
        await rig.Intake.RefuseConnectionsAsync();
        for (int i = 0; i < Many; i++)
        {
            rig.Put(IntakeKind.Logs);
        }

        await rig.FlushAsync();
        Assert.InRange(rig.Counters[Signal.Logs].Buffered, 1, PayloadStore.MemoryLimitBytes / 512);
        AssertSums(rig);
    }

    [Fact]
    public async Task Without_an_API_key_all_is_counted_and_said_once()
    {
        await using FlushRig rig = await FlushRig.StartAsync(apiKey: null);
        for (int i = 0; i < 3; i++)
        {
            rig.Put(IntakeKind.Traces, units: 2);
            rig.Put(IntakeKind.Logs, units: 5);
            Assert.Equal(new FlushReport(0, 7, 0), await rig.FlushAsync());
        }

        Assert.Equal(6, rig.Counters[Signal.Traces].DroppedFor(DropReason.NoApiKey));
        Assert.Equal(15, rig.Counters[Signal.Logs].DroppedFor(DropReason.NoApiKey));
        Assert.Contains("DD_API_KEY", Assert.Single(rig.Lines), StringComparison.Ordinal);
        Assert.Empty(rig.Intake.Requests);
        AssertSums(rig);
    }

    /// <summary>The agent's lines come back to it as logs: a key that is refused must not make a line per flush.</summary>
    [Theory]
    [InlineData(403, "DD_API_KEY")]
    [InlineData(400, "refuses")]
    [InlineData(500, "kept")]
    public async Task A_failure_is_said_once_per_cause(int status, string advice)
    {
        await using FlushRig rig = await FlushRig.StartAsync();
        rig.Intake.SetFault("*", IntakeFault.Status(status));
        for (int i = 0; i < 3; i++)
        {
            rig.Put(IntakeKind.Traces);
            rig.Put(IntakeKind.Traces);
            await rig.FlushAsync();
        }

        Assert.Contains(advice, Assert.Single(rig.Lines), StringComparison.Ordinal);
        AssertSums(rig);
    }

    /// <summary>A key is what a user pasted: a bad one costs the data, with a reason, and nothing else.</summary>
    [Theory]
    [InlineData("schlüssel")]
    [InlineData("a\0b")]
    [InlineData("\u200bkey")]
    public async Task A_key_that_no_header_can_carry_is_refused(string key)
    {
        await using FlushRig rig = await FlushRig.StartAsync(key);
        rig.Put(IntakeKind.Traces);
        await rig.FlushAsync();
        await rig.FlushAsync();
        Assert.Equal(0, rig.Counters[Signal.Traces].Delivered);
        Assert.Equal(1, rig.Counters[Signal.Traces].DroppedInAll);
        AssertSums(rig);
    }

    [Fact]
    public async Task Concurrent_flushes_deliver_everything_once()
    {
        await using FlushRig rig = await FlushRig.StartAsync();
        var flushes = new List<Task<FlushReport>>();
        for (int i = 0; i < 50; i++)
        {
            rig.Put(Kinds[i % 4]);
            flushes.Add(Task.Run(() => rig.FlushAsync()));
        }

        FlushReport[] reports = await Task.WhenAll(flushes);
        Assert.Equal(50, reports.Sum(static report => report.Delivered));
        Assert.Equal(50, rig.Intake.Requests.Count);
        AssertSums(rig);
    }

    [Fact]
    public async Task A_flush_that_cannot_begin_before_its_deadline_leaves_all_in_place()
    {
        await using FlushRig rig = await FlushRig.StartAsync();
        rig.Intake.SetFault("*", IntakeFault.Hang);
        rig.Put(IntakeKind.Logs);
        Task<FlushReport> hanging = rig.FlushAsync(seconds: 5);
        rig.Put(IntakeKind.Traces);
        Assert.Equal(default, await rig.FlushAsync(seconds: 0.1));
        Assert.Equal(1, rig.Counters[Signal.Traces].Buffered);
        Assert.Equal(1, (await hanging).Kept);
        rig.Intake.ClearFault();
        Assert.Equal(2, (await rig.Flushes.FlushLastAsync(Deadline.In(TimeProvider.System, TimeSpan.FromSeconds(20)))).Delivered);
        AssertSums(rig);
    }

    /// <summary>At any moment a reader of the counters sees a sum that is possible.</summary>
    [Fact]
    public async Task Buffered_is_never_negative()
    {
        var counters = new SignalCounters();
        using var stop = new CancellationTokenSource();
        var writer = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                counters.Accept(3);
                counters.Deliver(2);
                counters.Drop(DropReason.BufferFull, 1);
            }
        });
        for (int i = 0; i < 100_000; i++)
        {
            Assert.True(counters.Buffered >= 0);
        }

        await stop.CancelAsync();
        await writer;
        Assert.Equal(0, counters.Buffered);
    }

    private static void AssertSums(FlushRig rig)
    {
        foreach (Signal signal in Enum.GetValues<Signal>())
        {
            SignalCounters counters = rig.Counters[signal];
            Assert.True(counters.Buffered >= 0);
            Assert.Equal(counters.Accepted, counters.Delivered + counters.Buffered + counters.Stored + counters.DroppedInAll);
        }
    }
}
