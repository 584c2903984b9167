using System.Globalization;
using Mayfly.Wire;

namespace Mayfly.Logs;

/// <summary>
/// Encodes one log event:
/// <c>{"message":{"message":…,"lambda":{"arn":…,"request_id":…},"timestamp":ms,"status":…},</c>
/// <c>"hostname":…,"service":…,"ddtags":…,"ddsource":"lambda"}</c>, or <c>{"message":…</c> with whatever a client wants behind it.
/// </summary>
/// <remarks>docs/spec/04-metrics-logs.md#c4-log-event-json-lambda; the length limit is that of #c10-batches.</remarks>
internal static class LogEventWriter
{
    private const int LongestInteger = 20;

    private static ReadOnlySpan<byte> Start => "{\"message\":{\"message\":\""u8;

    private static ReadOnlySpan<byte> EntryStart => "{\"message\":\""u8;

    private static ReadOnlySpan<byte> End => "\",\"ddsource\":\"lambda\"}"u8;

    private static ReadOnlySpan<byte> CutMark => "...TRUNCATED..."u8;

    /// <summary>Appends the event; a message that makes it longer than <paramref name="maxBytes"/> is cut and marked.</summary>
    /// <returns>True if it was cut.</returns>
    public static bool Write(PooledBuffer buffer, LogIdentity? identity, in LogLine line, int maxBytes)
    {
        int eventStart = buffer.Length;
        buffer.Write(line.Rest.IsEmpty ? Start : EntryStart);
        int messageStart = buffer.Length;
        JsonEscape.Write(buffer, line.Message);
        int messageEnd = buffer.Length;
        WriteAfterMessage(buffer, identity, line);

        int tooMany = buffer.Length - eventStart - maxBytes;
        if (tooMany > 0)
        {
            int budget = Math.Max(0, messageEnd - messageStart - tooMany - CutMark.Length);
            buffer.Truncate(messageStart);
            JsonEscape.Write(buffer, line.Message[..JsonEscape.PrefixThatFits(line.Message, budget)]);
            buffer.Write(CutMark);
            WriteAfterMessage(buffer, identity, line);
        }

        return tooMany > 0;
    }

    private static void WriteAfterMessage(PooledBuffer buffer, LogIdentity? identity, in LogLine line)
    {
        if (identity is null || !line.Rest.IsEmpty)
        {
            buffer.Write(line.Rest);
            return;
        }

        buffer.Write(identity.AfterMessage);
        if (line.RequestId.IsEmpty)
        {
            buffer.Write("null"u8);
        }
        else
        {
            buffer.WriteByte((byte)'"');
            JsonEscape.Write(buffer, line.RequestId);
            buffer.WriteByte((byte)'"');
        }

        buffer.Write(line.RequestFields);
        buffer.Write("},\"timestamp\":"u8);
        line.TimestampMs.TryFormat(buffer.GetSpan(LongestInteger), out int digits, default, CultureInfo.InvariantCulture);
        buffer.Advance(digits);
        buffer.Write(",\"status\":\""u8);
        buffer.Write(line.Status.ToUtf8());
        buffer.Write(identity.AfterStatus);
        if (!line.Tags.IsEmpty)
        {
            if (identity.Tags.Length > 0)
            {
                buffer.WriteByte((byte)',');
            }

            JsonEscape.Write(buffer, line.Tags);
        }

        buffer.Write(End);
    }
}

/// <summary>What differs from event to event. All texts are UTF-8, borrowed for the time of one call.</summary>
internal readonly ref struct LogLine
{
    public required ReadOnlySpan<byte> Message { get; init; }

    /// <summary>Milliseconds since the Unix epoch.</summary>
    public required long TimestampMs { get; init; }

    public required LogStatus Status { get; init; }

    /// <summary>Empty = unknown, <c>null</c> in the event.</summary>
    public ReadOnlySpan<byte> RequestId { get; init; }

    /// <summary>Further members beside the request id, encoded, each behind a comma (docs/spec/04-metrics-logs.md#c8-durable-functions).</summary>
    public ReadOnlySpan<byte> RequestFields { get; init; }

    /// <summary>All that stands behind the text of the message, encoded, of an event that is flat; empty: the event is the platform's.</summary>
    public ReadOnlySpan<byte> Rest { get; init; }

    /// <summary>Tags of this event alone, <c>k:v,k:v</c>; follow those of the identity.</summary>
    public ReadOnlySpan<byte> Tags { get; init; }
}
