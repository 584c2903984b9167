using System.Diagnostics.CodeAnalysis;

namespace Mayfly.Local.Emulator;

/// <summary>How an answer of the runtime to an invocation was taken.</summary>
internal enum AnswerOutcome
{
    Taken,

    /// <summary>On demand only: not in this state.</summary>
    WrongState,

    /// <summary>No such invocation is waiting for an answer.</summary>
    UnknownRequest,

    /// <summary>Managed instances only: the invocation has timed out.</summary>
    TimedOut,
}

/// <summary>The runtime's side of the Runtime API in one generation of the sandbox. Thread-safe.</summary>
/// <remarks>State names and allowed transitions as AWS's emulator has them: they show in error messages.</remarks>
internal abstract class RuntimeSession
{
    private readonly TaskCompletionSource _initialized = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _isClosed;

    /// <summary>Completes at the end of the runtime's own initialization: at its first next, or at its first restore next.</summary>
    public Task Initialized => _initialized.Task;

    /// <summary>Set by the runtime through <c>/init/error</c>.</summary>
    public InvocationResponse? InitError { get; protected set; }

    protected Lock Gate { get; } = new();

    /// <summary>Calls of next that no invocation has been given to.</summary>
    protected List<TaskCompletionSource<Invocation>> Waiting { get; } = [];

    /// <summary>Starts a next call. False: not allowed in the given state.</summary>
    public abstract bool TryNext([NotNullWhen(true)] out TaskCompletionSource<Invocation>? wait, out string state);

    /// <summary>Whether an answer to this invocation would be taken; asked before its body is read.</summary>
    public abstract AnswerOutcome Expects(string requestId);

    public abstract AnswerOutcome Answer(string requestId, InvocationResponse response, out string state);

    public abstract bool TryInitError(InvocationResponse error, out string state);

    /// <summary>Forgets a call whose client went away.</summary>
    public void Abandon(TaskCompletionSource<Invocation> wait)
    {
        lock (Gate)
        {
            Waiting.Remove(wait);
        }
    }

    /// <summary>Ends all calls: their connections are cut.</summary>
    public virtual void Close()
    {
        lock (Gate)
        {
            _isClosed = true;
            foreach (TaskCompletionSource<Invocation> wait in Waiting)
            {
                wait.TrySetCanceled();
            }

            Waiting.Clear();
        }
    }

    /// <summary>Makes a call wait, under the gate; one that comes after the end is cut at once.</summary>
    protected TaskCompletionSource<Invocation> AddWaiting()
    {
        var wait = new TaskCompletionSource<Invocation>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (_isClosed)
        {
            wait.SetCanceled();
        }
        else
        {
            Waiting.Add(wait);
        }

        return wait;
    }

    protected void SetInitialized() => _initialized.TrySetResult();
}
