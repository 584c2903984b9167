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
    private const string NotPlayed = "not played";

    /// <summary>The page is to be written anew.</summary>
    public static bool IsWritten => Environment.GetEnvironmentVariable("MAYFLY_WRITE_SURVIVAL") == "true";

    /// <param name="outcomes">Of all stories that could be played; a trouble that this machine cannot have is in none of them.</param>
    public static void MustTell(IReadOnlyCollection<(ChaosScenario Scenario, string Outcome)> outcomes)
    {
        string[] table = [.. Rows(outcomes)];
        if (IsWritten)
        {
            Assert.DoesNotContain(table, static row => row.Contains(NotPlayed, StringComparison.Ordinal));
            Write(Begin, string.Join('\n', table) + "\n");
            return;
        }

        string[] written = Written(Begin).TrimEnd('\n').Split('\n');
        Assert.Equal(written.Length, table.Length);
        Assert.All(table.Zip(written).Where(static pair => !pair.First.Contains(NotPlayed, StringComparison.Ordinal)), static pair => Assert.Equal(pair.Second, pair.First));
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

    private static IEnumerable<string> Rows(IReadOnlyCollection<(ChaosScenario Scenario, string Outcome)> outcomes)
    {
        Ending[] endings = Enum.GetValues<Ending>();
        yield return $"| The intake, the machine | {string.Join(" | ", endings.Select(Name))} |";
        yield return "|---|" + string.Concat(endings.Select(static _ => "---|"));
        foreach (Trouble trouble in Enum.GetValues<Trouble>())
        {
            IEnumerable<string> cells = endings.Select(ending => string.Join("; ", outcomes
                .Where(one => one.Scenario.Trouble == trouble && one.Scenario.Ending == ending)
                .Select(static one => one.Outcome)
                .DefaultIfEmpty(NotPlayed)
                .Distinct()
                .Order(StringComparer.Ordinal)));
            yield return $"| {Name(trouble)} | {string.Join(" | ", cells)} |";
        }
    }

    private static string Name(Ending ending) => ending switch
    {
        Ending.ShutdownInTrouble => "SHUTDOWN meanwhile, next process",
        Ending.Recovery => "recovers",
        Ending.Killed => "SIGKILL meanwhile, next process",
        Ending.TimedOut => "function times out, next process",
        Ending.TimedOutInFlush => "function times out in a flush, next process",
        _ => "SIGTERM meanwhile, next process",
    };

    private static string Name(Trouble trouble) => trouble switch
    {
        Trouble.RefusesConnections => "refuses connections",
        Trouble.Hangs => "takes everything, never answers",
        Trouble.IsSlow => "answers after 3 s",
        Trouble.ResetsConnections => "resets connections",
        Trouble.HalfCloses => "reads it, closes its side without an answer",
        Trouble.ClosesMidResponse => "takes it, the answer is cut off",
        Trouble.Answers429 => "429, Retry-After 30",
        Trouble.Answers500 => "500",
        Trouble.Answers503 => "503",
        Trouble.Answers403 => "403",
        Trouble.TracesOnly500 => "500 for traces only",
        Trouble.TracesOnlyHang => "traces are never answered",
        Trouble.ProxyRefuses => "the proxy on the way to it refuses connections",
        Trouble.NameIsGone => "its name is not found for a while",
        Trouble.DiskFull => "500, and the disk is full",
        Trouble.NameNotFound => "its name is not found; the next process has the right one",
        _ => "500, and no disk can be written",
    };
}
