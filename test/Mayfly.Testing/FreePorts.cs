using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Mayfly.Local.Cli;

namespace Mayfly.Testing;

/// <summary>
/// Ports nobody uses, below the range from which the system gives ports to outgoing connections: between looking and using, no client takes one.
/// </summary>
public static class FreePorts
{
    private const int First = 20_000;
    private const int Last = 32_000;
    private const int Attempts = 1000;

    /// <summary>Four different ones.</summary>
    public static LocalPorts Pick()
    {
        var ports = new HashSet<int>();
        while (ports.Count < 4)
        {
            ports.Add(One());
        }

        int[] distinct = [.. ports];
        return new LocalPorts(distinct[0], distinct[1], distinct[2], distinct[3]);
    }

    /// <summary>Free for TCP and UDP on every address.</summary>
    public static int One()
    {
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            int port = Random.Shared.Next(First, Last);
            if (IsFree(port))
            {
                return port;
            }
        }

        throw new InvalidOperationException($"No free port found between {First} and {Last}.");
    }

    /// <summary>
    /// Somebody takes connections on this port of 127.0.0.1. Asked with a connection: a test that binds the port to find out may hold it at the very moment
    /// at which the one it waits for asks for it.
    /// </summary>
    public static bool IsListening(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Connect(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>Somebody takes datagrams on this port.</summary>
    public static bool TakesDatagrams(int port) =>
        Array.Exists(IPGlobalProperties.GetIPGlobalProperties().GetActiveUdpListeners(), listener => listener.Port == port);

    /// <summary>Nobody uses it; not for a port that somebody is about to bind.</summary>
    public static bool IsFree(int port) => CanBind(port, SocketType.Stream, ProtocolType.Tcp) && CanBind(port, SocketType.Dgram, ProtocolType.Udp);

    private static bool CanBind(int port, SocketType type, ProtocolType protocol)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, type, protocol);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Any, port));
            if (type == SocketType.Stream)
            {
                socket.Listen();
            }

            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
