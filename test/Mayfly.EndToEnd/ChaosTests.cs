using System.Collections.Concurrent;
using Mayfly.EndToEnd.Agents;
using Mayfly.EndToEnd.Chaos;
using Mayfly.Local.Intake;
using Mayfly.Testing;
using Xunit;

namespace Mayfly.EndToEnd;

/// <summary>
/// Whatever happens to intake, machine and process: what the function sent is at the intake, or it is in a drop counter; and the agent is back before the
/// deadline. The outcomes stand in docs/survival.md.
/// </summary>
public class ChaosTests
{
    private const int AtOnce = 4;
    private const int FewestStories = 200;

    /// <summary>Of a story that the machine gave no time; then it counts as it is.</summary>
    private const int MostReplays = 3;

    /// <summary>A machine may stand still for so long, and every story goes as it should.</summary>
    private static readonly TimeSpan Unnoticed = TimeSpan.FromMilliseconds(100);

    /// <summary>The same troubles beside a program. When the page is written, the mini agent plays them too.</summary>
    [Fact]
    public async Task Nothing_is_lost_beside_a_program()
    {
        const int AgentsAtOnce = 6;
        Local.Emulator.ProcessCommand mayfly = AgentUnderTest.Command(AgentUnderTest.Names.Select(static row => row.Data).Last());
        Local.Emulator.ProcessCommand? mini = SurvivalPage.IsWritten ? await ModeTests.MiniAgentAsync() : null;
        var outcomes = new ConcurrentDictionary<(bool IsMayfly, Trouble Trouble, Ending Ending), string>();
        var stories = from isMayfly in (bool[])[true, false]
                      where isMayfly || mini is not null
                      from trouble in BesideRun.Troubles
                      from ending in BesideRun.Endings
                      select (IsMayfly: isMayfly, Trouble: trouble, Ending: ending);
        await Parallel.ForEachAsync(
            stories,
            new ParallelOptions { MaxDegreeOfParallelism = AgentsAtOnce, CancellationToken = TestContext.Current.CancellationToken },
            async (story, _) => outcomes[story] = await PlayBesideAsync(new BesideRun(story.IsMayfly ? mayfly : mini!, story.Trouble, story.Ending), story.Trouble));
        Assert.All(
            outcomes.Where(static one => one.Key.IsMayfly),
            static one => Assert.StartsWith(one.Key.Trouble == Trouble.Answers403 ? "rejected, counted" : "all", one.Value, StringComparison.Ordinal));
        SurvivalPage.MustTellBeside(outcomes);
    }

    /// <summary>A slow intake answers two seconds before the flush is cut: a machine that stands still meanwhile makes the agent send again.</summary>
    private static async Task<string> PlayBesideAsync(BesideRun run, Trouble trouble)
    {
        for (int again = 0; ; again++)
        {
            using var stalls = new MachineStalls();
            string outcome = await run.PlayAsync();
            if (trouble != Trouble.IsSlow || outcome != "all, some twice" || stalls.Total < TimeSpan.FromSeconds(1) || again == MostReplays)
            {
                return outcome;
            }
        }
    }

    [Fact]
    public async Task Nothing_is_lost_without_a_reason()
    {
        string agent = AgentUnderTest.Names.Select(static row => row.Data).Last();
        var problems = new ConcurrentBag<string>();
        var replays = new ConcurrentBag<string>();
        var costs = new ConcurrentBag<TimeSpan>();
        var outcomes = new ConcurrentBag<(ChaosScenario Scenario, string Outcome)>();
        Trouble[] impossible = await Impossible();
        ChaosScenario[] stories = [.. ChaosScenario.All.Where(one => !impossible.Contains(one.Trouble))];
        Assert.True(stories.Length >= FewestStories);
        await Parallel.ForEachAsync(
            stories,
            new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = TestContext.Current.CancellationToken },
            async (scenario, _) =>
            {
                (ChaosRun run, bool isExcused) = await PlayAsync(scenario, agent);
                for (int again = 0; isExcused && again < MostReplays; again++)
                {
                    replays.Add($"{scenario}: {string.Join("; ", run.Problems.Concat(run.Delays))}");
                    (run, isExcused) = await PlayAsync(scenario, agent);
                }

                run.Costs.ForEach(costs.Add);
                outcomes.Add((scenario, run.Outcome));
                if (run.Problems.Count + run.Delays.Count > 0)
                {
                    problems.Add($"{scenario}: {string.Join("; ", run.Problems.Concat(run.Delays))}");
                }
            });

        TimeSpan[] sorted = [.. costs.Order()];
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{sorted.Length} invocations with a dead intake: median {sorted[sorted.Length / 2].TotalMilliseconds:F1} ms; "
            + $"{replays.Count} stories played again, on a machine too busy for their flushes {string.Join("", replays.Order(StringComparer.Ordinal).Select(static one => "\n" + one))}");
        Assert.True(problems.IsEmpty, $"{problems.Count} of {outcomes.Count}:\n{string.Join('\n', problems.Order(StringComparer.Ordinal))}");

        // Four agents and intakes share the machine with whatever else runs: the median of many is telling, a single one is not.
        Assert.True(sorted[sorted.Length / 2] < TimeSpan.FromMilliseconds(50), $"{sorted[sorted.Length / 2]}");
        SurvivalPage.MustTell(outcomes);
    }

    /// <summary>Excused: the story tells of a machine that stood still, or had no time, and not of the agent.</summary>
    private static async Task<(ChaosRun Run, bool IsExcused)> PlayAsync(ChaosScenario scenario, string agent)
    {
        using var stalls = new MachineStalls();
        await using LocalIntake intake = await FreePorts.IntakeAsync();
        DirectoryInfo folder = Directory.CreateTempSubdirectory("mayfly-chaos-");
        var run = new ChaosRun(scenario, agent, intake, folder.FullName);
        try
        {
            await run.PlayAsync();
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            run.Problems.Add(e.Message);
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        return (run, run.HasRunOutOfTime || (run.Problems.Count == 0 && run.Delays.Count > 0 && stalls.Longest > Unnoticed));
    }

    /// <summary>Troubles for which this machine does not let a process have a file system of its own.</summary>
    private static async Task<Trouble[]> Impossible()
    {
        var impossible = new List<Trouble>();
        foreach (Trouble trouble in Enum.GetValues<Trouble>())
        {
            if (!await ChaosWorld.CanHaveAsync(trouble))
            {
                impossible.Add(trouble);
                TestContext.Current.TestOutputHelper?.WriteLine($"{trouble} cannot be played on this machine: its rows of docs/survival.md are not compared.");
            }
        }

        return [.. impossible];
    }
}
