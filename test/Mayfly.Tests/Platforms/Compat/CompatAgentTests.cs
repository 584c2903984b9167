using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Mayfly.Config;
using Mayfly.Diagnostics;
using Mayfly.Local.Intake;
using Mayfly.Testing;
using Mayfly.Tests.Http;
using Xunit;

namespace Mayfly.Tests.Platforms.Compat;

/// <summary>docs/spec/06-compat-and-init.md A2, A6, A7, A13.3 and F9: the life of the agent.</summary>
public class CompatAgentTests
{
    /// <summary>G1: the reference loses all of it.</summary>
    [Fact]
    public async Task G1_What_was_accepted_right_before_the_end_arrives()
    {
        await using CompatRig rig = await CompatRig.StartAsync(CompatRig.Azure, (Keys.LogsEnabled, "true"), (Keys.FlushStrategy, "periodically,3600000"));
        await rig.ReadyAsync();
        await rig.SendMetricAsync("orders:2|c");
        Assert.True(await rig.WaitAsync(() => rig.Agent.Counters[Signal.Metrics].Accepted >= 1));
        await rig.SendLogAsync("""[{"message":"hello","timestamp":1700000000000,"lambda":{"arn":"x"}}]""");
        await rig.SendTraceAsync(new SampleSpan { TraceId = 77 });
        Assert.Equal(0, await rig.StopAsync());
        Assert.Single(rig.Intake.Spans, static span => span.TraceId == 77);
        Assert.Single(rig.Intake.Metrics, static metric => metric.Name == "orders" && metric.Total == 2);
        Assert.Single(rig.Intake.Logs, static log => log.Message == "hello");
        rig.AssertSums();
    }

    [Fact]
    public async Task Sends_by_the_clock()
    {
        await using CompatRig rig = await CompatRig.StartAsync(CompatRig.Azure, (Keys.FlushStrategy, "continuously,300"));
        await rig.ReadyAsync();
        for (ulong trace = 1; trace <= 3; trace++)
        {
            await rig.SendTraceAsync(new SampleSpan { TraceId = trace });
            Assert.True(await rig.Intake.WaitUntilAsync(intake => intake.Spans.Any(span => span.TraceId == trace), TimeSpan.FromSeconds(20)), rig.Output);
        }
    }

    /// <summary>A hanging intake costs the budget and no more.</summary>
    [Theory]
    [InlineData(false, "could not be sent within the shutdown budget")]
    [InlineData(true, "wait on disk for the next start of the agent")]
    public async Task Ends_within_its_budget_when_the_intake_hangs(bool spools, string expected)
    {
        await using CompatRig rig = await CompatRig.StartAsync(CompatRig.Azure, (CompatKeys.ShutdownBudget, "0.6"), (Keys.Spool, spools ? "true" : "false"));
        await rig.ReadyAsync();
        rig.Intake.SetFault("*", IntakeFault.Hang);
        await rig.SendTraceAsync(new SampleSpan());
        var watch = System.Diagnostics.Stopwatch.StartNew();
        Assert.Equal(0, await rig.StopAsync());
        Assert.InRange(watch.Elapsed.TotalSeconds, 0.3, 5);
        Assert.Contains(expected, rig.Output, StringComparison.Ordinal);
        rig.AssertSums();
    }

    /// <summary>F9, first sentence; L3, L4.</summary>
    [Fact]
    public async Task F9_The_sentinel_is_there_while_the_agent_listens()
    {
        await using CompatRig rig = await CompatRig.StartAsync(CompatRig.LambdaLite);
        Assert.True(await rig.WaitAsync(() => File.Exists(rig.Sentinel)), rig.Output);
        Assert.True(await CompatRig.IsServedAsync(rig.TracePort));
        Assert.Equal(0, new FileInfo(rig.Sentinel).Length);
        Assert.Single(Directory.GetFiles(Path.GetDirectoryName(rig.Sentinel)!));
        Assert.Equal(0, await rig.StopAsync());
        Assert.False(File.Exists(rig.Sentinel));
    }

