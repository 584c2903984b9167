using System.Net;
using System.Net.Sockets;

namespace Mayfly.Local.Cli;

/// <summary>The ports of one agent: the usual ones where they are free, any free ones elsewhere (docs/spec/01-lambda-lifecycle.md, 2.4).</summary>
public sealed record LocalPorts(int Lifecycle, int DogStatsd, int Traces, int Telemetry)
{
    /// <summary>Looks which ports are free at this moment.</summary>
    public static LocalPorts Pick()
    {
        int lifecycle = Pick(8124, IPAddress.Loopback, SocketType.Stream);
        int dogStatsd = Pick(8125, IPAddress.Loopback, SocketType.Dgram);
        int traces = Pick(8126, IPAddress.Loopback, SocketType.Stream);
        int telemetry = Pick(8999, IPAddress.Any, SocketType.Stream);
        return new LocalPorts(lifecycle, dogStatsd, traces, telemetry);
    }

    /// <summary>The settings that tell agent and function about the ports.</summary>
    public IEnumerable<KeyValuePair<string, string>> Variables =>
    [
        new("MAYFLY_LIFECYCLE_PORT", Text(Lifecycle)),
        new("DD_DOGSTATSD_PORT", Text(DogStatsd)),
        new("DD_APM_RECEIVER_PORT", Text(Traces)),
        new("DD_TRACE_AGENT_PORT", Text(Traces)),
        new("MAYFLY_TELEMETRY_PORT", Text(Telemetry)),
    ];

    /// <summary>Any free TCP port.</summary>
    public static int Free() => Pick(0, IPAddress.Loopback, SocketType.Stream);

    private static int Pick(int usual, IPAddress address, SocketType type) => TryBind(usual, address, type) ?? TryBind(0, address, type)
        ?? throw new LocalFailure("There is no free port left on this machine.");

    private static int? TryBind(int port, IPAddress address, SocketType type)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, type, type == SocketType.Stream ? ProtocolType.Tcp : ProtocolType.Udp);
        try
        {
            socket.Bind(new IPEndPoint(address, port));
            if (type == SocketType.Stream)
            {
                socket.Listen(); // Binding alone succeeds beside another listener that allows it.
            }

            return ((IPEndPoint?)socket.LocalEndPoint)?.Port;
        }
        catch (SocketException)
        {
            return null;
        }
    }

    private static string Text(int port) => port.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
