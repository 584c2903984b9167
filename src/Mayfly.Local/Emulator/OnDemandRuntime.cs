using System.Diagnostics.CodeAnalysis;

namespace Mayfly.Local.Emulator;

/// <summary>A runtime that has one invocation at a time, and with SnapStart a RESTORE before the first.</summary>
internal sealed class OnDemandRuntime(TimeProvider time) : RuntimeSession
{
    private readonly TaskCompletionSource<FatalError?> _restored = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource<RestoreOrder>? _restoreNext;
    private RuntimeState _state = RuntimeState.Started;
    private Invocation? _current;

    /// <summary>Completes at the first next, or with what the runtime posted to <c>/restore/error</c>.</summary>
    public Task<FatalError?> Restored => _restored.Task;

    public override bool TryNext([NotNullWhen(true)] out TaskCompletionSource<Invocation>? wait, out string state)
    {
        lock (Gate)
        {
            state = NameOf(_state);
            wait = null;
            if (_state is RuntimeState.InitError or RuntimeState.RestoreReady or RuntimeState.RestoreError)
            {
                return false;
            }

            switch (_state)
            {
                case RuntimeState.Running:
                    wait = new TaskCompletionSource<Invocation>(TaskCreationOptions.RunContinuationsAsynchronously);
                    wait.SetResult(_current!);
                    return true;
                case RuntimeState.ResponseSent:
                    _current!.SetRuntimeReturned(time.GetTimestamp());
                    break;
                default:
                    SetInitialized();
                    _restored.TrySetResult(null);
                    break;
            }

            _state = RuntimeState.Ready;
            wait = AddWaiting();
            return true;
        }
    }

    /// <summary>Gives the invocation to the waiting call, or to the next one if the client has gone.</summary>
    public void Release(Invocation invocation)
    {
        lock (Gate)
        {
            _current = invocation;
            _state = RuntimeState.Running;
            invocation.ReleasedAt = time.GetTimestamp();
            if (Waiting.Count > 0)
            {
                Waiting[0].TrySetResult(invocation);
                Waiting.RemoveAt(0);
            }
        }
    }

    public override AnswerOutcome Expects(string requestId)
    {
        lock (Gate)
        {
            return _current?.RequestId == requestId ? AnswerOutcome.Taken : AnswerOutcome.UnknownRequest;
        }
    }

    /// <summary>Takes the answer to the current invocation, once.</summary>
    public override AnswerOutcome Answer(string requestId, InvocationResponse response, out string state)
    {
        lock (Gate)
        {
            state = NameOf(_state);
            if (_state != RuntimeState.Running)
            {
                return AnswerOutcome.WrongState;
            }

            _state = RuntimeState.ResponseSent;
            _current!.SetResponse(response);
            return AnswerOutcome.Taken;
        }
    }

    public override bool TryInitError(InvocationResponse error, out string state)
    {
        lock (Gate)
        {
            state = NameOf(_state);
            if (_state != RuntimeState.Started)
            {
                return false;
            }

            _state = RuntimeState.InitError;
            InitError = error;
            return true;
        }
    }

    /// <summary>Starts a restore next call: the runtime has hooks to run after RESTORE. False: not allowed in the given state.</summary>
    public bool TryRestoreNext([NotNullWhen(true)] out TaskCompletionSource<RestoreOrder>? wait, out string state)
    {
        lock (Gate)
        {
            state = NameOf(_state);
            wait = null;
            if (_state != RuntimeState.Started)
            {
                return false;
            }

            _state = RuntimeState.RestoreReady;
            wait = _restoreNext = new TaskCompletionSource<RestoreOrder>(TaskCreationOptions.RunContinuationsAsynchronously);
            SetInitialized();
            return true;
        }
    }

    /// <summary>Answers the waiting restore next call, if there is one.</summary>
    public void Restore()
    {
        lock (Gate)
        {
            if (_state == RuntimeState.RestoreReady)
            {
                _state = RuntimeState.Restoring;
                _restoreNext?.TrySetResult(RestoreOrder.Restore);
            }
        }
    }

    /// <summary>Takes the failure of a hook.</summary>
    public bool TryRestoreError(string errorType, out string state)
    {
        lock (Gate)
        {
            state = NameOf(_state);
            if (_state != RuntimeState.Restoring)
            {
                return false;
            }

            _state = RuntimeState.RestoreError;
            _restored.TrySetResult(new FatalError(errorType, "The runtime reported a restore error"));
            return true;
        }
    }

    public override void Close()
    {
        base.Close();
        lock (Gate)
        {
            _restoreNext?.TrySetCanceled();
        }
    }

    private static string NameOf(RuntimeState state) => state switch
    {
        RuntimeState.ResponseSent => "RuntimeResponseSentState",
        RuntimeState.RestoreError => "RuntimeRestoreErrorState",
        _ => state.ToString(),
    };

    private enum RuntimeState
    {
        Started,
        InitError,
        RestoreReady,
        Restoring,
        RestoreError,
        Ready,
        Running,
        ResponseSent,
    }
}

/// <summary>The answer to a restore next call; it has no content.</summary>
internal sealed class RestoreOrder
{
    public static RestoreOrder Restore { get; } = new();
}
