using Mayfly.Config;
using Mayfly.Delivery;
using Mayfly.Diagnostics;
using Mayfly.Intake;
using Mayfly.Local.Intake;
using Xunit;

namespace Mayfly.Tests.Lifecycle;

/// <summary>docs/spec/03-traces.md#52-url-endpoints-keys, row <c>DD_APM_ADDITIONAL_ENDPOINTS</c>: copies count nowhere and harm nobody.</summary>
public class DualShippingTests
{
    private const string FirstKey = "11111111111111111111111111111aaa";
    private const string SecondKey = "22222222222222222222222222222bbb";

    [Fact]
    public async Task Every_key_gets_every_trace_once_compressed_and_counted_once()
    {
        await using LocalIntake other = await LocalIntake.StartAsync();
        await using FlushRig rig = await StartAsync(other, FirstKey, SecondKey);
        for (int i = 1; i <= 3; i++)
        {
            rig.Put(IntakeKind.Traces, units: i, sizeBytes: 1000 * i);
        }

        rig.Put(IntakeKind.Logs);
        Assert.Equal(new FlushReport(7, 0, 0), await rig.FlushAsync());
        Assert.Equal(4, rig.Intake.Requests.Count);
        Assert.All(other.Requests, static request => Assert.Equal(("/api/v0.2/traces", "gzip"), (request.Path, request.ContentEncoding)));
        long[] sizes = [.. rig.Intake.Requests.Where(static r => r.Path == "/api/v0.2/traces").Select(static r => r.BytesRaw)];
        foreach (string key in new[] { FirstKey, SecondKey })
        {
            ReceivedRequest[] copies = [.. other.Requests.Where(request => request.ApiKey!.EndsWith(key[^4..], StringComparison.Ordinal))];
            Assert.Equal(sizes, copies.Select(static copy => copy.BytesRaw));
        }

        SignalCounters traces = rig.Counters[Signal.Traces];
        Assert.Equal((6, 6, 0), (traces.Accepted, traces.Delivered, traces.DroppedInAll));
    }

    /// <summary>docs/spec/03-traces.md#45-sending: as traces, beside them.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("/api/v0.2/traces")]
    public async Task Statistics_go_to_the_same_places_as_traces(string path)
    {
        await using LocalIntake other = await LocalIntake.StartAsync();
        await using FlushRig rig = await FlushRig.StartAsync(
            FlushRig.Key, (Keys.AdditionalTraces, $$"""{"{{other.Url}}{{path}}":["{{FirstKey}}","{{SecondKey}}"]}"""));
        rig.Put(IntakeKind.Stats, units: 3, sizeBytes: 500);
        rig.Put(IntakeKind.Series);
        Assert.Equal(new FlushReport(4, 0, 0), await rig.FlushAsync());
        ReceivedRequest original = Assert.Single(rig.Intake.Requests, static request => request.Path == "/api/v0.2/stats");
        Assert.Equal(2, other.Requests.Count);
        Assert.All(other.Requests, copy => Assert.Equal(
            (original.Path, original.ContentEncoding, original.Headers["Content-Type"], original.BytesRaw),
            (copy.Path, copy.ContentEncoding, copy.Headers["Content-Type"], copy.BytesRaw)));
        Assert.Equal([FirstKey[^4..], SecondKey[^4..]], other.Requests.Select(static request => request.ApiKey![^4..]).Order());
        Assert.Equal((3, 3, 0), (rig.Counters[Signal.Stats].Accepted, rig.Counters[Signal.Stats].Delivered, rig.Counters[Signal.Stats].DroppedInAll));
    }

