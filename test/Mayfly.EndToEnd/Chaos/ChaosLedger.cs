using System.Globalization;
using System.Text.RegularExpressions;
using Mayfly.EndToEnd.Agents;
using Mayfly.EndToEnd.Platform;

namespace Mayfly.EndToEnd.Chaos;

/// <summary>
/// What the agents of one story say of themselves, process by process, shortly before each ends: what is not at the intake has to be in here. Spans, samples
/// and log events of the function, and a few of the agent's own.
/// </summary>
internal sealed class ChaosLedger
{
    private static readonly Regex LossLine = new("([0-9]+) spans, metric samples and log events could not be sent before the shutdown");

    private readonly List<(AgentCounters Counters, AgentProcess Agent)> _processes = [];

    public async Task CountAsync(ScriptedSandbox sandbox)
    {
        AgentCounters counters = await AgentCounters.ReadAsync(sandbox.Ports.Traces);
        counters.MustBalance();
        _processes.Add((counters, sandbox.Agent));
    }

    /// <summary>Dropped for this reason, over all signals and processes.</summary>
    public long Dropped(string reason) =>
        _processes.Sum(one => Signals(one.Counters).Sum(signal => signal.Dropped.GetValueOrDefault(reason)));

    /// <summary>Units of one signal that are told of: dropped with a reason, or on disk at the end.</summary>
    /// <param name="signal">Picks the signal.</param>
    /// <param name="losesMemory">What the first process had in memory counts too: it ended with that, or sent it to an intake that refused it.</param>
    public long Explained(Func<AgentCounters, SignalCount> signal, bool losesMemory) =>
        _processes.Sum(one => signal(one.Counters).DroppedInAll)
        + (losesMemory ? signal(_processes[0].Counters).Buffered : 0)
        + signal(_processes[^1].Counters).Stored;

    /// <summary>The first process said that an intake refuses what it sends: also what it refused last, when nobody could read the counters any more.</summary>
    public bool HasToldOfRefusal => _processes[0].Agent.Lines.Any(static line => line.Contains("dropped: 403", StringComparison.Ordinal));

    public bool IsOnDisk => Signals(_processes[^1].Counters).Any(static signal => signal.Stored > 0);

    /// <summary>The first process said, in its last line, that it had to give up so many units; 0: it did not.</summary>
    public long Lost => _processes[0].Agent.Lines
        .Select(static line => LossLine.Match(line))
        .Where(static match => match.Success)
        .Sum(static match => long.Parse(match.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture));

    private static SignalCount[] Signals(AgentCounters counters) => [counters.Traces, counters.Metrics, counters.Logs];
}
