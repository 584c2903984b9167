namespace Mayfly.Local.Emulator;

/// <summary>
/// The execution environment: what all kinds have in common, which is INIT, SHUTDOWN and the processes
/// (docs/spec/01-lambda-lifecycle.md#13-phases-budgets-reset). How invocations run is up to <see cref="OnDemandSandbox"/> and <see cref="ManagedSandbox"/>.
/// </summary>
/// <remarks>Called by <see cref="LambdaEmulator"/> only; the APIs move the sessions of the current generation.</remarks>
internal abstract partial class Sandbox : IAsyncDisposable
{
    protected const string PhaseOfInit = "init";
    protected const string PhaseOfInvoke = "invoke";
    private static readonly FatalError Closed = new("Sandbox.Failure", "The emulator was closed");

    private readonly string _temporaryFolder = Path.Combine(Path.GetTempPath(), "mayfly-sandbox-" + Guid.NewGuid().ToString("n")[..12]);
    private volatile SandboxGeneration _generation;
    private volatile bool _isClosed;
    private SandboxEnvironment? _environment;

    protected Sandbox(EmulatorOptions options, SandboxLayer layer, Timeline timeline)
    {
        Options = options;
        Layer = layer;
        Time = options.Time;
        Timeline = timeline;
        Credentials = AwsCredentials.New(options.Time);
        Telemetry = new TelemetryBus(options.Time, timeline, isSequenced: options.IsManaged);
        Processes = new SandboxProcesses(options, layer, timeline, Telemetry);
        _generation = NewGeneration();
    }

    public SandboxGeneration Generation => _generation;

    public TelemetryBus Telemetry { get; }

    /// <summary>What the credentials endpoint hands out; new ones with every RESTORE.</summary>
    public AwsCredentials Credentials { get; protected set; }

    public SandboxEnvironment Variables => _environment ?? throw new InvalidOperationException("The address of the APIs is not known yet.");

    protected EmulatorOptions Options { get; }

    protected SandboxLayer Layer { get; }

    protected TimeProvider Time { get; }

    protected Timeline Timeline { get; }

    protected SandboxProcesses Processes { get; }

    protected bool IsClosed => _isClosed;

    /// <summary>INIT succeeded, and no SHUTDOWN came since.</summary>
    protected bool IsInitialized { get; private set; }

    /// <summary>An INIT ahead of any invocation, waiting for the first one to report it; null = none.</summary>
    protected InitAhead? UnreportedInit { get; set; }

    public static Sandbox Create(EmulatorOptions options, SandboxLayer layer, Timeline timeline) =>
        options.IsManaged ? new ManagedSandbox(options, layer, timeline) : new OnDemandSandbox(options, layer, timeline);

    /// <summary>Tells the address of the APIs; before the first phase.</summary>
    public void Connect(string runtimeApi)
    {
        Directory.CreateDirectory(_temporaryFolder);
        _environment = new SandboxEnvironment(Options, runtimeApi, Options.WorkingDirectory ?? Directory.GetCurrentDirectory(), _temporaryFolder);
    }

    /// <summary>Notes what an API saw.</summary>
    public void Saw(SandboxEventKind kind, string subject, string detail = "") => Timeline.Add(kind, subject, detail);

    /// <summary>INIT ahead of any invocation. False: it failed.</summary>
    public abstract Task<bool> InitializeAsync();

    /// <summary>One invocation to its end, with the INIT, RESTORE and reset it needs.</summary>
    public abstract Task<InvocationResult> InvokeAsync(ReadOnlyMemory<byte> payload, InvokeOptions options);

    /// <summary>The SHUTDOWN of an idle sandbox; nothing to do if there is none.</summary>
    public abstract Task<ShutdownReport> SpinDownAsync();

    /// <summary>The SHUTDOWN of an idle sandbox as after a failure; nothing to do if there is none.</summary>
    public abstract Task<ShutdownReport> ResetAsync();

