namespace Mayfly.Intake;

/// <summary>
/// How signals say that so much waits that it had better be sent before its time: inside one long and busy invocation buffers would fill up, and what does not
/// fit is lost. Thread-safe; saying it costs a comparison.
/// </summary>
public sealed class FlushDemand
{
    /// <summary>A signal that holds this much asks. A sixteenth of the largest buffer: a flush takes time too.</summary>
    public const long WaitingBytes = 1024 * 1024;

    private volatile TaskCompletionSource _asked = New();

    /// <summary>Completes when a signal asks.</summary>
    public Task WhenAsked => _asked.Task;

    /// <summary>Called by a signal with what it holds, after each addition.</summary>
    public void Report(long waitingBytes)
    {
        if (waitingBytes >= WaitingBytes)
        {
            _asked.TrySetResult();
        }
    }

    /// <summary>Called when everything is about to be taken.</summary>
    public void Reset()
    {
        if (_asked.Task.IsCompleted)
        {
            _asked = New();
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
