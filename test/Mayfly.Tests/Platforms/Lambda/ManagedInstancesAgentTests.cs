using Mayfly.Config;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda;

/// <summary>The agent on managed instances: docs/spec/01-lambda-lifecycle.md 1.2, 1.4, 1.7 and docs/spec/07-observed-clients.md 7.7, over real sockets.</summary>
public class ManagedInstancesAgentTests
{
    private const string Kind = "lambda-managed-instances";

    /// <summary>TV2, last sentence; 7.7.</summary>
    [Fact]
    public async Task Registers_for_SHUTDOWN_only_and_subscribes_to_its_own_schema()
    {
        await using AgentRig rig = await StartAsync();
        await rig.Platform.NextAskedAsync(1);
        Assert.Equal("""{"events":["SHUTDOWN"]}""", rig.Platform.Calls[0].Body);
        await rig.Platform.CalledAsync("/2022-07-01/telemetry");
        PlatformCall subscription = rig.Platform.Calls.Single(static call => call.Path.EndsWith("/telemetry", StringComparison.Ordinal));
        Assert.Contains("\"schemaVersion\":\"2025-01-29\"", subscription.Body, StringComparison.Ordinal);
        rig.Platform.Shutdown();
        Assert.Equal(0, await rig.EndAsync());
    }

    /// <summary>1.7, Flush: data leaves while the sandbox runs, in the configured interval.</summary>
    [Fact]
    public async Task Data_is_sent_in_the_background()
    {
        await using AgentRig rig = await StartAsync((Keys.FlushStrategy, "continuously,50"));
        await rig.Platform.NextAskedAsync(1);
        await InvokeAsync(rig, "r1");
        await InvokeAsync(rig, "r2");
        using var over = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(5));

        // Metrics of the ten seconds that are still running stay until they are over.
        while (rig.Intake.Spans.Count(static span => span.Name == "aws.lambda") < 2)
        {
            await tick.WaitForNextTickAsync(over.Token);
        }

        Assert.Equal(1, rig.Platform.NextCalls);
        Assert.All(rig.Intake.Spans, static span => Assert.False(span.Meta.ContainsKey("cold_start")));
        rig.Platform.Shutdown();
        Assert.Equal(0, await rig.EndAsync());
        Assert.Equal((2, 2, 1, 0), (rig.Metric("invocations").Count, rig.Metric("duration").Count, rig.Metric("shutdowns").Count, rig.Metric("billed_duration").Count));
        rig.AssertSums();
    }

    /// <summary>What no interval has sent goes with SHUTDOWN; limits and peaks are told once, there.</summary>
    [Fact]
    public async Task SHUTDOWN_sends_the_rest()
    {
        await using AgentRig rig = await StartAsync();
        await rig.Platform.NextAskedAsync(1);
        await InvokeAsync(rig, "r1");
        Assert.Empty(rig.Intake.Requests);
        rig.Platform.Shutdown();
        Assert.Equal(0, await rig.EndAsync());
        Assert.Single(rig.Intake.Spans, static span => span.Name == "aws.lambda");
        Assert.Equal((1, 1), (rig.Metric("fd_max").Count, rig.Metric("threads_max").Count));
    }

    /// <summary>An INVOKE is no reason to end; nor is an answer that is none.</summary>
    [Fact]
    public async Task An_INVOKE_is_ignored()
    {
        await using AgentRig rig = await StartAsync();
        rig.Platform.Invoke("r1", TimeSpan.FromSeconds(30));
        rig.Platform.AnswerNext("");
        await rig.Platform.NextAskedAsync(3);
        rig.Platform.Shutdown();
        Assert.Equal(0, await rig.EndAsync());
        Assert.Equal((0, 1), (rig.Metric("invocations").Count, rig.Metric("unused_init").Count));
    }

    /// <summary>1.7, Flush: a warning if a strategy was configured that has no effect.</summary>
    [Theory]
    [InlineData("end", true)]
    [InlineData("periodically,100", true)]
    [InlineData("continuously,60000", false)]
    [InlineData("default", false)]
    public async Task A_strategy_without_effect_is_named(string strategy, bool isNamed)
    {
        await using AgentRig rig = await StartAsync((Keys.FlushStrategy, strategy));
        rig.Platform.Shutdown();
        Assert.Equal(0, await rig.EndAsync());
        Assert.Equal(isNamed, rig.Output.Contains("DD_SERVERLESS_FLUSH_STRATEGY has no effect on managed instances", StringComparison.Ordinal));
    }

    /// <summary>3.5, start without id: said once, because spans are missing.</summary>
    [Fact]
    public async Task Calls_that_are_nobodys_are_reported_once()
    {
        await using AgentRig rig = await StartAsync();
        await rig.TelemetryAsync(Record("start", "r1"));
        await rig.TelemetryAsync(Record("start", "r2"));
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(200, (await rig.PostAsync(rig.Settings.Listeners.LifecyclePort, "/lambda/start-invocation", "{}")).Status);
        }

        rig.Platform.Shutdown();
        Assert.Equal(0, await rig.EndAsync());
        Assert.Single(rig.Output.Split('\n'), static line => line.Contains("without lambda-runtime-aws-request-id", StringComparison.Ordinal));
    }

    private static Task<AgentRig> StartAsync(params (string Name, string Value)[] more) => AgentRig.StartAsync(null, [(Keys.InitializationType, Kind), .. more]);

    private static async Task InvokeAsync(AgentRig rig, string id)
    {
        string header = "lambda-runtime-aws-request-id: " + id;
        int port = rig.Settings.Listeners.LifecyclePort;
        await rig.TelemetryAsync(Record("start", id));
        Assert.Equal(200, (await rig.PostAsync(port, "/lambda/start-invocation", "{}", header)).Status);
        Assert.Equal(200, (await rig.PostAsync(port, "/lambda/end-invocation", "{}", header, "x-datadog-trace-id: 9", "x-datadog-span-id: 7")).Status);
        await rig.TelemetryAsync(Record("report", id));
    }

    private static string Record(string kind, string id) =>
        $$$$"""[{"time":"2025-09-19T19:36:50.881Z","type":"platform.{{{{kind}}}}","record":{"requestId":"{{{{id}}}}","status":"success","metrics":{"durationMs":1.148}}}]""";
}
