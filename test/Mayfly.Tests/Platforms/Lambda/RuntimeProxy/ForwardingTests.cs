using Xunit;

namespace Mayfly.Tests.Platforms.Lambda.RuntimeProxy;

/// <summary>docs/spec/01-lambda-lifecycle.md#9-runtime-api-proxy: what one side sent is what the other side receives, byte by byte.</summary>
public sealed class ForwardingTests
{
    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    /// <summary>
    /// Bytes of a header as the runtimes send them: the UTF-8 form of the euro sign (docs/spec/07-observed-clients.md#3-the-runtime-api-clients).
    /// </summary>
    private const string EuroBytes = "\u00e2\u0082\u00ac";

    public static TheoryData<string, string> Requests => new()
    {
        { "next", "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: 127.0.0.1:9000\r\nUser-Agent: AWS_Lambda_Cpp/0.2.6\r\nAccept: */*\r\n\r\n" },
        { "response",
            "POST /2018-06-01/runtime/invocation/3da1/response HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
            + "Content-Length: 7\r\n\r\n{\"a\":1}" },
        { "error of the .NET client",
            "POST /2018-06-01/runtime/invocation/3da1/error HTTP/1.1\r\nHost: h\r\nLambda-Runtime-Function-Error-Type: X\r\n"
            + $"Lambda-Runtime-Function-XRay-Error-Cause: {{\"m\":\"{EuroBytes}\"}}\r\n"
            + $"Content-Type: application/vnd.aws.lambda.error+json\r\nContent-Length: 2\r\n\r\n{{}}" },
        { "init error", "POST /2018-06-01/runtime/init/error HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}" },
        { "restore", "GET /2018-06-01/runtime/restore/next HTTP/1.1\r\nhost: h\r\n\r\n" },
        { "root", "GET / HTTP/1.1\r\nhost: h\r\n\r\n" },
        { "another version and a query", "GET /2031-01-01/runtime/invocation/next?a=%20b;c HTTP/1.1\r\nHost: h\r\n\r\n" },
        { "names in any case, doubled, out of order", "GET /x HTTP/1.1\r\nZ: 1\r\naBc: 2\r\nABC:3\r\nHOST: h\r\nz:\r\n\r\n" },
        { "white space and raw bytes", "GET /x HTTP/1.1\r\nHost: h\r\nA:  \t b \r\nB: \u0080\u00ff\u0001\r\n\r\n" },
        { "unknown method", "BREW /coffee HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc" },
        { "method in small letters", "get /x HTTP/1.1\r\nHost: h\r\n\r\n" },
        { "body of a GET", "GET /x HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc" },
        { "chunked with extension and trailers",
            "POST /2018-06-01/runtime/invocation/3da1/response HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
            + "Trailer: Lambda-Runtime-Function-Error-Type\r\nLambda-Runtime-Function-Response-Mode: streaming\r\n\r\n5;x=y\r\n"
            + "hello\r\n0\r\nLambda-Runtime-Function-Error-Type: Runtime.Stream\r\nLambda-Runtime-Function-Error-Body: e30=\r\n\r\n" },
        { "bare line feeds", "GET /x HTTP/1.1\nHost: h\n\n" },
        { "folded header", "GET /x HTTP/1.1\r\nHost: h\r\nA: b\r\n c\r\n\r\n" },
        { "empty lines before", "\r\n\r\nGET /x HTTP/1.1\r\nHost: h\r\n\r\n" },
        { "not understood: two lengths", "POST /x HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\nConnection: close\r\n\r\nab" },
        { "not understood: coding", "POST /x HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\nab" },
        { "not understood: HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" },
        { "not understood: TLS", "\u0016\u0003\u0001\u0002\u0000\u0001" },
        { "not understood: broken chunk", "POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello" },
    };

    [Theory]
    [MemberData(nameof(Requests))]
    public async Task A_request_arrives_as_it_was_sent(string name, string request)
    {
        Assert.NotEmpty(name);
        await using var rig = new ProxyRig();
        (RawConnection client, RawConnection platform) = await rig.ExchangeAsync(request);
        await platform.SendAsync(Ok);
        await client.ExpectAsync(Ok);
    }

    [Theory]
    [MemberData(nameof(Requests))]
    public async Task A_request_in_single_bytes_arrives_as_it_was_sent(string name, string request)
    {
        Assert.NotEmpty(name);
        await using var rig = new ProxyRig();
        using RawConnection client = await rig.ConnectAsync();
        foreach (char c in request)
        {
            await client.SendAsync(c.ToString());
        }

        RawConnection platform = await rig.AcceptAsync();
        await platform.ExpectAsync(request);
        await platform.SendAsync(Ok);
        await client.ExpectAsync(Ok);
    }

