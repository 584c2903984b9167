namespace Mayfly.Lifecycle;

/// <summary>A flush while it runs, for those that wait for it. Thread-safe.</summary>
/// <param name="cancellation">The flush's own, which it disposes after <see cref="End"/>.</param>
/// <param name="until">Its deadline by a clock that counts freezes.</param>
internal sealed class RunningFlush(CancellationTokenSource cancellation, Deadline until)
{
    private readonly Lock _gate = new();
    private bool _isOver;

    public Deadline Until => until;

    /// <summary>What it has not sent it keeps.</summary>
    public void Cut()
    {
        lock (_gate)
        {
            if (!_isOver)
            {
                cancellation.Cancel();
            }
        }
    }

    public void End()
    {
        lock (_gate)
        {
            _isOver = true;
        }
    }
}
