namespace Mayfly.Local.Intake;

/// <summary>What arrived, oldest first, within a byte budget; over it the oldest requests are forgotten and counted.</summary>
internal sealed class RequestStore(long maxBytes)
{
    private readonly Lock _lock = new();
    private readonly Queue<ReceivedRequest> _requests = new();
    private TaskCompletionSource _changed = NewSignal();
    private long _bytes;
    private int _sequence;
    private int _forgotten;

    public IReadOnlyList<ReceivedRequest> Requests
    {
        get
        {
            lock (_lock)
            {
                return [.. _requests];
            }
        }
    }

    public int Forgotten
    {
        get
        {
            lock (_lock)
            {
                return _forgotten;
            }
        }
    }

    /// <summary>Completes when the next request was added.</summary>
    public Task Changed
    {
        get
        {
            lock (_lock)
            {
                return _changed.Task;
            }
        }
    }

    /// <summary>Adds a request under the next sequence number.</summary>
    public ReceivedRequest Add(ReceivedRequest request)
    {
        TaskCompletionSource changed;
        lock (_lock)
        {
            request = request with { Sequence = ++_sequence };
            _requests.Enqueue(request);
            _bytes += Cost(request);
            while (_bytes > maxBytes && _requests.Count > 1)
            {
                _bytes -= Cost(_requests.Dequeue());
                _forgotten++;
            }

            changed = _changed;
            _changed = NewSignal();
        }

        changed.SetResult();
        return request;
    }

    public void Clear()
    {
        lock (_lock)
        {
            _requests.Clear();
            _bytes = 0;
        }
    }

    private static long Cost(ReceivedRequest request) => Math.Max(request.BytesRaw, request.BytesCompressed) + 1024;

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
