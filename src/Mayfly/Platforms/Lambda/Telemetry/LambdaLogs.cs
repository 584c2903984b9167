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
/// <param name="buffer">Takes the events.</param>
/// <param name="log">For what the platform says it dropped.</param>
/// <param name="isManagedInstance">The function runs on managed instances.</param>
public sealed class LambdaLogs(LogBuffer buffer, Log log, bool isManagedInstance = false)
{
    private const int MaxHeldEvents = 2000;
    private const int MaxHeldBytes = 2 * 1024 * 1024;
    private const long NsPerMs = 1_000_000;

    private readonly Lock _gate = new();
    private readonly HeldLogs _held = new(MaxHeldEvents, MaxHeldBytes);
    private byte[] _currentId = [];
    private long _currentStartNs;
    private double _runtimeDurationMs;

    /// <summary>Events that wait for a request id or for the buffer's identity.</summary>
    public int HeldCount
    {
        get
        {
            lock (_gate)
            {
                return _held.Count;
            }
        }
    }

    /// <summary>Takes one record, in the order of a sorted batch. Nothing of the record is kept that is not copied.</summary>
    public void Accept(in TelemetryRecord record)
    {
        lock (_gate)
        {
            ReleaseHeld(isFinal: false);
            switch (record.Kind)
            {
                case TelemetryKind.Function:
                    Add(record.Text.Span, record.TimeNs, LogStatus.Info, record.RequestId.Span);
                    break;
                case TelemetryKind.Extension:
                    Add(record.Text.Span, record.TimeNs, OwnLine.StatusOf(record.Text.Span), ownId: default);
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

    /// <summary>At the end of the process: events that still wait for a request id go without one.</summary>
    public void ReleaseAll()
    {
        lock (_gate)
        {
            ReleaseHeld(isFinal: true);
        }
    }

    private void AcceptPlatform(in TelemetryRecord record)
    {
        PlatformRecord platform = record.Platform;
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
                _currentId = isManagedInstance ? [] : Encoding.UTF8.GetBytes(platform.RequestId ?? "");
                break;
            case TelemetryKind.RuntimeDone:
                _runtimeDurationMs = platform.DurationMs ?? 0;
                break;
        }

        using PooledBuffer line = PooledBuffer.Rent();
        if (TryWriteLine(line, record.Kind, platform))
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
        isManagedInstance || platform is { BilledDurationMs: null, MemorySizeMB: null, MaxMemoryUsedMB: null };

    /// <summary>An end is an error if it was no success. A report is one where it stands in for the end.</summary>
    private LogStatus StatusOf(TelemetryKind kind, PlatformRecord platform)
    {
        bool tellsTheEnd = kind == TelemetryKind.RuntimeDone || (kind == TelemetryKind.Report && IsManagedReport(platform));
        bool isBad = platform.Status is PlatformStatus.Error or PlatformStatus.Failure or PlatformStatus.Timeout;
        return tellsTheEnd && isBad ? LogStatus.Error : LogStatus.Info;
    }

    private void Add(ReadOnlySpan<byte> text, long timeNs, LogStatus status, ReadOnlySpan<byte> ownId)
    {
        ReadOnlySpan<byte> id = ownId.IsEmpty ? _currentId : ownId;
        bool isResolved = isManagedInstance || !id.IsEmpty;
        long timestampMs = timeNs / NsPerMs;
        if (isResolved && buffer.TryAdd(text, timestampMs, status, id))
        {
            return;
        }

        if (text.Length > buffer.Settings.MaxEventBytes)
        {
            // Longer than an event may get anyhow; the event is cut, and marked, when it is encoded.
            text = text[..JsonEscape.CharacterStart(text, buffer.Settings.MaxEventBytes)];
        }

        int dropped = _held.Add(new HeldLog(text.ToArray(), timestampMs, status, id.ToArray(), isResolved));
        if (dropped > 0)
        {
            buffer.CountLost(DropReason.BufferFull, dropped);
        }
    }

    private void ReleaseHeld(bool isFinal)
    {
        if (_held.Count == 0 || (buffer.Identity is null && !isFinal) || (_currentId.Length == 0 && _held.ResolvedCount == 0 && !isFinal))
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
            else if (!buffer.TryAdd(held.Text, held.TimestampMs, held.Status, id))
            {
                buffer.CountLost(DropReason.Shutdown, 1);
            }
        }
    }

    private void ReportLoss(PlatformRecord platform)
    {
        // Once: the warning is itself a line that comes back.
        log.Once("lambda.logs_dropped", LogLevel.Warn, string.Create(
            CultureInfo.InvariantCulture,
            $"Lambda dropped {platform.DroppedRecords ?? 0} log records ({platform.DroppedBytes ?? 0} bytes): {platform.Reason ?? "no reason given"}"));
    }

    private static void WriteUtf8(PooledBuffer buffer, string? text)
    {
        Span<byte> destination = buffer.GetSpan(Encoding.UTF8.GetMaxByteCount(text?.Length ?? 0));
        buffer.Advance(Encoding.UTF8.GetBytes(text.AsSpan(), destination));
    }
}