    public static TheoryData<string, string, bool> Responses => new()
    {
        { "event",
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nLambda-Runtime-Aws-Request-Id: 3da1\r\n"
            + $"Lambda-Runtime-Client-Context: {EuroBytes}\r\nDate: x\r\nContent-Length: 7\r\n\r\n{{\"a\":1}}", true },
        { "accepted", "HTTP/1.1 202 Accepted\r\nContent-Length: 16\r\n\r\n{\"status\":\"OK\"}\n", true },
        { "names in any case", "HTTP/1.1 200 Fine, \u00e9\r\nx-A: 1\r\nX-a: 2\r\ncontent-length: 0\r\n\r\n", true },
        { "no content", "HTTP/1.1 204 No Content\r\nA: b\r\n\r\n", true },
        { "not modified", "HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\n\r\n", true },
        { "chunked with trailers", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;e\r\nde\r\n0\r\nX-T: 1\r\n\r\n", true },
        { "early hints and continue",
            "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", true },
        { "error status", "HTTP/1.1 403 Forbidden\r\nContent-Type: application/vnd.aws.lambda.error+json\r\nContent-Length: 2\r\n\r\n{}", true },
        { "until close", "HTTP/1.1 200 OK\r\n\r\nas long as it takes", false },
        { "HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Type: a\r\n\r\nold", false },
        { "not understood", "SPDY nonsense\r\n\r\nx\0y", false },
        { "not understood: broken chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloworld", false },
        { "upgrade", "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n\u0000\u0001\u0002", false },
    };

    [Theory]
    [MemberData(nameof(Responses))]
    public async Task A_response_arrives_as_it_was_sent(string name, string response, bool staysOpen)
    {
        Assert.NotEmpty(name);
        const string Request = "GET /x HTTP/1.1\r\nHost: h\r\n\r\n";
        await using var rig = new ProxyRig();
        (RawConnection client, RawConnection platform) = await rig.ExchangeAsync(Request);
        foreach (char c in response)
        {
            await platform.SendAsync(c.ToString());
        }

        await client.ExpectAsync(response);
        if (staysOpen)
        {
            await client.SendAsync(Request);
            await platform.ExpectAsync(Request);
            await platform.SendAsync(response);
            await client.ExpectAsync(response);
        }
        else
        {
            platform.Dispose();
            await client.ExpectEndAsync();
        }
    }

    [Fact]
    public async Task The_response_to_HEAD_has_no_body()
    {
        const string Head = "HEAD /x HTTP/1.1\r\nHost: h\r\n\r\n";
        const string Answer = "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n";
        await using var rig = new ProxyRig();
        (RawConnection client, RawConnection platform) = await rig.ExchangeAsync(Head);
        await platform.SendAsync(Answer);
        await client.ExpectAsync(Answer);
        await client.SendAsync(Head);
        await platform.ExpectAsync(Head);
    }

    [Fact]
    public async Task Hop_by_hop_headers_stay_on_their_side()
    {
        await using var rig = new ProxyRig();
        (RawConnection client, RawConnection platform) = await rig.ExchangeAsync(
            "GET /x HTTP/1.1\r\nA: 1\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: s\r\nUpgrade: h2c\r\nTE: trailers\r\n"
                + "Proxy-Connection: keep-alive\r\nProxy-Authorization: p\r\nB: 2\r\n\r\n",
            "GET /x HTTP/1.1\r\nA: 1\r\nHTTP2-Settings: s\r\nB: 2\r\n\r\n");
        await platform.SendAsync("HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nProxy-Authenticate: p\r\nContent-Length: 2\r\n\r\nok");
        await client.ExpectAsync("HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5\r\nContent-Length: 2\r\n\r\nok");
    }

    [Fact]
    public async Task Expect_continue_is_between_the_client_and_the_platform()
    {
        const string Head = "POST /2018-06-01/runtime/invocation/3da1/response HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n";
        await using var rig = new ProxyRig();
        (RawConnection client, RawConnection platform) = await rig.ExchangeAsync(Head);
        await platform.SendAsync("HTTP/1.1 100 Continue\r\n\r\n");
        await client.ExpectAsync("HTTP/1.1 100 Continue\r\n\r\n");
        await client.SendAsync("hello");
        await platform.ExpectAsync("hello");
        await platform.SendAsync(Ok);
        await client.ExpectAsync(Ok);
        Assert.Equal("response 3da1 hello", Assert.Single(rig.Observer.Messages).ToString());
    }

    [Fact]
    public async Task A_client_that_asks_for_it_is_closed_after_its_answer_and_the_platform_never_hears_of_it()
    {
        await using var rig = new ProxyRig();
        (RawConnection client, RawConnection platform) = await rig.ExchangeAsync(
            "GET /x HTTP/1.1\r\nConnection: close\r\nHost: h\r\n\r\n",
            "GET /x HTTP/1.1\r\nHost: h\r\n\r\n");
        await platform.SendAsync(Ok);
        Assert.Equal(Ok, await client.ReadToEndAsync());
    }

    [Fact]
    public async Task A_client_of_HTTP_1_0_is_closed_after_its_answer()
    {
        await using var rig = new ProxyRig();
        (RawConnection client, RawConnection platform) = await rig.ExchangeAsync("GET /x HTTP/1.0\r\n\r\n");
        await platform.SendAsync(Ok);
        Assert.Equal(Ok, await client.ReadToEndAsync());
    }

    [Fact]
    public async Task Requests_sent_ahead_are_served_in_order()
    {
        const string First = "POST /1 HTTP/1.1\r\nContent-Length: 2\r\n\r\nab";
        const string Second = "POST /2 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nc\r\n0\r\n\r\n";
        const string Third = "GET /3 HTTP/1.1\r\n\r\n";
        await using var rig = new ProxyRig();
        (RawConnection client, RawConnection platform) = await rig.ExchangeAsync(First + Second + Third, First);
        foreach (string next in new[] { Second, Third })
        {
            Assert.True(platform.IsQuiet(TimeSpan.FromMilliseconds(20)));
            await platform.SendAsync(Ok);
            await client.ExpectAsync(Ok);
            await platform.ExpectAsync(next);
        }
    }

    [Fact]
    public async Task A_streaming_response_passes_as_it_comes()
    {
        const string Head = "POST /2018-06-01/runtime/invocation/3da1/response HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
        await using var rig = new ProxyRig();
        (RawConnection client, RawConnection platform) = await rig.ExchangeAsync(Head);
        for (int i = 0; i < 10; i++)
        {
            string chunk = $"7\r\nchunk {i}\r\n";
            await client.SendAsync(chunk);
            await platform.ExpectAsync(chunk);
            Assert.Empty(rig.Observer.Messages);
        }

        await client.SendAsync("0\r\n\r\n");
        await platform.ExpectAsync("0\r\n\r\n");
        Assert.Equal(10 * 7, Assert.Single(rig.Observer.Messages).Body.Length);
    }

    [Fact]
    public async Task A_large_body_passes_both_ways_while_nobody_reads_ahead()
    {
        const int Size = 20 * 1024 * 1024;
        string pattern = string.Concat(Enumerable.Range(0, 4096).Select(static i => (char)(i * 31 % 251)));
        byte[] large = System.Text.Encoding.Latin1.GetBytes(string.Concat(Enumerable.Repeat(pattern, Size / 4096)));
        await using var rig = new ProxyRig();
        (RawConnection client, RawConnection platform) = await rig.ExchangeAsync(
            $"POST /2018-06-01/runtime/invocation/3da1/response HTTP/1.1\r\nContent-Length: {Size}\r\n\r\n");
        Task sent = client.SendAsync(large);
        string received = await platform.ReadAsync(Size);
        await sent;
        Assert.True(received.AsSpan().SequenceEqual(System.Text.Encoding.Latin1.GetString(large)));

        await platform.SendAsync($"HTTP/1.1 200 OK\r\nContent-Length: {Size}\r\n\r\n");
        sent = platform.SendAsync(large);
        await client.ExpectAsync($"HTTP/1.1 200 OK\r\nContent-Length: {Size}\r\n\r\n");
        Assert.True((await client.ReadAsync(Size)).AsSpan().SequenceEqual(received));
        await sent;
    }

    [Fact]
    public async Task A_head_of_a_megabyte_passes()
    {
        string request =
            "POST /2018-06-01/runtime/invocation/3da1/error HTTP/1.1\r\n"
            + $"Lambda-Runtime-Function-XRay-Error-Cause: {new string('c', 900_000)}\r\nContent-Length: 2\r\n\r\n{{}}";
        await using var rig = new ProxyRig();
        (RawConnection client, RawConnection platform) = await rig.ExchangeAsync(request);
        await platform.SendAsync(Ok);
        await client.ExpectAsync(Ok);
        Assert.Equal("error", Assert.Single(rig.Observer.Messages).Kind);
    }

    [Fact]
    public async Task A_head_beyond_every_limit_passes_without_being_understood()
    {
        string request = $"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nX: {new string('c', 3_000_000)}\r\n\r\n";
        await using var rig = new ProxyRig();
        using RawConnection client = await rig.ConnectAsync();
        Task sent = client.SendAsync(request);
        RawConnection platform = await rig.AcceptAsync();
        await platform.ExpectAsync(request);
        await sent;
        await platform.SendAsync(Ok);
        await client.ExpectAsync(Ok);
        Assert.Equal(1, rig.Proxy.Counters.Tunnelled);
    }
}
