using System.Net;
using System.Net.Sockets;
using System.Text;
using Mayfly.Http;
using Xunit;

namespace Mayfly.Tests.Http;

/// <summary>What is particular to the transport (docs/decisions/0011-transport.md): threads, blocking sockets, one buffer.</summary>
public sealed class SocketTransportTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task More_clients_than_threads_are_all_served()
    {
        await using ServerRig rig = await ServerRig.StartAsync(new RouteTable().MapAny(EchoAsync));
        RawHttp[] clients = [.. Enumerable.Range(0, 3 * ConnectionThreads.Most).Select(_ => new RawHttp(rig.Port))];
        for (int round = 0; round < 3; round++)
        {
            await Task.WhenAll(clients.Select(async (client, i) =>
            {
                string text = $"client {i} round {round}";
                Assert.Equal(text, (await client.RequestAsync("POST", "/", Encoding.ASCII.GetBytes(text))).Body);
            }));
        }

        Array.ForEach(clients, static client => client.Dispose());
    }

    [Fact]
    public async Task A_request_may_come_in_any_two_pieces()
    {
        await using ServerRig rig = await ServerRig.StartAsync(new RouteTable().MapAny(EchoAsync));
        using var client = new RawHttp(rig.Port);
        const string request = "POST /a/b?c=d HTTP/1.1\r\nHost: x\r\nX-Name: value\r\nContent-Length: 11\r\n\r\nhello world";
        for (int split = 1; split < request.Length; split++)
        {
            await client.SendAsync(request[..split]);
            await client.SendAsync(request[split..]);
            Assert.Equal("hello world", (await client.ReadAsync()).Body);
        }
    }

    /// <summary>Larger than any buffer on the way, in both directions, with small ones between.</summary>
    [Fact]
    public async Task Bodies_of_all_sizes_come_back_whole()
    {
        await using ServerRig rig = await ServerRig.StartAsync(new RouteTable().MapAny(EchoAsync));
        using var client = new RawHttp(rig.Port);
        var random = new Random(11);
        foreach (int length in new[] { 0, 1, 8191, 8192, 8193, 3, 65_535, 65_536, 65_537, 200_000, 7, 5_000_000, 9 })
        {
            byte[] body = new byte[length];
            random.NextBytes(body);
            body.AsSpan().Replace((byte)0, (byte)1);
            Array.ForEach(Enumerable.Range(0, length).ToArray(), i => body[i] &= 0x7f);
            Task<RawAnswer> answer = client.RequestAsync("POST", "/", body);
            Assert.True(Encoding.ASCII.GetString(body) == (await answer.WaitAsync(Patience)).Body, $"a body of {length} bytes");
        }
    }

    [Fact]
    public async Task A_handler_may_go_on_elsewhere()
    {
        var table = new RouteTable().MapAny(static async exchange =>
        {
            await Task.Yield();
            using RequestBody body = await exchange.ReadBodyAsync(1024);
            await Task.Yield();
            await exchange.RespondAsync(200, Encoding.ASCII.GetString(body.Bytes.Span));
        });
        await using ServerRig rig = await ServerRig.StartAsync(table);
        using var client = new RawHttp(rig.Port);
        for (int i = 0; i < 200; i++)
        {
            Assert.Equal($"request {i}", (await client.RequestAsync("POST", "/", Encoding.ASCII.GetBytes($"request {i}"))).Body);
        }
    }

    /// <summary>Its thread hangs in the answer; everybody else's does not, and the server can be stopped.</summary>
    [Fact]
    public async Task A_client_that_does_not_read_costs_itself()
    {
        byte[] large = new byte[32 * 1024 * 1024];
        var table = new RouteTable()
            .Map("/large", exchange => exchange.RespondAsync(200, large, "application/octet-stream"))
            .Map("/small", static exchange => exchange.RespondAsync(200, "ok"));
        ServerRig rig = await ServerRig.StartAsync(table);
        using var deaf = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await deaf.ConnectAsync(IPAddress.Loopback, rig.Port, TestContext.Current.CancellationToken);
        await deaf.SendAsync("GET /large HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray(), TestContext.Current.CancellationToken);
        await deaf.ReceiveAsync(new byte[1], TestContext.Current.CancellationToken);

        Assert.Equal("ok", (await RawHttp.OnceAsync(rig.Port, "GET /small HTTP/1.1\r\nHost: x\r\n\r\n")).Body);
        await rig.DisposeAsync().AsTask().WaitAsync(Patience, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_stopped_server_closes_its_connections()
    {
        ServerRig rig = await ServerRig.StartAsync(new RouteTable().MapAny(EchoAsync));
        RawHttp[] clients = [.. Enumerable.Range(0, 2 + ConnectionThreads.Most).Select(_ => new RawHttp(rig.Port))];
        foreach (RawHttp client in clients)
        {
            Assert.Equal(200, (await client.RequestAsync("POST", "/", "x"u8.ToArray())).Status);
        }

        await rig.DisposeAsync().AsTask().WaitAsync(Patience, TestContext.Current.CancellationToken);
        foreach (RawHttp client in clients)
        {
            Assert.True(await client.IsClosedAsync());
            client.Dispose();
        }
    }

    [Fact]
    public async Task A_client_that_ends_its_side_gets_its_answer()
    {
        await using ServerRig rig = await ServerRig.StartAsync(new RouteTable().MapAny(EchoAsync));
        using var client = new RawHttp(rig.Port);
        await client.SendAsync("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello");
        client.FinishSending();
        Assert.Equal("hello", (await client.ReadAsync()).Body);
        Assert.True(await client.IsClosedAsync());
    }

    private static async ValueTask EchoAsync(HttpExchange exchange)
    {
        using RequestBody body = await exchange.ReadBodyAsync(16 * 1024 * 1024);
        await exchange.RespondAsync(200, Encoding.ASCII.GetString(body.Bytes.Span));
    }
}
