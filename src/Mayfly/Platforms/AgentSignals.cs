using System.Net;
using Mayfly.Config;
using Mayfly.Delivery;
using Mayfly.Diagnostics;
using Mayfly.Http;
using Mayfly.Intake;
using Mayfly.Lifecycle;
using Mayfly.Logs;
using Mayfly.Metrics;
using Mayfly.Metrics.Transports;
using Mayfly.Proxies;
using Mayfly.Secrets;
using Mayfly.Tags;
using Mayfly.Traces;
using Mayfly.Traces.Stats;

namespace Mayfly.Platforms;

/// <summary>In what the way of the signals to the intake differs from platform to platform.</summary>
public sealed record SignalTraits
{
    /// <summary>The process may stand still, or be killed, between two flushes: a flush takes what is not complete too.</summary>
    public required bool MayFreeze { get; init; }

    /// <summary>Spans for which nobody computes statistics ask the intake to.</summary>
    public required bool AsksIntakeForStats { get; init; }

    /// <summary>Tracers that compute statistics may keep traces that were sampled out to themselves.</summary>
    public bool LetsClientsDrop { get; init; }

    /// <summary>What the platform says of all statistics.</summary>
    public TagSet StatsTags { get; init; } = TagSet.Empty;

    /// <summary>Resources of spans that stand for one that the agent makes: they do not count.</summary>
    public IReadOnlyList<string> PlaceholderResources { get; init; } = [];
}

/// <summary>
/// All signals, from their routes to the flush: what every platform has in common. The platform makes the aggregates it adds to itself, says what differs
/// (<see cref="SignalTraits"/>), and hands in its tags when it knows them.
/// </summary>
public sealed class AgentSignals : IDisposable
{
    /// <summary>Bodies of requests that are being received and decoded, all together.</summary>
    public const long BodiesInMemoryLimitBytes = 64L * 1024 * 1024;

    private readonly Settings _settings;
    private readonly SignalTraits _traits;
    private readonly Counters _counters;
    private readonly MetricAggregator _metrics;
    private readonly Log _log;
    private readonly StatsSettings _statsSettings;
    private readonly Concentrator? _concentrator;
    private readonly ClientStats _clientStats;
    private readonly IntakeClient _intake;
    private readonly ApiKeyProvider _apiKey;
    private readonly Spool? _spool;

    /// <param name="settings">The user's.</param>
    /// <param name="traits">The platform's.</param>
    /// <param name="counters">Of everything.</param>
    /// <param name="metrics">Flushed here, disposed of with this.</param>
    /// <param name="logs">Flushed here.</param>
    /// <param name="inspector">The platform's look at spans.</param>
    /// <param name="demand">What <paramref name="logs"/> tells that much waits; the other signals do too.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">The agent's own.</param>
    public AgentSignals(
        Settings settings,
        SignalTraits traits,
        Counters counters,
        MetricAggregator metrics,
        LogBuffer logs,
        ISpanInspector inspector,
        FlushDemand demand,
        TimeProvider time,
        Log log)
    {
        (_settings, _traits, _counters, _metrics, _log) = (settings, traits, counters, metrics, log);
        _statsSettings = new StatsSettings
        {
            Env = settings.TraceEnv ?? "none",
            AgentVersion = BuildInfo.Version,
            Service = settings.Service?.ToLowerInvariant() ?? "",
            Tags = traits.StatsTags,
            PeerTags = StatsSettings.PeerTagsOf(settings.StatsKeys),
            CountsSpanKinds = settings.StatsKeys.CountsSpanKinds,
            MayFreeze = traits.MayFreeze,
            PlaceholderResources = traits.PlaceholderResources,
        };
        _clientStats = new ClientStats(_statsSettings, counters[Signal.Stats], settings.Obfuscation);
        _concentrator = settings.ComputeStats ? new Concentrator(_statsSettings, counters[Signal.Stats], time) : null;
        Traces = new TracePipeline(TraceSettingsOf(settings, traits), counters[Signal.Traces], inspector, time, _concentrator, demand);
        var sandbox = new SandboxTime(time);
        _intake = new IntakeClient(settings, log, sandbox);

        // The site alone decides who gets the proof of delegated auth: an address for metrics may be anybody's relay.
        _apiKey = new ApiKeyProvider(settings.Secrets, settings.Intake.Site, sandbox, log, settings.Outbound);
        SignalCounters proxied = counters[Signal.Proxied];
        var proxyBuffer = new ProxyBuffer(proxied, demand: demand);
        var forwarder = new ProxyForwarder(_intake, _apiKey, proxied, time, log);
        Proxies = new ProxyRoutes(settings.Proxies, new ProxyIdentity(AgentInfo.Version, settings.TraceEnv ?? "none"), proxyBuffer, forwarder, log);
        IPayloadSource[] sources = [Traces, metrics, logs, _clientStats, proxyBuffer];
        sources = _concentrator is null ? sources : [.. sources, _concentrator];
        sources = settings.SendsSelfMetrics ? [new SelfMetrics(counters, metrics), .. sources] : sources;
        _spool = settings.Spool.IsEnabled ? new Spool(settings.Spool.Folder, settings.Spool.LimitBytes, sandbox, log) : null;
        Flushes = new FlushCoordinator(sources, _intake, _apiKey, counters, log, sandbox, _spool) { Demand = demand };
    }

