using System.Net;
using System.Net.Sockets;

namespace Mayfly.Http;

/// <summary>One listener: what it is called in messages, where it binds, what it serves.</summary>
/// <param name="Name">For messages: "trace agent".</param>
/// <param name="Addresses">Addresses to bind. The first one decides whether the listener is on; the others are welcome extras.</param>
/// <param name="Port">0 = any free port.</param>
public sealed record HttpEndpoint(string Name, IReadOnlyList<IPAddress> Addresses, int Port, RouteTable Routes)
{
    /// <summary>Both loopback addresses: "localhost" is ::1 first for some clients.</summary>
    public static IReadOnlyList<IPAddress> Loopback { get; } = [IPAddress.Loopback, IPAddress.IPv6Loopback];

    /// <summary>Every IPv4 address of the host.</summary>
    public static IReadOnlyList<IPAddress> Everywhere { get; } = [IPAddress.Any];

    /// <summary>Absolute path of a Unix socket that serves the same; null: there is none. One endpoint of a server may have one.</summary>
    public string? SocketPath { get; init; }

    /// <summary>A pipe that serves the same; null: there is none. One endpoint of a server may have one.</summary>
    public PipeTransport? Pipe { get; init; }

    /// <summary>Told why the port cannot be used, in place of the log; null: the log is.</summary>
    public Action<SocketError>? WhenTaken { get; init; }

    /// <summary>The requests being served on this listener.</summary>
    public RequestGauge Requests { get; } = new();
}
