using Mayfly.Platforms.Lambda.Triggers.Json;

namespace Mayfly.Platforms.Lambda.Triggers.Sources;

/// <summary>An event of a bus, delivered to the function or as the text of a message (docs/spec/02-triggers.md#410-eventbridge).</summary>
internal static class EventBridgeEvent
{
    public const string EventSource = "eventbridge";

    private const string SpanName = "aws.eventbridge";

    /// <summary>What the tracer of the sender adds for the span: the bus, and the time of sending in ms, which is finer than the event's own.</summary>
    private static readonly JsonNames SenderNames = new("x-datadog-resource-name", "x-datadog-start-time");

    public static string[] Members { get; } = ["id", "time", "source", "detail-type", "detail"];

    /// <summary>True for a text that is an event of a bus.</summary>
    public static bool Is(in JsonFields busEvent) =>
        busEvent["id"u8].IsString && busEvent["source"u8].IsString && busEvent["detail-type"u8].IsString && busEvent["detail"u8].IsPresent;

    public static InferredSpan SpanOf(in JsonFields busEvent, TriggerSettings settings)
    {
        JsonFields sender = busEvent["detail"u8].Get("_datadog"u8).Fields(SenderNames);
        string? bus = sender["x-datadog-resource-name"u8].Text ?? busEvent["source"u8].Text;
        return new InferredSpan
        {
            Name = SpanName,
            Service = ServiceNaming.ServiceOf(settings, bus, "lambda_eventbridge", bus, EventSource),
            Resource = string.IsNullOrEmpty(bus) ? SpanName : bus,
            Type = "web",
            EventSource = EventSource,
            StartNs = EventTime.FromMs(sender["x-datadog-start-time"u8]) ?? EventTime.FromRfc3339(busEvent["time"u8]),
            IsAsync = true,
            Meta = new TagList
            {
                { "operation_name", SpanName },
                { "detail_type", busEvent["detail-type"u8].Text },
            },
        };
    }

    public static TriggerContext? ContextOf(in JsonFields busEvent) => DatadogMember.FromObject(busEvent["detail"u8].Get("_datadog"u8));
}
