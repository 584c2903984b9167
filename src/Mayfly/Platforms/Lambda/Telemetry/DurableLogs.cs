using System.Text;
using Mayfly.Logs;

namespace Mayfly.Platforms.Lambda.Telemetry;

/// <summary>
/// Which executions of a durable function the invocations belong to, and the events that wait to be told. Every wait has an end: the execution becomes known,
/// the function turns out not to be durable, the oldest have to make room, or the process ends.
/// </summary>
/// <remarks>docs/spec/04-metrics-logs.md#c8-durable-functions. Not thread-safe; owned by <see cref="LambdaLogs"/>.</remarks>
/// <param name="maxRequests">Request ids whose events may wait, at least 1.</param>
/// <param name="release">Takes events that wait no longer, with their execution if it is known.</param>
internal sealed class DurableLogs(int maxRequests, Action<HeldLog, DurableExecution?> release)
{
    private const int MaxExecutions = 500;
    private const long MaxHeldBytes = 2 * 1024 * 1024;

    private readonly OrderedDictionary<string, DurableExecution> _executions = [];
    private readonly OrderedDictionary<string, List<HeldLog>> _held = [];
    private long _heldBytes;

    /// <summary>Null while nobody knows.</summary>
    private bool? _isDurable;

    /// <summary>Events that wait.</summary>
    public int Count => _held.Values.Sum(static logs => logs.Count);

    /// <summary>True: the events of this id have to wait. Else <paramref name="execution"/> is what they belong to, or null.</summary>
    public bool MustWait(ReadOnlySpan<byte> requestId, out DurableExecution? execution)
    {
        execution = null;
        return _isDurable != false && !requestId.IsEmpty && !_executions.TryGetValue(Encoding.UTF8.GetString(requestId), out execution);
    }

    public void Hold(in HeldLog log)
    {
        string requestId = Encoding.UTF8.GetString(log.RequestId);
        if (!_held.TryGetValue(requestId, out List<HeldLog>? logs))
        {
            while (_held.Count >= maxRequests)
            {
                ReleaseOldest();
            }

            _held.Add(requestId, logs = []);
        }

        logs.Add(log);
        _heldBytes += HeldLogs.SizeOf(log);
        while (_heldBytes > MaxHeldBytes)
        {
            ReleaseOldest();
        }
    }

    /// <summary>What the tracer says of an invocation; the first one counts.</summary>
    public void Learn(string requestId, DurableExecution execution)
    {
        if (!_executions.TryAdd(requestId, execution))
        {
            return;
        }

        if (_executions.Count > MaxExecutions)
        {
            _executions.RemoveAt(0);
        }

        Release(requestId, execution);
    }

    /// <summary>Whether the function is durable; the first verdict stands.</summary>
    public void Decide(bool isDurable)
    {
        _isDurable ??= isDurable;
        if (_isDurable == false)
        {
            ReleaseAll();
        }
    }

    public void ReleaseAll()
    {
        while (_held.Count > 0)
        {
            ReleaseOldest();
        }
    }

    private void ReleaseOldest() => Release(_held.GetAt(0).Key, execution: null);

    private void Release(string requestId, DurableExecution? execution)
    {
        if (!_held.Remove(requestId, out List<HeldLog>? logs))
        {
            return;
        }

        foreach (HeldLog log in logs)
        {
            _heldBytes -= HeldLogs.SizeOf(log);
            release(log, execution);
        }
    }
}
