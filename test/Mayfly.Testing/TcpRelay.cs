using System.Net;
using System.Net.Sockets;

namespace Mayfly.Testing;

/// <summary>
/// Stands between a client and a server on loopback, as a NAT does: it can forget the connections that it has, of which neither side is told.
/// </summary>
public sealed class TcpRelay : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _ended = new();
    private readonly int _target;
    private readonly Task _accepting;
    private int _connections;
    private int _forgotten;
    private int _lostBytes;

    private TcpRelay(int target)
    {
        _target = target;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

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
                TcpClient client = await _listener.AcceptTcpClientAsync(_ended.Token);
                served.Add(ServeAsync(client, Interlocked.Increment(ref _connections)));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or InvalidOperationException or SocketException)
        {
            await Task.WhenAll(served);
        }
    }

    private async Task ServeAsync(TcpClient client, int number)
    {
        using (client)
        using (var server = new TcpClient())
        {
            await server.ConnectAsync(IPAddress.Loopback, _target);
            await Task.WhenAll(PassOnAsync(client, server, number), PassOnAsync(server, client, number));
        }
    }

    private async Task PassOnAsync(TcpClient from, TcpClient to, int number)
    {
        byte[] buffer = new byte[16 * 1024];
        try
        {
            while (await from.GetStream().ReadAsync(buffer, _ended.Token) is > 0 and int count)
            {
                if (number > Volatile.Read(ref _forgotten))
                {
                    await to.GetStream().WriteAsync(buffer.AsMemory(0, count), _ended.Token);
                }
                else
                {
                    Interlocked.Add(ref _lostBytes, count);
                }
            }

            to.Client.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException or SocketException)
        {
            // One side has closed it; the other side will.
        }
    }
}
