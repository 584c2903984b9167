using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Mayfly.Local.Emulator;

/// <summary>
/// Writes the <c>record</c> objects of platform events, as the on-demand engine does, and the engine of managed instances where a name says so
/// (docs/spec/07-observed-clients.md#2-telemetry-events-as-produced-by-awss-code).
/// </summary>
internal static class PlatformRecords
{
    /// <summary>Log lines keep their quotes and non-ASCII characters readable.</summary>
    public static JsonWriterOptions Json { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Time(DateTimeOffset at) => at.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    public static void InitStart(Utf8JsonWriter writer, EmulatorOptions options, string phase, string instanceId)
    {
        writer.WriteStartObject("record");
        writer.WriteString("initializationType", options.InitializationType);
        writer.WriteString("phase", phase);
        WriteIfAny(writer, "runtimeVersion", options.RuntimeVersion);
        WriteIfAny(writer, "runtimeVersionArn", options.RuntimeVersionArn);
        writer.WriteString("functionName", options.FunctionName);
        WriteIfAny(writer, "functionArn", options.IsManaged ? null : options.FunctionArn);
        writer.WriteString("functionVersion", options.FunctionVersion);
        writer.WriteString("instanceId", instanceId);
        writer.WriteNumber("instanceMaxMemory", options.MemoryMb * 1024L * 1024);
        writer.WriteEndObject();
    }

    public static void InitRuntimeDone(Utf8JsonWriter writer, EmulatorOptions options, string phase, string? errorType)
    {
        writer.WriteStartObject("record");
        writer.WriteString("initializationType", options.InitializationType);
        writer.WriteString("phase", phase);
        writer.WriteString("status", errorType is null ? "success" : "error");
        WriteIfAny(writer, "errorType", errorType);
        writer.WriteEndObject();
    }

    public static void InitReport(Utf8JsonWriter writer, EmulatorOptions options, string phase, string? errorType, TimeSpan duration)
    {
        writer.WriteStartObject("record");
        writer.WriteString("initializationType", options.InitializationType);
        writer.WriteString("phase", phase);
        writer.WriteString("status", errorType is null ? "success" : "error");
        WriteIfAny(writer, "errorType", errorType);
        WriteDuration(writer, duration);
        writer.WriteEndObject();
    }

    public static void Extension(Utf8JsonWriter writer, ExtensionSession extension)
    {
        writer.WriteStartObject("record");
        writer.WriteString("name", extension.Name);
        writer.WriteString("state", extension.StateName);
        WriteStrings(writer, "events", extension.Events);
        WriteIfAny(writer, "errorType", extension.ErrorType);
        writer.WriteEndObject();
    }

    public static void TelemetrySubscription(Utf8JsonWriter writer, string name, IReadOnlyList<string> types)
    {
        writer.WriteStartObject("record");
        writer.WriteString("name", name);
        writer.WriteString("state", "Subscribed");
        WriteStrings(writer, "types", types);
        writer.WriteEndObject();
    }

    public static void LogsDropped(Utf8JsonWriter writer, int records, int bytes, string reason)
    {
        writer.WriteStartObject("record");
        writer.WriteNumber("droppedBytes", bytes);
        writer.WriteNumber("droppedRecords", records);
        writer.WriteString("reason", reason);
        writer.WriteEndObject();
    }

    public static void Start(Utf8JsonWriter writer, Invocation invocation, string version)
    {
        writer.WriteStartObject("record");
        writer.WriteString("requestId", invocation.RequestId);
        writer.WriteString("version", version);
        WriteTracing(writer, invocation);
        writer.WriteEndObject();
    }

    public static void ManagedStart(Utf8JsonWriter writer, Invocation invocation, string version)
    {
        writer.WriteStartObject("record");
        writer.WriteString("requestId", invocation.RequestId);
        writer.WriteString("version", version);
        writer.WriteString("functionArn", invocation.FunctionArn);
        WriteTracing(writer, invocation);
        writer.WriteEndObject();
    }

    public static void RestoreStart(Utf8JsonWriter writer, EmulatorOptions options, string instanceId)
    {
        writer.WriteStartObject("record");
        writer.WriteString("functionName", options.FunctionName);
        writer.WriteString("functionVersion", options.FunctionVersion);
        writer.WriteString("instanceId", instanceId);
        WriteIfAny(writer, "runtimeVersion", options.RuntimeVersion);
        WriteIfAny(writer, "runtimeVersionArn", options.RuntimeVersionArn);
        writer.WriteEndObject();
    }

    public static void RestoreRuntimeDone(Utf8JsonWriter writer, string status, string? errorType)
    {
        writer.WriteStartObject("record");
        writer.WriteString("status", status);
        WriteIfAny(writer, "errorType", errorType);
        writer.WriteEndObject();
    }

    /// <summary>A RESTORE that failed has no duration.</summary>
    public static void RestoreReport(Utf8JsonWriter writer, string status, string? errorType, TimeSpan duration)
    {
        writer.WriteStartObject("record");
        writer.WriteString("status", status);
        WriteIfAny(writer, "errorType", errorType);
        if (errorType is null)
        {
            WriteDuration(writer, duration);
        }

        writer.WriteEndObject();
    }

    public static void RuntimeDone(
        Utf8JsonWriter writer, Invocation invocation, string status, string? errorType, TimeSpan duration, int producedBytes, IReadOnlyList<PlatformSpan> spans)
    {
        writer.WriteStartObject("record");
        writer.WriteString("requestId", invocation.RequestId);
        writer.WriteString("status", status);
        WriteIfAny(writer, "errorType", errorType);
        writer.WriteStartObject("metrics");
        writer.WriteNumber("durationMs", Ms(duration));
        writer.WriteNumber("producedBytes", producedBytes);
        writer.WriteEndObject();
        WriteTracing(writer, invocation);
        WriteSpans(writer, spans);
        writer.WriteEndObject();
    }

    public static void Report(Utf8JsonWriter writer, Invocation invocation, InvocationReport report)
    {
        writer.WriteStartObject("record");
        writer.WriteString("requestId", invocation.RequestId);
        writer.WriteString("status", report.Status);
        WriteIfAny(writer, "errorType", report.ErrorType);
        writer.WriteStartObject("metrics");
        writer.WriteNumber("durationMs", Ms(report.Duration));
        writer.WriteNumber("billedDurationMs", report.BilledMs);
        writer.WriteNumber("memorySizeMB", report.MemorySizeMb);
        writer.WriteNumber("maxMemoryUsedMB", report.MaxMemoryUsedMb);
        if (report.InitDuration is { } init)
        {
            writer.WriteNumber("initDurationMs", Ms(init));
        }

        if (report.RestoreDuration is { } restore)
        {
            writer.WriteNumber("restoreDurationMs", Ms(restore));
            writer.WriteNumber("billedRestoreDurationMs", (long)Math.Ceiling(restore.TotalMilliseconds));
        }

        writer.WriteEndObject();
        WriteTracing(writer, invocation);
        WriteSpans(writer, report.ExtensionOverhead is { } overhead ? [overhead] : []);
        writer.WriteEndObject();
    }

    public static void ManagedReport(
        Utf8JsonWriter writer, Invocation invocation, string status, string? errorType, TimeSpan duration, IReadOnlyList<PlatformSpan> spans)
    {
        writer.WriteStartObject("record");
        writer.WriteString("requestId", invocation.RequestId);
        writer.WriteString("status", status);
        WriteDuration(writer, duration);
        WriteTracing(writer, invocation);
        WriteSpans(writer, spans);
        WriteIfAny(writer, "errorType", errorType);
        writer.WriteEndObject();
    }

    /// <summary>The tracing object of INVOKE events and records; nothing without a trace header.</summary>
    public static void WriteTracing(Utf8JsonWriter writer, Invocation invocation)
    {
        if (invocation.TraceHeader is { } value)
        {
            writer.WriteStartObject("tracing");
            writer.WriteString("type", "X-Amzn-Trace-Id");
            writer.WriteString("value", value);
            writer.WriteEndObject();
        }
    }

    private static void WriteSpans(Utf8JsonWriter writer, IReadOnlyList<PlatformSpan> spans)
    {
        if (spans.Count == 0)
        {
            return;
        }

        writer.WriteStartArray("spans");
        foreach (PlatformSpan span in spans)
        {
            writer.WriteStartObject();
            writer.WriteString("name", span.Name);
            writer.WriteString("start", Time(span.Start));
            writer.WriteNumber("durationMs", Ms(span.Duration));
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void WriteDuration(Utf8JsonWriter writer, TimeSpan duration)
    {
        writer.WriteStartObject("metrics");
        writer.WriteNumber("durationMs", Ms(duration));
        writer.WriteEndObject();
    }

    private static void WriteStrings(Utf8JsonWriter writer, string name, IReadOnlyList<string> values)
    {
        writer.WriteStartArray(name);
        foreach (string value in values)
        {
            writer.WriteStringValue(value);
        }

        writer.WriteEndArray();
    }

    private static void WriteIfAny(Utf8JsonWriter writer, string name, string? value)
    {
        if (value is not null)
        {
            writer.WriteString(name, value);
        }
    }

    /// <summary>Milliseconds with three decimals.</summary>
    private static decimal Ms(TimeSpan span) => Math.Round((decimal)span.TotalMilliseconds, 3);
}

/// <summary>A span inside runtimeDone or report.</summary>
internal sealed record PlatformSpan(string Name, DateTimeOffset Start, TimeSpan Duration);

/// <summary>What platform.report says.</summary>
internal sealed record InvocationReport(
    string Status,
    string? ErrorType,
    TimeSpan Duration,
    long BilledMs,
    int MemorySizeMb,
    int MaxMemoryUsedMb,
    TimeSpan? InitDuration,
    TimeSpan? RestoreDuration,
    PlatformSpan? ExtensionOverhead);
