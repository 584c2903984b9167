using Mayfly.EndToEnd.Agents;
using Mayfly.EndToEnd.Platform;
using Mayfly.Local.Intake;
using Xunit;

namespace Mayfly.EndToEnd;

/// <summary>Where the running agent sends logs, and in which form (docs/spec/04-metrics-logs.md C.1, C.11).</summary>
public class LogIntakeTests
{
    private const string OtherKey = "11111111111111111111111111111aaa";

    public static TheoryData<string> Agents => AgentUnderTest.Names;

    /// <summary>The worker gets plain JSON at its very address; the intake beside it what every intake gets.</summary>
    [Theory, MemberData(nameof(Agents))]
    public async Task C11_an_Observability_Pipelines_Worker_and_an_additional_intake(string agent)
    {
        await using LocalIntake worker = await LocalIntake.StartAsync();
        await using LocalIntake other = await LocalIntake.StartAsync();
        ScriptedSandbox sandbox = await RunAsync(
            agent,
            ("DD_OBSERVABILITY_PIPELINES_WORKER_LOGS_ENABLED", "true"),
            ("DD_OBSERVABILITY_PIPELINES_WORKER_LOGS_URL", worker.Url + "/api/v2/logs"),
            ("DD_LOGS_CONFIG_ADDITIONAL_ENDPOINTS", $$"""[{"api_key":"{{OtherKey}}","Host":"http://127.0.0.1","Port":{{other.Port}}},{"Host":"x"}]"""));
        await using (sandbox)
        {
            Assert.Empty(sandbox.Intake.Logs);
            Assert.Contains(worker.Logs, static log => log.Message == "hello");
            Assert.Equal(worker.Logs, other.Logs);
            Assert.All(worker.Requests, static request =>
            {
                Assert.Equal(("/api/v2/logs", null), (request.Path, request.ContentEncoding));
                Assert.False(request.Headers.ContainsKey("DD-PROTOCOL"));
            });
            Assert.All(other.Requests, static request =>
            {
                Assert.Equal(("/api/v2/logs", "agent-json"), (request.Path, request.Headers["DD-PROTOCOL"]));
                Assert.NotNull(request.ContentEncoding);
                Assert.EndsWith(OtherKey[^4..], request.ApiKey, StringComparison.Ordinal);
            });
            Assert.Single(sandbox.Agent.Lines, static line => line.StartsWith("MAYFLY | ERROR | DD_LOGS_CONFIG_ADDITIONAL_ENDPOINTS", StringComparison.Ordinal));
        }
    }

    /// <summary>Nothing goes past the worker.</summary>
    [Theory, MemberData(nameof(Agents))]
    public async Task C11_without_the_worker_s_address_logs_are_off_and_it_is_said(string agent)
    {
        await using ScriptedSandbox sandbox = await RunAsync(agent, ("DD_OBSERVABILITY_PIPELINES_WORKER_LOGS_ENABLED", "true"));
        Assert.Empty(sandbox.Intake.Logs);
        Assert.Single(sandbox.Agent.Lines, static line => line.StartsWith("MAYFLY | ERROR | DD_OBSERVABILITY_PIPELINES_WORKER_LOGS_URL", StringComparison.Ordinal));
    }

    [Theory, MemberData(nameof(Agents))]
    public async Task C11_headers_of_an_intake(string agent)
    {
        await using ScriptedSandbox sandbox = await RunAsync(agent);
        ReceivedRequest[] requests = [.. sandbox.Intake.Requests.Where(static request => request.Path == IntakePaths.Logs)];
        Assert.NotEmpty(requests);
        Assert.All(requests, static request =>
        {
            IReadOnlyDictionary<string, string> headers = request.Headers;
            Assert.Equal(
                ("POST", "application/json", "agent-json", "mayfly"),
                (request.Method, headers["Content-Type"], headers["DD-PROTOCOL"], headers["DD-EVP-ORIGIN"]));
            Assert.Equal("mayfly/" + headers["DD-EVP-ORIGIN-VERSION"], headers["User-Agent"]);
            Assert.EndsWith(SecretWatch.ApiKey[^4..], request.ApiKey, StringComparison.Ordinal);
        });
    }

    public static TheoryData<string, bool> AgentsAndSwitches => AgentUnderTest.With(true, false);

    /// <summary>Row C.1; off, the agent does not even ask for lines.</summary>
    [Theory, MemberData(nameof(AgentsAndSwitches))]
    public async Task C1_logs_can_be_turned_off(string agent, bool isOn)
    {
        await using ScriptedSandbox sandbox = await RunAsync(agent, ("DD_SERVERLESS_LOGS_ENABLED", isOn ? "true" : "false"));
        Assert.Equal(isOn, sandbox.Intake.Logs.Count > 0);
        Assert.Contains(sandbox.Intake.Metrics, static one => one.Name == "aws.lambda.enhanced.runtime_duration");
    }

    /// <summary>07, 7, row 1: of the metrics that libraries send for the function, invocations are counted by the agent already; errors by nobody else.</summary>
    [Theory, MemberData(nameof(Agents))]
    public async Task Lines_of_libraries_that_the_agent_counts_itself_are_left_out_and_no_others(string agent)
    {
        await using ScriptedSandbox sandbox = await ScriptedSandbox.StartAsync(agent);
        await sandbox.BeginAsync("r-1");
        foreach (string name in (string[])["invocations", "invocations_custom", "errors"])
        {
            double now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0;
            await sandbox.DatagramAsync(FormattableString.Invariant($"aws.lambda.enhanced.{name}:1|d|#cold_start:true|T{now:F3}"));
        }

        await sandbox.FinishAsync("r-1");
        await sandbox.ShutDownAsync();
        foreach (string name in (string[])["invocations", "invocations_custom", "errors"])
        {
            Assert.Equal(1, sandbox.Intake.Metrics.Where(one => one.Name == "aws.lambda.enhanced." + name).Sum(static one => one.Sketches.Sum(static s => s.Count)));
        }

        ReceivedMetric invocations = sandbox.Intake.Metrics.First(static one => one.Name == "aws.lambda.enhanced.invocations");
        Assert.Contains(invocations.Tags, static tag => tag.StartsWith("runtime:", StringComparison.Ordinal));
    }

    private static async Task<ScriptedSandbox> RunAsync(string agent, params (string Name, string Value)[] variables)
    {
        ScriptedSandbox sandbox = await ScriptedSandbox.StartAsync(
            agent, new ScriptedOptions { Variables = variables.ToDictionary(static one => one.Name, static one => one.Value) });
        await sandbox.BeginAsync("r-1");
        await sandbox.TellAsync(TelemetryEvents.Line("hello"));
        await sandbox.FinishAsync("r-1");
        await sandbox.ShutDownAsync();
        return sandbox;
    }
}
