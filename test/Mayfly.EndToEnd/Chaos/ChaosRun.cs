using System.Diagnostics;
using System.Text;
using Mayfly.EndToEnd.Agents;
using Mayfly.EndToEnd.Platform;
using Mayfly.Local.Intake;
using Xunit;

namespace Mayfly.EndToEnd.Chaos;

/// <summary>Plays one <see cref="ChaosScenario"/> with the agent as a process, and compares what was sent with what is at the intake.</summary>
internal sealed class ChaosRun(ChaosScenario scenario, string agent, LocalIntake intake, string folder)
{
    /// <summary>The agent is back this long before the deadline; on a machine that stands still for longer nobody is.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromMilliseconds(50);

    /// <summary>Of a freeze: what the agent does beside the invocations is cut by it.</summary>
    private static readonly TimeSpan Freeze = TimeSpan.FromMilliseconds(150);

    /// <summary>Connections are not used again after it.</summary>
    private static readonly TimeSpan LongFreeze = TimeSpan.FromSeconds(2.5);

    /// <summary>From here to the deadline of an invocation the agent flushes no more.</summary>
    private static readonly TimeSpan AfterFlush = TimeSpan.FromMilliseconds(200);

    /// <summary>Of a time-out, until the function has sent its few requests over loopback.</summary>
    private const int ShareOfSending = 3;

    /// <summary>Of the function. A cold agent that is compiled as it runs needs a second of a busy processor for what the native one does at once.</summary>
    private readonly TimeSpan _timeout = TimeSpan.FromSeconds(agent == "native" ? 1.5 : 2.5);

    private readonly ChaosWorld _world = new(scenario.Trouble, agent, intake, folder);
    private readonly ChaosLedger _ledger = new();
    private readonly List<string> _spans = [];
    private readonly List<string> _lines = [];
    private readonly List<string> _metrics = [];

    /// <summary>Of names of spans and metrics, which begin with a letter.</summary>
    private string Prefix { get; } = $"chaos_{scenario.Number}.";

    /// <summary>From the runtime's end to <c>next</c>, in invocations that found the intake dead and known to be.</summary>
    public List<TimeSpan> Costs { get; } = [];

    /// <summary>What should not be, as sentences; empty = nothing.</summary>
    public List<string> Problems { get; } = [];

    /// <summary>The same, where a machine that stood still explains it: an agent that was late, and what was sent again since it could not wait for an answer.</summary>
    public List<string> Delays { get; } = [];

    /// <summary>
    /// The machine was too busy: an invocation left no time for its flush, or one with a healthy intake needed all of it. What such a flush is cut off from may
    /// have been taken, and what it does not come to is not on disk: the story tells of the machine, not of the agent.
    /// </summary>
    public bool HasRunOutOfTime { get; private set; }

    /// <summary>What became of everything that the function sent.</summary>
    public string Outcome { get; private set; } = "LOST";

    public async Task PlayAsync()
    {
        await using (ScriptedSandbox first = await _world.StartAsync(isFirst: true, scenario.Ending == Ending.TimedOutInFlush ? "continuously,1000" : "end"))
        {
            for (int i = 0; i < scenario.Healthy; i++)
            {
                await InvokeAsync(first, "healthy_" + i, isHealthy: true);
            }

            await _world.BreakAsync(scenario.Burst);
            for (int i = 0; i < scenario.Troubled; i++)
            {
                TimeSpan cost = await InvokeAsync(first, "troubled_" + i);
                if (i >= 2 && scenario.IsDead && scenario.Ending != Ending.TimedOutInFlush)
                {
                    Costs.Add(cost);
                }
            }

            await EndAsync(first);
        }

        if (scenario.Ending != Ending.Recovery)
        {
            await _world.RepairAsync();
            await using ScriptedSandbox second = await _world.StartAsync(isFirst: false, "end");
            await InvokeAsync(second, "after", isHealthy: true);
            await _ledger.CountAsync(second);
            await second.ShutDownAsync();
        }

        Compare();
    }

    /// <summary>One invocation and what the function sends in it; how long the agent took to come back.</summary>
    private async Task<TimeSpan> InvokeAsync(ScriptedSandbox sandbox, string id, bool isHealthy = false)
    {
        using var stalls = new MachineStalls();
        await StandStillAsync(sandbox);
        long begun = Stopwatch.GetTimestamp();
        await sandbox.BeginAsync(id, _timeout);
        long start = Stopwatch.GetTimestamp();
        await SendAsync(sandbox, id);
        long done = Stopwatch.GetTimestamp();
        await sandbox.FinishAsync(id);
        TimeSpan took = Stopwatch.GetElapsedTime(start);
        HasRunOutOfTime |= Stopwatch.GetElapsedTime(begun, done) > _timeout / ShareOfSending
            || (isHealthy && Stopwatch.GetElapsedTime(begun) > _timeout - AfterFlush);
        if (took > _timeout - Margin + stalls.Longest)
        {
            Delays.Add($"{id}: the agent was back after {took}, the deadline is {_timeout}");
        }

        return Stopwatch.GetElapsedTime(done);
    }