    /// <summary>L5, and F9 "with on-demand → file absent".</summary>
    [Theory]
    [InlineData("on-demand")]
    [InlineData("azure")]
    public async Task L5_There_is_no_sentinel_elsewhere(string row)
    {
        (string, string)[] platform = row == "azure" ? CompatRig.Azure : [(Keys.InitializationType, row), (Keys.FunctionName, "fn")];
        await using CompatRig rig = await CompatRig.StartAsync(platform);
        await rig.ReadyAsync();
        await rig.SendTraceAsync(new SampleSpan());
        Assert.Equal(0, await rig.StopAsync());
        Assert.False(Directory.Exists(Path.GetDirectoryName(rig.Sentinel)));
    }

    /// <summary>L7, and F9 "with unwritable /tmp/datadog".</summary>
    [Fact]
    public async Task L7_A_sentinel_that_cannot_be_written_costs_one_line()
    {
        await using CompatRig rig = await CompatRig.StartAsync(CompatRig.LambdaLite, [], blockSentinel: true);
        await rig.ReadyAsync();
        Assert.True(await rig.WaitAsync(() => rig.Output.Contains("ERROR", StringComparison.Ordinal)));
        Assert.Equal(0, await rig.StopAsync());
        string line = Assert.Single(rig.Output.Split('\n'), static line => line.Contains("| ERROR |", StringComparison.Ordinal));
        Assert.Contains(rig.Sentinel, line, StringComparison.Ordinal);
        Assert.Contains("Node tracers", line, StringComparison.Ordinal);
    }

