using Mayfly.Patterns;
using Mayfly.Wire;

namespace Mayfly.Platforms.Lambda.Telemetry;

/// <summary>
/// Puts together what a runtime printed line by line, such as the stack trace of .NET: a line on which the pattern matches begins a text, the others continue
/// the one before.
/// </summary>
/// <remarks>docs/spec/04-metrics-logs.md#c9-processing-rules, <c>multi_line</c>. Not thread-safe; owned by <see cref="LambdaLogs"/>.</remarks>
/// <param name="start">Matches at the beginning of a first line.</param>
/// <param name="maxBytes">A text that would become longer is complete.</param>
internal sealed class MultiLineText(Pattern start, int maxBytes)
{
    private readonly PooledBuffer _text = PooledBuffer.Rent();

    /// <summary>The lines so far, separated by line feeds; empty when there are none.</summary>
    public ReadOnlySpan<byte> Text => _text.WrittenSpan;

    /// <summary>Time of the first line, ns since the Unix epoch.</summary>
    public long TimeNs { get; private set; }

    /// <summary>True when the line belongs to the text so far; else that is complete: take it, <see cref="Clear"/>, then <see cref="Append"/>.</summary>
    public bool Continues(ReadOnlySpan<byte> line) => _text.Length == 0 || (_text.Length + line.Length < maxBytes && !start.IsMatch(line));

    public void Append(ReadOnlySpan<byte> line, long timeNs)
    {
        if (_text.Length == 0)
        {
            TimeNs = timeNs;
        }
        else if (_text.WrittenSpan[^1] != '\n')
        {
            _text.WriteByte((byte)'\n');
        }

        _text.Write(line);
    }

    public void Clear() => _text.Clear();
}
