using System.Buffers;
using System.Net.Sockets;

namespace Mayfly.Platforms.Lambda.RuntimeProxy;

/// <summary>
/// One side of a relayed connection: its socket and the bytes received and not yet used. What a peer does to its connection is a result here, never an
/// exception. One reader at a time.
/// </summary>
internal sealed class SocketInput(Socket socket) : IDisposable
{
    /// <summary>Result of a receive on a connection that was reset or closed under it.</summary>
    public const int Failed = -1;

    private const int SizeBytes = 16 * 1024;

    private byte[] _array = ArrayPool<byte>.Shared.Rent(SizeBytes);
    private int _start;
    private int _end;
    private Task<int>? _watch;

    public ReadOnlyMemory<byte> Buffered => _array.AsMemory(_start, _end - _start);

    /// <summary>The peer has closed its side, or the connection is gone.</summary>
    public bool IsEnded { get; private set; }

    /// <summary>The connection was reset or closed under a receive.</summary>
    public bool HasFailed { get; private set; }

    public void Consume(int count) => _start += count;

    /// <summary>Waits for more bytes: their number, 0 at the end of the stream, or <see cref="Failed"/>. The buffer grows when it is full.</summary>
    public ValueTask<int> ReceiveAsync()
    {
        if (_watch is { } watch)
        {
            _watch = null;
            return new ValueTask<int>(watch);
        }

        if (IsEnded)
        {
            // The system reports a reset once, and an ordinary end afterwards.
            return new ValueTask<int>(HasFailed ? Failed : 0);
        }

        MakeRoom();
        return ReceiveIntoBufferAsync();
    }

    /// <summary>A receive is under way, or its result was not taken yet.</summary>
    public bool IsWatched => _watch is not null;

    /// <summary>
    /// Begins to wait for bytes or the end; the next <see cref="ReceiveAsync"/> has the same result. Until then <see cref="Buffered"/> may grow at any moment.
    /// </summary>
    public Task<int> Watch()
    {
        if (_watch is null)
        {
            MakeRoom();
            _watch = ReceiveIntoBufferAsync().AsTask();
        }

        return _watch;
    }

    /// <summary>Sends everything; false when the connection does not take it.</summary>
    public async ValueTask<bool> SendAsync(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            while (!bytes.IsEmpty)
            {
                bytes = bytes[await socket.SendAsync(bytes)..];
            }

            return true;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return false;
        }
    }

    /// <summary>True while an idle connection can take a request: nothing was received on it, not even its end.</summary>
    public bool IsUsable()
    {
        try
        {
            return !IsEnded && _watch is null && _start == _end && !socket.Poll(0, SelectMode.SelectRead);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return false;
        }
    }

    /// <summary>Passes an end of stream on.</summary>
    public void EndSending()
    {
        try
        {
            socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Gone already.
        }
    }

    /// <summary>Resets the connection, so that the peer does not take a cut message for a complete one.</summary>
    public void Abort()
    {
        try
        {
            socket.LingerState = new LingerOption(enable: true, seconds: 0);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Gone already.
        }

        socket.Dispose();
    }

    /// <summary>Closes the connection: what is being received on it ends with <see cref="Failed"/>.</summary>
    public void Close() => socket.Dispose();

    /// <summary>Closes the connection and gives the buffer back, unless a receive may still write into it.</summary>
    public void Dispose()
    {
        socket.Dispose();
        if (_watch is null or { IsCompleted: true })
        {
            ArrayPool<byte>.Shared.Return(_array);
        }

        _array = [];
        _start = _end = 0;
    }

    private async ValueTask<int> ReceiveIntoBufferAsync()
    {
        int count;
        try
        {
            count = await socket.ReceiveAsync(_array.AsMemory(_end));
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            count = Failed;
        }

        IsEnded = count <= 0;
        HasFailed = count < 0;
        _end += Math.Max(count, 0);
        return count;
    }

    private void MakeRoom()
    {
        if (_start == _end)
        {
            _start = _end = 0;
            if (_array.Length > 4 * SizeBytes)
            {
                // Grown for one large head.
                ArrayPool<byte>.Shared.Return(_array);
                _array = ArrayPool<byte>.Shared.Rent(SizeBytes);
            }
        }

        if (_end < _array.Length)
        {
            return;
        }

        int length = _end - _start;
        byte[] source = _array;
        byte[] target = _start > 0 ? source : ArrayPool<byte>.Shared.Rent(source.Length * 2);
        source.AsSpan(_start, length).CopyTo(target);
        if (!ReferenceEquals(source, target))
        {
            ArrayPool<byte>.Shared.Return(source);
        }

        _array = target;
        _start = 0;
        _end = length;
    }
}
