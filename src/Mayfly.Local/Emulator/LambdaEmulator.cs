namespace Mayfly.Local.Emulator;

/// <summary>
/// AWS Lambda for one function on this machine: the three APIs on one loopback port, and one sandbox with real processes that is created by the first
/// invocation, reset after failures and shut down at the end. Between invocations it is frozen, unless it is a managed instance.
/// Behaviour: docs/spec/01-lambda-lifecycle.md#1-platform-contracts and docs/spec/07-observed-clients.md.
/// </summary>
/// <remarks>Invocations run one at a time, in a managed instance as many as the options say; further ones wait for their turn.</remarks>
public sealed class LambdaEmulator : IAsyncDisposable
{
    private readonly Timeline _timeline;
    private readonly SandboxLayer _layer;
    private readonly Sandbox _sandbox;
    private readonly RuntimeApiServer _server;
    private readonly Turns _turns;
    private int _disposed;

    private LambdaEmulator(Timeline timeline, SandboxLayer layer, Sandbox sandbox, RuntimeApiServer server, Turns turns)
    {
        _turns = turns;
        _timeline = timeline;
        _layer = layer;
        _sandbox = sandbox;
        _server = server;
        AppDomain.CurrentDomain.ProcessExit += KillAll;
    }

    /// <summary>
    /// The sandbox's processes see the layer at <c>/opt</c>. False where the machine permits no private mounts: clients that look for the file find none.
    /// </summary>
    public bool LayerIsAtOpt => _layer.IsAtOpt;

    /// <summary>The layer's directory on this machine; its <c>extensions</c> folder holds the extensions' files.</summary>
    public string LayerPath => _layer.DirectoryPath;

    /// <summary>Value of AWS_LAMBDA_RUNTIME_API, <c>127.0.0.1:port</c>.</summary>
    public string RuntimeApiAddress => _server.Address;

    /// <summary>Everything that happened so far, in order.</summary>
    public IReadOnlyList<SandboxEvent> Timeline => _timeline.Snapshot();

    /// <summary>Opens the APIs. The sandbox itself is created by the first invocation.</summary>
    /// <exception cref="ArgumentOutOfRangeException">No invocation could ever run.</exception>
    public static async Task<LambdaEmulator> StartAsync(EmulatorOptions options, CancellationToken ct = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.Concurrency);
        var timeline = new Timeline(options.Time, options.Observer);
        SandboxLayer layer = await SandboxLayer.CreateAsync(options);
        Sandbox sandbox = Sandbox.Create(options, layer, timeline);
        RuntimeApiServer server = await RuntimeApiServer.StartAsync(options.Port, sandbox, options, ct);
        sandbox.Connect(server.Address);
        if (options is { Freeze: true, IsManaged: false } && !PosixSignal.IsSupported)
        {
            timeline.Add(SandboxEventKind.Notice, "freeze", "processes cannot be stopped on this system: they run on between invocations");
        }

        if (!layer.IsAtOpt && layer.Extensions.Any(extension => extension.Command is not null))
        {
            timeline.Add(SandboxEventKind.Notice, "layer", $"no private mounts here: the layer is at {layer.DirectoryPath} instead of /opt");
        }

        return new LambdaEmulator(timeline, layer, sandbox, server, new Turns(options.IsManaged ? options.Concurrency : 1));
    }

    /// <summary>
    /// Runs INIT ahead of the first invocation, which then reports it; with SnapStart it is where the snapshot is taken. False: it failed; on demand the first
    /// invocation will do it again inside itself.
    /// </summary>
    public Task<bool> InitializeAsync(CancellationToken ct = default) => _turns.AllAsync(_sandbox.InitializeAsync, ct);

    /// <summary>Runs one invocation to its end, INIT, RESTORE and reset included.</summary>
    /// <param name="eventJson">The event, given to the runtime as it stands.</param>
    /// <param name="options">Optional parts.</param>
    /// <param name="ct">Gives up waiting for the turn; a running invocation always ends by itself, at the latest by its deadline.</param>
    /// <exception cref="ArgumentException">A managed instance runs an invocation of this request id at this moment.</exception>
    public Task<InvocationResult> InvokeAsync(ReadOnlyMemory<byte> eventJson, InvokeOptions? options = null, CancellationToken ct = default) =>
        _turns.OneAsync(() => _sandbox.InvokeAsync(eventJson, options ?? new InvokeOptions()), ct);

    /// <summary>Shuts the idle sandbox down with reason spindown; the next invocation creates a new one.</summary>
    public Task<ShutdownReport> ShutdownAsync(CancellationToken ct = default) => _turns.AllAsync(_sandbox.SpinDownAsync, ct);

    /// <summary>
    /// Resets the idle sandbox as the platform does after a failure: SHUTDOWN with reason failure, and on demand INIT inside the next invocation.
    /// </summary>
    public Task<ShutdownReport> ResetAsync(CancellationToken ct = default) => _turns.AllAsync(_sandbox.ResetAsync, ct);

    /// <summary>
    /// Ends a process at once with SIGKILL, in the middle of whatever it does; a participant without a process fails as if it had one. What follows is the
    /// platform's reaction. False: there is no such process.
    /// </summary>
    /// <param name="name">An external extension, or <see cref="EmulatorOptions.RuntimeName"/>.</param>
    public bool Kill(string name) => _sandbox.Kill(name, isOutOfMemory: false);

    /// <summary>Kills the runtime as the kernel does when the sandbox is out of memory; the report then says that all memory was used.</summary>
    public bool KillOutOfMemory() => _sandbox.Kill(EmulatorOptions.RuntimeName, isOutOfMemory: true);

    /// <summary>The id of a running process: an extension by name, or <see cref="EmulatorOptions.RuntimeName"/>; null if it has none.</summary>
    public int? ProcessId(string name) =>
        _sandbox.Generation.Processes.FirstOrDefault(process => process.Name == name && !process.Exited.IsCompleted)?.Id;

    /// <summary>Kills what runs, lets a running invocation fail, and closes the APIs. A second call does nothing.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        AppDomain.CurrentDomain.ProcessExit -= KillAll;
        _sandbox.Close();
        await _turns.AllAsync(DisposePartsAsync, CancellationToken.None);
        _turns.Dispose();
    }

    private async Task<bool> DisposePartsAsync()
    {
        await _sandbox.DisposeAsync();
        await _server.DisposeAsync();
        _layer.Dispose();
        return true;
    }

    // A stopped process would stay for ever if this one ended without it.
    private void KillAll(object? sender, EventArgs e) => _sandbox.Close();
}
