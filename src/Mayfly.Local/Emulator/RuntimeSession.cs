using System.Diagnostics.CodeAnalysis;

namespace Mayfly.Local.Emulator;

/// <summary>The runtime's side of the Runtime API in one generation of the sandbox. Thread-safe.</summary>
/// <remarks>State names and allowed transitions as AWS's emulator has them: they show in error messages.</remarks>
internal sealed class RuntimeSession(TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<TaskCompletionSource<Invocation>> _waiting = [];
    private RuntimeState _state = RuntimeState.Started;
    private Invocation? _current;

    /// <summary>Completes at the first next: the end of the runtime's own initialization.</summary>
    public Task Ready => _ready.Task;

    /// <summary>Set by the runtime through <c>/init/error</c>.</summary>
    public InvocationResponse? InitError { get; private set; }

    /// <summary>Starts a next call. False: not allowed in the given state.</summary>
    public bool TryNext([NotNullWhen(true)] out TaskCompletionSource<Invocation>? wait, out string state)
    {
        lock (_gate)
        {
            state = NameOf(_state);
            wait = null;
            if (_state == RuntimeState.InitError)
            {
                return false;
            }

            wait = new TaskCompletionSource<Invocation>(TaskCreationOptions.RunContinuationsAsynchronously);
            switch (_state)
            {
                case RuntimeState.Running:
                    wait.SetResult(_current!);
                    return true;
                case RuntimeState.ResponseSent:
                    _current!.SetRuntimeReturned(time.GetTimestamp());
                    break;
                default:
                    _ready.TrySetResult();
                    break;
            }

            _state = RuntimeState.Ready;
            _waiting.Add(wait);
            return true;
        }
    }

    /// <summary>Forgets a call whose client went away.</summary>
    public void Abandon(TaskCompletionSource<Invocation> wait)
    {
        lock (_gate)
        {
            _waiting.Remove(wait);
        }
    }

    /// <summary>Gives the invocation to the waiting call, or to the next one if the client has gone.</summary>
    public void Release(Invocation invocation)
    {
        lock (_gate)
        {
            _current = invocation;
            _state = RuntimeState.Running;
            invocation.ReleasedAt = time.GetTimestamp();
            if (_waiting.Count > 0)
            {
                _waiting[0].TrySetResult(invocation);
                _waiting.RemoveAt(0);
            }
        }
    }

    public bool IsCurrent(string requestId)
    {
        lock (_gate)
        {
            return _current?.RequestId == requestId;
        }
    }

    /// <summary>Takes the response of the current invocation. False: there is one already, or none is awaited.</summary>
    public bool TryRespond(InvocationResponse response, out string state)
    {
        lock (_gate)
        {
            state = NameOf(_state);
            if (_state != RuntimeState.Running)
            {
                return false;
            }

            _state = RuntimeState.ResponseSent;
            _current!.SetResponse(response);
            return true;
        }
    }

    public bool TryInitError(InvocationResponse error, out string state)
    {
        lock (_gate)
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

    /// <summary>Ends all calls: their connections are cut.</summary>
    public void Close()
    {
        lock (_gate)
        {
            foreach (TaskCompletionSource<Invocation> wait in _waiting)
            {
                wait.TrySetCanceled();
            }

            _waiting.Clear();
        }
    }

    private static string NameOf(RuntimeState state) => state == RuntimeState.ResponseSent ? "RuntimeResponseSentState" : state.ToString();

    private enum RuntimeState
    {
        Started,
        InitError,
        Ready,
        Running,
        ResponseSent,
    }
}
