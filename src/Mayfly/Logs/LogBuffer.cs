using Mayfly.Diagnostics;
using Mayfly.Intake;
using Mayfly.Wire;

namespace Mayfly.Logs;

/// <summary>
/// The log events that wait for a flush, encoded as they came in. Bodies are JSON arrays within the limits of <see cref="LogSettings"/>.
/// </summary>
/// <remarks>
/// docs/spec/04-metrics-logs.md#c10-batches. Holds at most <see cref="LogSettings.BufferBytes"/>: the oldest events go first, counted as
/// <see cref="DropReason.BufferFull"/>. Thread-safe.
/// </remarks>
public sealed class LogBuffer(LogSettings settings, SignalCounters counters) : IPayloadSource
{
    private readonly Lock _gate = new();
    private List<LogPage> _pages = [];
    private long _bytes;
    private volatile LogIdentity? _identity;

    /// <summary>Who the events are from; null until the platform has said so, and until then nothing is taken.</summary>
    public LogIdentity? Identity
    {
        get => _identity;
        set => _identity = value;
    }

    /// <summary>The limits.</summary>
    public LogSettings Settings { get; } = settings;

    /// <summary>Adds one event; status and tags inside of a JSON message win over what is given here (docs/spec/04-metrics-logs.md#c5-json-messages).</summary>
    /// <param name="message">UTF-8 text, any length; bytes that are no UTF-8 become U+FFFD.</param>
    /// <param name="timestampMs">Milliseconds since the Unix epoch.</param>
    /// <param name="status">Severity where the message does not state one.</param>
    /// <param name="requestId">UTF-8; empty = unknown.</param>
    /// <returns>False, and nothing kept or counted, while <see cref="Identity"/> is unknown.</returns>
    public bool TryAdd(ReadOnlySpan<byte> message, long timestampMs, LogStatus status, ReadOnlySpan<byte> requestId)
    {
        if (_identity is not { } identity)
        {
            return false;
        }

        counters.Accept(1);
        if (!JsonMessage.TryScan(message, out JsonMessage json))
        {
            Append(identity, new LogLine { Message = message, TimestampMs = timestampMs, Status = status, RequestId = requestId });
            return true;
        }

        status = json.Status ?? status;
        if (!json.HasTags)
        {
            Append(identity, new LogLine { Message = message, TimestampMs = timestampMs, Status = status, RequestId = requestId });
            return true;
        }

        using PooledBuffer text = PooledBuffer.Rent(message.Length);
        using PooledBuffer tags = PooledBuffer.Rent();
        json.WriteWithoutTags(message, text, tags);
        Append(identity, new LogLine
        {
            Message = text.WrittenSpan,
            TimestampMs = timestampMs,
            Status = status,
            RequestId = requestId,
            Tags = tags.WrittenSpan,
        });
        return true;
    }

    /// <inheritdoc/>
    public void TakePayloads(List<IntakePayload> payloads)
    {
        List<LogPage> taken;
        lock (_gate)
        {
            if (_pages.Count == 0)
            {
                return;
            }

            taken = _pages;
            _pages = [];
            _bytes = 0;
        }

        foreach (LogPage page in taken)
        {
            int events = page.Events;
            payloads.Add(new IntakePayload(Signal.Logs, IntakeKind.Logs, page.Close(), events));
        }
    }

    /// <summary>Counts events that were lost before they could be added.</summary>
    internal void CountLost(DropReason reason, long events)
    {
        counters.Accept(events);
        counters.Drop(reason, events);
    }

    private void Append(LogIdentity identity, in LogLine line)
    {
        lock (_gate)
        {
            LogPage page = _pages.Count > 0 && !_pages[^1].IsFull ? _pages[^1] : OpenPage();
            int start = page.Body.Length;
            page.Body.WriteByte((byte)',');
            LogEventWriter.Write(page.Body, identity, line, Settings.MaxEventBytes);
            int sizeBytes = page.Body.Length - start;
            if (page.Events > 0 && page.ClosedBytes > Settings.MaxBodyBytes)
            {
                LogPage next = OpenPage();
                next.Body.Write(page.Body.WrittenSpan[start..]);
                page.Body.Truncate(start);
                page = next;
            }

            page.Commit(sizeBytes);
            _bytes += sizeBytes;
            if (_bytes > Settings.BufferBytes)
            {
                MakeRoomSlow();
            }
        }
    }

    private LogPage OpenPage()
    {
        var page = new LogPage(Settings.MaxEventsPerBody);
        _pages.Add(page);
        return page;
    }

    private void MakeRoomSlow()
    {
        int dropped = 0;
        while (_bytes > Settings.BufferBytes)
        {
            LogPage oldest = _pages[0];
            _bytes -= oldest.DropOldest();
            dropped++;
            if (oldest.Events == 0)
            {
                oldest.Dispose();
                _pages.RemoveAt(0);
            }
        }

        counters.Drop(DropReason.BufferFull, dropped);
    }
}
