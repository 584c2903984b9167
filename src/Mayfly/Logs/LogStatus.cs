using System.Text;

namespace Mayfly.Logs;

/// <summary>Severity of a log event, as the intake names it (docs/spec/04-metrics-logs.md#c5-json-messages).</summary>
public enum LogStatus
{
    Trace,
    Debug,
    Info,
    Warn,
    Error,
    Critical,
}

/// <summary>The texts of <see cref="LogStatus"/>, both ways.</summary>
internal static class LogStatusText
{
    /// <summary>Longer texts are no level: nothing beyond this is looked at.</summary>
    private const int LongestName = 11;

    /// <summary>The lower-case name that goes into an event.</summary>
    public static ReadOnlySpan<byte> ToUtf8(this LogStatus status) => status switch
    {
        LogStatus.Trace => "trace"u8,
        LogStatus.Debug => "debug"u8,
        LogStatus.Warn => "warn"u8,
        LogStatus.Error => "error"u8,
        LogStatus.Critical => "critical"u8,
        _ => "info"u8,
    };

    /// <summary>Reads a level word in any case; false for every other text.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out LogStatus status)
    {
        status = LogStatus.Info;
        if (text.IsEmpty || text.Length > LongestName)
        {
            return false;
        }

        switch (text[0] | 0x20)
        {
            case 'f' when Is(text, "fatal"u8):
            case 'c' when Is(text, "critical"u8):
                status = LogStatus.Critical;
                return true;
            case 'e' when Is(text, "error"u8) || Is(text, "err"u8):
                status = LogStatus.Error;
                return true;
            case 'w' when Is(text, "warn"u8) || Is(text, "warning"u8):
                status = LogStatus.Warn;
                return true;
            case 'i' when Is(text, "info"u8) || Is(text, "information"u8):
                return true;
            case 'd' when Is(text, "debug"u8):
                status = LogStatus.Debug;
                return true;
            case 't' when Is(text, "trace"u8):
                status = LogStatus.Trace;
                return true;
            default:
                return false;
        }
    }

    private static bool Is(ReadOnlySpan<byte> text, ReadOnlySpan<byte> name) => Ascii.EqualsIgnoreCase(text, name);
}
