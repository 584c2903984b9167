namespace Mayfly.Local.Emulator;

/// <summary>
/// One invocation at a time, frozen in between: on demand, with provisioned concurrency (INIT ahead) and with SnapStart (INIT, snapshot, RESTORE).
/// </summary>
internal sealed partial class OnDemandSandbox(EmulatorOptions options, SandboxLayer layer, Timeline timeline) : Sandbox(options, layer, timeline)
{
    private bool _isFrozen;
    private bool _initInsideInvoke;

    private OnDemandRuntime Runtime => (OnDemandRuntime)Generation.Runtime;

    /// <summary>INIT as provisioned concurrency, SnapStart and proactive initialization do it; frozen afterwards.</summary>
    public override async Task<bool> InitializeAsync()
    {
        if (!IsInitialized && !_initInsideInvoke)
        {
            await InitFirstAsync();
        }

        if (IsInitialized && !_isFrozen)
        {
            Freeze();
        }

        return IsInitialized;
    }

    public override async Task<ShutdownReport> SpinDownAsync()
    {
        ShutdownReport report = await ShutDownIdleAsync("spindown");
        _initInsideInvoke = false;
        return report;
    }

    public override async Task<ShutdownReport> ResetAsync()
    {
        ShutdownReport report = await ShutDownIdleAsync("failure");
        _initInsideInvoke = !Options.IsSnapStart;
        return report;
    }

    protected override async Task<ShutdownReport> ShutDownAsync(string reason)
    {
        ShutdownReport report = await base.ShutDownAsync(reason);
        _isFrozen = false;
        _isRestored = false;
        return report;
    }

    /// <summary>
    /// Runs INIT with its own limit. When it fails the sandbox is reset, and INIT is left to the invocation, where however no snapshot can be taken.
    /// </summary>
    private async Task<(Ending Ending, ShutdownReport? Reset)> InitFirstAsync()
    {
        (InitAhead? init, Ending ending) = await InitAheadAsync();
        UnreportedInit = init;
        if (ending.IsDone)
        {
            return (ending, null);
        }

        ShutdownReport reset = await ShutDownAsync(ending.ShutdownReason);
        _initInsideInvoke = !Options.IsSnapStart;
        return (ending, reset);
    }

    private async Task<ShutdownReport> ShutDownIdleAsync(string reason)
    {
        if (!IsInitialized && !Generation.Processes.Any())
        {
            return NothingToShutDown(reason);
        }

        await ThawAsync();
        return await ShutDownAsync(reason);
    }

    private async Task ThawAsync()
    {
        if (!_isFrozen)
        {
            return;
        }

        _isFrozen = false;
        SignalAll(PosixSignal.Continue);
        Timeline.Add(SandboxEventKind.Thawed, "sandbox");

        // What was said after the freeze goes out first: it reaches the extension just before the next event.
        Telemetry.Resume();
        await Telemetry.FlushAsync(ThawDelivery + Options.Grace);
    }

    private void Freeze()
    {
        if (!Options.Freeze || !PosixSignal.IsSupported)
        {
            return;
        }

        Telemetry.Pause();
        SignalAll(PosixSignal.Stop);
        _isFrozen = true;
        Timeline.Add(SandboxEventKind.Frozen, "sandbox");
    }
}