    /// <summary>Ends a process with SIGKILL, or who plays it as if it had one. False: there is no such process.</summary>
    /// <param name="name">An extension, or <see cref="EmulatorOptions.RuntimeName"/>.</param>
    /// <param name="isOutOfMemory">The kernel does it, because the sandbox is out of memory.</param>
    public bool Kill(string name, bool isOutOfMemory) => Processes.Kill(_generation, name, isOutOfMemory);

    /// <summary>Kills everything at once, without any SHUTDOWN; a running invocation fails, and no process is started any more.</summary>
    public void Close()
    {
        _isClosed = true;
        _generation.Fail(Closed.Type, Closed.Message);
        KillAll();
    }

    public virtual async ValueTask DisposeAsync()
    {
        Close();
        _generation.Close();
        await SandboxProcesses.DisposeAsync(_generation);
        await Telemetry.DisposeAsync();
        RemoveTemporaryFolder();
    }

    private void RemoveTemporaryFolder()
    {
        try
        {
            Directory.Delete(_temporaryFolder, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A process of the function's own may still write there.
        }
    }

    protected static ShutdownReport NothingToShutDown(string reason) => new(reason, null, false, [], TimeSpan.Zero);

    protected Invocation Begin(string requestId, ReadOnlyMemory<byte> payload, InvokeOptions options) => new()
    {
        RequestId = requestId,
        Payload = payload,
        FunctionArn = options.Qualifier is { } qualifier ? $"{Options.FunctionArn}:{qualifier}" : Options.FunctionArn,
        TraceHeader = options.TraceHeader,
        ClientContext = options.ClientContext,
        DeadlineMs = (Time.GetUtcNow() + Options.Timeout).ToUnixTimeMilliseconds(),
        StartedAt = Time.GetTimestamp(),
    };

    /// <summary>What the caller gets for an invocation that the runtime never saw.</summary>
    protected static InvocationResult NotStarted(string requestId, InvocationStatus status, FatalError error, ShutdownReport? reset) => new()
    {
        RequestId = requestId,
        Status = status,
        ErrorType = error.Type,
        ResponseBody = FailureBody(requestId, error),
        Reset = reset,
    };

    protected static byte[] FailureBody(string requestId, FatalError? error) =>
        RuntimeApi.ErrorDocument(error?.Type ?? "", $"RequestId: {requestId} Error: {error?.Message}");

    /// <summary>The error that the caller sees; a time-out has none of its own.</summary>
    protected FatalError? ErrorFor(Ending ending) => ending.Kind == EndingKind.TimedOut ? FatalError.AfterTimeout(Options.Timeout) : ending.Error;

    protected PlatformSpan Span(string name, long from, long to) =>
        new(name, Time.GetUtcNow() - Time.GetElapsedTime(from), Time.GetElapsedTime(from, to));

    protected void SignalAll(int signal)
    {
        foreach (SandboxProcess process in _generation.Processes)
        {
            process.SignalAll(signal);
        }
    }

    protected void KillAll()
    {
        SandboxProcess[] processes = [.. _generation.Processes];
        SignalAll(PosixSignal.Kill);
        foreach (int left in processes.Length > 0 ? ProcessTree.WithVariable(Variables.Marker) : [])
        {
            // A daemon that left its parent, its group and its session.
            PosixSignal.Send(left, PosixSignal.Kill);
        }
    }

    /// <summary>Waits for a step, a failure of the sandbox, or the limit, whichever comes first; a step that is over counts as over.</summary>
    protected static async Task<Ending> StepAsync(Task step, SandboxGeneration generation, Task limit)
    {
        await Task.WhenAny(step, generation.Failure, limit);
        return step.IsCompletedSuccessfully ? Ending.Done
            : generation.Failure.IsCompleted ? Ending.Failed(await generation.Failure)
            : Ending.TimedOut;
    }

    private SandboxGeneration NewGeneration() => new(
        Time, Options.IsManaged ? new ManagedRuntime(Time) : new OnDemandRuntime(Time), Layer.Extensions.Select(extension => extension.Name));
}

/// <summary>An INIT that ran before anybody invoked.</summary>
/// <param name="Took">Its length.</param>
/// <param name="EndedAt">Monotonic time.</param>
internal sealed record InitAhead(TimeSpan Took, long EndedAt);
