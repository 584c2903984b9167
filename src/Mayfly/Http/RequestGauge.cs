namespace Mayfly.Http;

/// <summary>Counts the requests that are being served, and lets one caller wait until there are none.</summary>
public sealed class RequestGauge
{
    private readonly Lock _gate = new();
    private int _open;
    private TaskCompletionSource? _quiet;

    public int Open
    {
        get
        {
            lock (_gate)
            {
                return _open;
            }
        }
    }

    /// <summary>Completes when no request is being served; at once if that is so now.</summary>
    public Task WhenQuiet()
    {
        lock (_gate)
        {
            if (_open == 0)
            {
                return Task.CompletedTask;
            }

            _quiet ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _quiet.Task;
        }
    }

    internal void Enter()
    {
        lock (_gate)
        {
            _open++;
        }
    }

    internal void Leave()
    {
        TaskCompletionSource? quiet = null;
        lock (_gate)
        {
            if (--_open == 0)
            {
                quiet = _quiet;
                _quiet = null;
            }
        }

        quiet?.SetResult();
    }
}
