using System.Net;
using System.Runtime.InteropServices;
using Mayfly.Config;
using Mayfly.Diagnostics;
using Mayfly.Http;
using Mayfly.Intake;
using Mayfly.Lifecycle;
using Mayfly.Logs;
using Mayfly.Metrics;

namespace Mayfly.Platforms.Compat;

/// <summary>
/// The agent beside a program that it did not start: binds, tells tracers that it is there, then learns about the platform and sends what comes in, until it is
/// told to end or the program has gone (docs/spec/06-compat-and-init.md#a2-start-up-order-lifetime-exit-codes).
/// </summary>
public sealed class CompatAgent : IAsyncDisposable
{
    /// <summary>The platform refuses to be served.</summary>
    private const int Refused = 1;

    /// <summary>An owner of the port that is an agent answers sooner.</summary>
    private static readonly TimeSpan LongestWaitForOwner = TimeSpan.FromSeconds(1);

    private readonly Settings _settings;
    private readonly CompatSettings _compat;
    private readonly PlatformFacts _facts;
    private readonly SentinelFile _sentinel;
    private readonly TimeProvider _time;
    private readonly Log _log;
    private readonly MetricAggregator _metrics;
    private readonly AgentSignals _signals;
    private readonly ResidentListeners _listeners;
    private readonly CompatIdentity _identity;
    private readonly CancellationTokenSource _stop = new();

    /// <summary>Completes when spans can be given the platform's tags; null: they always can.</summary>
    private readonly TaskCompletionSource? _placeKnown;

    /// <param name="settings">The user's, with <see cref="CompatSettings.ApplyTo"/> applied.</param>
    /// <param name="compat">Those of this mode.</param>
    /// <param name="facts">The platform's.</param>
    /// <param name="sentinelPath">Where tracers look for the sign that an agent is there; used on Lambda Lite only.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">The agent's own.</param>
    public CompatAgent(Settings settings, CompatSettings compat, PlatformFacts facts, string sentinelPath, TimeProvider time, Log log)
    {
        (_settings, _compat, _facts, _time, _log) = (settings, compat, facts, time, log);
        _sentinel = new SentinelFile(sentinelPath, log);
        _identity = new CompatIdentity(settings, compat.LauncherVersion, facts);
        CompatPlatform platform = facts.Platform;
        MetricSettings metricSettings = MetricSettings.Of(settings.CustomMetrics) with
        {
            OriginCategory = platform.OriginCategory,
            Compression = settings.Compression.Metrics,
            MayFreeze = platform.MayFreeze,
        };
        _metrics = new MetricAggregator(metricSettings, Counters[Signal.Metrics], time, log) { DefaultTags = _identity.MetricTags };
        var demand = new FlushDemand();
        var logs = new LogBuffer(new LogSettings(), Counters[Signal.Logs], demand);
        var traits = new SignalTraits
        {
            MayFreeze = platform.MayFreeze,
            AsksIntakeForStats = compat.AsksIntakeForStats && !settings.ComputeStats,
            StatsTags = _identity.StatsTags,
            LetsClientsDrop = !settings.ComputeStats,
        };
        _signals = new AgentSignals(settings, traits, Counters, _metrics, logs, new OwnTraffic(settings), demand, time, log);
        _signals.Proxies.Tags = _identity.ProxyTags;
        _signals.Traces.Tags = _identity.TraceTags(place: null);
        _placeKnown = facts.MetadataHost is null ? null : new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        PipeTransport? pipe = OperatingSystem.IsWindows() && settings.Listeners.TakesTraces && compat.TracePipeName is { } name
            ? new PipeTransport(name, log)
            : null;
        IReadOnlyList<IPAddress> traceAddresses = compat.IsTraceNonLocal ? HttpEndpoint.Everywhere : HttpEndpoint.Loopback;
        _listeners = new ResidentListeners(
            _signals.TraceAgent(traceAddresses, pipe: pipe, ready: _placeKnown?.Task), LogIntake(logs), settings.DogStatsd, _metrics, Counters, time, log);
    }

    /// <summary>What went through so far.</summary>
    public Counters Counters { get; } = new();

    /// <summary>
    /// How long to wait for an answer of who holds the port, and for one of Google's metadata server; null: as long as each of them may take. For tests, on a
    /// machine that may stand still for longer.
    /// </summary>
    internal TimeSpan? Patience { get; init; }

