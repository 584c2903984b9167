using System.Net.Sockets;

namespace Mayfly.Metrics.Transports;

/// <summary>Receives datagrams, as many at once as there are and as the operating system can hand over. For one thread; owned by the listener.</summary>
internal abstract class DatagramBatch : IDisposable
{
    /// <summary>The best that this system has.</summary>
    public static DatagramBatch Create(Socket socket, int packetBytes) =>
        LinuxDatagramBatch.IsSupported ? new LinuxDatagramBatch(socket, packetBytes) : new SingleDatagram(socket, packetBytes);

    /// <summary>
    /// Waits for a datagram and takes those that are there. Returns their number, at most <see cref="Capacity"/>; negative: receiving failed, and
    /// <paramref name="error"/> says how.
    /// </summary>
    public abstract int Receive(out string? error);

    /// <summary>Datagrams that one <see cref="Receive"/> takes at most.</summary>
    public abstract int Capacity { get; }

    /// <summary>A datagram of the last <see cref="Receive"/>; valid until the next one.</summary>
    /// <param name="index">From 0.</param>
    /// <param name="isTruncated">It was longer than the buffer.</param>
    public abstract ReadOnlySpan<byte> Packet(int index, out bool isTruncated);

    public abstract void Dispose();
}

/// <summary>One datagram at a time, as every system has it.</summary>
internal sealed class SingleDatagram : DatagramBatch
{
    private readonly Socket _socket;
    private readonly byte[] _buffer;
    private int _length;

    public SingleDatagram(Socket socket, int packetBytes)
    {
        _socket = socket;

        // One byte more than allowed: a datagram that fills it was longer. Pinned, as the kernel writes into it all the time.
        _buffer = GC.AllocateUninitializedArray<byte>(packetBytes + 1, pinned: true);
    }

    public override int Capacity => 1;

    public override int Receive(out string? error)
    {
        _length = _socket.Receive(_buffer, SocketFlags.None, out SocketError status);
        switch (status)
        {
            case SocketError.Success:
                error = null;
                return 1;
            case SocketError.MessageSize:
                // Windows reports truncation this way; the buffer is full.
                _length = _buffer.Length;
                error = null;
                return 1;
            case SocketError.ConnectionReset:
                // A port that answers nobody is the sender's trouble.
                error = null;
                return 0;
            default:
                error = status.ToString();
                return -1;
        }
    }

    public override ReadOnlySpan<byte> Packet(int index, out bool isTruncated)
    {
        isTruncated = _length == _buffer.Length;
        return _buffer.AsSpan(0, isTruncated ? _length - 1 : _length);
    }

    public override void Dispose()
    {
    }
}
