using System.Text;
using Mayfly.Config;
using Mayfly.Delivery;
using Mayfly.Diagnostics;
using Mayfly.Intake;
using Mayfly.Local.Intake;
using Mayfly.Wire;
using Xunit;

namespace Mayfly.Tests.Lifecycle;

/// <summary>docs/spec/04-metrics-logs.md#c11-shipping: the worker, the intakes beside the main one, and what is too large.</summary>
public class LogShippingTests
{
    private const string OtherKey = "11111111111111111111111111111aaa";

    [Fact]
    public async Task A_worker_gets_plain_JSON_at_its_own_address()
    {
        await using LocalIntake worker = await LocalIntake.StartAsync();
        await using FlushRig rig = await FlushRig.StartAsync(FlushRig.Key, [.. WorkerAt(worker, "/pipeline")]);
        rig.Put(IntakeKind.Logs, sizeBytes: 100);
        await rig.FlushAsync();

        Assert.Empty(rig.Intake.Requests);
        ReceivedRequest request = Assert.Single(worker.Requests);
        Assert.Equal(("/pipeline", ""), (request.Path, request.ContentEncoding ?? ""));
        Assert.False(request.Headers.ContainsKey("DD-PROTOCOL"));
    }

    [Fact]
    public async Task D19_What_is_asked_of_a_worker_is_not_asked_of_the_intakes_beside_it()
    {
        await using LocalIntake worker = await LocalIntake.StartAsync();
        await using LocalIntake other = await LocalIntake.StartAsync();
        await using FlushRig rig = await FlushRig.StartAsync(FlushRig.Key, [.. WorkerAt(worker, "/api/v2/logs"), CopiesTo(other)]);
        rig.Put(IntakeKind.Logs, sizeBytes: 100);
        Assert.Equal(new FlushReport(1, 0, 0), await rig.FlushAsync());

        ReceivedRequest copy = Assert.Single(other.Requests);
        Assert.Equal(("/api/v2/logs", "gzip", "agent-json"), (copy.Path, copy.ContentEncoding, copy.Headers["DD-PROTOCOL"]));
        Assert.EndsWith(OtherKey[^4..], copy.ApiKey, StringComparison.Ordinal);
        Assert.Equal(copy.BytesRaw, Assert.Single(worker.Requests).BytesRaw);
    }

    [Fact]
    public async Task Every_intake_gets_every_event_and_one_that_fails_holds_up_nobody()
    {
        await using LocalIntake other = await LocalIntake.StartAsync();
        await using FlushRig rig = await FlushRig.StartAsync(FlushRig.Key, CopiesTo(other));
        other.SetFault("*", IntakeFault.Status(503));
        rig.Put(IntakeKind.Logs);
        Assert.Equal(new FlushReport(1, 0, 0), await rig.FlushAsync());
        other.ClearFault();
        rig.Time.Jump(TimeSpan.FromSeconds(3));
        await rig.FlushAsync();
        Assert.Equal(4, other.Requests.Count);
        Assert.Single(rig.Intake.Requests);
        Assert.Equal((1, 1, 0), Counted(rig));
    }

    /// <summary>Once: what is too large as a half is dropped.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_is_too_large_is_sent_in_halves(bool takesHalves)
    {
        await using FlushRig rig = await FlushRig.StartAsync();
        Put(rig, 7);
        rig.Intake.SetFault("*", IntakeFault.Status(413, takesHalves ? 1 : int.MaxValue));
        FlushReport report = await rig.FlushAsync();

        Assert.Equal(takesHalves ? new FlushReport(7, 0, 0) : new FlushReport(0, 7, 0), report);
        Assert.Equal(3, rig.Intake.Requests.Count);
        Assert.Equal(takesHalves ? (7, 7, 0) : (7, 0, 7), Counted(rig));
        if (takesHalves)
        {
            Assert.Equal(Enumerable.Range(0, 7).Select(static i => $"m{i}"), rig.Intake.Logs.TakeLast(7).Select(static log => log.Message));
        }
    }

    [Fact]
    public async Task A_single_event_that_is_too_large_is_dropped()
    {
        await using FlushRig rig = await FlushRig.StartAsync();
        Put(rig, 1);
        rig.Intake.SetFault("*", IntakeFault.Status(413));
        Assert.Equal(new FlushReport(0, 1, 0), await rig.FlushAsync());
        Assert.Single(rig.Intake.Requests);
        Assert.Equal(1, rig.Counters[Signal.Logs].DroppedFor(DropReason.Rejected));
    }

    /// <summary>Body, elements of both halves; none where it cannot be cut.</summary>
    [Theory]
    [InlineData("[1,2]", "[1] [2]")]
    [InlineData(" [ 1 , 2 , 3 ] ", "[1] [2 , 3]")]
    [InlineData("""[{"a":"aaaaaaaaaaaaaaaaaaaaaaaaaaaa"},2,3]""", """[{"a":"aaaaaaaaaaaaaaaaaaaaaaaaaaaa"}] [2,3]""")]
    [InlineData("""[1,2,{"a":"]aaaaaaaaaaaaaaaaaaaaaaaaaaa"}]""", """[1,2] [{"a":"]aaaaaaaaaaaaaaaaaaaaaaaaaaa"}]""")]
    [InlineData("[1]", null)]
    [InlineData("[]", null)]
    [InlineData("{}", null)]
    [InlineData("[1,2", null)]
    [InlineData("", null)]
    public void A_body_is_cut_between_two_events(string body, string? expected)
    {
        using var payload = new IntakePayload(Signal.Logs, IntakeKind.Logs, Buffer(body), 10);
        Assert.Equal(expected is not null, payload.TrySplit(out IntakePayload? first, out IntakePayload? second));
        Assert.Equal(expected, first is null ? null : $"{Encoding.UTF8.GetString(first.Body.WrittenSpan)} {Encoding.UTF8.GetString(second!.Body.WrittenSpan)}");
        Assert.Equal(expected is null ? 0 : 10, (first?.Units ?? 0) + (second?.Units ?? 0));
        first?.Dispose();
        second?.Dispose();
    }

    private static void Put(FlushRig rig, int events)
    {
        rig.Counters[Signal.Logs].Accept(events);
        string body = $"[{string.Join(',', Enumerable.Range(0, events).Select(static i => $$"""{"message":"m{{i}}"}"""))}]";
        rig.Source.Add(new IntakePayload(Signal.Logs, IntakeKind.Logs, Buffer(body), events));
    }

    private static PooledBuffer Buffer(string text)
    {
        PooledBuffer buffer = PooledBuffer.Rent();
        buffer.Write(Encoding.UTF8.GetBytes(text));
        return buffer;
    }

    private static (string, string)[] WorkerAt(LocalIntake worker, string path) =>
        [(Keys.PipelinesWorkerLogsEnabled, "true"), (Keys.PipelinesWorkerLogsUrl, worker.Url + path)];

    private static (string, string) CopiesTo(LocalIntake other)
    {
        var url = new Uri(other.Url);
        return (Keys.AdditionalLogs, $$"""[{"api_key":"{{OtherKey}}","Host":"http://{{url.Host}}","Port":{{url.Port}}}]""");
    }

    private static (long, long, long) Counted(FlushRig rig)
    {
        SignalCounters logs = rig.Counters[Signal.Logs];
        return (logs.Accepted, logs.Delivered, logs.DroppedInAll);
    }
}
