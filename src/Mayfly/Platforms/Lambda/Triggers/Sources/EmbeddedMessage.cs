using Mayfly.Platforms.Lambda.Triggers.Json;
using Mayfly.Wire;

namespace Mayfly.Platforms.Lambda.Triggers.Sources;

/// <summary>
/// The text of a message that another service delivered: an SNS notification, or an EventBridge event, possibly one inside the other
/// (docs/spec/02-triggers.md#34-wrapped-two-level-inferred-span).
/// </summary>
internal static class EmbeddedMessage
{
    /// <summary>Longest text that is looked into: a message of 1 MiB of which each byte is escaped.</summary>
    private const int LimitBytes = 2 * 1024 * 1024;

    private static readonly JsonNames Names = new([.. SnsNotification.Members, .. EventBridgeEvent.Members]);

    /// <summary>Adds the spans of the services that the message came through, from the inside out, and finds the trace context it brings.</summary>
    /// <param name="text">A JSON string; any other value and any other text means nothing.</param>
    /// <param name="target">Null: the trace context alone is wanted.</param>
    public static void Read(JsonView text, SpanTarget? target, out TriggerContext? context) => Read(text, target, isInNotification: false, out context);

    private static void Read(JsonView text, SpanTarget? target, bool isInNotification, out TriggerContext? context)
    {
        context = null;
        if (!MayBeMessage(text.RawText))
        {
            return;
        }

        using PooledBuffer json = PooledBuffer.Rent(text.RawText.Length);
        text.CopyTextTo(json);
        if (!JsonFields.TryReadEmbedded(json.WrittenSpan, Names, out JsonFields message))
        {
            return;
        }

        if (!isInNotification && SnsNotification.Is(message))
        {
            target?.Spans.Add(SnsNotification.SpanOf(message, subscriptionArn: null, target.Settings));
            ReadNotified(message, target, out context);
        }
        else if (EventBridgeEvent.Is(message))
        {
            target?.Spans.Add(EventBridgeEvent.SpanOf(message, target.Settings));
            context = EventBridgeEvent.ContextOf(message);
        }
    }

    /// <summary>What a notification brings: its own attribute, and only without that what its message brings. The message's span counts in any case.</summary>
    public static void ReadNotified(in JsonFields notification, SpanTarget? target, out TriggerContext? context)
    {
        Read(notification["Message"u8], target, isInNotification: true, out TriggerContext? embedded);
        context = SnsNotification.TryReadContext(notification, out TriggerContext? own) ? own : embedded;
    }

    /// <summary>Keeps ordinary texts from being parsed.</summary>
    private static bool MayBeMessage(ReadOnlySpan<byte> raw)
    {
        ReadOnlySpan<byte> trimmed = raw.TrimStart(" \t\r\n"u8);
        return trimmed.Length is > 2 and <= LimitBytes
            && trimmed[0] is (byte)'{' or (byte)'\\'
            && (raw.IndexOf("TopicArn"u8) >= 0 || raw.IndexOf("detail-type"u8) >= 0);
    }
}

/// <summary>Where the spans of embedded messages are put, from the inside out.</summary>
internal sealed record SpanTarget(TriggerSettings Settings, List<InferredSpan> Spans);
