using System.Text.Json;
using Mayfly.Config;
using Mayfly.Diagnostics;
using Mayfly.Intake;
using Mayfly.Wire;

namespace Mayfly.Metrics;

/// <summary>Turns events and service checks into payloads (docs/spec/04-metrics-logs.md#b8-events-and-service-checks-intake-go-serializer-formats).</summary>
internal static class EventEncoder
{
    /// <summary>Encodes everything in <paramref name="buffer"/>, with <paramref name="tags"/> knowing the default ones, and appends the payloads.</summary>
    public static void Encode(EventBuffer buffer, EmittedTags tags, PayloadLimits limits, List<IntakePayload> payloads)
    {
        EventEntry[] events = [.. buffer.Entries.Where(static one => one.CheckStatus is null)];
        EventEntry[] checks = [.. buffer.Entries.Where(static one => one.CheckStatus is not null)];

        // A stable sort: those of one source stay in their order.
        events = [.. events.OrderBy(one => SourceOf(buffer, one).ToArray(), Comparer<byte[]>.Create(static (x, y) => x.AsSpan().SequenceCompareTo(y)))];
        for (int at = 0; at < events.Length;)
        {
            payloads.Add(EventPayload(buffer, tags, limits, events, ref at));
        }

        for (int at = 0; at < checks.Length;)
        {
            payloads.Add(CheckPayload(buffer, tags, limits, checks, ref at));
        }
    }

    private static IntakePayload EventPayload(EventBuffer buffer, EmittedTags tags, PayloadLimits limits, EventEntry[] events, ref int at)
    {
        int first = at;
        PooledBuffer body = PooledBuffer.Rent(4096);
        using (var json = new Utf8JsonWriter(body, PlainJson.Options))
        {
            json.WriteStartObject();
            json.WriteString("apiKey"u8, ""u8);
            json.WriteStartObject("events"u8);
            while (at < events.Length && !IsFull(limits, at - first, json))
            {
                ReadOnlySpan<byte> source = SourceOf(buffer, in events[at]);
                json.WritePropertyName(source);
                json.WriteStartArray();
                do
                {
                    Write(json, buffer, tags, in events[at++]);
                }
                while (at < events.Length && !IsFull(limits, at - first, json) && SourceOf(buffer, in events[at]).SequenceEqual(source));
                json.WriteEndArray();
            }

            json.WriteEndObject();
            json.WriteString("internalHostname"u8, ""u8);
            json.WriteEndObject();
        }

        return new IntakePayload(Signal.Metrics, IntakeKind.Events, body, at - first);
    }

    private static IntakePayload CheckPayload(EventBuffer buffer, EmittedTags tags, PayloadLimits limits, EventEntry[] checks, ref int at)
    {
        int first = at;
        PooledBuffer body = PooledBuffer.Rent(4096);
        using (var json = new Utf8JsonWriter(body, PlainJson.Options))
        {
            json.WriteStartArray();
            while (at < checks.Length && !IsFull(limits, at - first, json))
            {
                WriteCheck(json, buffer, tags, in checks[at++]);
            }

            json.WriteEndArray();
        }

        return new IntakePayload(Signal.Metrics, IntakeKind.ServiceChecks, body, at - first);
    }

    private static ReadOnlySpan<byte> SourceOf(EventBuffer buffer, in EventEntry entry) =>
        entry.SourceType.Length == 0 ? "api"u8 : buffer.TextOf(entry.SourceType);

    /// <summary>The last item may lead somewhat beyond the limit.</summary>
    private static bool IsFull(PayloadLimits limits, int items, Utf8JsonWriter json) =>
        items > 0 && (items >= limits.MaxItems || json.BytesCommitted + json.BytesPending >= limits.MaxBytes);

    private static void Write(Utf8JsonWriter json, EventBuffer buffer, EmittedTags tags, in EventEntry entry)
    {
        json.WriteStartObject();
        json.WriteString("msg_title"u8, buffer.TextOf(entry.Title));
        json.WriteString("msg_text"u8, buffer.TextOf(entry.Text));
        json.WriteNumber("timestamp"u8, entry.UnixSeconds);
        json.WriteString("priority"u8, entry.IsLowPriority ? "low"u8 : "normal"u8);
        json.WriteString("host"u8, buffer.TextOf(entry.Host));
        WriteTags(json, buffer, tags, entry.Tags);
        json.WriteString("alert_type"u8, entry.AlertType switch
        {
            AlertType.Warning => "warning"u8,
            AlertType.Error => "error"u8,
            AlertType.Success => "success"u8,
            _ => "info"u8,
        });
        if (entry.AggregationKey.Length > 0)
        {
            json.WriteString("aggregation_key"u8, buffer.TextOf(entry.AggregationKey));
        }

        if (entry.SourceType.Length > 0)
        {
            json.WriteString("source_type_name"u8, buffer.TextOf(entry.SourceType));
        }

        json.WriteEndObject();
    }

    private static void WriteCheck(Utf8JsonWriter json, EventBuffer buffer, EmittedTags tags, in EventEntry entry)
    {
        json.WriteStartObject();
        json.WriteString("check"u8, buffer.TextOf(entry.Title));
        json.WriteString("host_name"u8, buffer.TextOf(entry.Host));
        json.WriteNumber("timestamp"u8, entry.UnixSeconds);
        json.WriteNumber("status"u8, entry.CheckStatus.GetValueOrDefault());
        json.WriteString("message"u8, buffer.TextOf(entry.Text));
        WriteTags(json, buffer, tags, entry.Tags);
        json.WriteEndObject();
    }

    private static void WriteTags(Utf8JsonWriter json, EventBuffer buffer, EmittedTags tags, TextRange own)
    {
        tags.Set(buffer.TextArray, own.Offset, own.Length, isClients: true);
        json.WriteStartArray("tags"u8);
        foreach (Utf8Slice tag in tags.Tags)
        {
            json.WriteStringValue(tag.Span);
        }

        json.WriteEndArray();
    }
}
