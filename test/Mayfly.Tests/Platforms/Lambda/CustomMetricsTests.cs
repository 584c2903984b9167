using System.Net;
using System.Net.Sockets;
using System.Text;
using Mayfly.Config;
using Mayfly.Diagnostics;
using Mayfly.Local.Intake;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda;

/// <summary>The whole agent with DogStatsD clients: what Lambda adds to their metrics (docs/spec/04-metrics-logs.md A.7, A.8, B.7, B.13).</summary>
public class CustomMetricsTests
{
    private const string Packet =
        "x:1|c|#a\nx:2|d|#a\njvm.heap:3|g\naws.lambda.enhanced.errors:1|d\naws.lambda.enhanced.invocations:1|d\n_e{1,1}:t|b|#a\n_sc|db|0|#a";

    /// <summary>All lines but the metric that is the agent's own.</summary>
    private const int Taken = 6;

    [Fact]
    public async Task A7_clients_metrics_events_and_checks_have_the_function_s_tags()
    {
        await using AgentRig rig = await RunAsync((Keys.Tags, "team:b"), (Keys.DogStatsdTags, "from:client"));
        string[] tags = ["a", "from:client", "region:us-east-1", "functionname:my-fn", "team:b"];
        foreach (IReadOnlyList<string> found in Tags(rig))
        {
            Assert.Empty(tags.Except(found));
            Assert.Contains(found, static tag => tag.StartsWith("function_arn:", StringComparison.Ordinal));
            Assert.Equal(found.Order(StringComparer.Ordinal), found);
        }

        // What the platform says has no client's tags.
        Assert.DoesNotContain("from:client", rig.Intake.Metrics.First(static one => one.Name == "aws.lambda.enhanced.runtime_duration").Tags);
        Assert.Equal(1, rig.Metric("errors").Count);
        Assert.Equal(1, rig.Metric("invocations").Count);
    }

    /// <summary>Of the reference the origin is lost with the tag.</summary>
    [Fact]
    public async Task A7_excluded_tags_are_not_sent_and_the_origin_stays()
    {
        await using AgentRig rig = await RunAsync((Keys.ExcludedMetricTags, "function_arn, region"), (Keys.Tags, "team:b"));
        foreach (IReadOnlyList<string> found in Tags(rig))
        {
            Assert.DoesNotContain(found, static tag => tag.StartsWith("function_arn:", StringComparison.Ordinal) || tag.StartsWith("region:", StringComparison.Ordinal));
            Assert.Contains("team:b", found);
        }

        Assert.DoesNotContain(rig.Intake.Metrics, static one => one.Tags.Contains("region:us-east-1"));
        Assert.All(rig.Intake.Metrics, static one => Assert.Equal((1u, 38u), (one.Origin!.Value.Product, one.Origin.Value.Category)));
        Assert.Contains(rig.Intake.Logs, static log => log.Tags.Contains("region:us-east-1"));
    }

    [Fact]
    public async Task A8_the_namespace_is_that_of_the_user_s_metrics_only()
    {
        await using AgentRig rig = await RunAsync((Keys.MetricNamespace, "ns"), (Keys.MetricBlocklist, "ns.blocked"));
        string[] names = [.. rig.Intake.Metrics.Select(static one => one.Name).Distinct()];
        Assert.Equal(["jvm.heap", "ns.x"], names.Where(static name => !name.StartsWith("aws.lambda.enhanced.", StringComparison.Ordinal)).Order());
        Assert.DoesNotContain(names, static name => name.StartsWith("ns.aws", StringComparison.Ordinal));
        Assert.Equal(1, rig.Metric("errors").Count);
        Dictionary<string, uint> services = rig.Intake.Metrics.DistinctBy(static one => one.Name).ToDictionary(static one => one.Name, static one => one.Origin!.Value.Service);
        Assert.Equal((472u, 474u, 473u), (services["ns.x"], services["jvm.heap"], services["aws.lambda.enhanced.runtime_duration"]));
    }

    /// <summary>Enhanced metrics too.</summary>
    [Fact]
    public async Task B13_everything_goes_to_every_additional_endpoint()
    {
        await using LocalIntake other = await LocalIntake.StartAsync();
        await using AgentRig rig = await RunAsync((Keys.AdditionalMetrics, $$"""{"{{other.Url}}":["other-key-0000000000000000000000"]}"""));
        string[] Shown(LocalIntake intake) =>
        [
            .. intake.Metrics.Select(static one => $"{one.Name} {one.Type} {one.Points.Sum(static p => p.Value)} {one.Sketches.Sum(static s => s.Sum)}")
                .Concat(intake.Events.Select(static one => one.Title)).Concat(intake.ServiceChecks.Select(static one => one.Name)).Order(StringComparer.Ordinal),
        ];
        Assert.True(await other.WaitUntilAsync(intake => Shown(intake).Length == Shown(rig.Intake).Length, TimeSpan.FromSeconds(20)));
        Assert.Equal(Shown(rig.Intake), Shown(other));
        Assert.Empty(other.Logs);
        rig.AssertSums();
    }

    [Fact]
    public async Task A1_DogStatsD_can_be_off()
    {
        await using AgentRig rig = await AgentRig.StartAsync(null, (Keys.UseDogStatsd, "false"));
        await rig.Platform.NextAskedAsync(1);
        Assert.Equal(0, rig.Settings.DogStatsd.Port);
        Assert.DoesNotContain("DogStatsD", rig.Output, StringComparison.Ordinal);
        rig.Platform.Shutdown();
        Assert.Equal(0, await rig.EndAsync());
    }

    private static async Task<AgentRig> RunAsync(params (string, string)[] variables)
    {
        AgentRig rig = await AgentRig.StartAsync(null, variables);
        await rig.Platform.NextAskedAsync(1);
        rig.Platform.Invoke("r1", TimeSpan.FromSeconds(30));
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        client.SendTo(Encoding.UTF8.GetBytes(Packet), new IPEndPoint(IPAddress.Loopback, rig.Settings.DogStatsd.Port));

        // The end of the invocation takes what has come in, on a busy machine not what the kernel is still to hand over.
        using var over = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(2));
        while (rig.Agent.Counters[Signal.Metrics].Accepted < Taken)
        {
            await tick.WaitForNextTickAsync(over.Token);
        }

        await rig.RuntimeDoneAsync("r1");
        await rig.Platform.NextAskedAsync(2);
        rig.Platform.Shutdown();
        Assert.Equal(0, await rig.EndAsync());
        Assert.Equal(0, rig.Agent.Counters[Signal.Metrics].Buffered);
        return rig;
    }

    private static IEnumerable<IReadOnlyList<string>> Tags(AgentRig rig) =>
    [
        .. rig.Intake.Metrics.Where(static one => one.Name is "x" or "ns.x").Select(static one => one.Tags),
        Assert.Single(rig.Intake.Events).Tags,
        Assert.Single(rig.Intake.ServiceChecks).Tags,
    ];
}
