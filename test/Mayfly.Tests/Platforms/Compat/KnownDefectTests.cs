using System.Net;
using System.Net.NetworkInformation;
using Mayfly.Config;
using Mayfly.Diagnostics;
using Mayfly.Local.Intake;
using Mayfly.Testing;
using Mayfly.Tests.Config;
using Mayfly.Tests.Http;
using Xunit;

namespace Mayfly.Tests.Platforms.Compat;

/// <summary>
/// docs/spec/06-compat-and-init.md G, the mini agent's entries that no other test of this folder names (1: CompatAgentTests; 2: ModeDetectorTests; 7, 20: CompatAgentTests;
/// 10, 11, 17: CompatTagsTests; 12: AzureMetricsTests; 13: GoogleMetadataTests; 14: AzureSiteTests).
/// </summary>
public class KnownDefectTests
{
    /// <summary>Between 3.2 and 10 MiB, which blocks the mini agent's queue for ever; what comes behind it arrives too.</summary>
    [Fact]
    public async Task G3_A_large_body_blocks_nothing()
    {
        await using CompatRig rig = await CompatRig.StartAsync(CompatRig.Azure);
        await rig.ReadyAsync();
        string text = new('x', 10_000);
        SampleSpan[] trace = [.. Enumerable.Range(1, 500).Select(id => new SampleSpan { TraceId = 1, SpanId = (ulong)id, Meta = new Dictionary<string, string> { ["big"] = text } })];
        Assert.InRange(SampleSpan.V04(trace).Length, 3_355_444, 10 * 1024 * 1024);
        await rig.SendTraceAsync(trace);
        await rig.SendTraceAsync(new SampleSpan { TraceId = 2 });
        Assert.Equal(0, await rig.StopAsync());
        Assert.Equal(501, rig.Intake.Spans.Count);
    }

    [Fact]
    public async Task G4_An_intake_that_hangs_holds_up_no_tracer()
    {
        await using CompatRig rig = await CompatRig.StartAsync(CompatRig.Azure, (Keys.FlushStrategy, "continuously,100"), (CompatKeys.ShutdownBudget, "0.2"));
        await rig.ReadyAsync();
        rig.Intake.SetFault("*", IntakeFault.Hang);
        var times = new List<TimeSpan>();
        for (ulong trace = 1; trace <= 200; trace++)
        {
            var watch = System.Diagnostics.Stopwatch.StartNew();
            await rig.SendTraceAsync(new SampleSpan { TraceId = trace });
            times.Add(watch.Elapsed);
            await Task.Delay(5);
        }

        // A busy machine may stand still now and then; an intake that is waited for holds up more of them.
        Assert.InRange(times.Order().ElementAt(^3).TotalSeconds, 0, 3);
        await rig.StopAsync();
        rig.AssertSums();
    }

    /// <summary>Also in its larger form: with the switches, everywhere.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task G8_It_is_reached_from_this_host_only(bool isOpened)
    {
        string value = isOpened ? "true" : "";
        await using CompatRig rig = await CompatRig.StartAsync(
            CompatRig.Azure, (Keys.LogsEnabled, "true"), (CompatKeys.TraceNonLocal, value), (CompatKeys.LogsNonLocal, value), (Keys.DogStatsdNonLocal, value));
        await rig.ReadyAsync();
        var system = IPGlobalProperties.GetIPGlobalProperties();
        int[] tcp = [rig.TracePort, rig.Compat.LogsPort];
        IPEndPoint[] bound =
        [
            .. system.GetActiveTcpListeners().Where(one => tcp.Contains(one.Port)),
            .. system.GetActiveUdpListeners().Where(one => one.Port == rig.Settings.DogStatsd.Port),
        ];
        Assert.Equal(3, bound.Select(static one => one.Port).Distinct().Count());
        Assert.All(bound, one => Assert.Equal(!isOpened, IPAddress.IsLoopback(one.Address)));
    }

    [Fact]
    public async Task G8_A_log_body_in_chunks_has_a_limit()
    {
        await using CompatRig rig = await CompatRig.StartAsync(CompatRig.Azure, (Keys.LogsEnabled, "true"));
        await rig.ReadyAsync();
        using var client = new RawHttp(rig.Compat.LogsPort);
        await client.SendAsync("POST /v1/input HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
        string chunk = $"{64 * 1024:x}\r\n{new string(' ', 64 * 1024)}\r\n";
        try
        {
            for (int i = 0; i < 65; i++)
            {
                await client.SendAsync(chunk);
            }
        }
        catch (IOException)
        {
            // Refused before all of it was read.
        }

        Assert.Equal(413, (await client.ReadAsync()).Status);
    }

    /// <summary>What the mini agent answers with 404.</summary>
    [Fact]
    public async Task G15_Everything_that_tracers_send_is_served()
    {
        await using CompatRig rig = await CompatRig.StartAsync(CompatRig.Azure);
        await rig.ReadyAsync();
        Assert.Equal(200, (await rig.PostAsync(rig.TracePort, "/v0.5/traces", SampleSpan.V05([new SampleSpan { TraceId = 5 }]), "Content-Type: application/msgpack")).Status);
        Assert.Equal(200, (await rig.PostAsync(rig.TracePort, "/telemetry/proxy/api/v2/apmtelemetry", "{}"u8.ToArray())).Status);
        Assert.Equal(200, (await rig.PostAsync(rig.TracePort, "/evp_proxy/v2/api/v2/llmobs", "{}"u8.ToArray(), "X-Datadog-EVP-Subdomain: llmobs-intake")).Status);
        Assert.Equal(200, (await rig.PostAsync(rig.TracePort, "/dogstatsd/v2/proxy", "over.http:1|c"u8.ToArray())).Status);
        Assert.Equal(0, await rig.StopAsync());
        Assert.Single(rig.Intake.Spans);
        Assert.Single(rig.Intake.Metrics, static metric => metric.Name == "over.http");
        Assert.Contains(rig.Intake.Requests, static request => request.Path == "/api/v2/apmtelemetry");
        Assert.Contains(rig.Intake.Requests, static request => request.Path == "/api/v2/llmobs");
    }

    /// <summary>A2, log levels: launchers share the variable.</summary>
    [Theory]
    [InlineData("warning", LogLevel.Warn, 0)]
    [InlineData("critical", LogLevel.Error, 0)]
    [InlineData("Fatal", LogLevel.Error, 0)]
    [InlineData("information", LogLevel.Info, 0)]
    [InlineData("none", LogLevel.Off, 0)]
    [InlineData("OFF", LogLevel.Off, 0)]
    [InlineData("verbose", LogLevel.Info, 1)]
    public void G18_Words_for_log_levels(string word, LogLevel expected, int warnings)
    {
        Settings settings = Environments.Read((Keys.LogLevel, word));
        Assert.Equal((expected, warnings), (settings.LogLevel, settings.Warnings.Count));
    }
}
