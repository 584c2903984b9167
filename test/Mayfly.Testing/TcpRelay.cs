using System.Net;
using System.Net.Sockets;

namespace Mayfly.Testing;

/// <summary>
/// Stands between a client and a server on loopback, as a NAT does: it can forget the connections that it has, of which neither side is told.
/// </summary>
public sealed class TcpRelay : IAsyncDisposable
{
    private readonly Socket _listener = NewSocket();
    private readonly CancellationTokenSource _ended = new();
    private readonly int _target;
    private readonly Task _accepting;
    private int _connections;
    private int _forgotten;
    private int _lostBytes;

    private TcpRelay(int target)
    {
        _target = target;
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    /// <summary>Made so far.</summary>
    public int Connections => Volatile.Read(ref _connections);

    /// <summary>Sent on connections that are forgotten.</summary>
    public int LostBytes => Volatile.Read(ref _lostBytes);

    /// <param name="target">The server's port.</param>
    public static TcpRelay Start(int target) => new(target);

    /// <summary>What is sent on the connections that there are gets nowhere from now on; they stay open.</summary>
    public void Forget() => Volatile.Write(ref _forgotten, Connections);

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _ended.Dispose();
    }

    private async Task AcceptAsync()
    {
        var served = new List<Task>();
        try
        {
            while (true)
            {
                Socket client = await _listener.AcceptAsync(_ended.Token);
                served.Add(ServeAsync(client, Interlocked.Increment(ref _connections)));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or SocketException)
        {
            await Task.WhenAll(served);
        }
    }

    private async Task ServeAsync(Socket client, int number)
    {
        using (client)
        using (Socket server = NewSocket())
        {
            try
            {
                await server.ConnectAsync(IPAddress.Loopback, _target, _ended.Token);
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException)
            {
                return;
            }

            await Task.WhenAll(PassOnAsync(client, server, number), PassOnAsync(server, client, number));
        }
    }

    private async Task PassOnAsync(Socket from, Socket to, int number)
    {
        byte[] buffer = new byte[16 * 1024];
        try
        {
            while (await from.ReceiveAsync(buffer, _ended.Token) is > 0 and int count)
            {
                if (number > Volatile.Read(ref _forgotten))
                {
                    await SendAllAsync(to, buffer.AsMemory(0, count));
                }
                else
                {
                    Interlocked.Add(ref _lostBytes, count);
                }
            }

            to.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            // One side has closed it; the other side will.
        }
    }

    private async Task SendAllAsync(Socket to, ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[await to.SendAsync(bytes, _ended.Token)..];
        }
    }

    private static Socket NewSocket() => new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
}
