using System.Net;
using System.Net.Sockets;
using Mayfly.Diagnostics;

namespace Mayfly.Metrics.Transports;

/// <summary>
/// Sends a copy of every packet to another DogStatsD server, over UDP, and forgets it (docs/spec/05-config.md, <c>statsd_forward_host</c>). Thread-safe.
/// </summary>
internal sealed class PacketForward : IDisposable
{
    private readonly DnsEndPoint _to;
    private readonly Log _log;
    private readonly Lock _gate = new();
    private volatile Socket? _socket;
    private bool _isDisposed;

    /// <summary>An address is there at once; a name is looked up meanwhile, as that may take seconds, and packets until then are not forwarded.</summary>
    public PacketForward(DnsEndPoint to, Log log)
    {
        _to = to;
        _log = log;
        if (IPAddress.TryParse(to.Host, out IPAddress? address))
        {
            Connect(new IPEndPoint(address, to.Port));
        }
        else
        {
            _ = Task.Run(() => Connect(to));
        }
    }

    public void Send(ReadOnlySpan<byte> packet)
    {
        try
        {
            _socket?.Send(packet, SocketFlags.None, out _);
        }
        catch (ObjectDisposedException)
        {
            // A packet that came while the agent stopped.
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _isDisposed = true;
            _socket?.Dispose();
        }
    }

    private void Connect(EndPoint to)
    {
        var socket = new Socket(SocketType.Dgram, ProtocolType.Udp);
        try
        {
            socket.Connect(to);
            socket.Blocking = false;
            Use(socket);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            socket.Dispose();
            _log.Warn($"DogStatsD: packets are not forwarded to {_to.Host}:{_to.Port}: {e.Message}. Check the address.");
        }
    }

    private void Use(Socket socket)
    {
        lock (_gate)
        {
            if (_isDisposed)
            {
                socket.Dispose();
            }
            else
            {
                _socket = socket;
            }
        }
    }
}
