using System.IO.Pipelines;
using System.Net.Sockets;
using Mayfly.Wire;

namespace Mayfly.Http;

/// <summary>Writes to a blocking socket, on the thread that flushes.</summary>
/// <remarks>Not thread-safe; the server takes care of that. Where the client is gone, what is written is lost, and a flush says so.</remarks>
internal sealed class SocketWriter(Socket socket) : PipeWriter
{
    private const int SmallBytes = 4 * 1024;

    private PooledBuffer? _buffer;
    private bool _isGone;

    public override bool CanGetUnflushedBytes => true;

    public override long UnflushedBytes => _buffer?.Length ?? 0;

    public override void Advance(int bytes) => _buffer?.Advance(bytes);

    public override Memory<byte> GetMemory(int sizeHint = 0) => Buffer.GetMemory(sizeHint);

    public override Span<byte> GetSpan(int sizeHint = 0) => Buffer.GetSpan(sizeHint);

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        Flush();
        return ValueTask.FromResult(new FlushResult(isCanceled: false, isCompleted: _isGone));
    }

    /// <summary>None is ever pending.</summary>
    public override void CancelPendingFlush()
    {
    }

    public override void Complete(Exception? exception = null)
    {
        Flush();
        _isGone = true;
        _buffer?.Dispose();
        _buffer = null;
    }

    private PooledBuffer Buffer => _buffer ??= PooledBuffer.Rent(SmallBytes);

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