    [Theory]
    [InlineData(503)]
    [InlineData(403)]
    public async Task Trouble_with_a_copy_does_not_concern_the_original(int status)
    {
        await using LocalIntake other = await LocalIntake.StartAsync();
        await using FlushRig rig = await StartAsync(other, FirstKey);
        other.SetFault("*", IntakeFault.Status(status));
        rig.Put(IntakeKind.Traces, units: 5);
        Assert.Equal(new FlushReport(5, 0, 0), await rig.FlushAsync());
        other.ClearFault();
        rig.Time.Jump(TimeSpan.FromSeconds(3));
        Assert.Equal(default, await rig.FlushAsync());
        Assert.Equal(status == 503 ? 4 : 1, other.Requests.Count);
        Assert.Single(rig.Intake.Requests);
        SignalCounters traces = rig.Counters[Signal.Traces];
        Assert.Equal((5, 5, 0, 0), (traces.Accepted, traces.Delivered, traces.DroppedInAll, traces.Retried));
        Assert.Contains(rig.Lines, line => line.Contains(other.Url, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Trouble_with_the_original_does_not_concern_the_copy()
    {
        await using LocalIntake other = await LocalIntake.StartAsync();
        await using FlushRig rig = await StartAsync(other, FirstKey);
        rig.Intake.SetFault("*", IntakeFault.Status(500));
        rig.Put(IntakeKind.Traces, units: 5);
        Assert.Equal(new FlushReport(0, 0, 5), await rig.FlushAsync());
        rig.Intake.ClearFault();
        rig.Time.Jump(TimeSpan.FromSeconds(3));
        Assert.Equal(new FlushReport(5, 0, 0), await rig.FlushAsync());
        Assert.Single(other.Requests);
        Assert.Equal(4, rig.Intake.Requests.Count);
    }

    [Fact]
    public async Task A_copy_that_hangs_holds_up_nothing_but_itself()
    {
        await using LocalIntake other = await LocalIntake.StartAsync();
        await using FlushRig rig = await StartAsync(other, FirstKey);
        other.SetFault("*", IntakeFault.Hang);
        rig.Put(IntakeKind.Traces, units: 1);
        rig.Put(IntakeKind.Traces, units: 1);
        rig.Put(IntakeKind.Logs, units: 1);
        Assert.Equal(new FlushReport(3, 0, 0), await rig.FlushAsync(seconds: 4));
        Assert.Equal(3, rig.Intake.Requests.Count);
    }

    [Fact]
    public async Task Copies_have_keys_of_their_own()
    {
        await using LocalIntake other = await LocalIntake.StartAsync();
        await using FlushRig rig = await StartWithAsync(null, other, FirstKey);
        rig.Put(IntakeKind.Traces, units: 5);
        Assert.Equal(new FlushReport(0, 5, 0), await rig.FlushAsync());
        Assert.Single(other.Requests);
        Assert.Equal(5, rig.Counters[Signal.Traces].DroppedFor(DropReason.NoApiKey));
    }

    [Fact]
    public async Task Where_room_is_short_copies_go_first()
    {
        const int SizeBytes = 1_500_000;
        await using LocalIntake other = await LocalIntake.StartAsync();
        await using FlushRig rig = await StartAsync(other, FirstKey, SecondKey);
        rig.Intake.SetFault("*", IntakeFault.Status(503));
        other.SetFault("*", IntakeFault.Status(503));
        for (int i = 0; i < 4; i++)
        {
            rig.Put(IntakeKind.Traces, sizeBytes: SizeBytes);
        }

        Assert.Equal(new FlushReport(0, 0, 4), await rig.FlushAsync());
        rig.Intake.ClearFault();
        rig.Time.Jump(TimeSpan.FromSeconds(3));
        Assert.Equal(new FlushReport(4, 0, 0), await rig.FlushAsync());
        Assert.Equal(0, rig.Counters[Signal.Traces].DroppedInAll);
    }

    /// <summary>docs/spec/04-metrics-logs.md B.13: all that is made of metrics, each kind to its own path below the address.</summary>
    [Theory]
    [InlineData(IntakeKind.Series, IntakePaths.Series)]
    [InlineData(IntakeKind.Sketches, IntakePaths.Sketches)]
    [InlineData(IntakeKind.Events, IntakePaths.Events)]
    [InlineData(IntakeKind.ServiceChecks, IntakePaths.ServiceChecks)]
    public async Task B13_metrics_go_to_every_address_and_key(IntakeKind kind, string path)
    {
        await using LocalIntake other = await LocalIntake.StartAsync();
        string endpoints = $$"""{"{{other.Url}}/":["{{FirstKey}}","{{SecondKey}}"],"not a url":["{{FirstKey}}"]}""";
        await using FlushRig rig = await FlushRig.StartAsync(FlushRig.Key, (Keys.AdditionalMetrics, endpoints));
        rig.Put(kind, units: 5);
        Assert.Equal(new FlushReport(5, 0, 0), await rig.FlushAsync());
        Assert.Equal((path, 202), (rig.Intake.Requests.Single().Path, rig.Intake.Requests.Single().Status));
        Assert.Equal([(path, 202), (path, 202)], other.Requests.Select(static request => (request.Path, request.Status)));
        Assert.Equal([FirstKey[^4..], SecondKey[^4..]], other.Requests.Select(static request => request.ApiKey![^4..]).Order());
        Assert.Contains("not a url", Assert.Single(rig.Settings.Errors), StringComparison.Ordinal);

        // Traces and logs have addresses of their own.
        rig.Put(IntakeKind.Traces);
        rig.Put(IntakeKind.Logs);
        await rig.FlushAsync();
        Assert.Equal(2, other.Requests.Count);
    }

    private static Task<FlushRig> StartAsync(LocalIntake other, params string[] keys) => StartWithAsync(FlushRig.Key, other, keys);

    private static Task<FlushRig> StartWithAsync(string? mainKey, LocalIntake other, params string[] keys)
    {
        string list = string.Join(',', keys.Select(static key => $"\"{key}\""));
        return FlushRig.StartAsync(mainKey, (Keys.AdditionalTraces, $$"""{"{{other.Url}}":[{{list}}]}"""));
    }
}