    /// <summary>Serves until SIGTERM, SIGINT, or the end of the parent process; returns the process's exit code.</summary>
    public async Task<int> RunAsync()
    {
        if (_facts.Azure is { LacksResourceGroup: true })
        {
            _log.Error(
                $"{CompatKeys.AzureResourceGroup} is not set, and on the Flex Consumption plan nothing else tells the resource group. "
                + "The agent ends; the function is not affected. Set it to the name of the function app's resource group.");
            return Refused;
        }

        _listeners.BindTraceAgent();
        if (_listeners.TracePortError is { } error && await MeetOwnerAsync($"{error}"))
        {
            return 0;
        }

        _listeners.BindOthers();
        using PosixSignalRegistration terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, StopInOrder);
        using PosixSignalRegistration interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, StopInOrder);

        // On Windows the console that closes; elsewhere programs that outlive their terminal have it ignored, and that stays so.
        using PosixSignalRegistration? closed = OperatingSystem.IsWindows() ? PosixSignalRegistration.Create(PosixSignal.SIGHUP, StopInOrder) : null;
        await _listeners.StartAsync();
        Announce();

        // From here on clients are served, and nothing is in a hurry.
        _signals.WarmUp();
        Task learning = LearnAsync();
        Deadline end = await StayAsync();
        await EndAsync(learning, end);
        return 0;
    }

    public async ValueTask DisposeAsync()
    {
        await _listeners.DisposeAsync();
        _signals.Dispose();
        _stop.Dispose();
    }

    /// <summary>Ends it in order, as SIGTERM does.</summary>
    public void Stop()
    {
        try
        {
            _stop.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It has ended.
        }
    }

    private bool HasPipe => OperatingSystem.IsWindows() && _settings.Listeners.TakesTraces && _compat.TracePipeName is not null;

    private HttpEndpoint? LogIntake(LogBuffer logs)
    {
        if (!_settings.LogsEnabled || _compat.LogsPort == 0)
        {
            return null;
        }

        logs.Rules = ProcessingRules.From(_settings.LogRules, _log);
        RouteTable table = new LogIntakeRoute(logs, _identity.LogTags).Table();
        return new HttpEndpoint("log intake", _compat.IsLogsNonLocal ? HttpEndpoint.Everywhere : HttpEndpoint.Loopback, _compat.LogsPort, table);
    }

    /// <summary>True: the port is served by an agent already, so this one is not needed.</summary>
    private async Task<bool> MeetOwnerAsync(string error)
    {
        int port = _settings.Listeners.TracePort;
        if (!HasPipe && await IsOwnedByAgentAsync())
        {
            _log.Info($"Port {port} is served by an agent already; this one is not needed and ends.");
            return true;
        }

        if (HasPipe)
        {
            // Several applications share the machine, and with it the port: each has a pipe of its own.
            _log.Info($"trace agent: port {port} is somebody else's ({error}); traces are received through the pipe {_compat.TracePipeName}.");
            return false;
        }

        bool wasStale = _facts.IsLambdaLite && _sentinel.Remove();
        _log.Error(
            $"trace agent: port {port} cannot be used ({error}), and who holds it is no agent. Traces are not received until it is free; metrics are. "
            + $"Free the port or set {Keys.TracePort}." + (wasStale ? " A file that told Node tracers of an agent was left over and is removed." : ""));
        return false;
    }

    private Task<bool> IsOwnedByAgentAsync() => OtherAgent.AnswersAsync(_settings.Listeners.TracePort, Deadline.In(_time, Patience ?? LongestWaitForOwner));

    private void Announce()
    {
        if (_facts.IsLambdaLite && _listeners.IsTraceAgentBound)
        {
            _sentinel.Write();
        }
    }

    /// <summary>What takes time and stops nobody.</summary>
    private async Task LearnAsync()
    {
        _settings.Complain(_log);
        foreach (string warning in _facts.Complaints)
        {
            _log.Warn(warning);
        }

        if (_compat.TracePipeName is not null && !OperatingSystem.IsWindows())
        {
            _log.Warn($"trace agent: named pipes exist on Windows only; {CompatKeys.TraceWindowsPipe} is ignored. Set {Keys.TraceSocket} for a Unix socket.");
        }

        if (_facts.Azure is { } site && !AzureFunctionFiles.AreIn(site.Root))
        {
            _log.Warn(
                $"No host.json or function.json was found in {site.Root}, so this may not be a function app. Telemetry is sent all the same; "
                + $"{PlatformKeys.FunctionsRoot} names another folder.");
        }

        if (_facts.MetadataHost is { } host)
        {
            try
            {
                _signals.Traces.Tags = _identity.TraceTags(await MetadataOf(host).AskAsync(_stop.Token));
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                _log.Error($"Asking for project and region failed inside the agent, spans go without them: {e}");
            }
            finally
            {
                _placeKnown!.TrySetResult();
            }
        }
    }

    private GoogleMetadata MetadataOf(string host) => Patience is { } patience
        ? new GoogleMetadata(host, _time, _log) { LongestAttempt = patience, Budget = patience }
        : new GoogleMetadata(host, _time, _log);

    private Task<Deadline> StayAsync()
    {
        AzureMetrics? azure = _facts.Azure is { } site
            ? new AzureMetrics(_metrics, site, _compat.LauncherVersion, _settings.EnhancedMetrics ? new CpuMeter(new ContainerCpu().Read, _time) : null, _time)
            : null;
        var loop = new ResidentLoop
        {
            Flushes = _signals.Flushes,
            FlushInterval = _compat.FlushInterval,
            FlushTimeout = _settings.FlushTimeout,
            EverySecond = RetryPortsAsync,
            Collect = azure is null ? null : azure.Tick,
            WatchesParent = _compat.WatchesParent,
            ShutdownBudget = _compat.ShutdownBudget,
            WhenEnding = Withdraw,
            Time = _time,
            Log = _log,
        };
        return loop.RunAsync(_stop.Token);
    }

    private async Task RetryPortsAsync()
    {
        if (await _listeners.RetryAsync())
        {
            Announce();
        }
        else if (_listeners.TracePortError is not null && !HasPipe && await IsOwnedByAgentAsync())
        {
            _log.Info($"Port {_settings.Listeners.TracePort} is served by another agent now; this one is not needed and ends.");
            Stop();
        }
    }

    private void Withdraw()
    {
        if (_facts.IsLambdaLite && _listeners.IsTraceAgentBound)
        {
            _sentinel.Remove();
        }

        // Whoever waits for something of this agent's own does so no longer; the parent may have gone without a signal.
        Stop();
    }

    private async Task EndAsync(Task learning, Deadline deadline)
    {
        try
        {
            // Requests that wait for the platform's tags do so no longer: the asking has been stopped.
            await deadline.WaitForAsync(learning);
            await new ResidentShutdown(_listeners.Inbound(), _signals.Flushes, _log).RunAsync(deadline);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            _log.Error($"The final flush failed inside the agent: {e}");
        }
    }

    private void StopInOrder(PosixSignalContext signal)
    {
        signal.Cancel = true;
        Stop();
    }
}
