using System.Net.Sockets;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda.RuntimeProxy;

/// <summary>Connections that end in every phase: each side sees what it would see without a proxy, or an answer instead of nothing.</summary>
public sealed class CutConnectionTests
{
    private const string Next = "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: h\r\n\r\n";
    private const string Post = "POST /2018-06-01/runtime/invocation/3da1/response HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello";
    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    [Theory]
    [InlineData(Next)]
    [InlineData(Post)]
    public async Task A_platform_that_is_not_there_gives_500(string request)
    {
        await using var rig = new ProxyRig();
        rig.StopPlatform();
        using RawConnection client = await rig.ConnectAsync();
        await client.SendAsync(request);
        string answer = await client.ReadToEndAsync();
        Assert.StartsWith("HTTP/1.1 500 Internal Server Error\r\n", answer);
        Assert.EndsWith($"\r\n\r\nFailed to proxy: {rig.PlatformAddress}: ConnectionRefused", answer);
        Assert.Equal(1, rig.Proxy.Counters.Refused);
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("")]
    [InlineData("host:")]
    [InlineData("a b:9001")]
    public async Task An_address_that_cannot_be_used_gives_500(string runtimeApi)
    {
        await using var rig = new ProxyRig(runtimeApi);
        using RawConnection client = await rig.ConnectAsync();
        await client.SendAsync(Next);
        Assert.EndsWith($"\r\n\r\nFailed to build proxy request: AWS_LAMBDA_RUNTIME_API={runtimeApi} is not host:port", await client.ReadToEndAsync());
    }

