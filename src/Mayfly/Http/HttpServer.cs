using System.Net;
using System.Net.Sockets;
using System.Text;
using Mayfly.Diagnostics;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Mayfly.Http;

/// <summary>
/// Kestrel without host and without container, on sockets that are bound first: clients can connect from <see cref="Bind"/> on (they wait in the backlog), and
/// a
/// port that is taken costs that listener, never the process.
/// </summary>
/// <remarks>
/// No idle timeouts and no minimum rates: the sandbox freezes at any moment, and a client keeps one connection for the sandbox's life
/// (docs/spec/07-observed-clients.md#7-traps-for-the-implementation-each-seen-above).
/// </remarks>
public sealed class HttpServer : IAsyncDisposable
{
    /// <summary>Error stacks travel in request headers and have no bound of their own.</summary>
    private const int RequestHeadersLimitBytes = 1024 * 1024;

    private const int Backlog = 512;

    /// <summary>
    /// In effect for ever. Not <see cref="Timeout.InfiniteTimeSpan"/>: with it Kestrel closed every quiet connection within a second, as if the limit
    /// overflowed
    /// its clock.
    /// </summary>
    private static readonly TimeSpan Never = TimeSpan.FromDays(3650);

    private readonly List<Listener> _listeners;
    private readonly PipeTransport? _pipe;
    private readonly HttpApplication _application;
    private readonly Log _log;
    private KestrelServer? _server;

    private HttpServer(List<Listener> listeners, HttpEndpoint? piped, BodyBudget bodies, Log log)
    {
        _listeners = listeners;
        _pipe = piped?.Pipe;
        Dictionary<int, HttpEndpoint> endpointsByPort = [];
        listeners.ForEach(listener => endpointsByPort.TryAdd(listener.Port, listener.Endpoint));
        if (piped is not null)
        {
            endpointsByPort.TryAdd(0, piped);
        }

        _log = log;
        _application = new HttpApplication(endpointsByPort, bodies, log);
    }

    /// <summary>Binds every endpoint it can; says once, by name, which one it cannot.</summary>
    public static HttpServer Bind(IEnumerable<HttpEndpoint> endpoints, BodyBudget bodies, Log log)
    {
        var listeners = new List<Listener>();
        HttpEndpoint? piped = null;
        foreach (HttpEndpoint endpoint in endpoints)
        {
            piped = endpoint.Pipe is null ? piped : endpoint;
            int port = endpoint.Port;
            foreach (IPAddress address in endpoint.Addresses)
            {
                bool isFirst = address.Equals(endpoint.Addresses[0]);
                if (TryBind(new IPEndPoint(address, port), out Socket? socket, out SocketError error))
                {
                    port = ((IPEndPoint)socket.LocalEndPoint!).Port;
                    listeners.Add(new Listener(endpoint, socket, socket.LocalEndPoint!));
                }
                else if (isFirst)
                {
                    Refuse(endpoint, $"port {port} on {address} cannot be used ({error})", error, log);
                    break;
                }
            }

            if (endpoint.SocketPath is { } path && TryBindUnix(endpoint, path, log) is { } listener)
            {
                listeners.Add(listener);
            }
        }

        return new HttpServer(listeners, piped, bodies, log);
    }

    /// <summary>The port that <paramref name="endpoint"/> is bound to, or null when it is off.</summary>
    public int? PortOf(HttpEndpoint endpoint) => _listeners.Find(listener => listener.Endpoint == endpoint && listener.Port != 0)?.Port;

    /// <summary>Begins to answer.</summary>
    public async Task StartAsync(CancellationToken cancellation)
    {
        if (_listeners.Count == 0 && _pipe is null)
        {
            return;
        }

        var options = new KestrelServerOptions { AddServerHeader = false, RequestHeaderEncodingSelector = static _ => Encoding.Latin1 };
        options.Limits.MaxRequestBodySize = null;
        options.Limits.MaxRequestHeadersTotalSize = RequestHeadersLimitBytes;
        options.Limits.MaxRequestLineSize = 64 * 1024;
        options.Limits.MinRequestBodyDataRate = null;
        options.Limits.MinResponseDataRate = null;
        options.Limits.KeepAliveTimeout = Never;
        options.Limits.RequestHeadersTimeout = Never;
        foreach (Listener listener in _listeners)
        {
            if (listener.Address is IPEndPoint address)
            {
                options.Listen(address, static listen => listen.Protocols = HttpProtocols.Http1);
            }
            else
            {
                options.ListenUnixSocket(listener.Endpoint.SocketPath!, static listen => listen.Protocols = HttpProtocols.Http1);
            }
        }

        if (_pipe is not null)
        {
            options.ListenNamedPipe(_pipe.Name, static listen => listen.Protocols = HttpProtocols.Http1);
        }

        var transport = new SocketTransport(BoundSocket, _log);
        IConnectionListenerFactory transports = _pipe?.Beside(transport) ?? transport;
        _server = new KestrelServer(Options.Create(options), transports, NullLoggerFactory.Instance);
        await _server.StartAsync(_application, cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        string? socketPath = _listeners.Find(static listener => listener.Port == 0)?.Endpoint.SocketPath;
        if (_server is not null)
        {
            using var now = new CancellationTokenSource();
            await now.CancelAsync();
            await _server.StopAsync(now.Token);
            _server.Dispose();
        }
        else
        {
            _listeners.ForEach(static listener => listener.Socket.Dispose());
        }

        if (socketPath is not null)
        {
            UnixSocket.Remove(socketPath);
        }
    }

    private static void Refuse(HttpEndpoint endpoint, string why, SocketError error, Log log)
    {
        if (endpoint.WhenTaken is { } tell)
        {
            tell(error);
        }
        else
        {
            log.Error($"{endpoint.Name}: {why}, so this listener is off. Another agent may be running; free the port or set another one.");
        }
    }

    private static Listener? TryBindUnix(HttpEndpoint endpoint, string path, Log log)
    {
        string? error = "it is no absolute path";
        if (Path.IsPathRooted(path) && UnixSocket.TryBind(path, Backlog, out Socket? socket, out error))
        {
            return new Listener(endpoint, socket, socket.LocalEndPoint!);
        }

        log.Error($"{endpoint.Name}: the Unix socket {path} cannot be used ({error}), so it is off. TCP is not affected.");
        return null;
    }

    private static bool TryBind(IPEndPoint address, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Socket? bound, out SocketError error)
    {
        Socket? socket = null;
        try
        {
            // On Linux .NET binds listening sockets with SO_REUSEADDR: a restarted agent takes its port over from connections that linger.
            socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            if (address.AddressFamily == AddressFamily.InterNetworkV6)
            {
                socket.DualMode = false;
            }

            socket.Bind(address);
            socket.Listen(Backlog);
            bound = socket;
            error = SocketError.Success;
            return true;
        }
        catch (SocketException e)
        {
            socket?.Dispose();
            bound = null;
            error = e.SocketErrorCode;
            return false;
        }
    }

    private Socket BoundSocket(EndPoint address)
    {
        Listener listener = _listeners.Find(known => address is IPEndPoint ? known.Address.Equals(address) : known.Port == 0)
            ?? throw new InvalidOperationException($"No socket was bound for {address}.");
        return listener.Socket;
    }

    private sealed record Listener(HttpEndpoint Endpoint, Socket Socket, EndPoint Address)
    {
        /// <summary>0 for a Unix socket, as connections to it say of themselves.</summary>
        public int Port => Address is IPEndPoint tcp ? tcp.Port : 0;
    }
}
