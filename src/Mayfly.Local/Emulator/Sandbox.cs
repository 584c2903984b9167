namespace Mayfly.Local.Emulator;

/// <summary>
/// The execution environment and its phases: INIT, INVOKE, freeze and thaw, SHUTDOWN, reset (docs/spec/01-lambda-lifecycle.md#13-phases-budgets-reset).
/// Phases run one after the other, called by <see cref="LambdaEmulator"/> only; the APIs move the sessions of the current generation.
/// </summary>
internal sealed partial class Sandbox : IAsyncDisposable
{
    private const string PhaseOfInit = "init";
    private const string PhaseOfInvoke = "invoke";
    private static readonly FatalError Closed = new("Sandbox.Failure", "The emulator was closed");

    private readonly EmulatorOptions _options;
    private readonly SandboxLayer _layer;
    private readonly TimeProvider _time;
    private readonly Timeline _timeline;
    private readonly SandboxProcesses _processes;
    private volatile SandboxGeneration _generation;
    private SandboxEnvironment? _environment;
    private volatile bool _isClosed;
    private bool _isInitialized;
    private bool _isFrozen;
    private bool _initInsideInvoke;
    private TimeSpan? _unreportedInit;

    public Sandbox(EmulatorOptions options, SandboxLayer layer, Timeline timeline)
    {
        _options = options;
        _layer = layer;
        _time = options.Time;
        _timeline = timeline;
        Telemetry = new TelemetryBus(options.Time, timeline);
        _processes = new SandboxProcesses(options, layer, timeline, Telemetry);
        _generation = NewGeneration();
    }

    public SandboxGeneration Generation => _generation;

    public TelemetryBus Telemetry { get; }

    private SandboxEnvironment Variables => _environment ?? throw new InvalidOperationException("The address of the APIs is not known yet.");

    /// <summary>Tells the address of the APIs; before the first phase.</summary>
    public void Connect(string runtimeApi) =>
        _environment = new SandboxEnvironment(_options, runtimeApi, _options.WorkingDirectory ?? Directory.GetCurrentDirectory());

    /// <summary>Notes what an API saw.</summary>
    public void Saw(SandboxEventKind kind, string subject, string detail = "") => _timeline.Add(kind, subject, detail);

    /// <summary>The SHUTDOWN of an idle sandbox; nothing to do if there is none.</summary>
    public async Task<ShutdownReport> SpinDownAsync()
    {
        if (!_isInitialized && !_generation.Processes.Any())
        {
            return new ShutdownReport("spindown", null, false, [], TimeSpan.Zero);
        }

        await ThawAsync();
        ShutdownReport report = await ShutDownAsync("spindown");
        _initInsideInvoke = false;
        return report;
    }

    /// <summary>Kills everything at once, without any SHUTDOWN; a running invocation fails, and no process is started any more.</summary>
    public void Close()
    {
        _isClosed = true;
        _generation.Fail(Closed.Type, Closed.Message);
        KillAll();
    }

    public async ValueTask DisposeAsync()
    {
        Close();
        _generation.Close();
        await SandboxProcesses.DisposeAsync(_generation);
        await Telemetry.DisposeAsync();
    }

    private SandboxGeneration NewGeneration() => new(_time, _layer.Extensions.Select(extension => extension.Name));

    private async Task ThawAsync()
    {
        if (!_isFrozen)
        {
            return;
        }

        _isFrozen = false;
        SignalAll(PosixSignal.Continue);
        _timeline.Add(SandboxEventKind.Thawed, "sandbox");

        // What was said after the freeze goes out first: it reaches the extension just before the next event.
        Telemetry.Resume();
        await Telemetry.FlushAsync(ThawDelivery);
    }

    private void Freeze()
    {
        if (!_options.Freeze || !PosixSignal.IsSupported)
        {
            return;
        }

        Telemetry.Pause();
        SignalAll(PosixSignal.Stop);
        _isFrozen = true;
        _timeline.Add(SandboxEventKind.Frozen, "sandbox");
    }

    private void KillAll()
    {
        SandboxProcess[] processes = [.. _generation.Processes];
        SignalAll(PosixSignal.Kill);
        foreach (int left in processes.Length > 0 ? ProcessTree.WithVariable(Variables.Marker) : [])
        {
            // A daemon that left its parent, its group and its session.
            PosixSignal.Send(left, PosixSignal.Kill);
        }
    }

    private void SignalAll(int signal)
    {
        foreach (SandboxProcess process in _generation.Processes)
        {
            process.SignalAll(signal);
        }
    }

    /// <summary>Waits for a step, a failure of the sandbox, or the limit, whichever comes first; a step that is over counts as over.</summary>
    private static async Task<Ending> StepAsync(Task step, SandboxGeneration generation, Task limit)
    {
        await Task.WhenAny(step, generation.Failure, limit);
        return step.IsCompletedSuccessfully ? Ending.Done
            : generation.Failure.IsCompleted ? Ending.Failed(await generation.Failure)
            : Ending.TimedOut;
    }
}
