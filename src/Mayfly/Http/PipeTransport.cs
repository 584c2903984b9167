using System.IO.Pipelines;
using System.IO.Pipes;
using System.Net;
using Mayfly.Diagnostics;
using Microsoft.AspNetCore.Connections;
using PipeOptions = System.IO.Pipes.PipeOptions;

namespace Mayfly.Http;

/// <summary>
/// Serves HTTP over a named pipe beside the sockets: each client on an instance of its own, in byte mode, for the user of this process only
/// (docs/spec/06-compat-and-init.md#a6-transports).
/// </summary>
/// <remarks>
/// Meant for Windows; elsewhere .NET plays named pipes with Unix sockets, which is how this is tested. An agent that never makes one of these links none of it.
/// </remarks>
/// <param name="name">Without <c>\\.\pipe\</c>.</param>
/// <param name="log">Told once when the pipe cannot be made.</param>
public sealed class PipeTransport(string name, Log log)
{
    /// <summary>Goes before the name of a pipe of this machine.</summary>
    public const string Prefix = @"\\.\pipe\";

    /// <summary>The pipe's name, without <c>\\.\pipe\</c>.</summary>
    public string Name { get; } = name;

    /// <summary>This and what <paramref name="sockets"/> serves.</summary>
    internal IConnectionListenerFactory Beside(IConnectionListenerFactory sockets) => new Factory(sockets, log);

    private sealed class Factory(IConnectionListenerFactory sockets, Log log) : IConnectionListenerFactory
    {
        public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
            endpoint is NamedPipeEndPoint pipe
                ? ValueTask.FromResult<IConnectionListener>(new Listener(pipe, log))
                : sockets.BindAsync(endpoint, cancellationToken);
    }

    private sealed class Listener(NamedPipeEndPoint endpoint, Log log) : IConnectionListener
    {
        private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(1);

        private readonly CancellationTokenSource _stop = new();
        private NamedPipeServerStream? _next;
        private int _connections;

        public EndPoint EndPoint => endpoint;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            while (!_stop.IsCancellationRequested)
            {
                try
                {
                    NamedPipeServerStream pipe = _next ?? Create();
                    _next = null;
                    try
                    {
                        await pipe.WaitForConnectionAsync(_stop.Token);
                    }
                    catch
                    {
                        await pipe.DisposeAsync();
                        throw;
                    }

                    // At once the instance for the next client: while there is none, it finds no pipe at all.
                    _next = TryCreate();
                    return new Connection($"pipe-{_connections++}", pipe);
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    log.Once("trace-pipe", LogLevel.Error, $"trace agent: the named pipe cannot be served ({e.Message}); it is tried again every second.");
                    await Task.WhenAny(Task.Delay(RetryPause, _stop.Token));
                }
                catch (OperationCanceledException)
                {
                    break;
                }
            }

            return null;
        }

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            _stop.Cancel();
            _next?.Dispose();
            return ValueTask.CompletedTask;
        }

        public ValueTask DisposeAsync() => UnbindAsync();

        private NamedPipeServerStream Create() => new(
            endpoint.PipeName,
            PipeDirection.InOut,
            NamedPipeServerStream.MaxAllowedServerInstances,
            PipeTransmissionMode.Byte,
            PipeOptions.Asynchronous | PipeOptions.CurrentUserOnly);

        private NamedPipeServerStream? TryCreate()
        {
            try
            {
                return Create();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // The next round tries again, and says so.
                return null;
            }
        }
    }

    /// <summary>One client.</summary>
    private sealed class Connection : DefaultConnectionContext, IDuplexPipe
    {
        private readonly NamedPipeServerStream _pipe;

        public Connection(string id, NamedPipeServerStream pipe)
            : base(id)
        {
            _pipe = pipe;
            Input = PipeReader.Create(pipe, new StreamPipeReaderOptions(leaveOpen: true));
            Output = PipeWriter.Create(pipe, new StreamPipeWriterOptions(leaveOpen: true));
            Transport = this;
        }

        public PipeReader Input { get; }

        public PipeWriter Output { get; }

        /// <summary>
        /// Not the base's: that queues the cancellation of a source which <see cref="DisposeAsync"/> may have disposed of by then, and an exception there ends
        /// the process. Whoever reads or writes finds out by the pipe.
        /// </summary>
        public override void Abort(ConnectionAbortedException abortReason) => _pipe.Dispose();

        public override async ValueTask DisposeAsync()
        {
            await base.DisposeAsync();
            await _pipe.DisposeAsync();
        }
    }
}
