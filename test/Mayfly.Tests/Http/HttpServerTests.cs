using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Mayfly.Diagnostics;
using Mayfly.Http;
using Xunit;

namespace Mayfly.Tests.Http;

/// <summary>
/// What a client sees of the server: raw bytes in, exact status out (docs/spec/07-observed-clients.md section 7, docs/spec/03-traces.md 1.3 and 1.5).
/// </summary>
public class HttpServerTests
{
    private const int BodyLimitBytes = 100_000;

    /// <summary>A body that is longer than what the socket and the server's pipe hold.</summary>
    private static readonly byte[] Large = [.. Enumerable.Range(0, BodyLimitBytes).Select(static i => (byte)(i * 7))];

    [Theory]
    [InlineData("GET", "/nothing", 404)]
    [InlineData("POST", "/Echo", 404)]
    [InlineData("POST", "/echo/", 404)]
    [InlineData("GET", "/echo", 405)]
    [InlineData("DELETE", "/echo", 405)]
    [InlineData("PUT", "/echo", 200)]
    [InlineData("POST", "/echo?x=y", 200)]
    [InlineData("PATCH", "/any", 200)]
    public async Task Paths_are_exact_and_methods_checked(string method, string path, int status)
    {
        await using ServerRig rig = await StartAsync();
        using var client = new RawHttp(rig.Port);
        Assert.Equal(status, (await client.RequestAsync(method, path, [1, 2, 3])).Status);
        // The connection is good for another one, the body of the refused one notwithstanding.
        Assert.Equal(200, (await client.RequestAsync("POST", "/echo", [])).Status);
    }

    public static TheoryData<string, string, byte[], int, string> Bodies => new()
    {
        { "Content-Length", "Content-Length: 5\r\n", "hello"u8.ToArray(), 200, "hello" },
        { "chunked", "Transfer-Encoding: chunked\r\n", "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"u8.ToArray(), 200, "hello" },
        { "gzip", "Content-Encoding: gzip\r\n", RawHttp.GZip("hello"u8.ToArray()), 200, "hello" },
        { "GZIP in capitals", "Content-Encoding: GZip\r\n", RawHttp.GZip("hello"u8.ToArray()), 200, "hello" },
        { "identity", "Content-Encoding: identity\r\n", "hello"u8.ToArray(), 200, "hello" },
        { "empty", "", [], 200, "" },
        { "empty gzip", "Content-Encoding: gzip\r\n", RawHttp.GZip([]), 200, "" },
        { "not gzip", "Content-Encoding: gzip\r\n", "hello"u8.ToArray(), 400, "content encoding" },
        { "gzip cut in the middle", "Content-Encoding: gzip\r\n", RawHttp.GZip(Large)[..^40], 400, "content encoding" },
        { "gzip cut to its head", "Content-Encoding: gzip\r\n", RawHttp.GZip(Large)[..10], 400, "content encoding" },
        { "unknown encoding", "Content-Encoding: br\r\n", "hello"u8.ToArray(), 400, "content encoding" },
        { "bad chunk size", "Transfer-Encoding: chunked\r\n", "xyz\r\nhello\r\n"u8.ToArray(), 400, "" },
        { "chunk without its end", "Transfer-Encoding: chunked\r\n", "2\r\nheXX"u8.ToArray(), 400, "" },
        { "gzip bomb", "Content-Encoding: gzip\r\n", RawHttp.GZip(new byte[BodyLimitBytes + 1]), 413, "too large" },
        { "exactly the limit", "", Large, 200, null! },
        { "declared too large", $"Content-Length: {BodyLimitBytes + 1}\r\n", [.. Large, 1], 413, "too large" },
    };

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task Body_forms(string row, string headers, byte[] body, int status, string? answer)
    {
        await using ServerRig rig = await StartAsync();
        bool isFramed = headers.Contains("Length", StringComparison.Ordinal) || headers.Contains("chunked", StringComparison.Ordinal);
        string framing = isFramed ? "" : $"Content-Length: {body.Length}\r\n";
        RawAnswer got = await RawHttp.OnceAsync(rig.Port, $"POST /echo HTTP/1.1\r\nHost: x\r\n{headers}{framing}\r\n", body);
        Assert.True(status == got.Status, $"{row}: {got}");
        Assert.Contains(answer ?? "", got.Body, StringComparison.Ordinal);
        await rig.Budget.AssertFreeAsync();
    }

    [Fact]
    public async Task A_chunked_body_above_the_limit_is_refused_and_the_connection_stays_usable()
    {
        await using ServerRig rig = await StartAsync();
        using var client = new RawHttp(rig.Port);
        await client.SendAsync($"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{BodyLimitBytes + 1:x}\r\n", [.. Large, 1]);
        await client.SendAsync("\r\n0\r\n\r\n");
        Assert.Equal(413, (await client.ReadAsync()).Status);
        Assert.Equal(200, (await client.RequestAsync("POST", "/echo", [1])).Status);
        await rig.Budget.AssertFreeAsync();
    }

