using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Mayfly.Config;
using Mayfly.Diagnostics;
using Mayfly.Http;

namespace Mayfly.Platforms.Lambda.RuntimeProxy;

/// <summary>
/// Stands between the runtime and the platform's Runtime API, relays every byte and shows each invocation's event and result to the observer
/// (docs/spec/01-lambda-lifecycle.md#9-runtime-api-proxy). Whatever it cannot understand it passes on: it never fails the function.
/// </summary>
/// <remarks>docs/decisions/0004-runtime-proxy-is-a-byte-relay.md says why this is not built on the HTTP server and client.</remarks>
public sealed class RuntimeApiProxy : IAsyncDisposable
{
    /// <summary>Connections served at one time; more wait in the backlog. The most that concurrent runtimes open is one per worker.</summary>
    private const int ConnectionsLimit = 512;

    private const int Backlog = 512;

    private static readonly TimeSpan ErrorPause = TimeSpan.FromMilliseconds(10);

    private readonly List<Socket> _listeners;
    private readonly InvocationWatch _watch;
    private readonly RuntimeUpstream _upstream;
    private readonly TimeProvider _time;
    private readonly Log _log;
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _room = new(ConnectionsLimit);
    private readonly ConcurrentDictionary<ProxyConnection, Task> _connections = new();
    private Task _accepting = Task.CompletedTask;

    private RuntimeApiProxy(List<Socket> listeners, string runtimeApi, IRuntimeProxyObserver observer, BodyBudget copies, TimeProvider time, Log log)
    {
        _listeners = listeners;
        Addresses = [.. listeners.Select(static socket => (IPEndPoint)socket.LocalEndPoint!)];
        _watch = new InvocationWatch(observer, copies, Counters, log);
        _upstream = new RuntimeUpstream(runtimeApi, time, _stop.Token);
        _time = time;
        _log = log;
    }

    /// <summary>Where it listens; bound already.</summary>
    public IReadOnlyList<IPEndPoint> Addresses { get; }

    public RuntimeProxyCounters Counters { get; } = new();

    /// <summary>
    /// Binds every address it can, before anybody is told to connect: clients wait in the backlog until <see cref="Start"/>. An address that cannot be used is
    /// said once, by name, and costs that address only. Null: the proxy is off.
    /// </summary>
    /// <param name="settings">Whether and where.</param>
    /// <param name="runtimeApi">The platform's own <c>AWS_LAMBDA_RUNTIME_API</c>.</param>
    /// <param name="observer">Sees the invocations.</param>
    /// <param name="copies">Memory that all copies of bodies may take together.</param>
    /// <param name="time">For timeouts of connecting and closing; a waiting <c>next</c> has none.</param>
    /// <param name="log">The agent's log.</param>
    public static RuntimeApiProxy? Bind(
        RuntimeProxySettings settings, string runtimeApi, IRuntimeProxyObserver observer, BodyBudget copies, TimeProvider time, Log log)
    {
        var listeners = new List<Socket>();
        foreach (IPEndPoint address in settings.Addresses)
        {
            var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                socket.Bind(address);
                socket.Listen(Backlog);
                listeners.Add(socket);
            }
            catch (SocketException e)
            {
                socket.Dispose();
                string variable = settings.IsWebAdapter && address != RuntimeProxySettings.WrapperAddress ? $" ({Keys.WebAdapterProxy})" : "";
                log.Error(
                    $"runtime API proxy: {address}{variable} cannot be used ({e.SocketErrorCode}), so a runtime that is sent there will not start. "
                    + "Free the port or turn the proxy off.");
            }
        }

        return listeners.Count == 0 ? null : new RuntimeApiProxy(listeners, runtimeApi, observer, copies, time, log);
    }

    /// <summary>Begins to serve.</summary>
    public void Start() => _accepting = Task.WhenAll(_listeners.Select(AcceptAsync));

    public async ValueTask DisposeAsync()
    {
        if (_stop.IsCancellationRequested)
        {
            return;
        }

        await _stop.CancelAsync();
        _listeners.ForEach(static listener => listener.Dispose());
        await _accepting;
        foreach (ProxyConnection connection in _connections.Keys)
        {
            connection.Abort();
        }

        await Task.WhenAll(_connections.Values);
        _room.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync(Socket listener)
    {
        try
        {
            while (true)
            {
                await _room.WaitAsync(_stop.Token);
                Serve(await AcceptOneAsync(listener));
            }
        }
        catch (OperationCanceledException)
        {
            // The proxy ends.
        }
    }

    private async Task<Socket> AcceptOneAsync(Socket listener)
    {
        while (true)
        {
            try
            {
                return await listener.AcceptAsync(_stop.Token);
            }
            catch (SocketException e) when (!_stop.IsCancellationRequested)
            {
                // The client was gone before it was accepted, or the process is out of file descriptors for the moment.
                _log.Debug($"runtime API proxy: accept: {e.SocketErrorCode}");
                await Task.Delay(ErrorPause, _time, _stop.Token);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                throw new OperationCanceledException("The listener was closed.", e);
            }
        }
    }

    private void Serve(Socket client)
    {
        client.NoDelay = true;
        var connection = new ProxyConnection(new SocketInput(client), _upstream, _watch, Counters, _time, _log);
        var registered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _connections[connection] = ServeAsync(connection, registered.Task);
        registered.SetResult();
    }

    /// <summary>Serves once the connection is registered, so that its end finds it there.</summary>
    private async Task ServeAsync(ProxyConnection connection, Task registered)
    {
        await registered;
        await connection.RunAsync();
        _connections.TryRemove(connection, out _);
        _room.Release();
    }
}
