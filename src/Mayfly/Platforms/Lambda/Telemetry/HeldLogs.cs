using Mayfly.Logs;

namespace Mayfly.Platforms.Lambda.Telemetry;

/// <summary>Log events that cannot be encoded yet, oldest first. Over a limit the oldest go.</summary>
/// <remarks>docs/spec/04-metrics-logs.md#c6-request-id-pairing-and-orphans-on-demand. Not thread-safe; owned by <see cref="LambdaLogs"/>.</remarks>
internal sealed class HeldLogs(int maxEvents, int maxBytes)
{
    /// <summary>What an entry costs beside its text: objects, references, numbers.</summary>
    private const int EntryBytes = 96;

    private readonly Queue<HeldLog> _queue = new();
    private long _bytes;

    public int Count => _queue.Count;

    /// <summary>How many of them know their request id (or know that there is none) and wait only for the buffer to know its identity.</summary>
    public int ResolvedCount { get; private set; }

    /// <returns>The number of events that had to go.</returns>
    public int Add(in HeldLog log)
    {
        _queue.Enqueue(log);
        _bytes += SizeOf(log);
        ResolvedCount += log.IsResolved ? 1 : 0;
        int dropped = 0;
        while (_queue.Count > maxEvents || _bytes > maxBytes)
        {
            Take();
            dropped++;
        }

        return dropped;
    }

    /// <summary>Takes the oldest event.</summary>
    public HeldLog Take()
    {
        HeldLog log = _queue.Dequeue();
        _bytes -= SizeOf(log);
        ResolvedCount -= log.IsResolved ? 1 : 0;
        return log;
    }

    /// <summary>Bytes that an event takes while it waits.</summary>
    public static long SizeOf(in HeldLog log) => log.Text.Length + EntryBytes;
}

/// <summary>One held event.</summary>
/// <param name="Text">UTF-8, own copy.</param>
/// <param name="TimestampMs">Milliseconds since the Unix epoch.</param>
/// <param name="Status">Severity where the text states none.</param>
/// <param name="RequestId">UTF-8; empty = unknown.</param>
/// <param name="IsResolved">The request id is final, even if empty.</param>
internal readonly record struct HeldLog(byte[] Text, long TimestampMs, LogStatus Status, byte[] RequestId, bool IsResolved);
