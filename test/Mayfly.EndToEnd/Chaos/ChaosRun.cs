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
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(1.5);

    /// <summary>The agent is back this long before the deadline; on a machine that stands still for longer nobody is.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromMilliseconds(50);

    private readonly List<(string Name, ulong Id)> _spans = [];
    private readonly List<string> _lines = [];
    private long _samples;
    private long _rejected;

    /// <summary>Of names of spans, which begin with a letter.</summary>
    private string Prefix { get; } = $"chaos{scenario.Number}.";

    /// <summary>From the runtime's end to <c>next</c>, in invocations that found the intake dead and known to be.</summary>
    public List<TimeSpan> Costs { get; } = [];

    /// <summary>What is missing at the end, as a sentence; empty = nothing.</summary>
    public List<string> Problems { get; } = [];

    public async Task PlayAsync()
    {
        await using (ScriptedSandbox first = await StartAsync(isFirst: true))
        {
            for (int i = 0; i < scenario.Healthy; i++)
            {
                await InvokeAsync(first, "healthy_" + i);
            }

            await BreakAsync(intake, scenario.Trouble);
            for (int i = 0; i < scenario.Troubled; i++)
            {
                TimeSpan cost = await InvokeAsync(first, "troubled_" + i);
                if (i >= 2 && scenario.Trouble is Trouble.Hangs or Trouble.RefusesConnections or Trouble.Answers500 or Trouble.Answers503)
                {
                    Costs.Add(cost);
                }
            }

            await EndAsync(first);
        }

        if (scenario.Ending != Ending.Recovery)
        {
            await RepairAsync();
            await using ScriptedSandbox second = await StartAsync(isFirst: false);
            await InvokeAsync(second, "after");
            await CountAsync(second);
            await second.ShutDownAsync();
        }

        Compare();
    }

    private Task<ScriptedSandbox> StartAsync(bool isFirst)
    {
        var variables = new Dictionary<string, string> { ["DD_SERVERLESS_FLUSH_STRATEGY"] = "end" };
        if (scenario.Trouble == Trouble.DiskUnusable)
        {
            variables["MAYFLY_SPOOL_PATH"] = "/proc/mayfly";
        }

        if (scenario.Trouble == Trouble.NameNotFound && isFirst)
        {
            foreach ((string name, string _) in LocalIntake.VariablesFor(""))
            {
                variables[name] = "http://no-such-host.invalid:1";
            }
        }

        return ScriptedSandbox.StartAsync(agent, new ScriptedOptions { Intake = intake, TemporaryFolder = folder, Variables = variables });
    }

    /// <summary>One invocation and what the function sends in it; how long the agent took to come back.</summary>
    private async Task<TimeSpan> InvokeAsync(ScriptedSandbox sandbox, string id)
    {
        await sandbox.BeginAsync(id, Timeout);
        long start = Stopwatch.GetTimestamp();
        await SendAsync(sandbox, id);
        long done = Stopwatch.GetTimestamp();
        await sandbox.FinishAsync(id);
        TimeSpan took = Stopwatch.GetElapsedTime(start);
        using var stalls = new MachineStalls();
        if (took > Timeout - Margin + stalls.Longest)
        {
            Problems.Add($"{id}: the agent was back after {took}, the deadline is {Timeout}");
        }

        return Stopwatch.GetElapsedTime(done);
    }

    private async Task SendAsync(ScriptedSandbox sandbox, string id)
    {
        for (int i = 0; i < scenario.Spans; i++)
        {
            string name = $"{Prefix}{id}.{i}";
            _spans.Add((name, await sandbox.TraceAsync(name)));
            Assert.Equal(200, await ScriptedSandbox.PostAsync(sandbox.Ports.Traces, "/dogstatsd/v2/proxy", Encoding.UTF8.GetBytes($"chaos.{scenario.Number}:1|c")));
            _samples++;
            _lines.Add("line " + name);
            await sandbox.TellAsync(TelemetryEvents.Line("line " + name));
        }
    }

    private async Task EndAsync(ScriptedSandbox sandbox)
    {
        switch (scenario.Ending)
        {
            case Ending.Recovery:
                await RepairAsync();
                await CountAsync(sandbox);
                await sandbox.ShutDownAsync();
                break;
            case Ending.Killed:
                await CountAsync(sandbox);
                await sandbox.Agent.KillAsync();
                break;
            case Ending.TimedOut:
                await sandbox.BeginAsync("timed_out", TimeSpan.FromSeconds(0.5));
                await SendAsync(sandbox, "timed_out");
                await sandbox.AgentIsWaitingAsync();
                await CountAsync(sandbox);
                sandbox.Platform.Shutdown("timeout");
                Assert.Equal(0, await sandbox.Agent.ExitCodeAsync(TimeSpan.FromSeconds(3)));
                break;
            case Ending.Terminated:
                await CountAsync(sandbox);
                sandbox.Agent.SendSigTerm();
                Assert.Equal(0, await sandbox.Agent.ExitCodeAsync(TimeSpan.FromSeconds(8)));
                break;
            default:
                await CountAsync(sandbox);
                await sandbox.ShutDownAsync();
                break;
        }
    }

    /// <summary>The counters add up at any time; what was rejected is no loss without a reason.</summary>
    private async Task CountAsync(ScriptedSandbox sandbox)
    {
        AgentCounters counters = await AgentCounters.ReadAsync(sandbox.Ports.Traces);
        counters.MustBalance();
        _rejected += counters.Traces.Dropped.GetValueOrDefault("rejected");
    }

    private void Compare()
    {
        HashSet<string> spans = [.. intake.Spans.Select(static span => span.Name)];
        HashSet<string> lines = [.. intake.Logs.Select(static log => log.Message)];
        double samples = intake.Metrics.Where(metric => metric.Name == $"chaos.{scenario.Number}").Sum(static metric => metric.Points.Sum(static point => point.Value));
        int missingSpans = _spans.Count(sent => !spans.Contains(sent.Name));
        int missingLines = _lines.Count(sent => !lines.Contains(sent));
        if (scenario.MayBeRejected || scenario.MayBeLostWithProcess || scenario.IsForOthers)
        {
            if (scenario.MayBeRejected && _rejected == 0)
            {
                Problems.Add("nothing was counted as rejected");
            }

            // What came after the trouble is there in any case.
            if (scenario.Ending != Ending.Recovery && !spans.Contains($"{Prefix}after.0"))
            {
                Problems.Add("what the next process got is missing");
            }

            return;
        }

        if (missingSpans > 0 || missingLines > 0 || samples < _samples)
        {
            Problems.Add($"{missingSpans} of {_spans.Count} spans, {missingLines} of {_lines.Count} lines, {_samples - samples} of {_samples} samples are missing");
        }

        string[] own = [.. intake.Spans.Select(static span => span.Name).Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))];
        int twice = own.Length - own.Distinct().Count();
        if (!scenario.MayBeTwice && (twice > 0 || samples > _samples))
        {
            Problems.Add($"{twice} spans are there more than once, {samples - _samples} samples too many");
        }

        if (_rejected > 0)
        {
            Problems.Add($"{_rejected} spans were rejected");
        }
    }

    internal static Task BreakAsync(LocalIntake intake, Trouble trouble)
    {
        switch (trouble)
        {
            case Trouble.RefusesConnections:
                return intake.RefuseConnectionsAsync();
            case Trouble.Hangs:
                intake.SetFault("*", IntakeFault.Hang);
                break;
            case Trouble.IsSlow:
                intake.SetFault("*", IntakeFault.Slow(TimeSpan.FromSeconds(3)));
                break;
            case Trouble.ResetsConnections:
                intake.SetFault("*", IntakeFault.Reset);
                break;
            case Trouble.ClosesMidResponse:
                intake.SetFault("*", IntakeFault.CloseMidResponse);
                break;
            case Trouble.Answers429:
                intake.SetFault("*", IntakeFault.Status(429, retryAfterSeconds: 30));
                break;
            case Trouble.Answers500:
            case Trouble.DiskUnusable:
                intake.SetFault("*", IntakeFault.Status(500));
                break;
            case Trouble.Answers503:
                intake.SetFault("*", IntakeFault.Status(503));
                break;
            case Trouble.Answers403:
                intake.SetFault("*", IntakeFault.Status(403));
                break;
            case Trouble.TracesOnly500:
                intake.SetFault(IntakePaths.Traces, IntakeFault.Status(500));
                break;
            case Trouble.TracesOnlyHang:
                intake.SetFault(IntakePaths.Traces, IntakeFault.Hang);
                break;
        }

        return Task.CompletedTask;
    }

    private async Task RepairAsync()
    {
        intake.ClearFault();
        await intake.AcceptConnectionsAsync();
    }
}
