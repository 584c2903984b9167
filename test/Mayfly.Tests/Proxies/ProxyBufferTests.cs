using Mayfly.Delivery;
using Mayfly.Diagnostics;
using Mayfly.Intake;
using Mayfly.Tests.Http;
using Xunit;

namespace Mayfly.Tests.Proxies;

/// <summary>What waits for a flush is bounded, and what is lost is counted with its reason.</summary>
public class ProxyBufferTests
{
    private const string Path = "/profiling/v1/input";

    [Fact]
    public async Task What_has_no_room_is_429_and_counted()
    {
        await using ProxyRig rig = await ProxyRig.StartSmallAsync(100_000);
        Assert.Equal(200, (await rig.SendAsync("POST", Path, new byte[60_000])).Status);
        RawAnswer refused = await rig.SendAsync("POST", Path, new byte[60_000]);
        Assert.Equal((429, "1"), (refused.Status, refused.Headers["Retry-After"]));
        Assert.Equal(200, (await rig.SendAsync("POST", Path, new byte[1000])).Status);
        Assert.Equal((3, 1, 2), (rig.Counts.Accepted, rig.Counts.DroppedFor(DropReason.BufferFull), rig.Counts.Buffered));
        Assert.InRange(rig.Buffer.WaitingBytes, 61_000, 100_000);

        Assert.Equal(new FlushReport(2, 0, 0), await rig.FlushAsync());
        Assert.Equal(0, rig.Buffer.WaitingBytes);
        Assert.Equal(200, (await rig.SendAsync("POST", Path, new byte[60_000])).Status);
    }

    [Fact]
    public async Task A_request_larger_than_the_limit_has_room_when_nothing_else_waits()
    {
        await using ProxyRig rig = await ProxyRig.StartSmallAsync(100_000);
        Assert.Equal(200, (await rig.SendAsync("POST", Path, new byte[1_000_000])).Status);
        Assert.Equal(429, (await rig.SendAsync("POST", Path, [1])).Status);
        Assert.Equal(new FlushReport(1, 0, 0), await rig.FlushAsync());
        Assert.Equal(1_000_000, Assert.Single(rig.Intake.Requests).Body.Length);
    }

    /// <summary>Many small bodies with large headers are no way around the limit.</summary>
    [Fact]
    public async Task Headers_and_queries_count()
    {
        await using ProxyRig rig = await ProxyRig.StartSmallAsync(100_000);
        string large = new('x', 20_000);
        int accepted = 0;
        while ((await rig.SendAsync("POST", $"{Path}?{large}", [1], $"X-Large: {large}")).Status == 200)
        {
            accepted++;
        }

        Assert.Equal(1, accepted);
    }

    /// <summary>Row, the intake's answer, the reason.</summary>
    public static TheoryData<int, DropReason> Losses => new()
    {
        { 400, DropReason.Rejected },
        { 403, DropReason.Rejected },
        { 500, DropReason.Unreachable },
        { 0, DropReason.Unreachable },
    };

    [Theory]
    [MemberData(nameof(Losses))]
    public async Task What_the_intake_does_not_take_is_counted(int status, DropReason reason)
    {
        await using ProxyRig rig = await ProxyRig.StartAsync();
        rig.Intake.Answer = _ => $"HTTP/1.1 {status} x\r\nContent-Length: 0\r\n\r\n";
        if (status == 0)
        {
            rig.Intake.Refuse();
        }

        await rig.SendAsync("POST", Path, [1]);
        await rig.FlushAsync();
        Assert.Equal(reason == DropReason.Rejected ? 0 : 1, rig.Counts.Buffered);
        rig.Time.Jump(TimeSpan.FromSeconds(3));
        await rig.FlushAsync();
        Assert.Equal((1, 0, 1), (rig.Counts.Accepted, rig.Counts.Buffered, rig.Counts.DroppedFor(reason)));
        Assert.Single(rig.Lines, static line => line.Contains("profiling requests", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_is_on_board_at_the_end_is_counted()
    {
        await using ProxyRig rig = await ProxyRig.StartAsync();
        await rig.SendAsync("POST", Path, [1]);
        rig.DropRest();
        Assert.Equal((1, 0, 1), (rig.Counts.Accepted, rig.Counts.Buffered, rig.Counts.DroppedFor(DropReason.Shutdown)));
    }

    /// <summary>An intake that hangs holds up its own requests: each service has an intake of its own.</summary>
    [Fact]
    public async Task Intakes_do_not_wait_for_each_other()
    {
        await using var profiles = new RecordingIntake { Answer = static _ => null };
        await using ProxyRig rig = await ProxyRig.StartAsync((Mayfly.Config.Keys.ProfilingUrl, profiles.Url));
        await rig.SendAsync("POST", Path, [1]);
        await rig.SendAsync("POST", Path, [2]);
        await rig.SendAsync("POST", "/telemetry/proxy/x", [3]);
        await rig.SendAsync("POST", "/symdb/v1/input", [4]);
        Assert.Equal(new FlushReport(2, 0, 2), await rig.FlushAsync(seconds: 4));
        Assert.Equal(2, rig.Intake.Requests.Count);
        profiles.Answer = static _ => "HTTP/1.1 200 x\r\nContent-Length: 0\r\n\r\n";
        rig.Time.Jump(TimeSpan.FromSeconds(3));
        Assert.Equal(new FlushReport(2, 0, 0), await rig.FlushAsync());
    }

    /// <summary>A network that does not let such requests out costs a flush five seconds, whatever its deadline.</summary>
    [Fact]
    public async Task A_flush_waits_five_seconds_for_these_intakes()
    {
        await using ProxyRig rig = await ProxyRig.StartAsync();
        rig.Intake.Answer = static _ => null;
        await rig.SendAsync("POST", Path, [1]);
        await rig.SendAsync("POST", Path, [2]);
        long start = System.Diagnostics.Stopwatch.GetTimestamp();
        Assert.Equal(new FlushReport(0, 0, 2), await rig.FlushAsync(seconds: 60));
        Assert.InRange(System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalSeconds, 4, 30);
    }

    /// <summary>Where room for another attempt is short, what is passed on for others goes before what is the agent's own.</summary>
    [Fact]
    public async Task A_large_profile_that_fails_does_not_push_out_spans()
    {
        await using Lifecycle.FlushRig rig = await Lifecycle.FlushRig.StartAsync();
        rig.Intake.SetFault("*", Mayfly.Local.Intake.IntakeFault.Status(503));
        rig.Put(IntakeKind.Traces, units: 7, sizeBytes: 1_000_000);
        var profile = Mayfly.Wire.PooledBuffer.Rent();
        profile.Write(new byte[PayloadStore.MemoryLimitBytes]);
        rig.Counters[Signal.Proxied].Accept(1);
        rig.Source.Add(new IntakePayload(Signal.Proxied, IntakeKind.Proxied, profile, units: 1)
        {
            Forward = new ForwardedRequest("profiling", "POST", new Uri(rig.Intake.Url + "/api/v2/profile"), []),
        });
        Assert.Equal(new FlushReport(0, 1, 7), await rig.FlushAsync());
        Assert.Equal(1, rig.Counters[Signal.Proxied].DroppedFor(DropReason.BufferFull));
        rig.Intake.ClearFault();
        rig.Time.Jump(TimeSpan.FromSeconds(3));
        Assert.Equal(new FlushReport(7, 0, 0), await rig.FlushAsync());
    }
}
