using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Mayfly.Diagnostics;
using Mayfly.Lifecycle;

namespace Mayfly.Metrics;

/// <summary>
/// Receives DogStatsD datagrams on one thread of its own, which also parses and aggregates them. Ends only when disposed; owns its socket.
/// </summary>
/// <remarks>
/// docs/spec/04-metrics-logs.md#a1-transports. The default buffer holds the largest datagram that UDP can carry, so that none is truncated; with a smaller
/// one the cut last line is left out and counted.
/// </remarks>
public sealed class DogStatsdListener : IDisposable
{
    /// <summary>Above the 65,507 bytes that a UDP datagram can carry.</summary>
    public const int LargestPacketBytes = 65_536;

    /// <summary>What to ask the operating system for as receive queue; it gives less where its own limit is lower.</summary>
    public const int ReceiveQueueBytes = 8 * 1024 * 1024;

    private const int SecretBytes = 16;
    private const int MarkerBytes = SecretBytes + sizeof(long);
    private const int StackSizeBytes = 256 * 1024;

    /// <summary>How soon a marker is sent again: a full receive queue drops it.</summary>
    private static readonly TimeSpan MarkerPatience = TimeSpan.FromMilliseconds(20);

    private static readonly TimeSpan ErrorPause = TimeSpan.FromMilliseconds(10);

    private readonly Socket _socket;
    private readonly MetricAggregator _aggregator;
    private readonly Log _log;
    private readonly byte[] _buffer;
    // A Guid of the operating system's generator: RandomNumberGenerator would load OpenSSL, 4 MB, at start.
    private readonly byte[] _secret = Guid.NewGuid().ToByteArray();
    private readonly Socket _markerSocket;
    private readonly IPEndPoint _self;
    private readonly Lock _drainGate = new();
    private readonly Dictionary<long, TaskCompletionSource> _drains = [];
    private readonly ManualResetEventSlim _stopping = new();
    private readonly Thread _thread;
    private long _lastDrain;

    /// <summary>Takes over <paramref name="socket"/>, bound already: datagrams that arrived since are not lost. <see cref="Start"/> begins receiving.</summary>
    public DogStatsdListener(Socket socket, MetricAggregator aggregator, Log log, int packetBytes = LargestPacketBytes)
    {
        _socket = socket;
        _aggregator = aggregator;
        _log = log;

        // One byte more than allowed: a datagram that fills it was longer. Pinned, as the kernel writes into it all the time.
        _buffer = GC.AllocateUninitializedArray<byte>(Math.Clamp(packetBytes, MarkerBytes, LargestPacketBytes) + 1, pinned: true);
        var bound = (IPEndPoint)socket.LocalEndPoint!;
        IPAddress address = bound.Address.Equals(IPAddress.Any) ? IPAddress.Loopback
            : bound.Address.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback
            : bound.Address;
        _self = new IPEndPoint(address, bound.Port);
        _markerSocket = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        _thread = new Thread(Receive, StackSizeBytes) { IsBackground = true, Name = "dogstatsd" };
    }

    /// <summary>The port that clients send to.</summary>
    public int Port => _self.Port;

    public void Start() => _thread.Start();

    /// <summary>
    /// Completes when everything that had reached the socket before the call is aggregated, or at the <paramref name="deadline"/>. True: it is.
    /// </summary>
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
        SendMarker(_secret);
        _socket.Dispose();
        if (_thread.ThreadState.HasFlag(ThreadState.Unstarted) || _thread.Join(TimeSpan.FromSeconds(2)))
        {
            _markerSocket.Dispose();
            _stopping.Dispose();
        }
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
            _markerSocket.SendTo(marker, _self);
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
        while (!_stopping.IsSet)
        {
            try
            {
                int length = _socket.Receive(_buffer);
                Accept(_buffer.AsSpan(0, length));
            }
            catch (SocketException exception) when (exception.SocketErrorCode == SocketError.MessageSize)
            {
                // Windows reports truncation this way; the buffer is full.
                _aggregator.AcceptTruncatedPacket(_buffer.AsSpan(0, _buffer.Length - 1));
            }
            catch (SocketException exception)
            {
                Pause(exception.SocketErrorCode);
            }
            catch (ObjectDisposedException)
            {
                return;
            }
            catch (Exception exception)
            {
                // A datagram that brings out a fault of ours costs that datagram.
                _log.Once("dogstatsd-fault", LogLevel.Error, $"DogStatsD: a datagram was lost: {exception}");
            }
        }
    }

    private void Accept(ReadOnlySpan<byte> packet)
    {
        if (packet.Length == MarkerBytes && packet.StartsWith(_secret))
        {
            CompleteDrain(BinaryPrimitives.ReadInt64LittleEndian(packet[SecretBytes..]));
        }
        else if (packet.Length == _buffer.Length)
        {
            _aggregator.AcceptTruncatedPacket(packet[..^1]);
        }
        else if (!_stopping.IsSet)
        {
            _aggregator.AcceptPacket(packet);
        }
    }

    private void CompleteDrain(long number)
    {
        lock (_drainGate)
        {
            _drains.GetValueOrDefault(number)?.TrySetResult();
        }
    }

    private void Pause(SocketError error)
    {
        // A port that answers nobody (ConnectionReset) is the sender's trouble; others must not become a busy loop.
        if (!_stopping.IsSet && error != SocketError.ConnectionReset)
        {
            _log.Once($"dogstatsd-receive-{error}", LogLevel.Warn, $"DogStatsD: receiving failed with {error}; going on");
            _stopping.Wait(ErrorPause);
        }
    }
}