    /// <summary>A13.3: a second start leaves file and owner alone.</summary>
    [Fact]
    public async Task F9_A_second_start_ends_quietly()
    {
        await using CompatRig first = await CompatRig.StartAsync(CompatRig.LambdaLite);
        Assert.True(await first.WaitAsync(() => File.Exists(first.Sentinel)));
        await using CompatRig second = await CompatRig.StartAsync(
            CompatRig.LambdaLite,
            [(Keys.TracePort, first.TracePort.ToString(System.Globalization.CultureInfo.InvariantCulture))],
            sentinel: first.Sentinel,
            patience: TimeSpan.FromSeconds(10));
        Assert.Equal(0, await second.Running.WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.True(File.Exists(first.Sentinel));
        Assert.DoesNotContain("ERROR", second.Output, StringComparison.Ordinal);
        Assert.Single(second.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    /// <summary>A13.3 and G7: a stale file goes, metrics are served, and traces as soon as the port is free.</summary>
    [Fact]
    public async Task F9_A_foreign_listener_costs_traces_until_it_goes()
    {
        // Not one that the system may give to somebody else as soon as it is free.
        int free = FreePorts.One();
        using var foreign = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        foreign.Bind(new IPEndPoint(IPAddress.Loopback, free));
        foreign.Listen();
        string port = free.ToString(System.Globalization.CultureInfo.InvariantCulture);
        await using CompatRig rig = await CompatRig.StartAsync(CompatRig.LambdaLite, [(Keys.TracePort, port)], leftOver: true);
        Assert.True(await rig.WaitAsync(() => rig.Output.Contains("was left over and is removed", StringComparison.Ordinal)), rig.Output);
        Assert.False(File.Exists(rig.Sentinel));

        // The line is said before the port for metrics is bound: what is sent too early is lost.
        Assert.True(await CompatRig.WaitAsync(() => MetricArrivesAsync(rig)), rig.Output);
        foreign.Close();
        Assert.True(await rig.WaitAsync(() => File.Exists(rig.Sentinel)), rig.Output);
        await rig.SendTraceAsync(new SampleSpan { TraceId = 5 });
        Assert.Equal(0, await rig.StopAsync());
        Assert.Single(rig.Intake.Spans, static span => span.TraceId == 5);
        Assert.Contains(rig.Intake.Metrics, static metric => metric.Name == "early");
    }

    /// <summary>G7: the reference aborts.</summary>
    [Fact]
    public async Task G7_A_UDP_port_that_is_taken_is_tried_again()
    {
        int free = FreePorts.One();
        using var foreign = new UdpClient(new IPEndPoint(IPAddress.Loopback, free));
        string port = free.ToString(System.Globalization.CultureInfo.InvariantCulture);
        await using CompatRig rig = await CompatRig.StartAsync(CompatRig.Azure, (Keys.DogStatsdPort, port));
        await rig.ReadyAsync();
        foreign.Close();
        Assert.True(await rig.WaitAsync(() => rig.Output.Contains("is free now", StringComparison.Ordinal)), rig.Output);
        await rig.SendMetricAsync("late:1|c");
        Assert.True(await rig.WaitAsync(() => rig.Agent.Counters[Signal.Metrics].Accepted >= 1), rig.Output);
    }

    /// <summary>A4.1 check 4, and F4.</summary>
    [Theory]
    [InlineData("FlexConsumption", null, 1)]
    [InlineData("FlexConsumption", " ", 1)]
    [InlineData("FlexConsumption", "test-resource-group", 0)]
    [InlineData("ElasticPremium", null, 0)]
    public async Task F4_Flex_needs_the_resource_group(string sku, string? group, int exitCode)
    {
        await using CompatRig rig = await CompatRig.StartAsync(CompatRig.Azure, (PlatformKeys.WebsiteSku, sku), (CompatKeys.AzureResourceGroup, group!));
        if (exitCode == 0)
        {
            await rig.ReadyAsync();
            rig.Agent.Stop();
        }

        Assert.Equal(exitCode, await rig.Running.WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.Equal(exitCode == 1, rig.Output.Contains("DD_AZURE_RESOURCE_GROUP is not set", StringComparison.Ordinal));
    }

    /// <summary>A7: /info.</summary>
    [Theory]
    [InlineData("false", true)]
    [InlineData("true", false)]
    public async Task Info_says_who_computes_statistics(string computes, bool mayDrop)
    {
        await using CompatRig rig = await CompatRig.StartAsync(CompatRig.Azure, (CompatKeys.StatsComputation, computes));
        await rig.ReadyAsync();
        RawAnswer answer = await RawHttp.OnceAsync(rig.TracePort, "GET /info HTTP/1.1\r\nHost: localhost\r\n\r\n");
        using var info = JsonDocument.Parse(answer.Body);
        Assert.Equal(mayDrop, info.RootElement.GetProperty("client_drop_p0s").GetBoolean());
        JsonElement config = info.RootElement.GetProperty("config");
        Assert.Equal(rig.TracePort, config.GetProperty("receiver_port").GetInt32());
        Assert.Equal(rig.Settings.DogStatsd.Port, config.GetProperty("statsd_port").GetInt32());
        string[] endpoints = [.. info.RootElement.GetProperty("endpoints").EnumerateArray().Select(static one => one.GetString()!)];
        Assert.Empty(new[] { "/v0.4/traces", "/v0.6/stats", "/info", "/v0.1/pipeline_stats", "/profiling/v1/input" }.Except(endpoints));
    }

    /// <summary>A11 and F8.</summary>
    [Fact]
    public async Task F8_Logs_come_in_only_when_asked_for()
    {
        await using CompatRig without = await CompatRig.StartAsync(CompatRig.Azure);
        await without.ReadyAsync();
        await Assert.ThrowsAnyAsync<SocketException>(() => without.SendLogAsync("[]"));
        await using CompatRig rig = await CompatRig.StartAsync(CompatRig.Azure, (Keys.LogsEnabled, "true"), (Keys.Env, "dev"));
        await rig.ReadyAsync();
        await rig.SendLogAsync("[]");
        Assert.Equal(400, (await rig.PostAsync(rig.Compat.LogsPort, "/v1/input", """[{"message":"x"}]"""u8.ToArray())).Status);
        Assert.Equal(404, (await rig.PostAsync(rig.Compat.LogsPort, "/x", "[]"u8.ToArray())).Status);
        Assert.Equal(405, (await RawHttp.OnceAsync(rig.Compat.LogsPort, "GET /v1/input HTTP/1.1\r\nHost: localhost\r\n\r\n")).Status);
    }

    private static async Task<bool> MetricArrivesAsync(CompatRig rig)
    {
        await rig.SendMetricAsync("early:1|c");
        return rig.Agent.Counters[Signal.Metrics].Accepted >= 1;
    }
}
