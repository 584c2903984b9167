using System.Globalization;
using System.Text.RegularExpressions;

namespace Mayfly.EndToEnd.Sources;

/// <summary>
/// Reads examples out of Markdown: a fenced JSON event, or the name of a file of <c>samples/events/sources</c>, and the table below it, one row per field.
/// The specification's own examples are in this form (docs/spec/02-triggers.md#4-sources-one-by-one).
/// </summary>
internal static partial class ExampleTables
{
    private static readonly string[] FieldNames = ["name", "service", "resource", "type", "start", "duration"];

    /// <param name="lines">Of the document, or of a part of it.</param>
    /// <param name="eventsDirectory">Where event files are.</param>
    public static IReadOnlyList<SourceExample> Read(IEnumerable<string> lines, string eventsDirectory)
    {
        var reader = new Reader(eventsDirectory);
        foreach (string line in lines)
        {
            reader.Accept(line);
        }

        return reader.Finish();
    }

    [GeneratedRegex(@"`x-datadog-trace-id=(\d+)`, `x-datadog-parent-id=(\d+)`")]
    private static partial Regex CarrierIds();

    [GeneratedRegex(@"^Context: trace (\d+), parent (\d+)(.*)$")]
    private static partial Regex ContextIds();

    [GeneratedRegex("`([^`=]+)=([^`]*)`")]
    private static partial Regex Tag();

    [GeneratedRegex(@"Span pointer: kind `([^`]+)`.*hash `([0-9a-f]{32})`")]
    private static partial Regex PointerHash();

    [GeneratedRegex("^Event: `([a-z0-9-]+)`$")]
    private static partial Regex EventFile();

    private sealed class Reader(string eventsDirectory)
    {
        private readonly List<SourceExample> _examples = [];
        private readonly Dictionary<string, int> _perSection = [];
        private string _section = "";
        private string? _event;
        private bool _isInTable;
        private string[] _columns = [];
        private List<string[]> _rows = [];
        private ulong _traceId;
        private ulong _parentId;
        private Dictionary<string, string> _contextTags = [];
        private (string Kind, string Hash)? _pointer;
        private string? _pending;

        public void Accept(string line)
        {
            if (line.StartsWith('#'))
            {
                Finish();
                _section = line.TrimStart('#', ' ').Split(' ')[0];
                _event = null;
            }
            else if (line.StartsWith('{'))
            {
                Finish();
                _event = line;
            }
            else if (EventFile().Match(line) is { Success: true } file)
            {
                Finish();
                _event = File.ReadAllText(Path.Combine(eventsDirectory, file.Groups[1].Value + ".json"));
            }
            else if (line.StartsWith('|'))
            {
                AcceptRow(line);
            }
            else
            {
                _isInTable = false;
                AcceptText(line);
            }
        }

        public IReadOnlyList<SourceExample> Finish()
        {
            if (_pending is not null)
            {
                int number = _perSection[_section] = _perSection.GetValueOrDefault(_section) + 1;
                int spanColumns = _columns.Count(static column => column.Contains("span", StringComparison.Ordinal));
                ExpectedSpan[] spans = [.. Enumerable.Range(0, spanColumns).Select(SpanOf)];
                _examples.Add(new SourceExample(
                    number == 1 ? _section : $"{_section} ({number})", _pending, spans, MetaOf(_columns.Length - 1), _traceId, _parentId, _contextTags, _pointer));
                _pending = null;
            }

            (_traceId, _parentId, _contextTags, _pointer) = (0, 0, [], null);
            return _examples;
        }

        private void AcceptRow(string line)
        {
            string[] cells = [.. line.Trim('|').Split(" | ").Select(static cell => cell.Trim().Trim('|').Trim())];
            if (cells[0] == "key" && cells[^1] == "trigger tags" && _event is not null)
            {
                (_isInTable, _columns, _rows, _pending, _event) = (true, cells[1..], [], _event, null);
            }
            else if (_isInTable && !cells[0].StartsWith("---", StringComparison.Ordinal))
            {
                _rows.Add(cells);
            }
        }

        private void AcceptText(string line)
        {
            if (CarrierIds().Match(line) is { Success: true } carrier)
            {
                (_traceId, _parentId) = (Id(carrier.Groups[1].Value), Id(carrier.Groups[2].Value));
            }
            else if (ContextIds().Match(line) is { Success: true } context)
            {
                (_traceId, _parentId) = (Id(context.Groups[1].Value), Id(context.Groups[2].Value));
                _contextTags = Tag().Matches(context.Groups[3].Value).ToDictionary(static tag => tag.Groups[1].Value, static tag => tag.Groups[2].Value);
            }
            else if (PointerHash().Match(line) is { Success: true } pointer)
            {
                _pointer = (pointer.Groups[1].Value, pointer.Groups[2].Value);
            }
        }

        private ExpectedSpan SpanOf(int column)
        {
            var fields = _rows.Where(static row => FieldNames.Contains(row[0])).ToDictionary(static row => row[0], row => Text(Cell(row, column)) ?? "");
            return new ExpectedSpan(fields, MetaOf(column));
        }

        private Dictionary<string, string> MetaOf(int column) => _rows
            .Where(static row => row[0].StartsWith("meta ", StringComparison.Ordinal))
            .Select(row => (Key: row[0]["meta ".Length..].Trim('`'), Value: Text(Cell(row, column))))
            .Where(static tag => tag.Value is not null)
            .ToDictionary(static tag => tag.Key, static tag => tag.Value!);

        private static string Cell(string[] row, int column) => column + 1 < row.Length ? row[column + 1] : "";

        /// <summary>Without its backticks; null for what is absent.</summary>
        private static string? Text(string cell) => cell is "" or "–" ? null : cell[1..^1];

        private static ulong Id(string text) => ulong.Parse(text, CultureInfo.InvariantCulture);
    }
}
