using System.Diagnostics.CodeAnalysis;

namespace Mayfly.Local.Emulator;

/// <summary>
/// A runtime of a managed instance: each of its calls of next takes one invocation, several run at once, and an answer finds its invocation by request id.
/// </summary>
internal sealed class ManagedRuntime(TimeProvider time) : RuntimeSession
{
    /// <summary>AWS's limit of calls that wait.</summary>
    private const int MaxWaiting = 10_000;

    /// <summary>How many timed-out invocations are remembered for their late answers.</summary>
    private const int MaxTimedOut = 1000;

    private readonly SemaphoreSlim _available = new(0);

    // A reserved request id has no invocation yet: it waits for a call of next.
    private readonly Dictionary<string, Invocation?> _running = [];
    private readonly Queue<string> _timedOut = new();
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _hasInitError;
    private bool _isAborted;

    public override bool TryNext([NotNullWhen(true)] out TaskCompletionSource<Invocation>? wait, out string state)
    {
        lock (Gate)
        {
            state = _hasInitError ? "InitError" : "Ready";
            wait = null;
            if (_hasInitError || Waiting.Count >= MaxWaiting)
            {
                return false;
            }

            wait = AddWaiting();
            _available.Release();
            SetInitialized();
            return true;
        }
    }

    /// <summary>Enters a request id. False: the sandbox takes no more invocations.</summary>
    /// <exception cref="ArgumentException">The id is running.</exception>
    public bool TryReserve(string requestId)
    {
        lock (Gate)
        {
            if (!_isAborted)
            {
                _running.Add(requestId, null);
            }

            return !_isAborted;
        }
    }

    /// <summary>Waits for a call of next and takes it.</summary>
    public async Task<TaskCompletionSource<Invocation>> TakeAsync(CancellationToken ct)
    {
        while (true)
        {
            await _available.WaitAsync(ct);
            lock (Gate)
            {
                // One whose client went away is not there any more.
                if (Waiting.Count > 0)
                {
                    TaskCompletionSource<Invocation> first = Waiting[0];
                    Waiting.RemoveAt(0);
                    return first;
                }
            }
        }
    }

    /// <summary>Gives the invocation to the taken call. False: its client has just gone.</summary>
    public bool TryRelease(Invocation invocation, TaskCompletionSource<Invocation> wait)
    {
        lock (Gate)
        {
            _running[invocation.RequestId] = invocation;
            invocation.ReleasedAt = time.GetTimestamp();
            return wait.TrySetResult(invocation);
        }
    }

    /// <summary>The invocation is over, and everything about it has been said.</summary>
    public void End(string requestId, bool isTimedOut)
    {
        lock (Gate)
        {
            _running.Remove(requestId);
            if (isTimedOut)
            {
                _timedOut.Enqueue(requestId);
                if (_timedOut.Count > MaxTimedOut)
                {
                    _timedOut.Dequeue();
                }
            }

            if (_isAborted && _running.Count == 0)
            {
                _drained.TrySetResult();
            }
        }
    }

    /// <summary>Takes no more invocations; completes when the running ones are over.</summary>
    public Task DrainAsync()
    {
        lock (Gate)
        {
            _isAborted = true;
            if (_running.Count == 0)
            {
                _drained.TrySetResult();
            }

            return _drained.Task;
        }
    }

    public override AnswerOutcome Expects(string requestId)
    {
        lock (Gate)
        {
            return ExpectsNow(requestId);
        }
    }

    /// <summary>Takes the answer to a running invocation, once.</summary>
    public override AnswerOutcome Answer(string requestId, InvocationResponse response, out string state)
    {
        lock (Gate)
        {
            state = "Running";
            AnswerOutcome outcome = ExpectsNow(requestId);
            if (outcome == AnswerOutcome.Taken)
            {
                _running[requestId]!.SetResponse(response);
            }

            return outcome;
        }
    }

    public override bool TryInitError(InvocationResponse error, out string state)
    {
        lock (Gate)
        {
            state = _hasInitError ? "InitError" : Initialized.IsCompleted ? "Ready" : "Started";
            if (state != "Started")
            {
                return false;
            }

            _hasInitError = true;
            InitError = error;
            return true;
        }
    }

    private AnswerOutcome ExpectsNow(string requestId) =>
        _running.GetValueOrDefault(requestId) is { Response.IsCompleted: false } ? AnswerOutcome.Taken
        : _timedOut.Contains(requestId) ? AnswerOutcome.TimedOut
        : AnswerOutcome.UnknownRequest;
}
