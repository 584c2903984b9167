using System.Net;
using System.Net.Sockets;

namespace Mayfly.Local.Intake;

/// <summary>
/// A Datadog intake on 127.0.0.1: accepts traces, stats, series, sketches, events, service checks, logs and what agents pass on for tracers as the real
/// ones do, decodes them with classes that the agent does not share, keeps them as typed records, and misbehaves on demand. Undecodable bodies are kept as
/// such and answered 400 (encoding 415, size 413).
/// Sources: docs/spec/03-traces.md, 5.1 and 5.2; docs/spec/04-metrics-logs.md, B.4, B.5, B.9, C.4, C.11.
/// </summary>
public sealed class LocalIntake : IAsyncDisposable
{
    private readonly IntakeOptions _options;
    private readonly RequestStore _store;
    private readonly IntakeFaults _faults = new();
    private readonly SemaphoreSlim _listening = new(1, 1);
    private IntakeServer? _server;
    private Socket? _blocker;

    private LocalIntake(IntakeOptions options)
    {
        _options = options;
        _store = new RequestStore(options.MaxStoredBytes);
    }

    /// <summary>TCP port on 127.0.0.1; stays the same over <see cref="RefuseConnectionsAsync"/> and <see cref="AcceptConnectionsAsync"/>.</summary>
    public int Port { get; private set; }

    /// <summary>Base address, no trailing slash: a value for the variables of <see cref="VariablesFor"/>.</summary>
    public string Url => $"{(_options.Certificate is null ? "http" : "https")}://127.0.0.1:{Port}";

    /// <summary>The environment that makes an agent send everything to the intake at this address; the key is the caller's.</summary>
    public static IReadOnlyDictionary<string, string> VariablesFor(string url) => new Dictionary<string, string>
    {
        ["DD_APM_DD_URL"] = url,
        ["DD_DD_URL"] = url,
        ["DD_LOGS_CONFIG_LOGS_DD_URL"] = url,
        ["DD_APM_PROFILING_DD_URL"] = url,
        ["DD_APM_TELEMETRY_DD_URL"] = url,
        ["DD_APM_DEBUGGER_DD_URL"] = url,
        ["DD_APM_DEBUGGER_DIAGNOSTICS_DD_URL"] = url,
        ["DD_APM_SYMDB_DD_URL"] = url,
        ["DD_EVP_PROXY_CONFIG_DD_URL"] = url,
        ["DD_OL_PROXY_CONFIG_DD_URL"] = url,
    };

    /// <summary>Everything that arrived, oldest first. A snapshot, like the lists below.</summary>
    public IReadOnlyList<ReceivedRequest> Requests => _store.Requests;

    public IReadOnlyList<ReceivedSpan> Spans => [.. Requests.SelectMany(r => r.Spans)];

    public IReadOnlyList<ReceivedMetric> Metrics => [.. Requests.SelectMany(r => r.Metrics)];

    public IReadOnlyList<ReceivedEvent> Events => [.. Requests.SelectMany(r => r.Events)];

    public IReadOnlyList<ReceivedServiceCheck> ServiceChecks => [.. Requests.SelectMany(r => r.ServiceChecks)];

    public IReadOnlyList<ReceivedLog> Logs => [.. Requests.SelectMany(r => r.Logs)];

    public IReadOnlyList<ReceivedStats> Stats => [.. Requests.SelectMany(r => r.Stats)];

    /// <summary>How many old requests were forgotten to stay within <see cref="IntakeOptions.MaxStoredBytes"/>.</summary>
    public int Forgotten => _store.Forgotten;

    /// <summary>Called for each request after it was stored, on the thread that serves it; must not block.</summary>
    public event Action<ReceivedRequest>? Received;

    /// <summary>Starts to listen.</summary>
    /// <exception cref="IOException">The port is in use.</exception>
    public static async Task<LocalIntake> StartAsync(IntakeOptions? options = null, CancellationToken cancellation = default)
    {
        var intake = new LocalIntake(options ?? new IntakeOptions());
        await intake.ListenAsync(intake._options.Port, cancellation);
        return intake;
    }

    /// <summary>
    /// Makes a path misbehave from now on; replaces its earlier fault. Path: exact, such as <see cref="IntakePaths.Traces"/>, or <c>*</c> for all that
    /// have no fault of their own.
    /// </summary>
    public void SetFault(string path, IntakeFault fault) => _faults.Set(path, fault);

    /// <summary>Ends a path's fault; <c>*</c> ends all. Requests that hang are cut off.</summary>
    public void ClearFault(string path = "*") => _faults.Clear(path);

    /// <summary>Closes the listener and every connection and keeps the port: connecting is refused until <see cref="AcceptConnectionsAsync"/>.</summary>
    public async Task RefuseConnectionsAsync(CancellationToken cancellation = default)
    {
        await _listening.WaitAsync(cancellation);
        try
        {
            if (_server is not { } server)
            {
                return;
            }

            _server = null;
            _faults.CutOffHanging();
            await server.DisposeAsync();
            // Bound and not listening: the kernel refuses connections and gives the port to nobody else.
            _blocker = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            _blocker.Bind(new IPEndPoint(IPAddress.Loopback, Port));
        }
        finally
        {
            _listening.Release();
        }
    }

    /// <summary>Listens again, on the same port. No effect while it listens.</summary>
    public async Task AcceptConnectionsAsync(CancellationToken cancellation = default)
    {
        await _listening.WaitAsync(cancellation);
        try
        {
            if (_server is null)
            {
                _blocker?.Dispose();
                _blocker = null;
                await ListenAsync(Port, cancellation);
            }
        }
        finally
        {
            _listening.Release();
        }
    }

    /// <summary>Waits until <paramref name="predicate"/> holds; asks again after each request. False: it did not within <paramref name="limit"/>.</summary>
    public async Task<bool> WaitUntilAsync(Func<LocalIntake, bool> predicate, TimeSpan limit, CancellationToken cancellation = default)
    {
        using var deadline = new CancellationTokenSource(limit, _options.Clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellation);
        while (true)
        {
            Task changed = _store.Changed;
            if (predicate(this))
            {
                return true;
            }

            try
            {
                await changed.WaitAsync(either.Token);
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                return predicate(this);
            }
        }
    }

    /// <summary>Forgets everything received so far.</summary>
    public void Clear() => _store.Clear();

    public async ValueTask DisposeAsync()
    {
        await _listening.WaitAsync();
        try
        {
            _faults.Clear("*");
            _blocker?.Dispose();
            _blocker = null;
            if (_server is { } server)
            {
                _server = null;
                await server.DisposeAsync();
            }
        }
        finally
        {
            _listening.Release();
        }
    }

    private async Task ListenAsync(int port, CancellationToken cancellation)
    {
        var endpoint = new IntakeEndpoint(_options, _store, _faults, request => Received?.Invoke(request));
        _server = await IntakeServer.StartAsync(_options, port, endpoint.HandleAsync, cancellation);
        Port = _server.Port;
    }
}
