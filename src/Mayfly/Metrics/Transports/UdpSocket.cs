using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;

namespace Mayfly.Metrics.Transports;

/// <summary>Opens the UDP socket that DogStatsD clients send to. A failure is a result: it costs the feature, not the agent.</summary>
/// <remarks>docs/spec/04-metrics-logs.md#a1-transports.</remarks>
internal static class UdpSocket
{
    /// <summary>
    /// Binds one address, the IPv6 one of all addresses for IPv4 as well. <paramref name="receiveQueueBytes"/> is asked of the operating system, which may give
    /// less; 0 leaves it as it is. False: <paramref name="error"/> says why.
    /// </summary>
    public static bool TryBind(
        IPEndPoint endPoint, int receiveQueueBytes, [NotNullWhen(true)] out Socket? socket, [NotNullWhen(false)] out string? error)
    {
        Socket? opened = null;
        try
        {
            opened = new Socket(endPoint.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            if (endPoint.AddressFamily == AddressFamily.InterNetworkV6)
            {
                opened.DualMode = endPoint.Address.Equals(IPAddress.IPv6Any);
            }

            opened.Bind(endPoint);
            WidenReceiveQueue(opened, receiveQueueBytes);
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

    /// <summary>Asks for a receive queue of that size; 0: as it is.</summary>
    public static void WidenReceiveQueue(Socket socket, int sizeBytes)
    {
        if (sizeBytes > 0)
        {
            try
            {
                socket.ReceiveBufferSize = sizeBytes;
            }
            catch (SocketException)
            {
                // The default size works too.
            }
        }
    }
}
