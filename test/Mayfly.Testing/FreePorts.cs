using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Mayfly.Local.Cli;
using Mayfly.Local.Intake;

namespace Mayfly.Testing;

/// <summary>
/// Ports nobody uses, below the range from which the system gives ports to outgoing connections: between looking and using, no client takes one. No port is
/// given twice before all have been: of two agents that are told the same one, the second finds an agent there, is not needed, and ends without a word.
/// </summary>
public static class FreePorts
{
    private const int First = 20_000;
    private const int Last = 32_000;

    /// <summary>Begins anywhere, as another process may be giving ports too.</summary>
    private static int _given = Random.Shared.Next(Last - First);

    /// <summary>Four different ones.</summary>
    public static LocalPorts Pick() => new(One(), One(), One(), One());

    /// <summary>An intake that stops listening for a while finds its port free afterwards, which one of the system's range may not be.</summary>
    public static Task<LocalIntake> IntakeAsync(IntakeOptions? options = null) =>
        LocalIntake.StartAsync((options ?? new IntakeOptions()) with { Port = One() });

    /// <summary>Free for TCP and UDP on every address.</summary>
    public static int One()
    {
        for (int attempt = First; attempt < Last; attempt++)
        {
            int port = First + (int)((uint)Interlocked.Increment(ref _given) % (Last - First));
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
