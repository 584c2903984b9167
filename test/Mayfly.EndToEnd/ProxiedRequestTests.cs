using System.Text;
using Mayfly.EndToEnd.Agents;
using Mayfly.EndToEnd.Platform;
using Mayfly.Local.Intake;
using Xunit;

namespace Mayfly.EndToEnd;

/// <summary>What tracers send beside traces arrives at its intake (docs/spec/03-traces.md#17-proxied-endpoints), through the agent as a process.</summary>
public class ProxiedRequestTests
{
    /// <summary>Local path, path at the intake.</summary>
    private static readonly (string Path, string Intake)[] Calls =
    [
        ("/profiling/v1/input", "/api/v2/profile"),
        ("/telemetry/proxy/api/v2/apmtelemetry", "/api/v2/apmtelemetry"),
        ("/evp_proxy/v2/api/v2/llmobs", "/api/v2/llmobs"),
        ("/v0.1/pipeline_stats", "/api/v0.1/pipeline_stats"),
    ];

    public static TheoryData<string> Agents => AgentUnderTest.Names;

    [Theory, MemberData(nameof(Agents))]
    public async Task A_profile_telemetry_an_event_and_data_streams_arrive_with_the_invocation(string agent)
    {
        await using ScriptedSandbox sandbox = await ScriptedSandbox.StartAsync(agent);
        await sandbox.BeginAsync("one");
        foreach ((string path, _) in Calls)
        {
            Assert.Equal(200, await SendAsync(sandbox, path));
        }

        await sandbox.FinishAsync("one");
        AgentCounters counters = await AgentCounters.ReadAsync(sandbox.Ports.Traces);
        counters.MustBalance();
        Assert.Equal((Calls.Length, Calls.Length), (counters.Proxied.Accepted, counters.Proxied.Delivered));
        MustHaveArrived(sandbox, times: 1);
        await sandbox.ShutDownAsync();
    }

    /// <summary>Such as the telemetry that a tracer sends when it closes.</summary>
    [Theory, MemberData(nameof(Agents))]
    public async Task What_comes_after_the_last_invocation_arrives_too(string agent)
    {
        await using ScriptedSandbox sandbox = await ScriptedSandbox.StartAsync(agent);
        await sandbox.BeginAsync("last");
        await sandbox.FinishAsync("last");
        foreach ((string path, _) in Calls)
        {
            Assert.Equal(200, await SendAsync(sandbox, path));
        }

        await sandbox.ShutDownAsync();
        MustHaveArrived(sandbox, times: 1);
    }

    private static Task<int> SendAsync(ScriptedSandbox sandbox, string path) => ScriptedSandbox.PostAsync(
        sandbox.Ports.Traces, path, Encoding.UTF8.GetBytes("body of " + path),
        KeyValuePair.Create("X-Datadog-EVP-Subdomain", "llmobs-intake"), KeyValuePair.Create("X-Datadog-Additional-Tags", "client:tag"));

    private static void MustHaveArrived(ScriptedSandbox sandbox, int times)
    {
        foreach ((string path, string intake) in Calls)
        {
            ReceivedRequest[] requests = [.. sandbox.Intake.Requests.Where(request => request.Path == intake)];
            Assert.True(requests.Length == times, $"{intake} was called {requests.Length} times. {sandbox.Agent}");
            Assert.All(requests, request =>
            {
                Assert.Equal((202, "body of " + path), (request.Status, Encoding.UTF8.GetString(request.RawBody.Span)));
                Assert.EndsWith(SecretWatch.ApiKey[^5..], request.ApiKey, StringComparison.Ordinal);
                Assert.StartsWith("client:tag,", request.Headers["X-Datadog-Additional-Tags"], StringComparison.Ordinal);
                Assert.Contains("functionname:scripted", request.Headers["X-Datadog-Additional-Tags"], StringComparison.Ordinal);
            });
        }
    }
}
