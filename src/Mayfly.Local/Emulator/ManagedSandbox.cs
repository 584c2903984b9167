namespace Mayfly.Local.Emulator;

/// <summary>
/// A managed instance: as many invocations at once as the options say, never frozen, no INVOKE events; an invocation that times out leaves the others alone,
/// a process that ends takes all of them with it (docs/spec/01-lambda-lifecycle.md#17-lmi-differences-summary).
/// </summary>
/// <remarks>How many run at once is limited by the caller.</remarks>
internal sealed partial class ManagedSandbox(EmulatorOptions options, SandboxLayer layer, Timeline timeline) : Sandbox(options, layer, timeline)
{
    private readonly SemaphoreSlim _lifecycle = new(1);
    private readonly Lock _reportGate = new();
    private Task<ShutdownReport?> _supervisor = Task.FromResult<ShutdownReport?>(null);
    private FailedInit? _lastFailure;
    private int _attempts;

    /// <summary>The telemetry of the aborted invocations is worth a second.</summary>
    protected override TimeSpan LastTelemetry => TimeSpan.FromSeconds(1);

    public override async Task<bool> InitializeAsync() => (await EnterAsync()).Failure is null;

    public override Task<ShutdownReport> SpinDownAsync() => ShutDownIdleAsync("spindown");

    public override Task<ShutdownReport> ResetAsync() => ShutDownIdleAsync("failure");

    public override async ValueTask DisposeAsync()
    {
        Close();
        await _supervisor;
        await base.DisposeAsync();
        _lifecycle.Dispose();
    }

    protected override TimeSpan BudgetOf(SandboxGeneration generation) => generation.Extensions.Count > 0 ? WithExternalExtensions : TimeSpan.Zero;

    /// <summary>An initialized sandbox; whoever waits for an INIT shares its failure.</summary>
    private async Task<Entry> EnterAsync()
    {
        int seen = Volatile.Read(ref _attempts);
        await _lifecycle.WaitAsync();
        try
        {
            if (!IsInitialized && seen != _attempts && _lastFailure is { } shared)
            {
                return new Entry(Generation, _supervisor, shared);
            }

            if (!IsInitialized)
            {
                await InitOnceAsync();
            }

            return new Entry(Generation, _supervisor, _lastFailure);
        }
        finally
        {
            _lifecycle.Release();
        }
    }

    private async Task InitOnceAsync()
    {
        (UnreportedInit, Ending ending) = await InitAheadAsync();
        Interlocked.Increment(ref _attempts);
        _lastFailure = null;
        if (ending.IsDone)
        {
            _supervisor = SuperviseAsync(Generation);
            return;
        }

        InvocationResponse? said = Generation.Runtime.InitError;
        FatalError error = ending.Error ?? new FatalError(FatalError.TimedOut, "Initialization timed out");
        _lastFailure = new FailedInit(error, said, await ShutDownAsync("failure"));
    }

    /// <summary>Watches a sandbox until it is gone; when it fails, its invocations end first, then it is shut down. Null = it did not fail.</summary>
    private async Task<ShutdownReport?> SuperviseAsync(SandboxGeneration generation)
    {
        await Task.WhenAny(generation.Failure, generation.Closed);
        if (!generation.Failure.IsCompleted || IsClosed)
        {
            return null;
        }

        await ((ManagedRuntime)generation.Runtime).DrainAsync();
        await _lifecycle.WaitAsync();
        try
        {
            return generation == Generation ? await ShutDownAsync("failure") : null;
        }
        finally
        {
            _lifecycle.Release();
        }
    }

    private async Task<ShutdownReport> ShutDownIdleAsync(string reason)
    {
        await _lifecycle.WaitAsync();
        try
        {
            return IsInitialized ? await ShutDownAsync(reason) : NothingToShutDown(reason);
        }
        finally
        {
            _lifecycle.Release();
        }
    }

    /// <summary>Where an invocation runs, or why it cannot.</summary>
    /// <param name="Generation">The sandbox.</param>
    /// <param name="Supervisor">Completes with the SHUTDOWN after its failure.</param>
    /// <param name="Failure">INIT failed.</param>
    private sealed record Entry(SandboxGeneration Generation, Task<ShutdownReport?> Supervisor, FailedInit? Failure)
    {
        public ManagedRuntime Runtime => (ManagedRuntime)Generation.Runtime;
    }

    private sealed record FailedInit(FatalError Error, InvocationResponse? Said, ShutdownReport Reset);
}
