using System.Text.Json;

namespace Mayfly.Local.Demo;

/// <summary>
/// What a sample function handed to its agent, as it wrote it down itself: JSON lines with a member <c>kind</c> = root, span, metric, log or failure.
/// </summary>
public sealed record SentManifest
{
    /// <summary>Placeholders of finished invocations: their ids must come back as those of the <c>aws.lambda</c> span.</summary>
    public IReadOnlyList<SentSpan> Roots { get; init; } = [];

    /// <summary>The spans below the placeholders.</summary>
    public IReadOnlyList<SentSpan> Spans { get; init; } = [];

    public IReadOnlyList<SentMetric> Metrics { get; init; } = [];

    public IReadOnlyList<SentLog> Logs { get; init; } = [];

    /// <summary>Sentences about what the agent did not take.</summary>
    public IReadOnlyList<string> Failures { get; init; } = [];

    /// <summary>Reads the lines. A last line that was cut off by a kill is left out; any other broken line throws <see cref="InvalidDataException"/>.</summary>
    public static SentManifest Parse(IReadOnlyList<string> lines)
    {
        var roots = new List<SentSpan>();
        var spans = new List<SentSpan>();
        var metrics = new List<SentMetric>();
        var logs = new List<SentLog>();
        var failures = new List<string>();
        for (int i = 0; i < lines.Count; i++)
        {
            if (lines[i].Length == 0)
            {
                continue;
            }

            try
            {
                using JsonDocument line = JsonDocument.Parse(lines[i]);
                JsonElement root = line.RootElement;
                switch (root.GetProperty("kind").GetString())
                {
                    case "root":
                        roots.Add(Span(root));
                        break;
                    case "span":
                        spans.Add(Span(root));
                        break;
                    case "metric":
                        metrics.Add(Metric(root));
                        break;
                    case "log":
                        logs.Add(new SentLog(Text(root, "request_id"), Text(root, "text")));
                        break;
                    case "failure":
                        failures.Add(Text(root, "text"));
                        break;
                    default:
                        throw new InvalidDataException($"manifest line {i + 1} has an unknown kind");
                }
            }
            catch (JsonException) when (i == lines.Count - 1)
            {
                break;
            }
            catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
            {
                throw new InvalidDataException($"manifest line {i + 1} is broken: {e.Message}", e);
            }
        }

        return new SentManifest { Roots = roots, Spans = spans, Metrics = metrics, Logs = logs, Failures = failures };
    }

    private static SentSpan Span(JsonElement line) => new(
        Text(line, "request_id"),
        Text(line, "name"),
        line.GetProperty("trace_id").GetUInt64(),
        line.GetProperty("span_id").GetUInt64(),
        line.GetProperty("parent_id").GetUInt64(),
        line.GetProperty("error").GetInt32());

    private static SentMetric Metric(JsonElement line) => new(
        Text(line, "request_id"),
        Text(line, "name"),
        Text(line, "type"),
        line.GetProperty("value").GetDouble(),
        [.. line.GetProperty("tags").EnumerateArray().Select(tag => tag.GetString() ?? "")]);

    private static string Text(JsonElement line, string name) => line.GetProperty(name).GetString() ?? "";
}

/// <summary>One span that the function sent.</summary>
public sealed record SentSpan(string RequestId, string Name, ulong TraceId, ulong SpanId, ulong ParentId, int Error);

/// <summary>One DogStatsD sample; the type is that of the protocol: c, g, d, h, ms.</summary>
public sealed record SentMetric(string RequestId, string Name, string Type, double Value, IReadOnlyList<string> Tags);

/// <summary>One line on standard output.</summary>
public sealed record SentLog(string RequestId, string Text);
