using System.Globalization;
using System.Text;
using Mayfly.Diagnostics;
using Mayfly.Logs;
using Mayfly.Wire;
using LogLevel = Mayfly.Diagnostics.LogLevel;

namespace Mayfly.Platforms.Lambda.Telemetry;

/// <summary>
/// Turns telemetry records into log events: the texts of platform records, and for every line the request it belongs to.
/// </summary>
/// <remarks>
/// docs/spec/04-metrics-logs.md#c3-record--message and #c6-request-id-pairing-and-orphans-on-demand. On-demand, a line without an id of its own belongs to the
/// invocation that started last; lines before the first start wait for it. On managed instances, where invocations overlap, such a line has no id. Until the
/// buffer knows its identity everything waits. Thread-safe.
/// </remarks>
public sealed class LambdaLogs
{
    private const int MaxHeldEvents = 2000;
    private const int MaxHeldBytes = 2 * 1024 * 1024;
    private const long NsPerMs = 1_000_000;

    private readonly LogBuffer _buffer;
    private readonly LambdaLogSettings _settings;
    private readonly Log _log;
    private readonly Lock _gate = new();
    private readonly HeldLogs _held = new(MaxHeldEvents, MaxHeldBytes);
    private readonly DurableLogs? _durable;
    private readonly MultiLineText? _multiLine;
    private byte[] _currentId = [];
    private long _currentStartNs;
    private double _runtimeDurationMs;

    /// <param name="buffer">Takes the events.</param>
    /// <param name="settings">What the user asks for.</param>
    /// <param name="log">For what the platform says it dropped.</param>
    public LambdaLogs(LogBuffer buffer, LambdaLogSettings settings, Log log)
    {
        _buffer = buffer;
        _settings = settings;
        _log = log;
        _durable = settings.DurableBufferSize > 0 ? new DurableLogs(settings.DurableBufferSize, Release) : null;
        if (settings.FirstLine is { } pattern && !settings.IsManagedInstance)
        {
            // Tags and escapes come on top.
            _multiLine = new MultiLineText(pattern, buffer.Settings.MaxEventBytes / 2);
            buffer.BeforeTaking = CompleteText;
        }
    }

    /// <summary>Events that wait for a request id, for the buffer's identity or for the execution of a durable function.</summary>
    public int HeldCount
    {
        get
        {
            lock (_gate)
            {
                return _held.Count + (_durable?.Count ?? 0);
            }
        }
    }

    /// <summary>The executions of a durable function are asked for: <see cref="Learn"/> says which invocation belongs to which.</summary>
    public bool WantsExecutions => _durable is not null;

    /// <summary>Takes one record, in the order of a sorted batch. Nothing of the record is kept that is not copied.</summary>
    public void Accept(in TelemetryRecord record)
    {
        lock (_gate)
        {
            ReleaseHeld(isFinal: false);
            switch (record.Kind)
            {
                case TelemetryKind.Function:
                    AddFunctionLine(record);
                    break;
                case TelemetryKind.Extension when !OwnLine.Is(record.Text.Span):
                    Add(record.Text.Span, record.TimeNs, LogStatus.Info, ownId: default);
                    break;
                case TelemetryKind.Extension:
                    break;
                case TelemetryKind.LogsDropped:
                    ReportLoss(record.Platform);
                    break;
                default:
                    AcceptPlatform(record);
                    break;
            }

            ReleaseHeld(isFinal: false);
        }
    }

    /// <summary>What a tracer says of an invocation of a durable function; the first one per invocation counts.</summary>
    public void Learn(string requestId, DurableExecution execution)
    {
        lock (_gate)
        {
            _durable?.Learn(requestId, execution);
        }
    }

    /// <summary>At the end of the process: events that still wait go with what is known of them.</summary>
    public void ReleaseAll()
    {
        lock (_gate)
        {
            CompleteText();
            ReleaseHeld(isFinal: true);
            _durable?.ReleaseAll();
        }
    }

