using System.Globalization;
using System.Text;
using Mayfly.Wire;

namespace Mayfly.Platforms.Lambda.Telemetry;

/// <summary>The log lines that platform records turn into. The platform itself sends no such text.</summary>
/// <remarks>docs/spec/04-metrics-logs.md#c3-record--message. Fields are separated by single spaces; milliseconds and seconds have two decimals.</remarks>
internal static class PlatformLogText
{
    /// <summary>The largest double has 309 digits before the point.</summary>
    private const int LongestNumber = 320;

    public static void WriteInitStart(PooledBuffer line, PlatformRecord record)
    {
        line.Write("INIT_START Runtime Version: "u8);
        Write(line, record.RuntimeVersion ?? "?");
        line.Write(" Runtime Version ARN: "u8);
        Write(line, record.RuntimeVersionArn ?? "?");
    }

    public static void WriteStart(PooledBuffer line, PlatformRecord record)
    {
        line.Write("START RequestId: "u8);
        Write(line, record.RequestId);
        line.Write(" Version: "u8);
        Write(line, record.Version ?? "$LATEST");
    }

    public static void WriteEnd(PooledBuffer line, PlatformRecord record)
    {
        line.Write("END RequestId: "u8);
        Write(line, record.RequestId);
        if (record is { Status: PlatformStatus.Timeout, DurationMs: { } durationMs })
        {
            WriteTimeout(line, durationMs);
        }
        else if (record.Status == PlatformStatus.Error)
        {
            line.Write(" Task failed: \""u8);
            WriteQuotable(line, record.ErrorType ?? "");
            line.WriteByte((byte)'"');
        }
    }

    /// <summary>The report of an on-demand function; fields that were not sent are left out.</summary>
    /// <param name="line">The line is appended.</param>
    /// <param name="record">The report.</param>
    /// <param name="runtimeDurationMs">Duration that the <c>runtimeDone</c> of this invocation stated; 0 if there was none.</param>
    public static void WriteReport(PooledBuffer line, PlatformRecord record, double runtimeDurationMs)
    {
        line.Write("REPORT RequestId: "u8);
        Write(line, record.RequestId);
        if (record.DurationMs is { } durationMs)
        {
            WriteField(line, " Duration: "u8, durationMs, "F2", " ms"u8);
            WriteField(line, " Runtime Duration: "u8, runtimeDurationMs, "F2", " ms"u8);
            WriteField(line, " Post Runtime Duration: "u8, runtimeDurationMs > 0 ? durationMs - runtimeDurationMs : 0, "F2", " ms"u8);
        }

        WriteField(line, " Billed Duration: "u8, record.BilledDurationMs, "F0", " ms"u8);
        WriteField(line, " Memory Size: "u8, record.MemorySizeMB, "F0", " MB"u8);
        WriteField(line, " Max Memory Used: "u8, record.MaxMemoryUsedMB, "F0", " MB"u8);
        WriteField(line, " Init Duration: "u8, record.InitDurationMs, "F2", " ms"u8);
    }

    /// <summary>The report of a managed instance, which stands in for the end line too.</summary>
    public static void WriteManagedReport(PooledBuffer line, PlatformRecord record)
    {
        line.Write("REPORT RequestId: "u8);
        Write(line, record.RequestId);
        WriteField(line, " Runtime Duration: "u8, record.DurationMs, "F2", " ms"u8);
        if (record is { Status: PlatformStatus.Timeout, DurationMs: { } durationMs })
        {
            WriteTimeout(line, durationMs);
        }
        else if (record.Status == PlatformStatus.Error)
        {
            line.Write(record.ErrorType is null ? " Task failed with an unknown error"u8 : " Task failed: "u8);
            Write(line, record.ErrorType);
        }
    }

    private static void WriteTimeout(PooledBuffer line, double durationMs) =>
        WriteField(line, " Task timed out after "u8, durationMs / 1000, "F2", " seconds"u8);

    private static void WriteField(PooledBuffer line, ReadOnlySpan<byte> name, double? value, string format, ReadOnlySpan<byte> unit)
    {
        if (value is { } number)
        {
            line.Write(name);
            number.TryFormat(line.GetSpan(LongestNumber), out int length, format, CultureInfo.InvariantCulture);
            line.Advance(length);
            line.Write(unit);
        }
    }

    private static void Write(PooledBuffer line, string? text)
    {
        Span<byte> destination = line.GetSpan(Encoding.UTF8.GetMaxByteCount(text?.Length ?? 0));
        line.Advance(Encoding.UTF8.GetBytes(text.AsSpan(), destination));
    }

    /// <summary>Writes text for between double quotes, with the escapes that debug output has: quote, backslash, control characters.</summary>
    private static void WriteQuotable(PooledBuffer line, string text)
    {
        foreach (Rune rune in text.EnumerateRunes())
        {
            switch (rune.Value)
            {
                case '"':
                    line.Write("\\\""u8);
                    break;
                case '\\':
                    line.Write("\\\\"u8);
                    break;
                case '\n':
                    line.Write("\\n"u8);
                    break;
                case '\r':
                    line.Write("\\r"u8);
                    break;
                case '\t':
                    line.Write("\\t"u8);
                    break;
                case '\0':
                    line.Write("\\0"u8);
                    break;
                case int value when Rune.IsControl(rune):
                    Write(line, string.Create(CultureInfo.InvariantCulture, $"\\u{{{value:x}}}"));
                    break;
                default:
                    line.Advance(rune.EncodeToUtf8(line.GetSpan(4)));
                    break;
            }
        }
    }
}
