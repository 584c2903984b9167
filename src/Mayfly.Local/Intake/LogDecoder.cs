using System.Text.Json;

namespace Mayfly.Local.Intake;

/// <summary>
/// JSON array of log events to logs (docs/spec/04-metrics-logs.md, C.4). Text that is not JSON throws <see cref="JsonException"/>, JSON of another shape
/// <see cref="InvalidDataException"/>.
/// </summary>
internal static class LogDecoder
{
    public static List<ReceivedLog> Decode(ReadOnlyMemory<byte> body)
    {
        using JsonDocument document = JsonDocument.Parse(body);
        if (document.RootElement.ValueKind != JsonValueKind.Array)
        {
            throw new InvalidDataException("the body is not a JSON array");
        }

        return [.. document.RootElement.EnumerateArray().Select(Event)];
    }

    private static ReceivedLog Event(JsonElement element)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            throw new InvalidDataException("a log event is not a JSON object");
        }

        if (!element.TryGetProperty("message", out JsonElement message))
        {
            throw new InvalidDataException("a log event has no message");
        }

        bool nested = message.ValueKind == JsonValueKind.Object;
        JsonElement inner = nested ? message : element;
        JsonElement lambda = Member(inner, "lambda");
        JsonElement requestId = Member(lambda, "request_id");
        return new ReceivedLog
        {
            Message = nested ? Text(message, "message") : message.ToString(),
            RequestId = requestId.ValueKind == JsonValueKind.String ? requestId.GetString() : null,
            Arn = Text(lambda, "arn"),
            Status = Text(inner, "status") is { Length: > 0 } status ? status : Text(element, "status"),
            TimestampMs = Number(inner, "timestamp") is var timestamp and not 0 ? timestamp : Number(element, "timestamp"),
            Service = Text(element, "service"),
            DdSource = Text(element, "ddsource"),
            DdTags = Text(element, "ddtags"),
            Hostname = Text(element, "hostname"),
        };
    }

    private static JsonElement Member(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement value) ? value : default;

    private static string Text(JsonElement element, string name) =>
        Member(element, name) is { ValueKind: JsonValueKind.String } value ? value.GetString() ?? "" : "";

    private static long Number(JsonElement element, string name) =>
        Member(element, name) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt64(out long number) ? number : 0;
}
