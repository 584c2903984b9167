namespace Mayfly.Local.Intake;

/// <summary>The faults that are set, per path, with what is left of their request counts.</summary>
internal sealed class IntakeFaults
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, (IntakeFault Fault, int Left)> _faults = [];
    private CancellationTokenSource _hanging = new();

    public void Set(string path, IntakeFault fault)
    {
        lock (_lock)
        {
            _faults[path] = (fault, fault.Requests);
        }
    }

    public void Clear(string path)
    {
        lock (_lock)
        {
            if (path == "*")
            {
                _faults.Clear();
            }
            else
            {
                _faults.Remove(path);
            }
        }

        CutOffHanging();
    }

    /// <summary>Ends the requests that hang at this moment.</summary>
    public void CutOffHanging()
    {
        CancellationTokenSource old;
        lock (_lock)
        {
            old = _hanging;
            _hanging = new CancellationTokenSource();
        }

        old.Cancel();
    }

    /// <summary>The fault for one more request of a path, or null; the token ends a hang.</summary>
    public (IntakeFault? Fault, CancellationToken Ended) Take(string path)
    {
        lock (_lock)
        {
            string? key = _faults.ContainsKey(path) ? path : _faults.ContainsKey("*") ? "*" : null;
            if (key is null)
            {
                return (null, _hanging.Token);
            }

            (IntakeFault fault, int left) = _faults[key];
            if (left == 1)
            {
                _faults.Remove(key);
            }
            else
            {
                _faults[key] = (fault, left - 1);
            }

            return (fault, _hanging.Token);
        }
    }
}
