using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Threading.Tasks.Sources;
using Mayfly.Wire;

namespace Mayfly.Http;

/// <summary>
/// Reads a blocking socket on a thread of the connection's own: <see cref="Run"/>. Whoever awaits a read goes on on that thread, so that a request is served
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

    /// <summary>Serves the reads until <see cref="Complete"/>.</summary>
    public void Run()
    {
        while (IsWanted())
        {
            Answer(Receive());
        }

        // Nobody should be reading any more; whoever does finds the end.
        Answer(0);
        LargeArrays.Shared.Return(_buffer);
        _buffer = [];
    }

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        lock (_gate)
        {
            if (HasResult)
            {
                return ValueTask.FromResult(Take());
            }

            ThrowIfCompleted();
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

    /// <remarks>A position of nowhere, as the server hands in when it gave up before it looked at anything, changes nothing.</remarks>
    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        lock (_gate)
        {
            if (consumed.GetObject() is not null)
            {
                int start = consumed.GetInteger();
                ArgumentOutOfRangeException.ThrowIfLessThan(start, _start);
                ArgumentOutOfRangeException.ThrowIfGreaterThan(start, _end);
                _start = start;
            }

            _examined = Math.Max(_start, examined.GetObject() is null ? _examined : examined.GetInteger());
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

    private void ThrowIfCompleted()
    {
        if (_isCompleted)
        {
            throw new InvalidOperationException("The connection is read no more.");
        }
    }

    private bool HasResult => _end > _examined || _isAtEnd || _isCanceled;

    private ReadResult Take()
    {
        bool isCanceled = _isCanceled;
        _isCanceled = false;
        return new ReadResult(new ReadOnlySequence<byte>(_buffer, _start, _end - _start), isCanceled, _isAtEnd);
    }

    /// <summary>Adds what came, nothing being the end, and hands it to who waits for it: all that he does then is done in here.</summary>
    private void Answer(int count)
    {
        ReadResult result;
        lock (_gate)
        {
            _end += count;
            _lastCount = count;
            _isAtEnd |= count == 0;
            if (!_isAwaited)
            {
                return;
            }

            _isAwaited = false;
            result = Take();
        }

        _read.SetResult(result);
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

            _isAtEnd |= !_isCompleted && !TryMakeRoom();
            return !_isCompleted;
        }
    }

    /// <summary>False: there is no memory, which is the end of this connection and of nothing else.</summary>
    private bool TryMakeRoom()
    {
        try
        {
            MakeRoom();
            return true;
        }
        catch (OutOfMemoryException)
        {
            return false;
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
            return _isAtEnd ? 0 : socket.Receive(_buffer.AsSpan(_end));
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return 0;
        }
    }
}
