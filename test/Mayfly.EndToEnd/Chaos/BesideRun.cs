using Mayfly.EndToEnd.Agents;
using Mayfly.EndToEnd.Compat;
using Mayfly.Local.Cli;
using Mayfly.Local.Emulator;
using Mayfly.Local.Intake;
using Mayfly.Testing;
using Xunit;

namespace Mayfly.EndToEnd.Chaos;

/// <summary>
/// The same story for Mayfly beside a program and for the mini agent: a trace that arrives, a trouble with three traces in it, an end, and one trace more. Traces
/// only: the mini agent has no log intake, and its metrics reach a test only through a proxy.
/// </summary>
/// <param name="command">The agent.</param>
/// <param name="trouble">One of <see cref="Troubles"/>.</param>
/// <param name="ending">One of <see cref="Endings"/>.</param>
internal sealed class BesideRun(ProcessCommand command, Trouble trouble, Ending ending)
{
    private const int InTrouble = 3;

    /// <summary>Of every story the same: two flushes with all their attempts.</summary>
    private static readonly TimeSpan Outage = TimeSpan.FromSeconds(8);

    /// <summary>A hanging request holds up the mini agent for 34 s.</summary>
    private static readonly TimeSpan LongestRecovery = TimeSpan.FromSeconds(60);

    /// <summary>What is not there two flushes after the last trace will not come.</summary>
    private static readonly TimeSpan TwoFlushes = TimeSpan.FromSeconds(8);

    private readonly LocalPorts _ports = FreePorts.Pick();

    public static IReadOnlyList<Trouble> Troubles { get; } =
    [
        Trouble.RefusesConnections, Trouble.Hangs, Trouble.IsSlow, Trouble.ResetsConnections, Trouble.ClosesMidResponse, Trouble.Answers429, Trouble.Answers500,
        Trouble.Answers503, Trouble.Answers403,
    ];

    public static IReadOnlyList<Ending> Endings { get; } = [Ending.Recovery, Ending.Killed, Ending.Terminated];

    /// <summary>What became of the three traces, in the words of the page.</summary>
    public async Task<string> PlayAsync()
    {
        await using LocalIntake intake = await FreePorts.IntakeAsync();
        DirectoryInfo folder = Directory.CreateTempSubdirectory("mayfly-beside-");
        try
        {
            AgentProcess agent = await StartAsync(intake, folder);
            await using (agent)
            {
                Assert.Equal(200, await SendAsync("before"));
                bool hasArrived = await intake.WaitUntilAsync(static one => Has(one, "before"), Until.Patience);
                Assert.True(hasArrived, $"What came before the trouble did not arrive. {agent}\nIt counts:\n{await CountersAsync()}");
                await ChaosWorld.BreakAsync(intake, trouble);
                for (int i = 0; i < InTrouble; i++)
                {
                    await SendAsync($"trouble_{i}");
                }

                await Task.Delay(Outage);
                bool isCounted = await IsSettledAsync();
                if (ending == Ending.Recovery)
                {
                    await RecoverAsync(intake);
                    return Outcome(intake, isCounted);
                }

                await EndAsync(agent);
                await using AgentProcess next = await StartAsync(intake, folder);
                await RecoverAsync(intake);
                return Outcome(intake, isCounted);
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<bool> HasAllAsync(LocalIntake intake, TimeSpan limit) =>
        await intake.WaitUntilAsync(static one => Enumerable.Range(0, InTrouble).All(i => Has(one, $"trouble_{i}")), limit);

    private static bool Has(LocalIntake intake, string name) => intake.Spans.Any(span => span.Name == name);

    /// <summary>
    /// Waits until the flush in trouble has ended, which a busy machine may see later than the outage: what is in the middle of one goes with a SIGKILL. True: the
    /// agent knows, and tells, that the intake refused them.
    /// </summary>
    private async Task<bool> IsSettledAsync()
    {
        if (await CountersAsync() is null)
        {
            return false;
        }

        SignalCount? traces = null;
        await Until.TrueAsync(
            async () =>
            {
                traces = (await AgentCounters.ReadAsync(_ports.Traces)).Traces;
                return traces.Buffered == 0;
            },
            "what was accepted in trouble is delivered, stored or dropped",
            () => $"{traces}");
        return traces!.Dropped.GetValueOrDefault("rejected") >= InTrouble;
    }

    /// <summary>Null: the agent has none, as the mini agent.</summary>
    private async Task<string?> CountersAsync()
    {
        using var connection = new RawHttpConnection(_ports.Traces);
        (int status, string body) = await connection.SendAsync("GET", "/debug/mayfly", default);
        return status == 200 ? body : null;
    }

    private static string Outcome(LocalIntake intake, bool isCounted)
    {
        int[] counts = [.. Enumerable.Range(0, InTrouble).Select(i => intake.Spans.Count(span => span.Name == $"trouble_{i}"))];
        return counts.All(static count => count == 0) ? (isCounted ? "rejected, counted" : "lost")
            : counts.Any(static count => count == 0) ? "some lost"
            : counts.Any(static count => count > 1) ? "all, some twice" : "all, once";
    }

    private async Task EndAsync(AgentProcess agent)
    {
        if (ending == Ending.Terminated)
        {
            agent.SendSigTerm();
            await agent.ExitCodeAsync(Until.Patience);
        }
        else
        {
            await agent.KillAsync();
        }
    }

    private async Task RecoverAsync(LocalIntake intake)
    {
        intake.ClearFault();
        await intake.AcceptConnectionsAsync();
        await SendAsync("after");
        await intake.WaitUntilAsync(static one => Has(one, "after"), LongestRecovery);
        await HasAllAsync(intake, TwoFlushes);
    }

    private async Task<AgentProcess> StartAsync(LocalIntake intake, DirectoryInfo folder)
    {
        AgentProcess agent = AgentProcess.StartBeside(
            command, intake.Url, _ports, new Dictionary<string, string>(Beside.Lambda) { ["TMPDIR"] = folder.FullName, ["DD_LOG_LEVEL"] = "info" });
        await Until.TrueAsync(() => FreePorts.IsListening(_ports.Traces), "the agent listens", agent.ToString);
        return agent;
    }

    private async Task<int> SendAsync(string name)
    {
        using var connection = new RawHttpConnection(_ports.Traces);
        var span = new SampleSpan { Name = name, TraceId = 4711, Start = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() * 1_000_000 };
        KeyValuePair<string, string>[] headers = [new("Content-Type", "application/msgpack"), new("Datadog-Meta-Lang", "nodejs"), new("X-Datadog-Trace-Count", "1")];
        (int status, string _) = await connection.SendAsync("POST", "/v0.4/traces", SampleSpan.V04([span]), headers);
        return status;
    }
}