    public TracePipeline Traces { get; }

    public ProxyRoutes Proxies { get; }

    public FlushCoordinator Flushes { get; }

    /// <summary>The listener that tracers talk to; null when the user has turned it off.</summary>
    /// <param name="addresses">Where TCP binds.</param>
    /// <param name="invocations">Number of invocations that are held; null: the platform has none.</param>
    /// <param name="pipe">Serves the same; null: there is none.</param>
    /// <param name="ready">Traces that come before this has completed wait for it; null: they need not.</param>
    public HttpEndpoint? TraceAgent(IReadOnlyList<IPAddress> addresses, Func<int>? invocations = null, PipeTransport? pipe = null, Task? ready = null)
    {
        ListenerSettings ports = _settings.Listeners;
        if (ports.TracePort == 0 && ports.TraceSocket is null && pipe is null)
        {
            return null;
        }

        var table = new RouteTable();
        new TraceRoutes(Traces, new AgentInfo(InfoOf(pipe), table), ports.MaxTraceBodyBytes, _log, ready).AddTo(table);
        new StatsRoutes(_clientStats, _log).AddTo(table);
        new DogStatsdProxyRoute(_metrics).AddTo(table);
        Proxies.AddTo(table);
        table.Map("/debug/mayfly", exchange => exchange.RespondAsync(200, DebugPage.Write(_counters, invocations?.Invoke()), "application/json"), "GET");
        IReadOnlyList<IPAddress> bound = ports.TracePort != 0 ? addresses : [];
        return new HttpEndpoint("trace agent", bound, ports.TracePort, table) { SocketPath = ports.TraceSocket, Pipe = pipe };
    }

    /// <summary>Prepares the first flush, on another thread: to be called when nobody waits for the agent any more.</summary>
    public void WarmUp() => ThreadPool.UnsafeQueueUserWorkItem(static intake => intake.WarmUp(), _intake, preferLocal: false);

    public void Dispose()
    {
        _metrics.Dispose();
        _concentrator?.Dispose();
        _intake.Dispose();
        _apiKey.Dispose();
        Flushes.Dispose();
        _spool?.Dispose();
    }

    private static TraceSettings TraceSettingsOf(Settings settings, SignalTraits traits) => new()
    {
        Env = settings.TraceEnv ?? "",
        AgentVersion = BuildInfo.Version,
        AsksIntakeForStats = traits.AsksIntakeForStats,
        Filters = settings.TraceFilters,
        Sampling = settings.Sampling,
        KeepsBigResources = settings.TraceFeatures.KeepsBigResources,
        Obfuscation = settings.Obfuscation,
    };

    private AgentInfoSettings InfoOf(PipeTransport? pipe) => new()
    {
        DefaultEnv = _settings.TraceEnv ?? "none",
        ReceiverPort = _settings.Listeners.TracePort,
        ReceiverSocket = pipe is null ? _settings.Listeners.TraceSocket ?? "" : PipeTransport.Prefix + pipe.Name,
        StatsdPort = _settings.DogStatsd.Port,
        MaxRequestBytes = _settings.Listeners.MaxTraceBodyBytes,
        LetsClientsDrop = _traits.LetsClientsDrop,
        AdvertisesV10 = _settings.Listeners.AdvertisesTraceV10,
        FeatureFlags = _settings.TraceFeatures.Names,
        Filters = _settings.TraceFilters,
        Stats = _statsSettings,
    };
}
