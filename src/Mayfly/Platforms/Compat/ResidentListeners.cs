using System.Net.Sockets;
using Mayfly.Config;
using Mayfly.Diagnostics;
using Mayfly.Http;
using Mayfly.Metrics;
using Mayfly.Metrics.Transports;

namespace Mayfly.Platforms.Compat;

/// <summary>The ports of an agent that stays: one that is taken at the start is tried again until it is free. Not thread-safe.</summary>
/// <param name="traceAgent">Null: the user has turned it off.</param>
/// <param name="logIntake">Null: the user did not ask for it.</param>
/// <param name="dogStatsd">Where metrics are received.</param>
/// <param name="metrics">Takes them.</param>
/// <param name="counters">Of datagrams that were lost.</param>
/// <param name="time">The clock of the pipes.</param>
/// <param name="log">Told of ports that are taken, and of those that were.</param>
internal sealed class ResidentListeners(
    HttpEndpoint? traceAgent,
    HttpEndpoint? logIntake,
    DogStatsdSettings dogStatsd,
    MetricAggregator metrics,
    Counters counters,
    TimeProvider time,
    Log log) : IAsyncDisposable
{
    private readonly BodyBudget _bodies = new(AgentSignals.BodiesInMemoryLimitBytes);
    private readonly List<HttpServer> _servers = [];
    private readonly List<DogStatsdServer> _dogStatsd = [];

    /// <summary>Why the trace agent's port cannot be used; null: it is bound, or it is not wanted.</summary>
    public SocketError? TracePortError { get; private set; }

    /// <summary>Tracers can connect over TCP.</summary>
    public bool IsTraceAgentBound => traceAgent is { Addresses.Count: > 0 } && TracePortError is null && _servers.Count > 0;

    /// <summary>Binds the trace agent's port; clients can connect from here on.</summary>
    public void BindTraceAgent()
    {
        if (traceAgent is not null)
        {
            _servers.Add(HttpServer.Bind([traceAgent with { WhenTaken = error => TracePortError = error }], _bodies, log));
        }
    }

    public void BindOthers()
    {
        if (logIntake is not null)
        {
            _servers.Add(HttpServer.Bind([logIntake], _bodies, log));
        }

        _dogStatsd.Add(DogStatsdServer.Bind(dogStatsd, metrics, counters, time, log));
    }

    /// <summary>Begins to answer on what is bound.</summary>
    public async Task StartAsync()
    {
        _dogStatsd.ForEach(static one => one.Start());
        foreach (HttpServer server in _servers)
        {
            await server.StartAsync(CancellationToken.None);
        }
    }

    /// <summary>Tries the ports again that were taken. True: the trace agent's was, and is served now.</summary>
    public async Task<bool> RetryAsync()
    {
        RetryDogStatsd();
        if (traceAgent is null || TracePortError is null)
        {
            return false;
        }

        TracePortError = null;
        HttpServer server = HttpServer.Bind([traceAgent with { SocketPath = null, Pipe = null, WhenTaken = error => TracePortError = error }], _bodies, log);
        if (TracePortError is not null)
        {
            return false;
        }

        _servers.Add(server);
        await server.StartAsync(CancellationToken.None);
        log.Info($"{traceAgent.Name}: port {traceAgent.Port} is free now and is served.");
        return true;
    }

    /// <summary>Everything through which data comes in.</summary>
    public InboundTraffic Inbound() => new([.. new[] { traceAgent, logIntake }.OfType<HttpEndpoint>()], _dogStatsd, time);

    public async ValueTask DisposeAsync()
    {
        foreach (HttpServer server in _servers)
        {
            await server.DisposeAsync();
        }

        _dogStatsd.ForEach(static one => one.Dispose());
    }

    private void RetryDogStatsd()
    {
        if (dogStatsd.Port == 0 || _dogStatsd.Exists(static one => one.Port != 0))
        {
            return;
        }

        DogStatsdSettings udp = dogStatsd with { SocketPath = null, StreamSocketPath = null, PipeName = null };
        var server = DogStatsdServer.Bind(udp, metrics, counters, time, Log.Silent);
        if (server.Port == 0)
        {
            server.Dispose();
            return;
        }

        _dogStatsd.Add(server);
        server.Start();
        log.Info($"DogStatsD: UDP port {server.Port} is free now and is served.");
    }
}
