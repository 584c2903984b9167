using Mayfly.Diagnostics;
using Mayfly.Http;
using Mayfly.Platforms.Lambda.Invocations;
using Mayfly.Platforms.Lambda.RuntimeProxy;
using Mayfly.Platforms.Lambda.Telemetry;
using Microsoft.AspNetCore.Http;

namespace Mayfly.Platforms.Lambda;

/// <summary>
/// The listener that the Telemetry API posts to: log lines go to the logs, platform records to the invocations. Every POST is answered 200, whatever it holds:
/// anything else would make the platform send it again forever (docs/spec/01-lambda-lifecycle.md#14-telemetry-api).
/// </summary>
public sealed class TelemetryRoutes(InvocationTracker invocations, LambdaLogs? logs, Reparenting? reparenting, TimeProvider time, Log log)
{
    /// <summary>We ask for batches of 256 KiB; a single line can be longer.</summary>
    private const int BodyLimitBytes = 8 * 1024 * 1024;

    private static readonly byte[] Ok = "OK"u8.ToArray();

    private readonly Lock _gate = new();
    private readonly List<TelemetryRecord> _records = [];

    public RouteTable Table() => new RouteTable().MapAny(ReceiveAsync, "POST");

    private async ValueTask ReceiveAsync(HttpExchange exchange)
    {
        using RequestBody body = await exchange.ReadBodyAsync(BodyLimitBytes);
        if (body.Status == BodyStatus.Ok)
        {
            Accept(body);
        }
        else
        {
            log.Once(
                $"telemetry {body.Status}",
                LogLevel.Warn,
                $"A telemetry batch could not be read ({body.Status}) and is lost; later ones are not reported again.");
        }

        await exchange.RespondAsync(StatusCodes.Status200OK, Ok, "text/plain");
    }

    private void Accept(in RequestBody body)
    {
        lock (_gate)
        {
            _records.Clear();
            TelemetryReadResult read = TelemetryReader.Read(body.Array, body.Length, NowNs, _records);
            foreach (TelemetryRecord record in _records)
            {
                logs?.Accept(record);
                Follow(record);
            }

            _records.Clear();
            if (read.Malformed > 0)
            {
                log.Once(
                    "telemetry malformed",
                    LogLevel.Warn,
                    $"{read.Malformed} telemetry records were not understood and are skipped; later ones are not reported again.");
            }
        }
    }

    private void Follow(in TelemetryRecord record)
    {
        PlatformRecord platform = record.Platform;
        switch (record.Kind)
        {
            case TelemetryKind.Function or TelemetryKind.Extension when OutOfMemoryText.IsIn(record.Text.Span):
                invocations.OutOfMemorySeen(record.RequestId.IsEmpty ? null : record.RequestId.ToString(), record.TimeNs);
                break;
            case TelemetryKind.Start:
                invocations.PlatformStarted(platform.RequestId!, record.TimeNs);
                break;
            case TelemetryKind.RuntimeDone:
                var done = new RuntimeDone(record.TimeNs, platform.Status, platform.ErrorType, platform.DurationMs, platform.ProducedBytes)
                {
                    ResponseLatencyMs = platform.FindSpan("responseLatency")?.DurationMs,
                    ResponseDurationMs = platform.FindSpan("responseDuration")?.DurationMs,
                };
                invocations.RuntimeFinished(platform.RequestId!, done);
                break;
            case TelemetryKind.Report:
                invocations.Reported(platform.RequestId!, FiguresOf(platform), record.TimeNs);
                reparenting?.Remove(platform.RequestId!);
                break;
            case TelemetryKind.InitStart:
                invocations.InitStarted(record.TimeNs, platform.RuntimeVersion);
                break;
            case TelemetryKind.RestoreStart:
                invocations.RestoreStarted(record.TimeNs);
                break;
            case TelemetryKind.RestoreReport:
                invocations.RestoreReported(platform.DurationMs, record.TimeNs);
                break;
            case TelemetryKind.InitReport when platform.DurationMs is { } durationMs:
                invocations.InitReported(durationMs, platform.InitializationType ?? "on-demand", record.TimeNs);
                break;
            case TelemetryKind.LogsDropped when logs is null:
                // Else the logs say it. Once: the warning is itself a record that can be dropped.
                log.Once(
                    "telemetry dropped",
                    LogLevel.Warn,
                    $"Lambda dropped {platform.DroppedRecords ?? 0} telemetry records: {platform.Reason ?? "no reason given"}");
                break;
        }
    }

    private static ReportFigures FiguresOf(PlatformRecord report) => new()
    {
        Status = report.Status,
        ErrorType = report.ErrorType,
        DurationMs = report.DurationMs,
        BilledDurationMs = report.BilledDurationMs,
        MemorySizeMb = report.MemorySizeMB,
        MaxMemoryUsedMb = report.MaxMemoryUsedMB,
        InitDurationMs = report.InitDurationMs,
        ResponseLatencyMs = report.FindSpan("responseLatency")?.DurationMs,
        ResponseDurationMs = report.FindSpan("responseDuration")?.DurationMs,
    };

    private long NowNs => (time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * 100;
}
