using System.Net.Sockets;
using Mayfly.Diagnostics;
using Mayfly.Http;
using Mayfly.Lifecycle;

namespace Mayfly.Metrics.Transports;

/// <summary>Receives DogStatsD from the connections of a Unix stream socket; see <see cref="FrameBuffer"/> for what they may send. Owns its socket.</summary>
/// <remarks>docs/spec/04-metrics-logs.md#a1-transports.</remarks>
internal sealed class StreamListener(Socket socket, string path, PacketReceiver receiver, Log log, int packetBytes) : IDogStatsdTransport
{
    /// <summary>Each has a buffer of up to a packet's size.</summary>
    public const int MostConnections = 128;

    private static readonly TimeSpan DrainStep = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan ErrorPause = TimeSpan.FromMilliseconds(10);

    private readonly Lock _gate = new();
    private readonly HashSet<Connection> _connections = [];
    private readonly CancellationTokenSource _stop = new();

    public void Start() => _ = AcceptAllAsync();

    /// <inheritdoc/>
    /// <remarks>Quiet twice in a row: a connection that is just being accepted is nowhere to be seen.</remarks>
    public async Task<bool> DrainAsync(Deadline deadline)
    {
        int quiet = 0;
        while (true)
        {
            quiet = IsQuiet() ? quiet + 1 : 0;
            if (quiet == 2)
            {
                return true;
            }

            if (deadline.HasPassed || _stop.IsCancellationRequested)
            {
                return false;
            }

            await Task.Delay(DrainStep);
        }
    }

    public void Dispose()
    {
        if (_stop.IsCancellationRequested)
        {
            return;
        }

        _stop.Cancel();
        socket.Dispose();
        lock (_gate)
        {
            foreach (Connection connection in _connections)
            {
                connection.Socket.Dispose();
            }
        }

        UnixSocket.Remove(path);
    }

    private bool IsQuiet()
    {
        try
        {
            if (socket.Poll(0, SelectMode.SelectRead))
            {
                return false;
            }

            lock (_gate)
            {
                // In this order: bytes leave the socket only while the connection is busy.
                return _connections.All(static one => one.Socket.Available == 0 && !one.IsBusy);
            }
        }
        catch (Exception e) when (e is ObjectDisposedException or SocketException)
        {
            // A connection is ending: the next look sees it gone.
            return false;
        }
    }

    private async Task AcceptAllAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                Serve(await socket.AcceptAsync(_stop.Token));
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (ObjectDisposedException)
            {
                return;
            }
            catch (SocketException e)
            {
                log.Once($"dogstatsd-accept-{e.SocketErrorCode}", LogLevel.Warn, $"DogStatsD: accepting on {path} failed ({e.SocketErrorCode}); going on");
                await Task.Delay(ErrorPause);
            }
        }
    }

    private void Serve(Socket accepted)
    {
        var connection = new Connection(accepted);
        bool isWelcome;
        lock (_gate)
        {
            isWelcome = !_stop.IsCancellationRequested && _connections.Count < MostConnections && _connections.Add(connection);
        }

        if (isWelcome)
        {
            _ = ReadAsync(connection);
        }
        else
        {
            accepted.Dispose();
        }

        if (!isWelcome && !_stop.IsCancellationRequested)
        {
            log.Once("dogstatsd-connections", LogLevel.Warn, $"DogStatsD: more than {MostConnections} connections to {path}; further ones are closed");
        }
    }

    private async Task ReadAsync(Connection connection)
    {
        // The accept loop goes on, however much there is to read.
        await Task.Yield();
        using var frames = new FrameBuffer(packetBytes, isLines: false, receiver);
        try
        {
            connection.Socket.Blocking = false;
            do
            {
                // Waits for bytes without taking them, so that a drain sees them until they are aggregated.
                await connection.Socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None, _stop.Token);
            }
            while (connection.Take(frames));
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or SocketException)
        {
            // The client's end, or the agent's; what has come is taken.
        }
        catch (Exception e)
        {
            log.Once("dogstatsd-fault", LogLevel.Error, $"DogStatsD: a connection was lost: {e}");
        }
        finally
        {
            lock (_gate)
            {
                _connections.Remove(connection);
            }

            connection.Socket.Dispose();
        }
    }

    private sealed class Connection(Socket socket)
    {
        private volatile bool _isBusy;

        public Socket Socket { get; } = socket;

        public bool IsBusy => _isBusy;

        /// <summary>Takes everything that is there; false: it was the end.</summary>
        public bool Take(FrameBuffer frames)
        {
            _isBusy = true;
            try
            {
                while (true)
                {
                    int received = Socket.Receive(frames.Free, SocketFlags.None, out SocketError status);
                    if (status == SocketError.WouldBlock)
                    {
                        return true;
                    }

                    if (status != SocketError.Success || received == 0)
                    {
                        frames.End();
                        return false;
                    }

                    frames.Advance(received);
                }
            }
            finally
            {
                _isBusy = false;
            }
        }
    }
}
