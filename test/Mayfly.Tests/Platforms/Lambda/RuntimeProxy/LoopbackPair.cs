using System.Net;
using System.Net.Sockets;

namespace Mayfly.Tests.Platforms.Lambda.RuntimeProxy;

/// <summary>Two ends of one loopback connection, with nothing between them.</summary>
internal sealed class LoopbackPair : IDisposable
{
    public LoopbackPair()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        client.Connect(listener.LocalEndPoint!);
        Socket server = listener.Accept();
        server.NoDelay = true;
        Client = new RawConnection(client);
        Server = new RawConnection(server);
    }

    public RawConnection Client { get; }

    public RawConnection Server { get; }

    public void Dispose()
    {
        Client.Dispose();
        Server.Dispose();
    }
}
