using System.Diagnostics.CodeAnalysis;

namespace Mayfly.Local.Emulator;

/// <summary>An extension's side of the Extensions API in one generation of the sandbox. Thread-safe.</summary>
internal sealed class ExtensionSession(TimeProvider time, string name, bool isInternal)
{
    public const string Invoke = "INVOKE";
    public const string Shutdown = "SHUTDOWN";

    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _registered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _shutdownReceived = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource _returned = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource<ExtensionEvent>? _waiting;
    private ExtensionEvent? _pending;
    private ExtensionState _state = ExtensionState.Started;
    private string[] _events = [];

    public string Name { get; } = name;

    public Guid Id { get; } = Guid.NewGuid();

    /// <summary>Registered from inside the runtime's process.</summary>
    public bool IsInternal { get; } = isInternal;

    /// <summary>What it said in an init or exit error; null = nothing.</summary>
    public string? ErrorType { get; private set; }

    /// <summary>Monotonic time of the last next call; 0 = none yet.</summary>
    public long LastNextAt { get; private set; }

    public Task Registered => _registered.Task;

    /// <summary>Completes at the first next.</summary>
    public Task Ready => _ready.Task;

    /// <summary>Completes at the next that follows the last delivered INVOKE.</summary>
    public Task Returned
    {
        get
        {
            lock (_gate)
            {
                return _returned.Task;
            }
        }
    }

    /// <summary>Completes when SHUTDOWN has been handed to a call.</summary>
    public Task ShutdownReceived => _shutdownReceived.Task;

    public string StateName
    {
        get
        {
            lock (_gate)
            {
                return _state.ToString();
            }
        }
    }

    public IReadOnlyList<string> Events
    {
        get
        {
            lock (_gate)
            {
                return _events;
            }
        }
    }

    public bool IsSubscribed(string eventType) => Events.Contains(eventType);

    public bool TryRegister(string[] events, out string state)
    {
        lock (_gate)
        {
            state = _state.ToString();
            if (_state != ExtensionState.Started)
            {
                return false;
            }

            _events = events;
            _state = ExtensionState.Registered;
            _registered.TrySetResult();
            return true;
        }
    }

    /// <summary>Starts a next call. False: not allowed in the given state, among others while another call waits.</summary>
    public bool TryNext([NotNullWhen(true)] out TaskCompletionSource<ExtensionEvent>? wait, out string state)
    {
        lock (_gate)
        {
            state = _state.ToString();
            wait = null;
            bool reconnects = _state == ExtensionState.Ready && _waiting is null;
            if (!reconnects && _state is not (ExtensionState.Registered or ExtensionState.Running))
            {
                return false;
            }

            LastNextAt = time.GetTimestamp();
            wait = new TaskCompletionSource<ExtensionEvent>(TaskCreationOptions.RunContinuationsAsynchronously);
            _ready.TrySetResult();
            _returned.TrySetResult();
            _state = ExtensionState.Ready;
            _waiting = wait;
            if (_pending is { } pending)
            {
                _pending = null;
                Hand(pending);
            }

            return true;
        }
    }

    /// <summary>Forgets a call whose client went away; it may call again.</summary>
    public void Abandon(TaskCompletionSource<ExtensionEvent> wait)
    {
        lock (_gate)
        {
            if (_waiting == wait)
            {
                _waiting = null;
            }
        }
    }

    /// <summary>Gives the event to the waiting call; an extension that is busy or reconnecting gets it when it calls.</summary>
    public void Deliver(ExtensionEvent happening)
    {
        lock (_gate)
        {
            if (happening.Type == Invoke)
            {
                _returned = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            if (_waiting is null)
            {
                _pending = happening;
            }
            else
            {
                Hand(happening);
            }
        }
    }

    /// <summary>Takes an init error (only between register and the first next) or an exit error. A repetition changes nothing.</summary>
    public bool TryFail(bool isInit, string errorType, out string state)
    {
        lock (_gate)
        {
            state = _state.ToString();
            ExtensionState failed = isInit ? ExtensionState.InitError : ExtensionState.ExitError;
            bool allowed = _state == failed || _state == ExtensionState.Registered
                || (!isInit && _state is ExtensionState.Ready or ExtensionState.Running);
            if (allowed && _state != failed)
            {
                _state = failed;
                ErrorType = errorType;
            }

            return allowed;
        }
    }

    /// <summary>Ends the waiting call: its connection is cut.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _waiting?.TrySetCanceled();
            _waiting = null;
        }
    }

    private void Hand(ExtensionEvent happening)
    {
        _state = ExtensionState.Running;
        _waiting!.TrySetResult(happening);
        _waiting = null;
        if (happening.Type == Shutdown)
        {
            _shutdownReceived.TrySetResult();
        }
    }

    private enum ExtensionState
    {
        Started,
        Registered,
        Ready,
        Running,
        InitError,
        ExitError,
    }
}

/// <summary>An answer to an extension's next: INVOKE or SHUTDOWN and its JSON body.</summary>
internal sealed record ExtensionEvent(string Type, byte[] Body);
