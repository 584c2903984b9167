using System.Text;
using Mayfly.EndToEnd.Agents;
using Xunit;

namespace Mayfly.EndToEnd.Chaos;

/// <summary>The table of docs/survival.md, which is generated: set <c>MAYFLY_WRITE_SURVIVAL=true</c> to have it written anew.</summary>
internal static class SurvivalPage
{
    private const string Begin = "<!-- generated: chaos -->";
    private const string BeginBeside = "<!-- generated: beside -->";
    private const string End = "<!-- end -->";

    /// <summary>The page is to be written anew.</summary>
    public static bool IsWritten => Environment.GetEnvironmentVariable("MAYFLY_WRITE_SURVIVAL") == "true";

    public static void MustTell(IReadOnlyCollection<(ChaosScenario Scenario, bool IsWell)> outcomes)
    {
        string table = Table(outcomes);
        if (IsWritten)
        {
            Write(Begin, table);
            return;
        }

        Assert.Equal(table, Written(Begin));
    }

    /// <summary>Mayfly beside a program, and the mini agent: its column is what it did when the page was written; Mayfly's is held.</summary>
    public static void MustTellBeside(IReadOnlyDictionary<(bool IsMayfly, Trouble Trouble, Ending Ending), string> outcomes)
    {
        string[] rows = [.. BesideRun.Troubles.Select(trouble => $"| {Name(trouble)} |" + CellsOf(outcomes, isMayfly: true, trouble))];
        if (!IsWritten)
        {
            string[] written = Written(BeginBeside).Split('\n');
            Assert.All(rows, row => Assert.Contains(written, line => line.StartsWith(row, StringComparison.Ordinal)));
            return;
        }

        string[] columns = [.. from agent in (string[])["Mayfly", "mini agent"] from ending in BesideRun.Endings select $"{agent}: {Name(ending)}"];
        var table = new StringBuilder();
        table.Append("| The intake | ").AppendJoin(" | ", columns).Append(" |\n|---|").Insert(table.Length, "---|", columns.Length).Append('\n');
        foreach ((Trouble trouble, string row) in BesideRun.Troubles.Zip(rows))
        {
            table.Append(row).Append(CellsOf(outcomes, isMayfly: false, trouble)).Append('\n');
        }

        Write(BeginBeside, table.ToString());
    }

    private static string CellsOf(IReadOnlyDictionary<(bool IsMayfly, Trouble Trouble, Ending Ending), string> outcomes, bool isMayfly, Trouble trouble) =>
        string.Concat(BesideRun.Endings.Select(ending => $" {Told(isMayfly, trouble, outcomes[(isMayfly, trouble, ending)])} |"));

    /// <summary>Of what an intake took without saying so Mayfly may send some again, and mostly does: that it did not this time is no other row.</summary>
    private static string Told(bool isMayfly, Trouble trouble, string outcome) =>
        isMayfly && trouble == Trouble.ClosesMidResponse && outcome == "all, once" ? "all, some twice" : outcome;

    private static string PagePath => Path.Combine(AgentUnderTest.Root, "docs", "survival.md");

    private static string Written(string mark)
    {
        string page = File.ReadAllText(PagePath);
        int begin = page.IndexOf(mark, StringComparison.Ordinal) + mark.Length;
        return page[begin..page.IndexOf(End, begin, StringComparison.Ordinal)].TrimStart('\n')[..^1];
    }

    private static void Write(string mark, string table)
    {
        string page = File.ReadAllText(PagePath);
        int begin = page.IndexOf(mark, StringComparison.Ordinal) + mark.Length;
        File.WriteAllText(PagePath, page[..begin] + "\n\n" + table + "\n" + page[page.IndexOf(End, begin, StringComparison.Ordinal)..]);
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
