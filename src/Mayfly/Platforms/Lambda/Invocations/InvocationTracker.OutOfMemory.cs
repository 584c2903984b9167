namespace Mayfly.Platforms.Lambda.Invocations;

/// <summary>One <c>out_of_memory</c> per invocation, whoever tells of it (docs/spec/01-lambda-lifecycle.md#46-timeout-oom-crash).</summary>
public sealed partial class InvocationTracker
{
    /// <summary>The invocation whose start telemetry told before its INVOKE was answered; null once it was.</summary>
    private string? _startedAhead;

    /// <summary>
    /// A log line says that the function ran out of memory; without an id it was that of the invocation that telemetry, or else INVOKE, told of last.
    /// Counts once per invocation.
    /// </summary>
    public void OutOfMemorySeen(string? requestId, long atNs)
    {
        string? owner = requestId;
        lock (_gate)
        {
            owner ??= _startedAhead ?? _current?.RequestId;
        }

        if (owner is not null)
        {
            Change(owner, (context, leaving) => CountOutOfMemory(context, ToSeconds(atNs), leaving));
        }
    }

    private void CountOutOfMemory(InvocationContext context, long at, Departures leaving)
    {
        if (!context.IsOutOfMemoryCounted)
        {
            context.IsOutOfMemoryCounted = true;
            Emit(context, tags => _metrics.OutOfMemory(at, tags), leaving);
        }
    }
}
