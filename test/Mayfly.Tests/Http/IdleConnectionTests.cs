using System.Net;
using System.Net.Sockets;
using Mayfly.Diagnostics;
using Mayfly.Http;
using Xunit;

namespace Mayfly.Tests.Http;

/// <summary>
/// docs/spec/07-observed-clients.md#7-traps-for-the-implementation-each-seen-above, row 5: a client keeps one connection for the sandbox's life.
/// </summary>
public sealed class IdleConnectionTests
{
    /// <summary>Kestrel looks for idle connections once a second.</summary>
    private static readonly TimeSpan SeveralHeartbeats = TimeSpan.FromSeconds(3);

    [Fact]
    public async Task A_connection_without_traffic_stays_open()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        var routes = new RouteTable().MapAny(static exchange => exchange.RespondAsync(200));
        var endpoint = new HttpEndpoint("test", [IPAddress.Loopback], 0, routes);
        await using var server = HttpServer.Bind([endpoint], new BodyBudget(1024), Log.Silent);
        await server.StartAsync(cancellation);

        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(IPAddress.Loopback, server.PortOf(endpoint)!.Value, cancellation);
        Assert.StartsWith("HTTP/1.1 200", await AskAsync(client, cancellation));

        using var wait = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        wait.CancelAfter(SeveralHeartbeats);
        // Nothing is expected: data, an end of stream or a reset would end the wait early.
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await client.ReceiveAsync(new byte[1], wait.Token));

        Assert.StartsWith("HTTP/1.1 200", await AskAsync(client, cancellation));
    }

    private static async Task<string> AskAsync(Socket client, CancellationToken cancellation)
    {
        await client.SendAsync("GET / HTTP/1.1\r\nHost: test\r\n\r\n"u8.ToArray(), cancellation);
        var answer = new byte[4096];
        int length = await client.ReceiveAsync(answer, cancellation);
        return System.Text.Encoding.ASCII.GetString(answer, 0, length);
    }
}
