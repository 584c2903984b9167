using System.Text;
using System.Text.Json;
using Mayfly.Local.Demo;
using Mayfly.Local.Intake;

namespace Mayfly.Local.Cli;

/// <summary>The demo's report for programs: one JSON object with <c>complete</c>, <c>rows</c>, <c>problems</c>, <c>invocations</c>.</summary>
internal static class ReportJson
{
    public static string Write(DeliveryReport report, IReadOnlyList<InvocationView> views)
    {
        using var text = new MemoryStream();
        using (var json = new Utf8JsonWriter(text, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteBoolean("complete", report.Complete);
            json.WriteStartArray("rows");
            foreach (DeliveryRow row in report.Rows)
            {
                json.WriteStartObject();
                json.WriteString("what", row.What);
                json.WriteNumber("sent", row.Sent);
                json.WriteNumber("arrived", row.Arrived);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            Strings(json, "problems", report.Problems);
            json.WriteStartArray("invocations");
            foreach (InvocationView view in views)
            {
                Invocation(json, view);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(text.ToArray());
    }

    private static void Invocation(Utf8JsonWriter json, InvocationView view)
    {
        DemoInvocation invocation = view.Invocation;
        json.WriteStartObject();
        json.WriteString("title", invocation.Title);
        json.WriteString("request_id", invocation.RequestId);
        json.WriteString("status", invocation.Status);
        json.WriteBoolean("cold", invocation.Cold);
        json.WriteNumber("duration_ms", invocation.Duration.TotalMilliseconds);
        json.WriteNumber("billed_ms", invocation.BilledMs);
        Milliseconds(json, "agent_overhead_ms", invocation.AgentOverhead);
        Milliseconds(json, "init_ms", invocation.Init);
        json.WriteStartArray("spans");
        foreach (ReceivedSpan span in view.Spans)
        {
            json.WriteStartObject();
            json.WriteString("name", span.Name);
            json.WriteString("service", span.Service);
            json.WriteString("resource", span.Resource);
            json.WriteNumber("trace_id", span.TraceId);
            json.WriteNumber("span_id", span.SpanId);
            json.WriteNumber("parent_id", span.ParentId);
            json.WriteNumber("start_ns", span.StartNs);
            json.WriteNumber("duration_ns", span.DurationNs);
            json.WriteNumber("error", span.Error);
            json.WriteStartObject("meta");
            foreach ((string key, string value) in span.Meta)
            {
                json.WriteString(key, value);
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("metrics");
        foreach (ReceivedMetric metric in view.Metrics)
        {
            Metric(json, metric);
        }

        json.WriteEndArray();
        json.WriteStartArray("logs");
        foreach (ReceivedLog log in view.Logs)
        {
            json.WriteStartObject();
            json.WriteString("message", log.Message);
            json.WriteString("status", log.Status);
            json.WriteNumber("timestamp_ms", log.TimestampMs);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Metric(Utf8JsonWriter json, ReceivedMetric metric)
    {
        json.WriteStartObject();
        json.WriteString("name", metric.Name);
        json.WriteString("type", metric.Type.ToString().ToLowerInvariant());
        Strings(json, "tags", metric.Tags);
        json.WriteStartArray("points");
        foreach (ReceivedPoint point in metric.Points)
        {
            json.WriteStartObject();
            json.WriteNumber("timestamp", point.TimestampSeconds);
            json.WriteNumber("value", point.Value);
            json.WriteEndObject();
        }

        foreach (ReceivedSketch sketch in metric.Sketches)
        {
            json.WriteStartObject();
            json.WriteNumber("timestamp", sketch.TimestampSeconds);
            json.WriteNumber("count", sketch.Count);
            json.WriteNumber("sum", sketch.Sum);
            json.WriteNumber("min", sketch.Min);
            json.WriteNumber("max", sketch.Max);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Strings(Utf8JsonWriter json, string name, IReadOnlyList<string> values)
    {
        json.WriteStartArray(name);
        foreach (string value in values)
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }

    private static void Milliseconds(Utf8JsonWriter json, string name, TimeSpan? time)
    {
        if (time is { } value)
        {
            json.WriteNumber(name, value.TotalMilliseconds);
        }
        else
        {
            json.WriteNull(name);
        }
    }
}
