using System.Text.RegularExpressions;
using Mayfly.EndToEnd.Agents;
using Mayfly.Testing;

namespace Mayfly.EndToEnd.Reference;

/// <summary>What two implementations made of one text.</summary>
/// <param name="Span">As it was sent.</param>
/// <param name="Tag">Null: the resource, or its copy.</param>
/// <param name="Ours">Mayfly's.</param>
/// <param name="Theirs">libdatadog's.</param>
internal sealed record Observation(SampleSpan Span, string? Tag, string Ours, string Theirs)
{
    public string Input => Tag is null ? Span.Resource : Span.Meta[Tag];

    public bool IsEqual => Ours == Theirs;

    public bool IsSqlOf(string database) => IsSql && Span.Meta.GetValueOrDefault("db.type") == database;

    public bool IsSql => Tag is null && Span.Type is "sql" or "cassandra";

    public bool IsRedis => Tag is "redis.raw_command" or "valkey.raw_command";

    public bool IsUrl => Tag == "http.url";

    public bool IsJson => Tag is "mongodb.query" or "elasticsearch.body" or "opensearch.body";

    public override string ToString() => $"{Span.Type} {Span.Meta.GetValueOrDefault("db.type")} {Tag}\n{Input}\nMayfly:\n{Ours}\nlibdatadog:\n{Theirs}";
}

/// <summary>
/// A deliberate difference, a row of docs/differences-libdatadog.md: what is to be done to both texts so that nothing is left of it; other differences stay.
/// </summary>
internal sealed partial record Difference(string Name, Func<Observation, bool> Applies, Func<Observation, Observation> WithoutIt)
{
    /// <summary>In the order in which they are taken out.</summary>
    public static IReadOnlyList<Difference> All { get; } =
    [
        new("card-tags", static one => one.Tag is not (null or "card.number") && one.Ours == "?" && one.Theirs == one.Input, static one => one with { Theirs = "?" }),
        new("url-user", static one => one.IsUrl, static one => one with { Theirs = User().Replace(one.Theirs, "${before}") }),
        new("url-refused", static one => one.IsUrl && (one.Theirs == "?" || one.Ours == "?"), static one => one with { Ours = "?", Theirs = "?" }),
        new("url-kept", static one => one.IsUrl, static one => one with { Ours = Decoded(one.Ours), Theirs = Decoded(one.Theirs) }),
        new("redis-pairs", static one => one.IsRedis, static one => one with { Theirs = WithAllPairs(one.Ours, one.Theirs) }),
        new("json-card", static one => one.IsJson && one.Ours == "..." && one.Input.All(char.IsAsciiDigit), static one => one with { Theirs = "..." }),
        new("json-documents", static one => one.IsJson, static one => one with { Ours = FirstLine(one.Ours), Theirs = FirstLine(one.Theirs) }),
        new("sql-postgresql-at", static one => one.IsSqlOf("postgresql"), static one => one with { Ours = one.Ours.Replace("@ p1", "@p1") }),
        new("sql-mssql-dollar", static one => one.IsSqlOf("mssql") && DollarTag().IsMatch(one.Input), static one => one with { Ours = "", Theirs = "" }),
        new("sql-dollar-functions", static one => one.IsSql, static one => one with { Theirs = DollarFunction().Replace(one.Theirs, "?") }),
        new("sql-values", static one => one.IsSql, static one => one with { Ours = ToValues(one.Ours), Theirs = ToValues(one.Theirs) }),
        new("sql-groups", static one => one.IsSql, static one => one with { Ours = WithoutValues(one.Ours), Theirs = WithoutValues(one.Theirs) }),
    ];

    /// <summary>The differences that the observation has; null: it has others too.</summary>
    public static IReadOnlyList<string>? Explain(Observation observation)
    {
        var names = new List<string>();
        foreach (Difference difference in All)
        {
            if (!observation.IsEqual && difference.Applies(observation))
            {
                Observation without = difference.WithoutIt(observation);
                if (without != observation)
                {
                    names.Add(difference.Name);
                }

                observation = without;
            }
        }

        return observation.IsEqual ? names : null;
    }

    private static string Decoded(string url) => Uri.UnescapeDataString(Scheme().Replace(url, static scheme => scheme.Value.ToLowerInvariant())).TrimEnd('#');

    private static string FirstLine(string text) => text.Split('\n')[0];

    /// <summary>The words of CONFIG and BITFIELD that only we hide, hidden in theirs as well.</summary>
    private static string WithAllPairs(string ours, string theirs)
    {
        string[] ourLines = ours.Split('\n');
        string[] lines = theirs.Split('\n');
        for (int i = 0; i < lines.Length && lines.Length == ourLines.Length; i++)
        {
            string[] ourWords = ourLines[i].Split(' ');
            string[] words = lines[i].Split(' ');
            bool hasPairs = words[0].ToUpperInvariant() is "CONFIG" or "BITFIELD" && words.Length == ourWords.Length;
            lines[i] = hasPairs ? string.Join(' ', words.Zip(ourWords, static (their, our) => our == "?" ? our : their)) : lines[i];
        }

        return string.Join('\n', lines);
    }

    private static string WithoutValues(string sql) => Values().Replace(sql, "");

    private static string ToValues(string sql) => sql.StartsWith("INSERT", StringComparison.Ordinal) ? sql.Split("VALUES")[0] : sql;

    [GeneratedRegex(@"\$[a-z]+\$")]
    private static partial Regex DollarTag();

    [GeneratedRegex(@"\$(tag)?\$secret\?(?: \$)?\$(tag)?\$")]
    private static partial Regex DollarFunction();

    [GeneratedRegex("^(?<before>[A-Za-z]+://)[^/@]*@")]
    private static partial Regex User();

    [GeneratedRegex("^[A-Za-z]+:")]
    private static partial Regex Scheme();

    [GeneratedRegex(@"[?,\s]+")]
    private static partial Regex Values();
}

/// <summary>A row of docs/differences-libdatadog.md.</summary>
internal sealed record DifferenceRow(string Name, string Settings, SampleSpan Span, string? Tag, string Ours, string Theirs, string Why)
{
    /// <summary>The rows, each with a span of its own.</summary>
    public static IReadOnlyList<DifferenceRow> ReadAll() =>
    [
        .. File.ReadLines(Path.Combine(AgentUnderTest.Root, "docs", "differences-libdatadog.md"))
            .Where(static line => line.StartsWith("| `", StringComparison.Ordinal))
            .Select(static (line, index) => Read([.. line.Trim('|').Split(" | ").Select(static cell => cell.Trim())], (ulong)index + 1)),
    ];

    private static DifferenceRow Read(string[] cells, ulong id)
    {
        string[] where = cells[2].Split(' ');
        string input = Text(cells[3]);
        string? tag = where[^1] == "resource" ? null : Text(where[^1]);
        var meta = new Dictionary<string, string>();
        if (where.Length == 3)
        {
            meta["db.type"] = where[1];
        }

        if (tag is not null)
        {
            meta[tag] = input;
        }

        var span = new SampleSpan { TraceId = id, SpanId = id, Type = where[0], Resource = tag is null ? input : "resource", Meta = meta };
        return new DifferenceRow(Text(cells[0]), cells[1], span, tag, Text(cells[4]), Text(cells[5]), cells[6]);
    }

    private static string Text(string cell) => cell.Trim('`').Replace("\\n", "\n");
}