    private void AcceptPlatform(in TelemetryRecord record)
    {
        PlatformRecord platform = record.Platform;
        CompleteText();
        DecideDurable(record.Kind, platform);
        switch (record.Kind)
        {
            case TelemetryKind.InitStart or TelemetryKind.RestoreStart:
                // What a new environment prints belongs to its first invocation, not to the last one of the environment before.
                if (record.TimeNs >= _currentStartNs)
                {
                    _currentId = [];
                }

                break;
            case TelemetryKind.Start:
                _runtimeDurationMs = 0;
                _currentStartNs = record.TimeNs;
                _currentId = _settings.IsManagedInstance ? [] : Encoding.UTF8.GetBytes(platform.RequestId ?? "");
                break;
            case TelemetryKind.RuntimeDone:
                _runtimeDurationMs = platform.DurationMs ?? 0;
                break;
        }

        using PooledBuffer line = PooledBuffer.Rent();
        if (_settings.HasPlatformLines && TryWriteLine(line, record.Kind, platform))
        {
            using PooledBuffer id = PooledBuffer.Rent();
            WriteUtf8(id, platform.RequestId);
            Add(line.WrittenSpan, record.TimeNs, StatusOf(record.Kind, platform), id.WrittenSpan);
        }
    }

    private bool TryWriteLine(PooledBuffer line, TelemetryKind kind, PlatformRecord platform)
    {
        switch (kind)
        {
            case TelemetryKind.InitStart:
                PlatformLogText.WriteInitStart(line, platform);
                return true;
            case TelemetryKind.Start:
                PlatformLogText.WriteStart(line, platform);
                return true;
            case TelemetryKind.RuntimeDone:
                PlatformLogText.WriteEnd(line, platform);
                return true;
            case TelemetryKind.Report when IsManagedReport(platform):
                PlatformLogText.WriteManagedReport(line, platform);
                return true;
            case TelemetryKind.Report:
                PlatformLogText.WriteReport(line, platform, _runtimeDurationMs);
                return true;
            default:
                return false;
        }
    }

    private bool IsManagedReport(PlatformRecord platform) =>
        _settings.IsManagedInstance || platform is { BilledDurationMs: null, MemorySizeMB: null, MaxMemoryUsedMB: null };

    /// <summary>An end is an error if it was no success. A report is one where it stands in for the end.</summary>
    private LogStatus StatusOf(TelemetryKind kind, PlatformRecord platform)
    {
        bool tellsTheEnd = kind == TelemetryKind.RuntimeDone || (kind == TelemetryKind.Report && IsManagedReport(platform));
        bool isBad = platform.Status is PlatformStatus.Error or PlatformStatus.Failure or PlatformStatus.Timeout;
        return tellsTheEnd && isBad ? LogStatus.Error : LogStatus.Info;
    }

    /// <summary>Lines of text may be parts of one; a JSON record is whole.</summary>
    private void AddFunctionLine(in TelemetryRecord record)
    {
        ReadOnlySpan<byte> line = record.Text.Span;
        if (_multiLine is null)
        {
            Add(line, record.TimeNs, LogStatus.Info, record.RequestId.Span);
            return;
        }

        bool isWhole = !record.RequestId.IsEmpty || JsonMessage.TryScan(line, out _);
        if (isWhole || !_multiLine.Continues(line))
        {
            CompleteText();
        }

        if (isWhole)
        {
            Add(line, record.TimeNs, LogStatus.Info, record.RequestId.Span);
        }
        else
        {
            _multiLine.Append(line, record.TimeNs);
        }
    }

    /// <summary>What was put together from lines goes as one event.</summary>
    private void CompleteText()
    {
        lock (_gate)
        {
            if (_multiLine is { Text.IsEmpty: false } text)
            {
                Add(text.Text, text.TimeNs, LogStatus.Info, ownId: default);
                text.Clear();
            }
        }
    }

    /// <summary>The runtime tells. A sandbox that was restored may never say: then the first report ends the wait.</summary>
    private void DecideDurable(TelemetryKind kind, PlatformRecord platform)
    {
        if (kind == TelemetryKind.InitStart)
        {
            _durable?.Decide(platform.RuntimeVersion?.Contains("DurableFunction", StringComparison.Ordinal) == true);
        }
        else if (kind == TelemetryKind.Report)
        {
            _durable?.Decide(isDurable: false);
        }
    }