    /// <summary>The sandbox freezes once the invocation is over, and thaws for the next event.</summary>
    private async Task StandStillAsync(ScriptedSandbox sandbox)
    {
        if (scenario.Freezes)
        {
            sandbox.Agent.Freeze();
            await Task.Delay(scenario.FreezesLong ? LongFreeze : Freeze);
            sandbox.Agent.Thaw();
        }
    }

    private async Task SendAsync(ScriptedSandbox sandbox, string id)
    {
        for (int i = 0; i < scenario.Spans; i++)
        {
            string name = $"{Prefix}{id}.{i}";
            await sandbox.TraceAsync(name);
            _spans.Add(name);
            Assert.Equal(200, await ScriptedSandbox.PostAsync(sandbox.Ports.Traces, "/dogstatsd/v2/proxy", Encoding.UTF8.GetBytes(name + ":1|c")));
            _metrics.Add(name);
            _lines.Add("line " + name);
            await sandbox.TellAsync(TelemetryEvents.Line("line " + name));
        }
    }

    private async Task EndAsync(ScriptedSandbox sandbox)
    {
        switch (scenario.Ending)
        {
            case Ending.Recovery:
                await _world.RepairAsync();
                await _ledger.CountAsync(sandbox);
                await StandStillAsync(sandbox);
                await sandbox.ShutDownAsync();
                break;
            case Ending.Killed:
                await _ledger.CountAsync(sandbox);
                await StandStillAsync(sandbox);
                await sandbox.Agent.KillAsync();
                break;
            case Ending.TimedOut:
            case Ending.TimedOutInFlush:
                await StandStillAsync(sandbox);
                await sandbox.BeginAsync("timed_out", TimeSpan.FromSeconds(0.5));
                await SendAsync(sandbox, "timed_out");
                await sandbox.AgentIsWaitingAsync();
                await _ledger.CountAsync(sandbox);
                await sandbox.ShutDownAsync(ScriptedSandbox.LambdaBudget, "timeout");
                break;
            case Ending.Terminated:
                await _ledger.CountAsync(sandbox);
                await StandStillAsync(sandbox);
                sandbox.Agent.SendSigTerm();
                Assert.Equal(0, await sandbox.Agent.ExitCodeAsync(TimeSpan.FromSeconds(8)));
                break;
            default:
                await _ledger.CountAsync(sandbox);
                await StandStillAsync(sandbox);
                await sandbox.ShutDownAsync(ScriptedSandbox.LambdaBudget);
                break;
        }
    }

    private void Compare()
    {
        string[] spans = [.. intake.Spans.Select(static span => span.Name).Where(IsOwn)];
        string[] lines = [.. intake.Logs.Select(static log => log.Message).Where(static line => line.StartsWith("line ", StringComparison.Ordinal))];
        string[] metrics =
        [
            .. from metric in intake.Metrics
               where IsOwn(metric.Name)
               from name in Enumerable.Repeat(metric.Name, (int)metric.Points.Sum(static point => point.Value))
               select name,
        ];
        long missing = MustBeExplained("spans", _spans.Except(spans).Count(), static one => one.Traces)
            + MustBeExplained("lines", _lines.Except(lines).Count(), static one => one.Logs)
            + MustBeExplained("samples", _metrics.Except(metrics).Count(), static one => one.Metrics);
        foreach ((string what, string[] there) in ((string, string[])[])[("spans", spans), ("lines", lines), ("samples", metrics)])
        {
            int twice = there.Length - there.Distinct().Count();
            if (!scenario.MayBeTwice && twice > 0)
            {
                Delays.Add($"{twice} {what} are there more than once");
            }
        }

        // What came after the trouble is there in any case.
        if (scenario.Ending != Ending.Recovery && !spans.Contains($"{Prefix}after.0"))
        {
            Problems.Add("what the next process got is missing");
        }

        Outcome = missing > 0 ? WhyMissing(missing) : scenario.Ending == Ending.TimedOutInFlush ? "all, at least once" : scenario.MayBeTwice ? "all, some twice" : "all, once";
    }

    private bool IsOwn(string name) => name.StartsWith(Prefix, StringComparison.Ordinal);

    private long MustBeExplained(string what, long missing, Func<AgentCounters, SignalCount> signal)
    {
        long explained = _ledger.Explained(signal, losesMemory: scenario.MayBeRejected || scenario.MayBeLostWithProcess);
        if (missing > explained)
        {
            Problems.Add($"{missing} {what} are missing, {explained} are told of");
        }

        return missing;
    }

    /// <summary>By what the agents said of themselves, not by what the story leads to expect.</summary>
    private string WhyMissing(long missing)
    {
        if (_ledger.Dropped("rejected") > 0 || (scenario.MayBeRejected && _ledger.HasToldOfRefusal))
        {
            return "rejected, counted";
        }

        if (_ledger.Dropped("unreachable") > 0)
        {
            return "not sent to another intake, counted";
        }

        if (_ledger.IsOnDisk)
        {
            return "on disk";
        }

        return _ledger.Lost >= missing ? "ends with the process, counted" : scenario.MayBeLostWithProcess && _ledger.Lost == 0 ? "ends with the process" : "LOST";
    }
}
