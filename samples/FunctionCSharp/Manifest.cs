using System.Text;
using System.Text.Json;

namespace FunctionCSharp;

/// <summary>
/// What the function hands to the agent, as JSON lines in the file named by <c>MAYFLY_DEMO_MANIFEST</c>, written before it is sent: a reader can compare it
/// with what arrived at the intake. Every line is on disk before the call returns, because a function that runs into its timeout is killed.
/// </summary>
internal sealed class Manifest(string? path) : IDisposable
{
    private readonly FileStream? _file = path is null ? null : new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);

    /// <summary>Writes a log line to standard output and notes it.</summary>
    public void Log(Invocation invocation, string text)
    {
        Write(json =>
        {
            json.WriteString("kind", "log");
            json.WriteString("request_id", invocation.RequestId);
            json.WriteString("text", text);
        });
        Console.Out.WriteLine(text);
        Console.Out.Flush();
    }

    /// <summary>Notes the spans of an invocation; the first one is the placeholder, kind <c>root</c>.</summary>
    public void Spans(string requestId, TraceContext trace)
    {
        foreach (Span span in trace.Spans)
        {
            Write(json =>
            {
                json.WriteString("kind", ReferenceEquals(span, trace.Root) ? "root" : "span");
                json.WriteString("request_id", requestId);
                json.WriteString("name", span.Name);
                json.WriteNumber("trace_id", span.TraceId);
                json.WriteNumber("span_id", span.SpanId);
                json.WriteNumber("parent_id", span.ParentId);
                json.WriteNumber("error", span.Error);
                json.WriteString("service", span.Service);
                json.WriteString("resource", span.Resource);
                json.WriteNumber("start_ns", span.StartNs);
                json.WriteNumber("duration_ns", span.DurationNs);
            });
        }
    }

    public void Metric(string requestId, string name, string type, double value, string[] tags) => Write(json =>
    {
        json.WriteString("kind", "metric");
        json.WriteString("request_id", requestId);
        json.WriteString("name", name);
        json.WriteString("type", type);
        json.WriteNumber("value", value);
        json.WriteStartArray("tags");
        foreach (string tag in tags)
        {
            json.WriteStringValue(tag);
        }

        json.WriteEndArray();
    });

    /// <summary>Notes that the agent did not take something.</summary>
    public void Failure(string text) => Write(json =>
    {
        json.WriteString("kind", "failure");
        json.WriteString("text", text);
    });

    public void Dispose() => _file?.Dispose();

    private void Write(Action<Utf8JsonWriter> members)
    {
        if (_file is null)
        {
            return;
        }

        using var line = new MemoryStream();
        using (var json = new Utf8JsonWriter(line))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }

        line.Write(Encoding.UTF8.GetBytes("\n"));
        lock (_file)
        {
            _file.Write(line.ToArray());
        }
    }
}
