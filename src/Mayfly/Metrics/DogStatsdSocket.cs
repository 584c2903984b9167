using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;

namespace Mayfly.Metrics;

/// <summary>Opens the UDP socket that DogStatsD clients send to. A failure is a result: it costs the feature, not the agent.</summary>
/// <remarks>docs/spec/04-metrics-logs.md#a1-transports.</remarks>
public static class DogStatsdSocket
{
    /// <summary>
    /// Binds <paramref name="port"/> (0 = any free one) on 127.0.0.1 or, with <paramref name="nonLocal"/>, on all addresses, IPv6 included where there is any.
    /// <paramref name="receiveBufferBytes"/> is asked of the operating system, which may give less. False: <paramref name="error"/> says why.
    /// </summary>
    public static bool TryBind(
        int port, bool nonLocal, int receiveBufferBytes, [NotNullWhen(true)] out Socket? socket, [NotNullWhen(false)] out string? error)
    {
        if (!nonLocal)
        {
            return TryBind(new IPEndPoint(IPAddress.Loopback, port), receiveBufferBytes, out socket, out error);
        }

        return (Socket.OSSupportsIPv6 && TryBind(new IPEndPoint(IPAddress.IPv6Any, port), receiveBufferBytes, out socket, out error)) ||
            TryBind(new IPEndPoint(IPAddress.Any, port), receiveBufferBytes, out socket, out error);
    }

    /// <summary>Binds one address; see <see cref="TryBind(int, bool, int, out Socket?, out string?)"/>.</summary>
    public static bool TryBind(
        IPEndPoint endPoint, int receiveBufferBytes, [NotNullWhen(true)] out Socket? socket, [NotNullWhen(false)] out string? error)
    {
        Socket? opened = null;
        try
        {
            opened = new Socket(endPoint.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            if (endPoint.AddressFamily == AddressFamily.InterNetworkV6)
            {
                opened.DualMode = true;
            }

            opened.Bind(endPoint);
            WidenReceiveBuffer(opened, receiveBufferBytes);
            socket = opened;
            error = null;
            return true;
        }
        catch (SocketException exception)
        {
            opened?.Dispose();
            socket = null;
            error = $"UDP {endPoint}: {exception.SocketErrorCode}";
            return false;
        }
    }

    private static void WidenReceiveBuffer(Socket socket, int sizeBytes)
    {
        try
        {
            socket.ReceiveBufferSize = Math.Max(sizeBytes, socket.ReceiveBufferSize);
        }
        catch (SocketException)
        {
            // The default size works too.
        }
    }
}
