using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Threading.Tasks.Sources;
using Mayfly.Wire;

namespace Mayfly.Http;

/// <summary>
/// Reads a blocking socket on a thread that does nothing else: <see cref="Run"/>. Whoever awaits a read goes on on that thread, so that a request is served
/// where its bytes arrive and nobody has to be woken for it.
/// </summary>
/// <remarks>
/// At most one read at a time, as with every pipe. One that is awaited elsewhere is taken up by the thread all the same. The bytes are one range of one array:
/// a small one while nothing comes, a large one while much does.
/// </remarks>
internal sealed class SocketReader(Socket socket) : PipeReader, IValueTaskSource<ReadResult>
{
    private const int SmallBytes = 8 * 1024;
    private const int LargeBytes = 64 * 1024;

    /// <summary>Less room than this is not worth a call of the kernel.</summary>
    private const int FewestBytes = 2 * 1024;

    private readonly object _gate = new();
    private ManualResetValueTaskSourceCore<ReadResult> _read;
    private byte[] _buffer = [];
    private int _start;
    private int _examined;
    private int _end;
    private int _lastCount;
    private bool _isAwaited;
    private bool _isIdle;
    private bool _isCanceled;
    private bool _isAtEnd;
    private bool _isCompleted;

    /// <summary>Serves the reads until <see cref="Complete"/>. Throws nothing.</summary>
    public void Run()
    {
        while (IsWanted())
        {
            int count = Receive();
            bool isAwaited;
            ReadResult result;
            lock (_gate)
            {
                _end += count;
                _lastCount = count;
                _isAtEnd |= count == 0;
                isAwaited = _isAwaited;
                _isAwaited = false;
                result = isAwaited ? Take() : default;
            }

            if (isAwaited)
            {
                _read.SetResult(result);
            }
        }

        LargeArrays.Shared.Return(_buffer);
        _buffer = [];
    }

    /// <summary>Ends the connection in both directions: nothing more is read or written.</summary>
    public void Cut()
    {
        try
        {
            socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // It has ended already.
        }
    }

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        lock (_gate)
        {
            if (HasResult)
            {
                return ValueTask.FromResult(Take());
            }

            _read.Reset();
            _isAwaited = true;
            if (_isIdle)
            {
                Monitor.Pulse(_gate);
            }

            return new ValueTask<ReadResult>(this, _read.Version);
        }
    }

    public override bool TryRead(out ReadResult result)
    {
        lock (_gate)
        {
            bool isThere = HasResult;
            result = isThere ? Take() : default;
            return isThere;
        }
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        lock (_gate)
        {
            _start = consumed.GetInteger();
            _examined = Math.Max(_start, examined.GetInteger());
        }
    }

    /// <summary>The read that is awaited, or the next one, comes back at once with what there is. The thread goes on sleeping.</summary>
    public override void CancelPendingRead()
    {
        ReadResult result;
        lock (_gate)
        {
            _isCanceled = true;
            if (!_isAwaited)
            {
                return;
            }

            _isAwaited = false;
            result = Take();
        }

        ThreadPool.UnsafeQueueUserWorkItem(static state => state.Reader._read.SetResult(state.Result), (Reader: this, Result: result), preferLocal: false);
    }

    public override void Complete(Exception? exception = null)
    {
        lock (_gate)
        {
            _isCompleted = true;
            Monitor.Pulse(_gate);
        }
    }

    ReadResult IValueTaskSource<ReadResult>.GetResult(short token) => _read.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<ReadResult>.GetStatus(short token) => _read.GetStatus(token);

    void IValueTaskSource<ReadResult>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _read.OnCompleted(continuation, state, token, flags);

    private bool HasResult => _end > _examined || _isAtEnd || _isCanceled;

    private ReadResult Take()
    {
        bool isCanceled = _isCanceled;
        _isCanceled = false;
        return new ReadResult(new ReadOnlySequence<byte>(_buffer, _start, _end - _start), isCanceled, _isAtEnd);
    }

    /// <summary>Waits until somebody reads, and makes room for it; false: nobody will.</summary>
    private bool IsWanted()
    {
        lock (_gate)
        {
            while (!_isAwaited && !_isCompleted)
            {
                _isIdle = true;
                Monitor.Wait(_gate);
                _isIdle = false;
            }

            if (!_isCompleted)
            {
                MakeRoom();
            }

            return !_isCompleted;
        }
    }

    /// <summary>Whoever reads holds nothing of what came before but its place.</summary>
    private void MakeRoom()
    {
        int unread = _end - _start;
        int sizeBytes = unread > 0 || _lastCount >= SmallBytes ? LargeBytes : SmallBytes;
        if (unread == 0 ? _buffer.Length != sizeBytes : _buffer.Length - _end < FewestBytes)
        {
            byte[] buffer = LargeArrays.Shared.Rent(Math.Max(sizeBytes, 2 * unread));
            _buffer.AsSpan(_start, unread).CopyTo(buffer);
            LargeArrays.Shared.Return(_buffer);
            _buffer = buffer;
            _examined -= _start;
            _start = 0;
        }
        else if (unread == 0)
        {
            _examined = 0;
            _start = 0;
        }

        _end = _start + unread;
    }

    /// <summary>Sleeps until there is something; 0: nothing will come any more.</summary>
    private int Receive()
    {
        try
        {
            return socket.Receive(_buffer.AsSpan(_end));
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return 0;
        }
    }
}
