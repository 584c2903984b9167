using System.Text.Json;

namespace Mayfly.Local.Intake;

/// <summary>
/// Bodies of events and service checks (docs/spec/04-metrics-logs.md, B.8). Text that is not JSON throws <see cref="JsonException"/>, JSON of another shape
/// <see cref="InvalidDataException"/>.
/// </summary>
internal static class EventDecoder
{
    public static List<ReceivedEvent> DecodeEvents(ReadOnlyMemory<byte> body)
    {
        using JsonDocument document = JsonDocument.Parse(body);
        JsonElement sources = Required(document.RootElement, "events", JsonValueKind.Object);
        return [.. sources.EnumerateObject().SelectMany(static source => source.Value.EnumerateArray().Select(one => Event(source.Name, one)))];
    }

    public static List<ReceivedServiceCheck> DecodeServiceChecks(ReadOnlyMemory<byte> body)
    {
        using JsonDocument document = JsonDocument.Parse(body);
        if (document.RootElement.ValueKind != JsonValueKind.Array)
        {
            throw new InvalidDataException("the body is not a JSON array");
        }

        return [.. document.RootElement.EnumerateArray().Select(static one => new ReceivedServiceCheck
        {
            Name = Required(one, "check", JsonValueKind.String).GetString()!,
            Status = Required(one, "status", JsonValueKind.Number).GetInt32(),
            TimestampSeconds = Required(one, "timestamp", JsonValueKind.Number).GetInt64(),
            Message = Text(one, "message"),
            Host = Text(one, "host_name"),
            Tags = Tags(one),
        })];
    }

    private static ReceivedEvent Event(string source, JsonElement element) => new()
    {
        Source = source,
        Title = Required(element, "msg_title", JsonValueKind.String).GetString()!,
        Text = Text(element, "msg_text"),
        TimestampSeconds = Required(element, "timestamp", JsonValueKind.Number).GetInt64(),
        Priority = Text(element, "priority"),
        AlertType = Text(element, "alert_type"),
        AggregationKey = Text(element, "aggregation_key"),
        Host = Text(element, "host"),
        Tags = Tags(element),
    };

    private static JsonElement Required(JsonElement element, string name, JsonValueKind kind) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement value) && value.ValueKind == kind
            ? value
            : throw new InvalidDataException($"{name} is missing or of another type");

    private static string Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";

    private static string[] Tags(JsonElement element) =>
        element.TryGetProperty("tags", out JsonElement tags) ? [.. tags.EnumerateArray().Select(static tag => tag.GetString()!)] : [];
}
