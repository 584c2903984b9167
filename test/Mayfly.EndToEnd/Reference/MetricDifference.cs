using System.Globalization;
using Mayfly.EndToEnd.Agents;

namespace Mayfly.EndToEnd.Reference;

/// <summary>
/// A deliberate difference, rows of the second table of docs/differences-mini-agent.md. What the mini agent makes of a packet is what Mayfly makes of the
/// packet rewritten by all of them, and written as the mini agent writes it.
/// </summary>
/// <param name="Name">In the table.</param>
internal sealed record MetricDifference(string Name)
{
    private static readonly string[] UnknownToThem = ["h", "ms", "s"];

    /// <summary>What the mini agent sees of a line; null: nothing.</summary>
    public Func<string, string?> Line { get; init; } = static line => line;

    /// <summary>What it sees of a packet.</summary>
    public Func<string, string> Packet { get; init; } = static packet => packet;

    /// <summary>What arrives from it, as Mayfly writes the same.</summary>
    public Func<ShownMetric, ShownMetric> Arrived { get; init; } = static metric => metric;

    /// <summary>In the order in which they are applied. Those without a function are shown by their rows alone.</summary>
    public static IReadOnlyList<MetricDifference> All { get; } =
    [
        new("broken-text") { Packet = static packet => packet.Contains(@"\xff", StringComparison.Ordinal) ? "" : packet },
        new("events-and-checks") { Line = static line => line.StartsWith('_') ? null : line },
        new("line-ends") { Line = static line => line.EndsWith(@"\r", StringComparison.Ordinal) ? null : line },
        new("invocations") { Line = static line => line.StartsWith("aws.lambda.enhanced.invocations", StringComparison.Ordinal) ? null : line },
        new("histograms-and-sets") { Line = static line => line.Split('|') is [_, var type, ..] && UnknownToThem.Contains(type) ? null : line },
        new("packed-values") { Line = static line => WithFirstValue(line) },
        new("sample-rate") { Line = static line => WithoutRates(line) },
        new("many-tags") { Line = static line => line.Contains("101 tags", StringComparison.Ordinal) ? null : line },
        new("empty-values") { Line = static line => WithoutEmptyValues(line) },
        new("type-numbers") { Arrived = static metric => metric with { Type = metric.Type switch { "0" => "1", "1" => "3", var other => other } } },
        new("interval") { Arrived = static metric => metric with { Interval = metric.Type == "1" ? 10 : 0 } },
        new("origin") { Arrived = static metric => metric with { Origin = OriginOf(metric.Name) } },
        new("not-finite"), new("types-apart"), new("times"), new("internal-tags"),
    ];

    /// <summary>Those that need no packet to show.</summary>
    public bool IsOfRows => Name is "not-finite" or "types-apart" or "times" or "internal-tags";

    /// <summary>The packet as the mini agent sees it; adds the names of what changed it.</summary>
    public static MetricPacket Rewrite(MetricPacket packet, ISet<string> used)
    {
        string text = packet.Text;
        foreach (MetricDifference difference in All)
        {
            string changed = string.Join('⏎', difference.Packet(text).Split('⏎').Select(difference.Line).OfType<string>());
            if (changed != text)
            {
                used.Add(difference.Name);
            }

            text = changed;
        }

        return new MetricPacket(text);
    }

    /// <summary>What arrived from the mini agent as Mayfly writes it.</summary>
    public static ShownMetric Translate(ShownMetric metric, ISet<string> used)
    {
        foreach (MetricDifference difference in All)
        {
            ShownMetric changed = difference.Arrived(metric);
            if (changed != metric)
            {
                used.Add(difference.Name);
            }

            metric = changed;
        }

        return metric;
    }

    /// <summary>docs/spec/04-metrics-logs.md#b7-origin-metadata: serverless, Lambda, and enhanced or custom.</summary>
    private static string OriginOf(string name) => name.StartsWith("aws.lambda.", StringComparison.Ordinal) ? "1 38 473" : "1 38 472";

    private static string WithFirstValue(string line)
    {
        string[] fields = line.Split('|');
        fields[0] = string.Join(':', fields[0].Split(':').Take(2));
        return string.Join('|', fields);
    }

    private static string WithoutRates(string line)
    {
        string[] fields = line.Split('|');
        return string.Join('|', fields.Where(static (field, i) => i < 2 || !IsRate(field)));
    }

    private static bool IsRate(string field) =>
        field.StartsWith('@') && double.TryParse(field.AsSpan(1), NumberStyles.Float, CultureInfo.InvariantCulture, out _);

    private static string WithoutEmptyValues(string line) => string.Join('|', line.Split('|').Select(static field =>
        field.StartsWith('#') ? string.Join(',', field.Split(',').Select(static tag => tag.EndsWith(':') ? tag[..^1] : tag)) : field));
}

/// <summary>A row of the second table of docs/differences-mini-agent.md.</summary>
/// <param name="Name">Of the difference.</param>
/// <param name="Where">See <see cref="ShownMetric.Field"/>.</param>
/// <param name="Packet">That shows it.</param>
/// <param name="Ours">Null: nothing.</param>
/// <param name="Theirs">Null: nothing.</param>
/// <param name="Why">With a section of the specification.</param>
internal sealed record MetricRow(string Name, string Where, MetricPacket Packet, string? Ours, string? Theirs, string Why)
{
    public const string Title = "## Metrics";

    public static IReadOnlyList<MetricRow> ReadAll() =>
    [
        .. File.ReadLines(Path.Combine(AgentUnderTest.Root, "docs", "differences-mini-agent.md"))
            .SkipWhile(static line => line != Title)
            .Where(static line => line.StartsWith("| `", StringComparison.Ordinal))
            .Select(static line => Read([.. line.Trim('|').Split(" | ").Select(static cell => cell.Trim().Replace(@"\|", "|"))])),
    ];

    private static MetricRow Read(string[] cells) =>
        new(cells[0].Trim('`'), cells[1].Trim('`'), new MetricPacket(cells[2].Trim('`')), Text(cells[3]), Text(cells[4]), cells[5]);

    private static string? Text(string cell) => cell == "–" ? null : cell.Trim('`');
}
