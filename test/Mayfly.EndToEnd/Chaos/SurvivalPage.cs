using System.Text;
using Mayfly.EndToEnd.Agents;
using Xunit;

namespace Mayfly.EndToEnd.Chaos;

/// <summary>The table of docs/survival.md, which is generated: set <c>MAYFLY_WRITE_SURVIVAL=true</c> to have it written anew.</summary>
internal static class SurvivalPage
{
    private const string Begin = "<!-- generated: chaos -->";
    private const string End = "<!-- end -->";

    public static void MustTell(IReadOnlyCollection<(ChaosScenario Scenario, bool IsWell)> outcomes)
    {
        string path = Path.Combine(AgentUnderTest.Root, "docs", "survival.md");
        string page = File.ReadAllText(path);
        int begin = page.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
        int end = page.IndexOf(End, StringComparison.Ordinal);
        string table = "\n\n" + Table(outcomes) + "\n";
        if (Environment.GetEnvironmentVariable("MAYFLY_WRITE_SURVIVAL") == "true")
        {
            File.WriteAllText(path, page[..begin] + table + page[end..]);
            return;
        }

        Assert.Equal(table, page[begin..end]);
    }

    private static string Table(IReadOnlyCollection<(ChaosScenario Scenario, bool IsWell)> outcomes)
    {
        Ending[] endings = Enum.GetValues<Ending>();
        var table = new StringBuilder();
        table.Append("| The intake, the machine | ").AppendJoin(" | ", endings.Select(Name)).Append(" |\n|---|").Insert(table.Length, "---|", endings.Length).Append('\n');
        foreach (Trouble trouble in Enum.GetValues<Trouble>())
        {
            table.Append("| ").Append(Name(trouble)).Append(" |");
            foreach (Ending ending in endings)
            {
                (ChaosScenario Scenario, bool IsWell)[] cell = [.. outcomes.Where(one => one.Scenario.Trouble == trouble && one.Scenario.Ending == ending)];
                string what = cell.Length == 0 ? "not played" : cell.All(static one => one.IsWell) ? Outcome(cell[0].Scenario) : "LOST";
                table.Append(' ').Append(what).Append(" |");
            }

            table.Append('\n');
        }

        return table.ToString();
    }

    private static string Outcome(ChaosScenario scenario)
    {
        if (scenario.MayBeRejected)
        {
            return "rejected, counted";
        }

        if (scenario.MayBeLostWithProcess)
        {
            return scenario.Ending == Ending.Killed ? "ends with the process" : "ends with the process, counted";
        }

        if (scenario.IsForOthers)
        {
            return scenario.Ending == Ending.Recovery ? "on disk" : "not sent to another intake, counted";
        }

        return scenario.MayBeTwice ? "all, some twice" : "all, once";
    }

    private static string Name(Ending ending) => ending switch
    {
        Ending.ShutdownInTrouble => "SHUTDOWN meanwhile, next process",
        Ending.Recovery => "recovers",
        Ending.Killed => "SIGKILL meanwhile, next process",
        Ending.TimedOut => "function times out, next process",
        _ => "SIGTERM meanwhile, next process",
    };

    private static string Name(Trouble trouble) => trouble switch
    {
        Trouble.RefusesConnections => "refuses connections",
        Trouble.Hangs => "takes everything, never answers",
        Trouble.IsSlow => "answers after 3 s",
        Trouble.ResetsConnections => "resets connections",
        Trouble.ClosesMidResponse => "takes it, the answer is cut off",
        Trouble.Answers429 => "429, Retry-After 30",
        Trouble.Answers500 => "500",
        Trouble.Answers503 => "503",
        Trouble.Answers403 => "403",
        Trouble.TracesOnly500 => "500 for traces only",
        Trouble.TracesOnlyHang => "traces are never answered",
        Trouble.NameNotFound => "its name is not found; the next process has the right one",
        _ => "500, and no disk can be written",
    };
}
