using Mayfly.EndToEnd.Agents;
using Mayfly.EndToEnd.Functions;
using Mayfly.Local.Intake;
using Xunit;

namespace Mayfly.EndToEnd;

/// <summary>
/// Trace statistics with the unmodified Node tracer: its own ones arrive as it sent them, or the agent computes them
/// (docs/spec/03-traces.md#41-who-computes, docs/spec/07-observed-clients.md#43-options).
/// </summary>
public class NodeStatsTests
{
    /// <summary>The one span here that no tracer made.</summary>
    private const string AgentsOwn = "aws.lambda.cold_start";

    public static TheoryData<string> Agents => AgentUnderTest.Names;

    /// <summary>The tracer sends its statistics every ten seconds: one invocation has to last that long.</summary>
    [Theory, MemberData(nameof(Agents))]
    public async Task Statistics_of_the_tracer_arrive_as_it_sent_them(string agent)
    {
        await NodeProgram.RequireAsync();
        await using FunctionSandbox sandbox = await NodeRun.StartAsync(agent, TimeSpan.FromSeconds(30), ("DD_TRACE_STATS_COMPUTATION_ENABLED", "true"));
        await NodeRun.InvokeAsync(sandbox, "ok");
        await NodeRun.InvokeAsync(sandbox, "slow", ms: 12_000);
        await sandbox.ShutDownAsync();

        LocalIntake intake = sandbox.Intake;
        Assert.All(intake.Requests, static request => Assert.Null(request.Error));
        Assert.True(intake.Stats.Count > 0, sandbox.ToString());
        Assert.All(intake.Stats, static group =>
        {
            Assert.Equal((true, "javascript", "test", "4.5.6"), (group.Payload.ClientComputed, group.Payload.Lang, group.Payload.Env, group.Payload.Version));
            Assert.Equal(group.Hits, group.Ok.Count + group.Error.Count);
            Assert.Equal(10_000_000_000, group.BucketDuration);
        });
        Assert.Equal(1, intake.Stats.Where(static group => group.Name == "aws.lambda").Sum(static group => group.Hits));
        ReceivedStats root = intake.Stats.First(static group => group.Name == "aws.lambda");
        Assert.Equal((NodeRun.FunctionName, "serverless", "coffee-node"), (root.Resource, root.Type, root.Service));
        ReceivedRequest request = intake.Requests.First(static one => one.Stats.Count > 0);
        Assert.Equal(("application/msgpack", "gzip"), (request.Headers["Content-Type"], request.ContentEncoding));
        Assert.Equal("javascript", request.Headers["X-Datadog-Reported-Languages"]);

        // Nobody else has counted the agent's own span (docs/spec/01-lambda-lifecycle.md#64-_ddcompute_stats).
        Assert.All(intake.Spans, static span => Assert.Equal(span.Name == AgentsOwn, span.Meta.ContainsKey("_dd.compute_stats")));
    }

    /// <summary>Every span that arrived and counts is one hit of the agent's statistics, whatever flushes came between.</summary>
    [Theory, MemberData(nameof(Agents))]
    public async Task The_agent_computes_what_the_tracer_does_not(string agent)
    {
        await NodeProgram.RequireAsync();
        await using FunctionSandbox sandbox = await NodeRun.StartAsync(agent, TimeSpan.FromSeconds(10), ("DD_LAMBDA_EXTENSION_COMPUTE_STATS", "true"));
        await NodeRun.InvokeAsync(sandbox, "ok");
        await NodeRun.InvokeAsync(sandbox, "warm");
        await NodeRun.InvokeAsync(sandbox, "error");
        AgentCounters counters = await sandbox.CountersAsync();
        counters.MustBalance();
        await sandbox.ShutDownAsync();

        LocalIntake intake = sandbox.Intake;
        Assert.All(intake.Requests, static request => Assert.Null(request.Error));
        ReceivedSpan[] counted = [.. intake.Spans.Where(Counts)];
        Assert.True(counted.Length >= 4, sandbox.ToString());
        Assert.Equal(
            Sums(counted.GroupBy(Key), static span => (1, span.Error == 0 ? 0 : 1, span.DurationNs)),
            Sums(intake.Stats.GroupBy(Key), static group => (group.Hits, group.Errors, group.Duration)));
        Assert.All(intake.Stats, static group =>
        {
            string language = group.Name == AgentsOwn ? "" : "nodejs";
            Assert.Equal((false, language, "test", "4.5.6"), (group.Payload.ClientComputed, group.Payload.Lang, group.Payload.Env, group.Payload.Version));
            Assert.Equal(group.Hits, group.Ok.Count + group.Error.Count);
        });
        Assert.Equal(counted.Length, intake.Stats.Sum(static group => group.Hits));
        Assert.All(intake.Spans, static span => Assert.False(span.Meta.ContainsKey("_dd.compute_stats")));
    }

    /// <summary>docs/spec/03-traces.md, 4.2: eligible.</summary>
    private static bool Counts(ReceivedSpan span) =>
        (span.Metrics.GetValueOrDefault("_top_level") == 1 || span.Metrics.GetValueOrDefault("_dd.top_level") == 1 || span.Metrics.GetValueOrDefault("_dd.measured") == 1
            || span.Meta.GetValueOrDefault("span.kind")?.ToLowerInvariant() is "server" or "client" or "producer" or "consumer")
        && span.Metrics.GetValueOrDefault("_dd.partial_version", -1) < 0;

    private static string Key(ReceivedSpan span) => $"{span.Service} {span.Name} {span.Resource} {span.Type} {span.Meta.GetValueOrDefault("span.kind")}";

    private static string Key(ReceivedStats group) => $"{group.Service} {group.Name} {group.Resource} {group.Type} {group.SpanKind}";

    private static List<string> Sums<T>(IEnumerable<IGrouping<string, T>> groups, Func<T, (long Hits, long Errors, long Duration)> values) =>
        [.. groups.Select(group => $"{group.Key.Trim()} {group.Sum(one => values(one).Hits)} {group.Sum(one => values(one).Errors)} {group.Sum(one => values(one).Duration)}").Order(StringComparer.Ordinal)];
}
