using System.Text.Json;

namespace Mayfly.EndToEnd.Functions;

/// <summary>What the C# sample wrote down before it sent it; read here once more, so that the demo's own reader is not its only judge.</summary>
internal sealed record SentByCSharp(
    IReadOnlyList<SentSpanLine> Roots,
    IReadOnlyList<SentSpanLine> Spans,
    IReadOnlyList<SentMetricLine> Metrics,
    IReadOnlyList<SentLogLine> Logs,
    IReadOnlyList<string> Failures)
{
    public static SentByCSharp Parse(IEnumerable<string> lines)
    {
        List<JsonElement> all = [.. lines.Select(static line => JsonDocument.Parse(line).RootElement)];
        ILookup<string, JsonElement> byKind = all.ToLookup(static line => Text(line, "kind"));
        return new SentByCSharp(
            [.. byKind["root"].Select(Span)],
            [.. byKind["span"].Select(Span)],
            [.. byKind["metric"].Select(static line => new SentMetricLine(
                Text(line, "request_id"), Text(line, "name"), Text(line, "type"), line.GetProperty("value").GetDouble(),
                [.. line.GetProperty("tags").EnumerateArray().Select(static tag => tag.GetString()!)]))],
            [.. byKind["log"].Select(static line => new SentLogLine(Text(line, "request_id"), Text(line, "text")))],
            [.. byKind["failure"].Select(static line => Text(line, "text"))]);
    }

    /// <summary>The part of one invocation.</summary>
    public SentByCSharp Of(string requestId) => new(
        [.. Roots.Where(one => one.RequestId == requestId)],
        [.. Spans.Where(one => one.RequestId == requestId)],
        [.. Metrics.Where(one => one.RequestId == requestId)],
        [.. Logs.Where(one => one.RequestId == requestId)],
        Failures);

    private static SentSpanLine Span(JsonElement line) => new(
        Text(line, "request_id"),
        Text(line, "name"),
        Text(line, "resource"),
        Text(line, "service"),
        line.GetProperty("trace_id").GetUInt64(),
        line.GetProperty("span_id").GetUInt64(),
        line.GetProperty("parent_id").GetUInt64(),
        line.GetProperty("start_ns").GetInt64(),
        line.GetProperty("duration_ns").GetInt64(),
        line.GetProperty("error").GetInt32());

    private static string Text(JsonElement line, string name) => line.GetProperty(name).GetString()!;
}

/// <summary>A span as sent; times in ns.</summary>
internal sealed record SentSpanLine(
    string RequestId, string Name, string Resource, string Service, ulong TraceId, ulong SpanId, ulong ParentId, long StartNs, long DurationNs, int Error);

/// <summary>A DogStatsD sample as sent; the type is the protocol's: c, g, d, h, ms.</summary>
internal sealed record SentMetricLine(string RequestId, string Name, string Type, double Value, IReadOnlyList<string> Tags)
{
    /// <summary>What is aggregated together: name, type and tags.</summary>
    public string Context => $"{Name}|{Type}|{string.Join(',', Tags.Order(StringComparer.Ordinal))}";
}

/// <summary>A line on standard output.</summary>
internal sealed record SentLogLine(string RequestId, string Text);
