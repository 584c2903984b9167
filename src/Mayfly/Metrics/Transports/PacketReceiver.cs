using System.Net;
using System.Net.Sockets;

namespace Mayfly.Metrics.Transports;

/// <summary>
/// What every packet goes through, however it came: a copy to the forwarding address, the line end that is asked for, the aggregator. Thread-safe.
/// </summary>
/// <param name="metrics">Where the lines go.</param>
/// <param name="needsLineEnd">A last line without its line end is left out and counted.</param>
/// <param name="forward">Gets a copy; null: nobody does.</param>
internal sealed class PacketReceiver(MetricAggregator metrics, bool needsLineEnd, PacketForward? forward)
{
    /// <summary>Unix seconds, for <see cref="Accept"/>.</summary>
    public long Now() => metrics.Now();

    /// <param name="packet">Lines, the last one with or without its end.</param>
    /// <param name="isTruncated">The packet was longer: its last line is cut off somewhere.</param>
    /// <param name="now">When it came, Unix seconds.</param>
    public void Accept(ReadOnlySpan<byte> packet, bool isTruncated, long now)
    {
        forward?.Send(packet);
        if (!isTruncated && !needsLineEnd)
        {
            metrics.AcceptPacket(packet, now);
            return;
        }

        // Of a packet that was cut right behind a line the next line is the one that is missing.
        int end = packet.LastIndexOf((byte)'\n') + 1;
        if (isTruncated || end < packet.Length)
        {
            metrics.RefuseUnended(packet[end..], isTruncated);
        }

        metrics.AcceptPacket(packet[..end], now);
    }

    /// <summary>A line, or a frame, that was longer than the buffer or did not come to its end: it is lost as a whole.</summary>
    public void RefuseCut(ReadOnlySpan<byte> start) => metrics.RefuseUnended(start, isTruncated: true);
}

/// <summary>Sends a copy of every packet to another DogStatsD server, over UDP, and forgets it. Thread-safe.</summary>
internal sealed class PacketForward(DnsEndPoint to) : IDisposable
{
    private readonly Lock _gate = new();
    private Socket? _socket;
    private bool _isUnreachable;

    /// <summary>A name is resolved with the first packet; one that cannot be is not asked for again.</summary>
    public void Send(ReadOnlySpan<byte> packet)
    {
        try
        {
            Connected()?.Send(packet, SocketFlags.None, out _);
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
            _isUnreachable = true;
            _socket?.Dispose();
        }
    }

    private Socket? Connected()
    {
        lock (_gate)
        {
            if (_socket is not null || _isUnreachable)
            {
                return _socket;
            }

            _socket = Connect();
            _isUnreachable = _socket is null;
            return _socket;
        }
    }

    private Socket? Connect()
    {
        var socket = new Socket(SocketType.Dgram, ProtocolType.Udp);
        try
        {
            socket.Connect(to);
            socket.Blocking = false;
            return socket;
        }
        catch (SocketException)
        {
            socket.Dispose();
            return null;
        }
    }
}
