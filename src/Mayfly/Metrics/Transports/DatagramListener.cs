using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Mayfly.Diagnostics;
using Mayfly.Lifecycle;

namespace Mayfly.Metrics.Transports;

/// <summary>
/// Receives the datagrams of one socket, UDP or Unix, on a thread of its own, which also parses and aggregates them. Ends only when disposed; owns its socket.
/// </summary>
/// <remarks>
/// docs/spec/04-metrics-logs.md#a1-transports. The default buffer holds the largest datagram that UDP can carry, so that none is truncated; with a smaller
/// one the cut last line is left out and counted.
/// </remarks>
internal sealed class DatagramListener : IDogStatsdTransport
{
    private const int SecretBytes = 16;
    private const int MarkerBytes = SecretBytes + sizeof(long);
    private const int StackSizeBytes = 256 * 1024;

    /// <summary>Two seconds.</summary>
    private const int MostMarkersAtTheEnd = 100;

    /// <summary>How soon a marker is sent again: a full receive queue drops it.</summary>
    private static readonly TimeSpan MarkerPatience = TimeSpan.FromMilliseconds(20);

    private static readonly TimeSpan ErrorPause = TimeSpan.FromMilliseconds(10);

    private readonly Socket _socket;
    private readonly PacketReceiver _receiver;
    private readonly LostDatagrams _lost;
    private readonly Log _log;
    private readonly int _packetBytes;

    // A Guid of the operating system's generator: RandomNumberGenerator would load OpenSSL, 4 MB, at start.
    private readonly byte[] _secret = Guid.NewGuid().ToByteArray();
    private readonly EndPoint _self;
    private readonly Lock _drainGate = new();
    private readonly Dictionary<long, TaskCompletionSource> _drains = [];
    private readonly ManualResetEventSlim _stopping = new();
    private readonly Thread _thread;
    private Socket? _markerSocket;
    private long _lastDrain;

    /// <summary>Takes over <paramref name="socket"/>, bound already: datagrams that arrived since are not lost. <see cref="Start"/> begins receiving.</summary>
    public DatagramListener(Socket socket, PacketReceiver receiver, Counters counters, Log log, int packetBytes)
    {
        _socket = socket;
        _receiver = receiver;
        _lost = new LostDatagrams(socket, counters, log);
        _log = log;
        _packetBytes = Math.Max(packetBytes, MarkerBytes);
        _self = OwnAddress(socket);
        _thread = new Thread(Receive, StackSizeBytes) { IsBackground = true, Name = "dogstatsd" };
    }

    /// <summary>The UDP port that clients send to; 0 for a Unix socket.</summary>
    public int Port => (_self as IPEndPoint)?.Port ?? 0;

    public void Start() => _thread.Start();

    /// <inheritdoc/>
    /// <remarks>A marker goes through the socket behind what is queued there; its secret keeps anybody else from sending one.</remarks>
    public async Task<bool> DrainAsync(Deadline deadline)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        byte[] marker = AddDrain(done, out long number);
        try
        {
            while (!done.Task.IsCompleted && !deadline.HasPassed && !_stopping.IsSet)
            {
                SendMarker(marker);
                TimeSpan wait = deadline.Left < MarkerPatience ? deadline.Left : MarkerPatience;
                await Task.WhenAny(done.Task, Task.Delay(wait));
            }
        }
        finally
        {
            lock (_drainGate)
            {
                _drains.Remove(number);
            }
        }

        _lost.Count();
        return done.Task.IsCompleted;
    }

    /// <summary>Stops receiving; what is queued in the socket is lost unless <see cref="DrainAsync"/> went before.</summary>
    public void Dispose()
    {
        if (_stopping.IsSet)
        {
            return;
        }

        _stopping.Set();
        bool hasEnded = _thread.ThreadState.HasFlag(ThreadState.Unstarted);
        for (int attempt = 0; !hasEnded && attempt < MostMarkersAtTheEnd; attempt++)
        {
            // Wakes the thread; sent again should the queue have been full.
            SendMarker(_secret);
            hasEnded = _thread.Join(MarkerPatience);
        }

        _socket.Dispose();
        lock (_drainGate)
        {
            _markerSocket?.Dispose();
        }
    }

    private static EndPoint OwnAddress(Socket socket)
    {
        if (socket.LocalEndPoint is not IPEndPoint bound)
        {
            return socket.LocalEndPoint!;
        }

        IPAddress address = bound.Address.Equals(IPAddress.Any) ? IPAddress.Loopback
            : bound.Address.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback
            : bound.Address;
        return new IPEndPoint(address, bound.Port);
    }

    private byte[] AddDrain(TaskCompletionSource done, out long number)
    {
        byte[] marker = new byte[MarkerBytes];
        _secret.CopyTo(marker, 0);
        lock (_drainGate)
        {
            number = ++_lastDrain;
            _drains.Add(number, done);
        }

        BinaryPrimitives.WriteInt64LittleEndian(marker.AsSpan(SecretBytes), number);
        return marker;
    }

    private void SendMarker(byte[] marker)
    {
        try
        {
            lock (_drainGate)
            {
                // A Unix socket whose queue is full would block its sender.
                _markerSocket ??= new Socket(_self.AddressFamily, SocketType.Dgram, ProtocolType.Unspecified) { Blocking = false };
                _markerSocket.SendTo(marker, _self);
            }
        }
        catch (SocketException)
        {
            // Sent again, or given up at the deadline.
        }
        catch (ObjectDisposedException)
        {
            // Disposed while somebody drains: there is nothing left to wait for.
        }
    }

    private void Receive()
    {
        // The thread's own: the socket cannot be closed while the batch holds it.
        using DatagramBatch batch = DatagramBatch.Create(_socket, _packetBytes);
        while (!_stopping.IsSet)
        {
            try
            {
                int count = batch.Receive(out string? error);
                if (count < 0)
                {
                    Pause(error!);
                }
                else if (count > 0)
                {
                    AcceptAll(batch, count);
                }
            }
            catch (ObjectDisposedException)
            {
                return;
            }
        }
    }

    private void AcceptAll(DatagramBatch batch, int count)
    {
        long now = _receiver.Now();
        for (int i = 0; i < count; i++)
        {
            try
            {
                Accept(batch.Packet(i, out bool isTruncated), isTruncated, now);
            }
            catch (Exception exception)
            {
                // A datagram that brings out a fault of ours costs that datagram.
                _log.Once("dogstatsd-fault", LogLevel.Error, $"DogStatsD: a datagram was lost: {exception}");
            }
        }

        if (count == batch.Capacity)
        {
            // The queue is filling faster than usual.
            _lost.Count();
        }
    }

    private void Accept(ReadOnlySpan<byte> packet, bool isTruncated, long now)
    {
        if (packet.Length == MarkerBytes && packet.StartsWith(_secret))
        {
            CompleteDrain(BinaryPrimitives.ReadInt64LittleEndian(packet[SecretBytes..]));
        }
        else if (!_stopping.IsSet)
        {
            _receiver.Accept(packet, isTruncated, now);
        }
    }

    private void CompleteDrain(long number)
    {
        lock (_drainGate)
        {
            _drains.GetValueOrDefault(number)?.TrySetResult();
        }
    }

    /// <summary>Trouble that does not go away must not become a busy loop.</summary>
    private void Pause(string error)
    {
        if (!_stopping.IsSet)
        {
            _log.Once($"dogstatsd-receive-{error}", LogLevel.Warn, $"DogStatsD: receiving failed ({error}); going on");
            _stopping.Wait(ErrorPause);
        }
    }
}
