using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Mayfly.Diagnostics;
using Microsoft.AspNetCore.Connections;

namespace Mayfly.Http;

/// <summary>
/// Carries HTTP over sockets that are bound and listen already. The first clients each have a thread, on which their requests are read, served and answered;
/// those beyond are served by the pool.
/// </summary>
/// <remarks>
/// A tracer keeps one connection and sends one request after the other. Kestrel's own transport takes four threads for each of them (events, reading,
/// serving, writing), and what waking those costs is more than the request itself: docs/decisions/0011-transport.md.
/// </remarks>
/// <param name="boundSocket">The socket of an endpoint.</param>
/// <param name="log">Told of what should not happen.</param>
internal sealed class SocketTransport(Func<EndPoint, Socket> boundSocket, Log log) : IConnectionListenerFactory
{
    private readonly ConnectionThreads _threads = new();

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult<IConnectionListener>(new Listener(endpoint, boundSocket(endpoint), _threads, log));

    private sealed class Listener(EndPoint endpoint, Socket socket, ConnectionThreads threads, Log log) : IConnectionListener
    {
        private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(100);

        private long _connections;

        public EndPoint EndPoint => endpoint;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            while (true)
            {
                Socket? client = null;
                try
                {
                    client = await socket.AcceptAsync(cancellationToken);
                    return Serve(client);
                }
                catch (Exception e) when (e is ObjectDisposedException or SocketException { SocketErrorCode: SocketError.OperationAborted })
                {
                    client?.Dispose();
                    return null;
                }
                catch (SocketException e)
                {
                    // The client was gone before it was served; or there is no file descriptor left, or no memory, which only time mends.
                    client?.Dispose();
                    if (e.SocketErrorCode is not (SocketError.ConnectionAborted or SocketError.ConnectionReset))
                    {
                        await Task.Delay(RetryPause, cancellationToken);
                    }
                }
            }
        }

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            socket.Dispose();
            return ValueTask.CompletedTask;
        }

        public ValueTask DisposeAsync() => UnbindAsync();

        private ConnectionContext Serve(Socket client)
        {
            if (endpoint is IPEndPoint)
            {
                client.NoDelay = true;
            }

            string id = $"{endpoint}-{_connections++}";
            var threaded = new ThreadedConnection(id, client, log);
            return threads.TryRun(threaded.Serve) ? threaded : new PooledConnection(id, client);
        }
    }

    /// <summary>A client with a thread.</summary>
    private sealed class ThreadedConnection : DefaultConnectionContext, IDuplexPipe
    {
        private readonly Socket _socket;
        private readonly SocketReader _reader;
        private readonly Log _log;

        public ThreadedConnection(string id, Socket socket, Log log)
            : base(id)
        {
            _socket = socket;
            _log = log;
            _reader = new SocketReader(socket);
            Output = new SocketWriter(socket);
            LocalEndPoint = socket.LocalEndPoint;
            RemoteEndPoint = socket.RemoteEndPoint;
            Transport = this;
        }

        public PipeReader Input => _reader;

        public PipeWriter Output { get; }

        /// <summary>What the thread does: everything, until the connection is closed.</summary>
        public void Serve()
        {
            try
            {
                _reader.Run();
            }
            catch (Exception e)
            {
                // A broken invariant of ours costs this client, never the process.
                _log.Error($"A connection failed inside the agent and is closed: {e}");
            }
            finally
            {
                _socket.Dispose();
            }
        }

        /// <summary>
        /// Not the base's: that queues the cancellation of a source which <see cref="DisposeAsync"/> may have disposed of by then, and an exception there ends
        /// the process. Whoever reads or writes finds out by the socket.
        /// </summary>
        public override void Abort(ConnectionAbortedException abortReason) => _socket.Cut();

        /// <summary>The thread may be the one that calls; it closes the socket when it is back.</summary>
        public override ValueTask DisposeAsync()
        {
            _reader.Complete();
            _socket.Cut();
            Output.Complete();
            return base.DisposeAsync();
        }
    }

    /// <summary>A client of the many.</summary>
    private sealed class PooledConnection : DefaultConnectionContext, IDuplexPipe
    {
        private readonly Socket _socket;
        private readonly NetworkStream _stream;

        public PooledConnection(string id, Socket socket)
            : base(id)
        {
            _socket = socket;
            LocalEndPoint = socket.LocalEndPoint;
            RemoteEndPoint = socket.RemoteEndPoint;
            _stream = new NetworkStream(socket, ownsSocket: true);
            Input = PipeReader.Create(_stream, new StreamPipeReaderOptions(leaveOpen: true));
            Output = PipeWriter.Create(_stream, new StreamPipeWriterOptions(leaveOpen: true));
            Transport = this;
        }

        public PipeReader Input { get; }

        public PipeWriter Output { get; }

        /// <inheritdoc cref="ThreadedConnection.Abort"/>
        public override void Abort(ConnectionAbortedException abortReason)
        {
            if (OperatingSystem.IsLinux())
            {
                _socket.Cut();
            }
            else
            {
                _stream.Dispose();
            }
        }

        public override async ValueTask DisposeAsync()
        {
            await Input.CompleteAsync();
            await Output.CompleteAsync();
            await base.DisposeAsync();
            await _stream.DisposeAsync();
        }
    }
}
