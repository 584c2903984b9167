using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Mayfly.Tests.Platforms.Lambda.Triggers;

/// <summary>One example of docs/spec/02-triggers.md#4-sources-one-by-one: an event, the table of what is expected of it, and the carrier.</summary>
internal sealed partial record SpecificationExample(
    JsonNode Event,
    IReadOnlyList<IReadOnlyDictionary<string, string>> Columns,
    IReadOnlyDictionary<string, string> Carrier)
{
    /// <summary>What is expected of <c>aws.lambda</c>: the last column.</summary>
    public IReadOnlyDictionary<string, string> TriggerTags => Columns[^1];

    /// <summary>What is expected of the inferred and the wrapped span; keys are <c>name</c>, <c>start</c> … and <c>meta key</c>.</summary>
    public IEnumerable<IReadOnlyDictionary<string, string>> Spans => Columns.SkipLast(1);

    /// <summary>All examples that have a table, in document order.</summary>
    public static IReadOnlyList<SpecificationExample> Read(string specification)
    {
        int start = specification.IndexOf("## 4. Sources", StringComparison.Ordinal);
        string section = specification[start..specification.IndexOf("## 5. Sources", StringComparison.Ordinal)];
        return
        [
            .. Example().Matches(section).Select(static match => new SpecificationExample(
                JsonNode.Parse(match.Groups["json"].Value)!,
                ColumnsOf(match.Groups["table"].Value.Split('\n', StringSplitOptions.RemoveEmptyEntries)),
                CarrierOf(match.Groups["carrier"].Value))),
        ];
    }

    private static List<IReadOnlyDictionary<string, string>> ColumnsOf(string[] rows)
    {
        int count = Cells(rows[0]).Length - 1;
        var columns = Enumerable.Range(0, count).Select(static _ => new Dictionary<string, string>()).ToList();
        foreach (string row in rows.Skip(2))
        {
            string[] cells = Cells(row);
            string key = cells[0].StartsWith("meta ", StringComparison.Ordinal) ? "meta " + Unquoted(cells[0][5..]) : cells[0];
            for (int i = 0; i < count; i++)
            {
                if (cells[i + 1] is not ("" or "–"))
                {
                    columns[i][key] = Unquoted(cells[i + 1]);
                }
            }
        }

        return [.. columns];
    }

    private static Dictionary<string, string> CarrierOf(string line) =>
        Quoted().Matches(line).Select(static match => match.Groups["text"].Value.Split('=', 2)).ToDictionary(static pair => pair[0], static pair => pair[1]);

    private static string[] Cells(string row) => row.Trim().Trim('|').Split('|', StringSplitOptions.TrimEntries);

    private static string Unquoted(string cell) => cell.Trim('`');

    [GeneratedRegex("""```json\n(?<json>[^\n]+)\n```\n\n(?<table>\| key \|[^\n]*\n(?:\|[^\n]*\n)+)\n(?<carrier>Carrier[^\n]*)?""")]
    private static partial Regex Example();

    [GeneratedRegex("`(?<text>[^`]+)`")]
    private static partial Regex Quoted();
}
