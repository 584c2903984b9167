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
public sealed class LogBuffer(LogSettings settings, SignalCounters counters, FlushDemand? demand = null) : IPayloadSource
{
    private readonly Lock _gate = new();
    private List<LogPage> _pages = [];
    private long _bytes;
    private volatile LogIdentity? _identity;
    private volatile ProcessingRules? _rules;

    /// <summary>Who the events are from; null until the platform has said so, and until then nothing is taken.</summary>
    public LogIdentity? Identity
    {
        get => _identity;
        set => _identity = value;
    }

    /// <summary>What the user wants to leave out or to mask; null = nothing.</summary>
    public ProcessingRules? Rules
    {
        get => _rules;
        set => _rules = value;
    }

    /// <summary>Called before events are taken: the last chance to add what is still being put together.</summary>
    public Action? BeforeTaking { get; set; }

    /// <inheritdoc/>
    public long WaitingBytes
    {
        get
        {
            lock (_gate)
            {
                return _bytes;
            }
        }
    }

    /// <summary>The limits.</summary>
    public LogSettings Settings { get; } = settings;

    /// <summary>Adds one event; status and tags inside of a JSON message win over what is given here (docs/spec/04-metrics-logs.md#c5-json-messages).</summary>
    /// <param name="message">UTF-8 text, any length; bytes that are no UTF-8 become U+FFFD.</param>
    /// <param name="timestampMs">Milliseconds since the Unix epoch.</param>
    /// <param name="status">Severity where the message does not state one.</param>
    /// <param name="requestId">UTF-8; empty = unknown.</param>
    /// <param name="requestFields">Further members beside the request id, encoded, each behind a comma; those that the message itself states win.</param>
    /// <returns>False, and nothing kept or counted, while <see cref="Identity"/> is unknown.</returns>
    public bool TryAdd(
        ReadOnlySpan<byte> message,
        long timestampMs,
        LogStatus status,
        ReadOnlySpan<byte> requestId,
        ReadOnlySpan<byte> requestFields = default)
    {
        if (_identity is not { } identity)
        {
            return false;
        }

        counters.Accept(1);
        var line = new LogLine { Message = message, TimestampMs = timestampMs, Status = status, RequestId = requestId, RequestFields = requestFields };
        if (!JsonMessage.TryScan(message, out JsonMessage json))
        {
            Add(identity, line);
        }
        else if (!json.HasTags && !json.HasExecutionArn)
        {
            Add(identity, line with { Status = json.Status ?? status });
        }
        else
        {
            AddTaken(identity, line with { Status = json.Status ?? status }, json);
        }

        return true;
    }

    /// <inheritdoc/>
    public void TakePayloads(List<IntakePayload> payloads)
    {
        BeforeTaking?.Invoke();
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

    /// <summary>Adds an event that a client has made; it needs no <see cref="Identity"/>.</summary>
    /// <param name="message">The text.</param>
    /// <param name="rest">What stands behind the text, encoded: from its closing quote to the end of the event.</param>
    internal void AddEntry(ReadOnlySpan<byte> message, ReadOnlySpan<byte> rest)
    {
        counters.Accept(1);
        Add(identity: null, new LogLine { Message = message, Rest = rest, TimestampMs = 0, Status = LogStatus.Info });
    }

    /// <summary>Adds an event whose message holds parts that belong elsewhere in it: tags, the execution of a durable function.</summary>
    private void AddTaken(LogIdentity? identity, in LogLine line, in JsonMessage json)
    {
        using PooledBuffer text = PooledBuffer.Rent(line.Message.Length);
        using PooledBuffer tags = PooledBuffer.Rent();
        using PooledBuffer fields = PooledBuffer.Rent();
        if (json.HasTags)
        {
            json.WriteWithoutTags(line.Message, text, tags);
        }

        if (json.HasExecutionArn)
        {
            json.WriteExecution(line.Message, fields);
        }

        Add(identity, line with
        {
            Message = json.HasTags ? text.WrittenSpan : line.Message,
            Tags = tags.WrittenSpan,
            RequestFields = fields.Length > 0 ? fields.WrittenSpan : line.RequestFields,
        });
    }

    private void Add(LogIdentity? identity, in LogLine line)
    {
        if (_rules is not { } rules)
        {
            Append(identity, line, dropsTruncated: false);
            return;
        }

        RuleScratch scratch = rules.RentScratch();
        if (rules.Keeps(line.Message, scratch, out ReadOnlySpan<byte> message))
        {
            Append(identity, line with { Message = message }, rules.DropsTruncated);
        }
        else
        {
            counters.Drop(DropReason.Filtered, 1);
        }

        rules.Return(scratch);
    }

    private void Append(LogIdentity? identity, in LogLine line, bool dropsTruncated)
    {
        lock (_gate)
        {
            LogPage page = _pages.Count > 0 && !_pages[^1].IsFull ? _pages[^1] : OpenPage();
            int start = page.Body.Length;
            page.Body.WriteByte((byte)',');
            bool isTruncated = LogEventWriter.Write(page.Body, identity, line, Settings.MaxEventBytes);
            if (isTruncated && dropsTruncated)
            {
                page.Body.Truncate(start);
                counters.Drop(DropReason.Filtered, 1);
                return;
            }

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

            demand?.Report(_bytes);
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