    [Fact]
    public async Task A_host_name_is_resolved()
    {
        using var platform = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        platform.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));
        platform.Listen();
        await using var rig = new ProxyRig($"localhost:{((System.Net.IPEndPoint)platform.LocalEndPoint!).Port}");
        using RawConnection client = await rig.ConnectAsync();
        await client.SendAsync(Next);
        using var accepted = new RawConnection(await platform.AcceptAsync(TestContext.Current.CancellationToken));
        await accepted.ExpectAsync(Next);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_platform_that_ends_before_its_answer_gives_500(bool isReset)
    {
        await using var rig = new ProxyRig();
        (RawConnection client, RawConnection platform) = await rig.ExchangeAsync(Post);
        End(platform, isReset);
        Assert.EndsWith("closed the connection without an answer", await client.ReadToEndAsync());
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nConte")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\n\r\nhalf")]
    public async Task A_platform_that_ends_inside_its_answer_ends_the_client(string part)
    {
        foreach (bool isReset in new[] { false, true })
        {
            await using var rig = new ProxyRig();
            (RawConnection client, RawConnection platform) = await rig.ExchangeAsync(Next);
            await platform.SendAsync(part);
            if (part.Contains("\r\n\r\n", StringComparison.Ordinal))
            {
                await client.ExpectAsync(part);
            }

            if (isReset)
            {
                platform.Reset();
                await client.ExpectResetAsync();
            }
            else
            {
                platform.Dispose();
                Assert.Equal(part.Contains("\r\n\r\n", StringComparison.Ordinal) ? "" : part, await client.ReadToEndAsync());
            }
        }
    }

    [Fact]
    public async Task A_platform_that_closes_between_requests_is_connected_to_again()
    {
        await using var rig = new ProxyRig();
        (RawConnection client, RawConnection platform) = await rig.ExchangeAsync(Next);
        for (int i = 0; i < 5; i++)
        {
            await platform.SendAsync(Ok);
            await client.ExpectAsync(Ok);
            End(platform, isReset: i % 2 == 0);
            await client.SendAsync(i % 2 == 0 ? Post : Next);
            platform = await rig.AcceptAsync();
            await platform.ExpectAsync(i % 2 == 0 ? Post : Next);
        }
    }

    [Fact]
    public async Task A_question_on_a_connection_that_ends_at_that_moment_is_asked_again()
    {
        await using var rig = new ProxyRig();
        (RawConnection client, RawConnection platform) = await rig.ExchangeAsync(Next);
        await platform.SendAsync(Ok);
        await client.ExpectAsync(Ok);
        await client.SendAsync(Next);
        await platform.ExpectAsync(Next);
        platform.Dispose();
        platform = await rig.AcceptAsync();
        await platform.ExpectAsync(Next);
        await platform.SendAsync(Ok);
        await client.ExpectAsync(Ok);
    }

    [Fact]
    public async Task A_response_is_never_posted_twice()
    {
        await using var rig = new ProxyRig();
        (RawConnection client, RawConnection platform) = await rig.ExchangeAsync(Next);
        await platform.SendAsync(Ok);
        await client.ExpectAsync(Ok);
        await client.SendAsync(Post);
        await platform.ExpectAsync(Post);
        platform.Dispose();
        Assert.StartsWith("HTTP/1.1 500 ", await client.ReadToEndAsync());
        Assert.Single(rig.Observer.Messages);
    }

    [Fact]
    public async Task A_connection_that_the_platform_announces_to_close_is_replaced_without_the_client_noticing()
    {
        await using var rig = new ProxyRig();
        (RawConnection client, RawConnection platform) = await rig.ExchangeAsync(Next);
        await platform.SendAsync("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
        await client.ExpectAsync(Ok);
        await client.SendAsync(Post);
        await platform.ExpectEndAsync();
        platform = await rig.AcceptAsync();
        await platform.ExpectAsync(Post);
    }

    [Fact]
    public async Task An_answer_that_nobody_asked_for_goes_nowhere()
    {
        await using var rig = new ProxyRig();
        (RawConnection client, RawConnection platform) = await rig.ExchangeAsync(Next);
        await platform.SendAsync(Ok + "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n");
        await client.ExpectAsync(Ok);
        await client.SendAsync(Next);
        platform = await rig.AcceptAsync();
        await platform.ExpectAsync(Next);
        await platform.SendAsync(Ok);
        await client.ExpectAsync(Ok);
    }

    [Theory]
    [InlineData("GET /2018-06-01/runtime/invo")]
    [InlineData("GET /x HTTP/1.1\r\nHost: h\r\n")]
    public async Task A_client_that_ends_inside_a_head_still_gets_the_platforms_answer(string part)
    {
        await using var rig = new ProxyRig();
        using RawConnection client = await rig.ConnectAsync();
        await client.SendAsync(part);
        client.EndSending();
        RawConnection platform = await rig.AcceptAsync();
        Assert.Equal(part, await platform.ReadToEndAsync());
        await platform.SendAsync("HTTP/1.1 400 Bad Request\r\n\r\n");
        platform.Dispose();
        Assert.Equal("HTTP/1.1 400 Bad Request\r\n\r\n", await client.ReadToEndAsync());
    }

    [Theory]
    [InlineData("POST /x HTTP/1.1\r\nContent-Length: 5\r\n\r\nhal")]
    [InlineData("POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhal")]
    public async Task A_client_that_ends_inside_its_body_is_seen_by_the_platform(string part)
    {
        await using var rig = new ProxyRig();
        (RawConnection client, RawConnection platform) = await rig.ExchangeAsync(part);
        client.EndSending();
        await platform.ExpectEndAsync();
        await platform.SendAsync("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        Assert.Equal("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", await client.ReadToEndAsync());

        (client, platform) = await rig.ExchangeAsync(part);
        client.Reset();
        await platform.ExpectResetAsync();
    }

    [Fact]
    public async Task A_runtime_that_dies_while_it_waits_is_seen_by_the_platform()
    {
        await using var rig = new ProxyRig();
        (RawConnection client, RawConnection platform) = await rig.ExchangeAsync(Next);
        client.Dispose();
        await platform.ExpectEndAsync();

        (client, platform) = await rig.ExchangeAsync(Next);
        client.Reset();
        await platform.ExpectResetAsync();
    }

    [Fact]
    public async Task A_client_that_has_nothing_more_to_say_still_gets_its_answer()
    {
        await using var rig = new ProxyRig();
        (RawConnection client, RawConnection platform) = await rig.ExchangeAsync(Next);
        client.EndSending();
        await platform.ExpectEndAsync();
        await platform.SendAsync(Ok);
        Assert.Equal(Ok, await client.ReadToEndAsync());
    }

    [Fact]
    public async Task A_client_that_dies_while_it_is_answered_ends_the_platforms_side()
    {
        await using var rig = new ProxyRig();
        (RawConnection client, RawConnection platform) = await rig.ExchangeAsync(Next);
        await platform.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n");
        client.Reset();
        await Assert.ThrowsAnyAsync<SocketException>(async () =>
        {
            for (int i = 0; i < 1000; i++)
            {
                await platform.SendAsync(new byte[100_000]);
            }
        });
    }

    [Fact]
    public async Task An_answer_before_the_end_of_the_request_reaches_the_client()
    {
        const string TooLarge = "HTTP/1.1 413 Payload Too Large\r\nContent-Length: 0\r\n\r\n";
        await using var rig = new ProxyRig();
        (RawConnection client, RawConnection platform) = await rig.ExchangeAsync(
            "POST /2018-06-01/runtime/invocation/3da1/response HTTP/1.1\r\nContent-Length: 100000000\r\n\r\n12345");
        await platform.SendAsync(TooLarge);
        await client.ExpectAsync(TooLarge);
        platform.Dispose();
        await client.ExpectEndAsync();
        Assert.Empty(rig.Observer.Messages);
    }

    [Fact]
    public async Task After_an_early_answer_the_rest_of_the_request_is_passed_on_to_a_platform_that_reads_it()
    {
        await using var rig = new ProxyRig();
        (RawConnection client, RawConnection platform) = await rig.ExchangeAsync("POST /x HTTP/1.1\r\nContent-Length: 5\r\n\r\n12");
        await platform.SendAsync(Ok);
        await client.ExpectAsync(Ok);
        await client.SendAsync("345");
        await platform.ExpectAsync("345");
        await client.SendAsync(Next);

        // On the same connection where the rest had passed before the proxy saw that the answer was early, else on another.
        Task<RawConnection> other = rig.AcceptAsync();
        Task same = platform.ExpectAsync(Next);
        if (await Task.WhenAny(other, same) == other || !same.IsCompletedSuccessfully)
        {
            await (await other).ExpectAsync(Next);
        }
    }

    [Fact]
    public async Task An_idle_client_connection_stays_open()
    {
        await using var rig = new ProxyRig();
        using RawConnection client = await rig.ConnectAsync();
        Assert.True(client.IsQuiet(TimeSpan.FromMilliseconds(200)));
        await client.SendAsync(Next);
        RawConnection platform = await rig.AcceptAsync();
        await platform.ExpectAsync(Next);
        Assert.True(client.IsQuiet(TimeSpan.FromMilliseconds(200)));
        await platform.SendAsync(Ok);
        await client.ExpectAsync(Ok);
    }

    [Fact]
    public async Task Ending_the_proxy_ends_every_connection()
    {
        await using var rig = new ProxyRig();
        (RawConnection client, RawConnection platform) = await rig.ExchangeAsync(Next);
        using RawConnection idle = await rig.ConnectAsync();
        await rig.Proxy.DisposeAsync();
        await client.ExpectResetAsync();
        await platform.ExpectResetAsync();
        Assert.Equal(0, rig.Proxy.Counters.OpenConnections);
    }

    private static void End(RawConnection connection, bool isReset)
    {
        if (isReset)
        {
            connection.Reset();
        }
        else
        {
            connection.Dispose();
        }
    }
}
