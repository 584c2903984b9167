using System.Text;
using Mayfly.Compression;
using Mayfly.Config;
using Mayfly.Delivery;
using Mayfly.Diagnostics;
using Mayfly.Intake;
using Mayfly.Local.Intake;
using Mayfly.Testing;
using Mayfly.Tests.Compression;
using Mayfly.Wire;
using Xunit;

namespace Mayfly.Tests.Lifecycle;

/// <summary>
/// Delivery by an agent with zstd (docs/spec/03-traces.md#53-compression-batching-splitting, docs/spec/04-metrics-logs.md#b9-endpoints-headers-compression and
/// #c11-shipping). All other tests run without.
/// </summary>
[Collection(nameof(Alone))]
public sealed class ZstdDeliveryTests : IDisposable
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"mayfly-zstd-{Guid.NewGuid():N}");

    public ZstdDeliveryTests()
    {
        SystemZstd.Need();
        Switch(isOn: true);
    }

    public static TheoryData<IntakeKind, string> Kinds => new()
    {
        { IntakeKind.Traces, "zstd" },
        { IntakeKind.Stats, "gzip" },
        { IntakeKind.Series, "zstd" },
        { IntakeKind.Sketches, "zstd" },
        { IntakeKind.Events, "zstd" },
        { IntakeKind.ServiceChecks, "zstd" },
        { IntakeKind.Logs, "zstd" },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Each_kind(IntakeKind kind, string encoding)
    {
        await using FlushRig rig = await FlushRig.StartAsync();
        rig.Put(kind, sizeBytes: 5000);
        Assert.Equal(new FlushReport(1, 0, 0), await rig.FlushAsync());
        ReceivedRequest request = Assert.Single(rig.Intake.Requests);
        Assert.Equal((null, encoding), (request.Error, request.ContentEncoding));
        Assert.InRange(request.BytesRaw, 5000, 5100);
    }

    [Theory]
    [InlineData("gzip", "gzip")]
    [InlineData("none", null)]
    public async Task Another_kind_can_be_asked_for(string value, string? encoding)
    {
        await using FlushRig rig = await FlushRig.StartAsync(FlushRig.Key, (Keys.Compression, value));
        rig.Put(IntakeKind.Traces);
        rig.Put(IntakeKind.Stats);
        rig.Put(IntakeKind.Series);
        rig.Put(IntakeKind.Logs);
        Assert.Equal(new FlushReport(4, 0, 0), await rig.FlushAsync());
        Assert.All(rig.Intake.Requests, request => Assert.Equal(encoding, request.ContentEncoding));
    }

    [Fact]
    public async Task What_is_too_large_is_sent_in_halves()
    {
        await using FlushRig rig = await FlushRig.StartAsync();
        PutLogs(rig, 7);
        rig.Intake.SetFault("*", IntakeFault.Status(413, 1));
        Assert.Equal(new FlushReport(7, 0, 0), await rig.FlushAsync());
        Assert.All(rig.Intake.Requests, static request => Assert.Equal("zstd", request.ContentEncoding));
        Assert.Equal(Enumerable.Range(0, 7).Select(static i => $"m{i}"), rig.Intake.Logs.TakeLast(7).Select(static log => log.Message));
    }

    /// <summary>It is asked once per intake; the intake beside it goes on getting zstd.</summary>
    [Fact]
    public async Task An_intake_that_does_not_take_it_gets_gzip()
    {
        await using LocalIntake other = await LocalIntake.StartAsync();
        await using FlushRig rig = await FlushRig.StartAsync(
            FlushRig.Key, (Keys.AdditionalLogs, $$"""[{"api_key":"{{new string('b', 32)}}","Host":"http://127.0.0.1","Port":{{other.Port}}}]"""));
        rig.Intake.SetFault("*", IntakeFault.Status(415, 1));
        PutLogs(rig, 3);
        Assert.Equal(new FlushReport(3, 0, 0), await rig.FlushAsync());
        PutLogs(rig, 2);
        Assert.Equal(new FlushReport(2, 0, 0), await rig.FlushAsync());

        Assert.Equal(["zstd", "gzip", "gzip"], rig.Intake.Requests.Select(static request => request.ContentEncoding));
        Assert.Equal(["m0", "m1", "m2", "m0", "m1"], rig.Intake.Logs.TakeLast(5).Select(static log => log.Message));
        Assert.Equal(2, other.Requests.Count);
        Assert.Equal("zstd", other.Requests[0].ContentEncoding);
        Assert.Equal((5, 5), (rig.Counters[Signal.Logs].Accepted, rig.Counters[Signal.Logs].Delivered));
        Assert.Single(rig.Lines, static line => line.Contains("MAYFLY_COMPRESSION=gzip", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_intake_that_takes_neither_ends_it()
    {
        await using FlushRig rig = await FlushRig.StartAsync();
        rig.Intake.SetFault("*", IntakeFault.Status(415));
        PutLogs(rig, 3);
        Assert.Equal(new FlushReport(0, 3, 0), await rig.FlushAsync());
        Assert.Equal(["zstd", "gzip"], rig.Intake.Requests.Select(static request => request.ContentEncoding));
        Assert.Equal(3, rig.Counters[Signal.Logs].DroppedFor(DropReason.Rejected));
    }

    /// <summary>What an agent with zstd left is sent as it is, by one without too.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_is_kept_on_disk_stays_deliverable(bool isLinkedLater)
    {
        await using LocalIntake intake = await LocalIntake.StartAsync();
        using (var spool = new Spool(_folder, 1_000_000, TimeProvider.System, Log.Silent))
        {
            FlushRig rig = await FlushRig.StartAsync(spool, new JumpingClock(), intake);
            intake.SetFault("*", IntakeFault.Status(503));
            PutLogs(rig, 4);
            Assert.Equal(new FlushReport(0, 0, 4), await rig.FlushAsync());
        }

        intake.ClearFault();
        intake.Clear();
        Switch(isLinkedLater);
        using var again = new Spool(_folder, 1_000_000, TimeProvider.System, Log.Silent);
        FlushRig second = await FlushRig.StartAsync(again, new JumpingClock(), intake);
        Assert.Equal(new FlushReport(4, 0, 0), await second.FlushAsync());
        Assert.Equal("zstd", Assert.Single(intake.Requests).ContentEncoding);
        Assert.Equal(["m0", "m1", "m2", "m3"], intake.Logs.Select(static log => log.Message));
    }

    public void Dispose()
    {
        Switch(isOn: false);
        if (Directory.Exists(_folder))
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    private static void Switch(bool isOn) => AppContext.SetSwitch(Zstd.Switch, isOn);

    private static void PutLogs(FlushRig rig, int events)
    {
        string body = $"[{string.Join(',', Enumerable.Range(0, events).Select(static i => $$"""{"message":"m{{i}}"}"""))}]";
        PooledBuffer buffer = PooledBuffer.Rent();
        buffer.Write(Encoding.UTF8.GetBytes(body));
        rig.Counters[Signal.Logs].Accept(events);
        rig.Source.Add(new IntakePayload(Signal.Logs, IntakeKind.Logs, buffer, events));
    }
}
