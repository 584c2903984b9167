using System.IO.Pipelines;
using System.Net.Sockets;
using Mayfly.Wire;

namespace Mayfly.Http;

/// <summary>Writes to a blocking socket, on the thread that flushes.</summary>
/// <remarks>
/// Not thread-safe; the server takes care of that, by a lock that it also wants before it aborts a request of its own accord. A flush sleeps under that lock
/// while the client does not read, so no limit of time may be set on answers: <see cref="HttpServer"/> sets none. Where the client is gone, what is written is
/// lost, and a flush says so.
/// </remarks>
internal sealed class SocketWriter(Socket socket) : PipeWriter
{
    private const int SmallBytes = 4 * 1024;

    private const int MostUnflushedBytes = 32 * 1024;

    private PooledBuffer? _buffer;
    private bool _isGone;

    public override bool CanGetUnflushedBytes => true;

    public override long UnflushedBytes => _buffer?.Length ?? 0;

    public override void Advance(int bytes) =>
        (_buffer ?? throw new InvalidOperationException("Nothing was asked for that could be written to.")).Advance(bytes);

    public override Memory<byte> GetMemory(int sizeHint = 0) => Room().GetMemory(sizeHint);

    public override Span<byte> GetSpan(int sizeHint = 0) => Room().GetSpan(sizeHint);

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        Flush();
        return ValueTask.FromResult(new FlushResult(isCanceled: false, isCompleted: _isGone));
    }

    /// <summary>None is ever pending.</summary>
    public override void CancelPendingFlush()
    {
    }

    /// <summary>What was not flushed is not sent.</summary>
    public override void Complete(Exception? exception = null)
    {
        _isGone = true;
        _buffer?.Dispose();
        _buffer = null;
    }

    /// <summary>Much is sent before it is flushed, so that an answer of any size takes little memory.</summary>
    private PooledBuffer Room()
    {
        if (_buffer is { Length: >= MostUnflushedBytes })
        {
            Flush();
        }

        return _buffer ??= PooledBuffer.Rent(SmallBytes);
    }

    private void Flush()
    {
        if (_buffer is not { Length: > 0 })
        {
            return;
        }

        try
        {
            ReadOnlySpan<byte> rest = _isGone ? [] : _buffer.WrittenSpan;
            while (!rest.IsEmpty)
            {
                rest = rest[socket.Send(rest)..];
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            _isGone = true;
        }

        _buffer.Clear();
        if (_buffer.Capacity > LargeArrays.SharedLimit)
        {
            _buffer.Dispose();
            _buffer = null;
        }
    }
}