    private void Add(ReadOnlySpan<byte> text, long timeNs, LogStatus status, ReadOnlySpan<byte> ownId)
    {
        ReadOnlySpan<byte> id = ownId.IsEmpty ? _currentId : ownId;
        bool isResolved = _settings.IsManagedInstance || !id.IsEmpty;
        long timestampMs = timeNs / NsPerMs;
        if (isResolved && TryAdd(text, timestampMs, status, id))
        {
            return;
        }

        int dropped = _held.Add(new HeldLog(Copy(text), timestampMs, status, id.ToArray(), isResolved));
        if (dropped > 0)
        {
            _buffer.CountLost(DropReason.BufferFull, dropped);
        }
    }

    /// <summary>Gives an event to the buffer, or to those that wait for their execution; false while the buffer does not know its identity.</summary>
    private bool TryAdd(ReadOnlySpan<byte> text, long timestampMs, LogStatus status, ReadOnlySpan<byte> id)
    {
        if (_durable is null)
        {
            return _buffer.TryAdd(text, timestampMs, status, id);
        }

        if (_buffer.Identity is null)
        {
            return false;
        }

        // A line that names its execution itself has nothing to wait for.
        if (_durable.MustWait(id, out DurableExecution? execution) && !(JsonMessage.TryScan(text, out JsonMessage json) && json.HasExecutionArn))
        {
            _durable.Hold(new HeldLog(Copy(text), timestampMs, status, id.ToArray(), IsResolved: true));
            return true;
        }

        return _buffer.TryAdd(text, timestampMs, status, id, FieldsOf(execution, text));
    }

    private ReadOnlySpan<byte> FieldsOf(DurableExecution? execution, ReadOnlySpan<byte> text) =>
        execution is null ? default : execution.FieldsFor(text, isEndedByReport: _settings.IsManagedInstance);

    private void Release(HeldLog held, DurableExecution? execution) =>
        _buffer.TryAdd(held.Text, held.TimestampMs, held.Status, held.RequestId, FieldsOf(execution, held.Text));

    /// <summary>A copy to keep; not longer than an event may get anyhow: it is cut, and marked, when it is encoded.</summary>
    private byte[] Copy(ReadOnlySpan<byte> text)
    {
        int longest = _buffer.Settings.MaxEventBytes;
        return text[..(text.Length > longest ? JsonEscape.CharacterStart(text, longest) : text.Length)].ToArray();
    }

    private void ReleaseHeld(bool isFinal)
    {
        if (_held.Count == 0 || (_buffer.Identity is null && !isFinal) || (_currentId.Length == 0 && _held.ResolvedCount == 0 && !isFinal))
        {
            return;
        }

        for (int left = _held.Count; left > 0; left--)
        {
            HeldLog held = _held.Take();
            ReadOnlySpan<byte> id = held.IsResolved ? held.RequestId : _currentId;
            if (!held.IsResolved && id.IsEmpty && !isFinal)
            {
                _held.Add(held);
            }
            else if (!TryAdd(held.Text, held.TimestampMs, held.Status, id))
            {
                _buffer.CountLost(DropReason.Shutdown, 1);
            }
        }
    }

    private void ReportLoss(PlatformRecord platform)
    {
        // Once: the warning is itself a line that comes back.
        _log.Once("lambda.logs_dropped", LogLevel.Warn, string.Create(
            CultureInfo.InvariantCulture,
            $"Lambda dropped {platform.DroppedRecords ?? 0} log records ({platform.DroppedBytes ?? 0} bytes): {platform.Reason ?? "no reason given"}"));
    }

    private static void WriteUtf8(PooledBuffer buffer, string? text)
    {
        Span<byte> destination = buffer.GetSpan(Encoding.UTF8.GetMaxByteCount(text?.Length ?? 0));
        buffer.Advance(Encoding.UTF8.GetBytes(text.AsSpan(), destination));
    }
}
