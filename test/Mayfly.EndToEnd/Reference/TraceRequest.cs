using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Mayfly.Testing;

namespace Mayfly.EndToEnd.Reference;

/// <summary>
/// A request to <c>/v0.4/traces</c> as JSON: an array of traces, which are arrays of spans, over those of a usual span.
/// <c>"h'0102'"</c> is bin, <c>"3 times a"</c> a long text, a number with a point float64. Ids below 1000, but 0, are those of the request and differ from those
/// of all others.
/// </summary>
/// <param name="Traces">Example: <c>[[{"service":"a"},{"parent_id":2}]]</c>.</param>
/// <param name="Headers">Of the tracer.</param>
internal sealed record TraceRequest(JsonArray Traces, IReadOnlyDictionary<string, string> Headers)
{
    /// <summary>The tag that says which span it is, where the ids do not.</summary>
    public const string Mark = "mark";

    private const ulong IdsOfARequest = 1000;

    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static ulong _requests;

    private readonly ulong _base = Interlocked.Increment(ref _requests) * IdsOfARequest;

    public static IReadOnlyDictionary<string, string> Node { get; } = new Dictionary<string, string>
    {
        ["Datadog-Meta-Lang"] = "nodejs", ["Datadog-Meta-Lang-Version"] = "v22.1.0", ["Datadog-Meta-Lang-Interpreter"] = "v8",
        ["Datadog-Meta-Tracer-Version"] = "5.2.0", ["X-Datadog-Trace-Count"] = "1", ["Content-Type"] = "application/msgpack",
    };

    /// <summary>The spans, each with the number of its trace and its own in the trace.</summary>
    public IEnumerable<(int Trace, int Span, JsonObject Fields)> Spans => Traces.SelectMany(
        static (trace, i) => trace is JsonArray spans ? spans.Select((span, j) => (i, j, span as JsonObject ?? [])) : []);

    /// <summary>The trace's id and the span's, as sent.</summary>
    public (ulong Trace, ulong Span) IdsOf(int trace, int span)
    {
        JsonObject fields = Fields(trace, span);
        return (Id(fields["trace_id"]), Id(fields["span_id"]));
    }

    public string MarkOf(int trace, int span) => string.Create(CultureInfo.InvariantCulture, $"{_base + ((ulong)trace * 100) + (ulong)span}");

    /// <summary>An id of this request as it is written down.</summary>
    public ulong Local(ulong id) => id > _base && id < _base + IdsOfARequest ? id - _base : id;

    public byte[] ToBody()
    {
        var writer = new MsgPackWriter().Array(Traces.Count);
        for (int i = 0; i < Traces.Count; i++)
        {
            JsonArray spans = Traces[i]!.AsArray();
            writer.Array(spans.Count);
            for (int j = 0; j < spans.Count; j++)
            {
                Write(writer, Fields(i, j));
            }
        }

        return writer.ToArray();
    }

    public override string ToString()
    {
        string traces = Traces.ToJsonString(Readable);
        IEnumerable<KeyValuePair<string, string>> others = Headers.Where(static pair => Node.GetValueOrDefault(pair.Key) != pair.Value);
        string headers = string.Join(' ', others.Select(static pair => $"{pair.Key}={pair.Value}"));
        return headers.Length == 0 ? traces : $"{headers} {traces}";
    }

    /// <summary>The reverse of <see cref="ToString"/>.</summary>
    public static TraceRequest Parse(string text)
    {
        int start = text.IndexOf('[', StringComparison.Ordinal);
        var headers = new Dictionary<string, string>(Node);
        foreach (string header in text[..start].Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = header.Split('=', 2);
            headers[parts[0]] = parts[1];
        }

        return new TraceRequest(JsonNode.Parse(text[start..])!.AsArray(), headers);
    }

    private JsonObject Fields(int trace, int span)
    {
        var fields = new JsonObject
        {
            ["service"] = "web", ["name"] = "http.request", ["resource"] = "GET /", ["type"] = "web", ["trace_id"] = trace + 1,
            ["span_id"] = (trace * 100) + span + 1, ["parent_id"] = span == 0 ? 0 : (trace * 100) + 1, ["start"] = 1_700_000_000_000_000_000,
            ["duration"] = 5_000_000, ["error"] = 0, ["meta"] = new JsonObject(), ["metrics"] = new JsonObject(),
        };
        foreach ((string name, JsonNode? value) in Traces[trace]![span]!.AsObject())
        {
            fields[name] = value?.DeepClone();
        }

        foreach (string id in new[] { "trace_id", "span_id", "parent_id" })
        {
            if (Id(fields[id]) is > 0 and var value)
            {
                fields[id] = value;
            }
        }

        if (fields["meta"] is JsonObject meta)
        {
            meta[Mark] = MarkOf(trace, span);
        }

        return fields;
    }

    private ulong Id(JsonNode? value) =>
        value is JsonValue number && number.GetValueKind() == JsonValueKind.Number
            && ulong.TryParse(number.ToJsonString(), CultureInfo.InvariantCulture, out ulong id) ? id is > 0 and < IdsOfARequest ? _base + id : id : 0;

    private static void Write(MsgPackWriter writer, JsonNode? node)
    {
        switch (node)
        {
            case null:
                writer.Nil();
                break;
            case JsonObject map:
                writer.Map(map.Count);
                foreach ((string key, JsonNode? value) in map)
                {
                    writer.Str(key);
                    Write(writer, value);
                }

                break;
            case JsonArray array:
                writer.Array(array.Count);
                foreach (JsonNode? item in array)
                {
                    Write(writer, item);
                }

                break;
            default:
                WriteValue(writer, node.AsValue());
                break;
        }
    }

    private static void WriteValue(MsgPackWriter writer, JsonValue value)
    {
        string json = value.ToJsonString();
        _ = value.GetValueKind() switch
        {
            JsonValueKind.True => writer.Bool(true),
            JsonValueKind.False => writer.Bool(false),
            JsonValueKind.String => WriteText(writer, value.GetValue<string>()),
            _ when json.AsSpan().ContainsAny(".eE") => writer.Float64(double.Parse(json, CultureInfo.InvariantCulture)),
            _ when json[0] == '-' => writer.Int(long.Parse(json, CultureInfo.InvariantCulture)),
            _ => writer.UInt(ulong.Parse(json, CultureInfo.InvariantCulture)),
        };
    }

    private static MsgPackWriter WriteText(MsgPackWriter writer, string text)
    {
        if (text.StartsWith("h'", StringComparison.Ordinal))
        {
            return writer.Bin(Convert.FromHexString(text[2..^1]));
        }

        int times = text.IndexOf(" times ", StringComparison.Ordinal);
        return writer.Str(times < 0
            ? text
            : string.Concat(Enumerable.Repeat(text[(times + " times ".Length)..], int.Parse(text[..times], CultureInfo.InvariantCulture))));
    }
}
