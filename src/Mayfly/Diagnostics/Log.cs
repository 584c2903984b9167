using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Text;

namespace Mayfly.Diagnostics;

/// <summary>
/// The agent's own output: one line per event on standard output, <c>MAYFLY | LEVEL | text</c>.
/// </summary>
/// <remarks>
/// On Lambda every line comes back as an <c>extension</c> telemetry record, so nothing on the log path may log per record
/// (docs/spec/04-metrics-logs.md#d-the-agents-own-log-output).
/// Secrets are taken out of every line (<see cref="Scrubber"/>). An interpolated text costs nothing when its level is off. Thread-safe.
/// </remarks>
public sealed class Log(LogLevel level, Stream output)
{
    private readonly Lock _gate = new();
    private readonly ConcurrentDictionary<string, bool> _said = new();

    /// <summary>Lines below this level are not written.</summary>
    public LogLevel Level { get; } = level;

    /// <summary>A log that writes nothing: for tests and tools.</summary>
    public static Log Silent { get; } = new(LogLevel.Off, Stream.Null);

    /// <summary>A log on this process's standard output.</summary>
    public static Log ToStandardOutput(LogLevel level) => new(level, StandardStream.OpenOutput());

    public bool IsOn(LogLevel level) => level >= Level && Level != LogLevel.Off;

    public void Debug([InterpolatedStringHandlerArgument("")] ref DebugText text) => WriteIf(text.Inner, LogLevel.Debug);

    public void Info(string text) => Write(LogLevel.Info, text);

    public void Warn(string text) => Write(LogLevel.Warn, text);

    public void Error(string text) => Write(LogLevel.Error, text);

    /// <summary>Writes <paramref name="text"/> the first time this <paramref name="cause"/> comes up in the life of the process.</summary>
    public void Once(string cause, LogLevel level, string text)
    {
        if (IsOn(level) && _said.TryAdd(cause, true))
        {
            Write(level, text);
        }
    }

    private void WriteIf(StringBuilder? text, LogLevel level)
    {
        if (text is not null)
        {
            Write(level, text.ToString());
        }
    }

    private void Write(LogLevel level, string text)
    {
        if (!IsOn(level))
        {
            return;
        }

        byte[] line = Encoding.UTF8.GetBytes($"MAYFLY | {NameOf(level)} | {OneLine(Scrubber.Scrub(text))}\n");
        lock (_gate)
        {
            try
            {
                output.Write(line);
                output.Flush();
            }
            catch (IOException)
            {
                // Standard output is closed: there is nobody left to tell.
            }
        }
    }

    private static string OneLine(string text) => text.AsSpan().IndexOfAny('\n', '\r') < 0 ? text : text.ReplaceLineEndings(" ");

    private static string NameOf(LogLevel level) => level switch
    {
        LogLevel.Trace => "TRACE",
        LogLevel.Debug => "DEBUG",
        LogLevel.Info => "INFO",
        LogLevel.Warn => "WARN",
        _ => "ERROR",
    };

    /// <summary>Builds a debug line's text, and only when debug is on.</summary>
    [InterpolatedStringHandler]
    public readonly ref struct DebugText
    {
        public DebugText(int literalLength, int formattedCount, Log log, out bool isOn)
        {
            isOn = log.IsOn(LogLevel.Debug);
            Inner = isOn ? new StringBuilder(literalLength + formattedCount * 16) : null;
        }

        internal StringBuilder? Inner { get; }

        public void AppendLiteral(string value) => Inner!.Append(value);

        public void AppendFormatted<T>(T value) => Inner!.Append(value);

        public void AppendFormatted<T>(T value, string? format)
            where T : IFormattable =>
            Inner!.Append(value.ToString(format, System.Globalization.CultureInfo.InvariantCulture));
    }
}