    [Fact]
    public async Task Without_room_in_memory_the_client_is_told_to_come_back()
    {
        await using ServerRig rig = await StartAsync(bodiesLimitBytes: 1000);
        using var client = new RawHttp(rig.Port);
        RawAnswer refused = await client.RequestAsync("POST", "/echo", Large);
        Assert.Equal(429, refused.Status);
        Assert.Equal("1", refused.Headers["Retry-After"]);
        Assert.Equal(200, (await client.RequestAsync("POST", "/echo", [1])).Status);
        await rig.Budget.AssertFreeAsync();
    }

    /// <summary>
    /// A client that says that it is finished in the middle of a body has left, as far as the server is concerned: there is nobody to answer.
    /// </summary>
    [Fact]
    public async Task A_connection_that_ends_within_a_body_leaves_nothing_behind()
    {
        await using ServerRig rig = await StartAsync();
        using var client = new RawHttp(rig.Port);
        await client.SendAsync("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhello");
        client.FinishSending();
        Assert.True(await client.IsClosedAsync());
        await WaitUntilAsync(() => rig.Endpoints[0].Requests.Open == 0);
        await rig.Budget.AssertFreeAsync();
        Assert.DoesNotContain("ERROR", rig.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Expect_continue_is_answered_before_the_body()
    {
        await using ServerRig rig = await StartAsync();
        using var client = new RawHttp(rig.Port);
        await client.SendAsync("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
        Assert.Equal(100, (await client.ReadAsync()).Status);
        await client.SendAsync("hello");
        Assert.Equal("hello", (await client.ReadAsync()).Body);
    }

    [Fact]
    public async Task Requests_may_be_pipelined_on_one_connection()
    {
        await using ServerRig rig = await StartAsync();
        using var client = new RawHttp(rig.Port);
        const string Request = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n";
        await client.SendAsync($"{Request}a{Request}b{Request}c");
        Assert.Equal(["a", "b", "c"], [(await client.ReadAsync()).Body, (await client.ReadAsync()).Body, (await client.ReadAsync()).Body]);
    }

    /// <summary>07, 5: the stack header is unbounded.</summary>
    [Fact]
    public async Task A_header_of_500_KB_arrives_whole()
    {
        await using ServerRig rig = await StartAsync();
        using var client = new RawHttp(rig.Port);
        RawAnswer answer = await client.RequestAsync("POST", "/header-length", [], "X-Test: " + new string('s', 500_000));
        Assert.Equal("500000", answer.Body);
    }

    [Fact]
    public async Task Header_bytes_beyond_ASCII_arrive_as_they_were_sent()
    {
        await using ServerRig rig = await StartAsync();
        using var client = new RawHttp(rig.Port);
        string utf8AsBytes = Encoding.Latin1.GetString("é"u8);
        Assert.Equal("C3A9", (await client.RequestAsync("POST", "/header-bytes", [], "X-Test: " + utf8AsBytes)).Body);
    }

    [Fact]
    public async Task A_failing_handler_costs_its_request_only()
    {
        await using ServerRig rig = await StartAsync();
        using var client = new RawHttp(rig.Port);
        Assert.Equal(500, (await client.RequestAsync("POST", "/broken", [1, 2, 3])).Status);
        Assert.Equal(200, (await client.RequestAsync("POST", "/echo", [])).Status);
        Assert.Contains("POST /broken failed", rig.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Both_loopback_addresses_answer()
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6, "This machine has no IPv6.");
        await using ServerRig rig = await StartAsync();
        foreach (IPAddress address in HttpEndpoint.Loopback)
        {
            using var client = new RawHttp(rig.Port, address);
            Assert.Equal(200, (await client.RequestAsync("POST", "/echo", [])).Status);
        }
    }

    [Fact]
    public async Task Each_port_has_its_own_routes()
    {
        await using ServerRig rig = await ServerRig.StartAsync(1000, new RouteTable().Map("/a", Ok), new RouteTable().Map("/b", Ok));
        int second = rig.Server.PortOf(rig.Endpoints[1])!.Value;
        Assert.Equal(200, (await RawHttp.OnceAsync(rig.Port, "GET /a HTTP/1.1\r\nHost: x\r\n\r\n")).Status);
        Assert.Equal(404, (await RawHttp.OnceAsync(rig.Port, "GET /b HTTP/1.1\r\nHost: x\r\n\r\n")).Status);
        Assert.Equal(200, (await RawHttp.OnceAsync(second, "GET /b HTTP/1.1\r\nHost: x\r\n\r\n")).Status);
    }

    [Fact]
    public async Task A_port_that_is_taken_costs_that_listener_only()
    {
        using var other = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        other.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        other.Listen();
        int taken = ((IPEndPoint)other.LocalEndPoint!).Port;
        using var output = new MemoryStream();
        var blocked = new HttpEndpoint("blocked listener", HttpEndpoint.Loopback, taken, new RouteTable().Map("/a", Ok));
        var free = new HttpEndpoint("free listener", HttpEndpoint.Loopback, 0, new RouteTable().Map("/a", Ok));
        await using var server = HttpServer.Bind([blocked, free], new BodyBudget(1000), new Log(LogLevel.Info, output));
        await server.StartAsync(CancellationToken.None);
        Assert.Null(server.PortOf(blocked));
        Assert.Equal(200, (await RawHttp.OnceAsync(server.PortOf(free)!.Value, "GET /a HTTP/1.1\r\nHost: x\r\n\r\n")).Status);
        string line = Assert.Single(Encoding.UTF8.GetString(output.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains($"ERROR | blocked listener: port {taken}", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_all_ports_taken_the_server_serves_nothing_and_does_not_fail()
    {
        await using var server = HttpServer.Bind([], new BodyBudget(1000), Log.Silent);
        await server.StartAsync(CancellationToken.None);
    }

    /// <summary>07, 7.4: every reset restarts the agent within 100 ms, while connections of the old one linger in TIME_WAIT.</summary>
    [Fact]
    public async Task A_restarted_server_takes_its_port_over_from_connections_that_linger()
    {
        int port;
        var clients = new List<RawHttp>();
        await using (ServerRig first = await StartAsync())
        {
            port = first.Port;
            for (int i = 0; i < 5; i++)
            {
                var client = new RawHttp(port);
                Assert.Equal(200, (await client.RequestAsync("POST", "/echo", [1])).Status);
                clients.Add(client);
            }

            // The server closes first, so that its side has to wait.
            foreach (RawHttp client in clients)
            {
                await client.SendAsync("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                await client.ReadAsync();
                Assert.True(await client.IsClosedAsync());
            }
        }

        clients.ForEach(static client => client.Dispose());
        var again = new HttpEndpoint("again", HttpEndpoint.Loopback, port, new RouteTable().Map("/a", Ok));
        await using var second = HttpServer.Bind([again], new BodyBudget(1000), Log.Silent);
        await second.StartAsync(CancellationToken.None);
        Assert.Equal(port, second.PortOf(again));
        Assert.Equal(200, (await RawHttp.OnceAsync(port, "GET /a HTTP/1.1\r\nHost: x\r\n\r\n")).Status);
    }

    /// <summary>Two agents on one port would each get half of the requests.</summary>
    [Fact]
    public async Task A_second_server_cannot_share_the_port()
    {
        await using ServerRig first = await StartAsync();
        var same = new HttpEndpoint("same", HttpEndpoint.Loopback, first.Port, new RouteTable().Map("/a", Ok));
        await using var second = HttpServer.Bind([same], new BodyBudget(1000), Log.Silent);
        Assert.Null(second.PortOf(same));
    }

    [Fact]
    public async Task The_gauge_tells_when_no_request_is_being_served()
    {
        await using ServerRig rig = await StartAsync();
        RequestGauge gauge = rig.Endpoints[0].Requests;
        Assert.True(gauge.WhenQuiet().IsCompleted);
        using var client = new RawHttp(rig.Port);
        await client.SendAsync("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhe");
        await WaitUntilAsync(() => gauge.Open == 1);
        Task quiet = gauge.WhenQuiet();
        Assert.False(quiet.IsCompleted);
        await client.SendAsync("llo");
        Assert.Equal("hello", (await client.ReadAsync()).Body);
        await quiet.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(0, gauge.Open);
    }

    [Fact]
    public async Task A_client_that_leaves_is_no_request_any_more()
    {
        await using ServerRig rig = await StartAsync();
        RequestGauge gauge = rig.Endpoints[0].Requests;
        var client = new RawHttp(rig.Port);
        await client.SendAsync("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhe");
        await WaitUntilAsync(() => gauge.Open == 1);
        client.Dispose();
        await gauge.WhenQuiet().WaitAsync(TimeSpan.FromSeconds(20));
        await rig.Budget.AssertFreeAsync();
        Assert.DoesNotContain("ERROR", rig.Output, StringComparison.Ordinal);
    }

    private static Task<ServerRig> StartAsync(long bodiesLimitBytes = 64 * 1024 * 1024) => ServerRig.StartAsync(
        new RouteTable()
            .Map("/echo", EchoAsync, "POST", "PUT")
            .Map("/any", Ok)
            .Map("/broken", static _ => throw new InvalidOperationException("on purpose"))
            .Map("/header-length", static exchange => exchange.RespondAsync(200, exchange.Header("x-test")!.Length.ToString(System.Globalization.CultureInfo.InvariantCulture)))
            .Map("/header-bytes", static exchange => exchange.RespondAsync(200, Convert.ToHexString(Encoding.Latin1.GetBytes(exchange.Header("x-test")!)))),
        bodiesLimitBytes);

    private static ValueTask Ok(HttpExchange exchange) => exchange.RespondAsync(200);

    private static async ValueTask EchoAsync(HttpExchange exchange)
    {
        using RequestBody body = await exchange.ReadBodyAsync(BodyLimitBytes);
        if (body.Status == BodyStatus.Ok)
        {
            await exchange.RespondAsync(200, body.Bytes.ToArray(), "text/plain");
        }
        else
        {
            await exchange.RespondUnreadableAsync(body.Status);
        }
    }

    private static async Task WaitUntilAsync(Func<bool> condition)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(20), "Did not happen.");
            await Task.Yield();
        }
    }
}
