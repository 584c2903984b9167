using Mayfly.EndToEnd.Agents;
using Mayfly.EndToEnd.Compat;
using Mayfly.Local.Intake;
using Mayfly.Testing;
using Xunit;

namespace Mayfly.EndToEnd;

/// <summary>docs/spec/05-config.md#mayflys-own-variables: the table of self metrics.</summary>
public class SelfMetricTests
{
    public static TheoryData<string> Agents => AgentUnderTest.Names;

    /// <summary>05, Mayfly's own variables: what the agent counts arrives as metrics, and adds up at the intake; without the setting there are none.</summary>
    [Theory, MemberData(nameof(Agents))]
    public async Task What_is_counted_arrives_as_metrics(string agent)
    {
        await using Beside beside = await Beside.StartAsync(AgentUnderTest.Command(agent), new KeyValuePair<string, string>("MAYFLY_SELF_METRICS", "true"));
        await SendOneOfEachAsync(beside);
        Assert.True(await beside.Intake.WaitUntilAsync(static one => Sum(one, "mayfly.accepted", "signal:traces") > 0, Until.Patience), beside.Agent.ToString());
        await SendOneOfEachAsync(beside);
        await beside.SendMetricsAsync("no metric");
        await HasRefusedAsync(beside, lines: 1);
        beside.Agent.SendSigTerm();
        Assert.Equal(0, await beside.Agent.ExitCodeAsync(Until.Patience));
        LocalIntake intake = beside.Intake;
        Assert.Equal(2, Sum(intake, "mayfly.accepted", "signal:traces"));
        Assert.Equal(2, Sum(intake, "mayfly.accepted", "signal:logs"));
        Assert.Equal(1, Sum(intake, "mayfly.dropped", "signal:metrics", "reason:malformed"));
        foreach (string signal in (string[])["signal:traces", "signal:metrics", "signal:logs"])
        {
            double dropped = Sum(intake, "mayfly.dropped", signal) - Sum(intake, "mayfly.dropped", signal, "reason:malformed");
            double waiting = Last(intake, "mayfly.buffered", signal) + Last(intake, "mayfly.stored", signal);
            Assert.Equal(Sum(intake, "mayfly.accepted", signal), Sum(intake, "mayfly.delivered", signal) + dropped + waiting);
        }

        await using Beside silent = await Beside.StartAsync(AgentUnderTest.Command(agent));
        await SendOneOfEachAsync(silent);
        Assert.True(await silent.Intake.WaitUntilAsync(static one => one.Metrics.Count > 0, Until.Patience), silent.Agent.ToString());
        silent.Agent.SendSigTerm();
        Assert.Equal(0, await silent.Agent.ExitCodeAsync(Until.Patience));
        Assert.DoesNotContain(silent.Intake.Metrics, static metric => metric.Name.StartsWith("mayfly.", StringComparison.Ordinal));
    }

    private static async Task HasRefusedAsync(Beside beside, long lines)
    {
        using var deadline = new CancellationTokenSource(Until.Patience);
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while ((await AgentCounters.ReadAsync(beside.Ports.Traces)).Metrics.Dropped.GetValueOrDefault("malformed") < lines)
        {
            await tick.WaitForNextTickAsync(deadline.Token);
        }
    }

    private static double Sum(LocalIntake intake, string name, params string[] tags) => Of(intake, name, tags).Sum(static metric => metric.Total);

    private static double Last(LocalIntake intake, string name, params string[] tags) => Of(intake, name, tags).LastOrDefault()?.Points[^1].Value ?? 0;

    private static IEnumerable<ReceivedMetric> Of(LocalIntake intake, string name, string[] tags) =>
        intake.Metrics.Where(metric => metric.Name == name && tags.All(metric.Tags.Contains));

    private static async Task SendOneOfEachAsync(Beside beside)
    {
        await beside.SendMetricsAsync("orders:3|c");
        await beside.SendLogsAsync("""[{"message":"a line","timestamp":1700000000000}]""");
        await beside.SendTraceAsync(new SampleSpan { TraceId = 4711 });
    }
}
