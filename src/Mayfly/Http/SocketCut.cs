using System.Net.Sockets;

namespace Mayfly.Http;

/// <summary>Ends a connection while others sleep in it.</summary>
internal static class SocketCut
{
    /// <summary>Ends the connection in both directions: whoever reads finds its end, whoever writes an error. The socket is still to be disposed.</summary>
    public static void Cut(this Socket socket)
    {
        try
        {
            socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // It has ended already.
        }
    }
}
