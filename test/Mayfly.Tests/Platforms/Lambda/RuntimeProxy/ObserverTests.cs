using Mayfly.Platforms.Lambda.RuntimeProxy;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda.RuntimeProxy;

/// <summary>docs/spec/01-lambda-lifecycle.md#9-runtime-api-proxy: what the observer is shown, and when.</summary>
public sealed class ObserverTests
{
    private const string Next = "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: h\r\n\r\n";
    private const string Accepted = "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n";

    [Fact]
    public async Task An_invocation_is_shown_from_event_to_response()
    {
        await using var rig = new ProxyRig();
        (RawConnection client, RawConnection platform) = await rig.ExchangeAsync(Next);
        string answer =
            "HTTP/1.1 200 OK\r\nlambda-runtime-aws-request-id: 3da1\r\nLambda-Runtime-Trace-Id: Root=1\r\nX: \u00e2\u0082\u00ac\r\n"
            + "Content-Length: 7\r\n\r\n{\"a\":1}";
        await platform.SendAsync(answer);
        await client.ExpectAsync(answer);
        const string Response = "POST /2018-06-01/runtime/invocation/3da1/response HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n42";
        await client.SendAsync(Response);
        await platform.ExpectAsync(Response);
        await platform.SendAsync(Accepted);
        await client.ExpectAsync(Accepted);

        Assert.Equal(["next 3da1 {\"a\":1}", "response 3da1 42"], rig.Observer.Messages.Select(static message => message.ToString()));
        KeyValuePair<string, string>[] headers =
        [
            new("lambda-runtime-aws-request-id", "3da1"), new("Lambda-Runtime-Trace-Id", "Root=1"), new("X", "€"), new("Content-Length", "7"),
        ];
        Assert.Equal(headers, rig.Observer.Messages[0].Headers);
        Assert.Equal("application/json", rig.Observer.Messages[1].Headers[0].Value);
    }

    [Fact]
    public async Task An_error_is_shown_with_its_headers()
    {
        await using var rig = new ProxyRig();
        await rig.ExchangeAsync(
            "POST /2018-06-01/runtime/invocation/3da1/error HTTP/1.1\r\nLambda-Runtime-Function-Error-Type: \u00e2\u0082\u00ac\r\n"
            + "Content-Length: 20\r\n\r\n{\"errorMessage\":\"x\"}");
        Shown error = Assert.Single(rig.Observer.Messages);
        Assert.Equal("error 3da1 {\"errorMessage\":\"x\"}", error.ToString());
        Assert.Contains(new KeyValuePair<string, string>("Lambda-Runtime-Function-Error-Type", "€"), error.Headers);
    }

    [Fact]
    public async Task A_stream_that_fails_half_way_shows_its_trailers()
    {
        await using var rig = new ProxyRig();
        await rig.ExchangeAsync(
            "POST /2018-06-01/runtime/invocation/3da1/response HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3\r\ncde\r\n"
            + "0\r\nLambda-Runtime-Function-Error-Type: Runtime.X\r\nLambda-Runtime-Function-Error-Body: e30=\r\n\r\n");
        Shown response = Assert.Single(rig.Observer.Messages);
        Assert.Equal("abcde", response.Text);
        Assert.Equal([new("Lambda-Runtime-Function-Error-Type", "Runtime.X"), new("Lambda-Runtime-Function-Error-Body", "e30=")], response.Trailers);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: r\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{\"a\r\n4\r\n\":1}\r\n0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: r\r\nContent-Length: 7\r\n\r\n{\"a\":1}")]
    [InlineData("HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: r\r\n\r\n{\"a\":1}")]
    public async Task An_event_is_shown_before_the_runtime_has_its_last_byte(string answer)
    {
        await using var rig = new ProxyRig();
        using var mayGoOn = new ManualResetEventSlim();
        rig.Observer.OnMessage = _ => mayGoOn.Wait(TimeSpan.FromSeconds(20));
        (RawConnection client, RawConnection platform) = await rig.ExchangeAsync(Next);
        await platform.SendAsync(answer[..^1]);
        if (answer.Contains("Content-Length", StringComparison.Ordinal) || answer.Contains("chunked", StringComparison.Ordinal))
        {
            await client.ExpectAsync(answer[..^1]);
            await platform.SendAsync(answer[^1..]);
            Assert.True(client.IsQuiet(TimeSpan.FromMilliseconds(50)));
            mayGoOn.Set();
            await client.ExpectAsync(answer[^1..]);
        }
        else
        {
            // The end of the connection is the last byte.
            await platform.SendAsync(answer[^1..]);
            platform.Dispose();
            await client.ExpectAsync(answer);
            Assert.True(client.IsQuiet(TimeSpan.FromMilliseconds(50)));
            mayGoOn.Set();
            await client.ExpectEndAsync();
        }

        Assert.Equal("next r {\"a\":1}", Assert.Single(rig.Observer.Messages).ToString());
    }

    [Fact]
    public async Task A_response_is_shown_before_the_platform_has_its_last_byte()
    {
        await using var rig = new ProxyRig();
        using var mayGoOn = new ManualResetEventSlim();
        rig.Observer.OnMessage = _ => mayGoOn.Wait(TimeSpan.FromSeconds(20));
        (RawConnection client, RawConnection platform) = await rig.ExchangeAsync(
            "POST /2018-06-01/runtime/invocation/3da1/response HTTP/1.1\r\nContent-Length: 2\r\n\r\n4");
        await client.SendAsync("2");
        Assert.True(platform.IsQuiet(TimeSpan.FromMilliseconds(50)));
        mayGoOn.Set();
        await platform.ExpectAsync("2");
    }

    [Theory]
    [InlineData("HTTP/1.1 500 Error\r\nLambda-Runtime-Aws-Request-Id: r\r\nContent-Length: 2\r\n\r\n{}")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")]
    [InlineData("HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: \r\nContent-Length: 2\r\n\r\n{}")]
    public async Task An_answer_without_an_invocation_is_not_shown(string answer)
    {
        await using var rig = new ProxyRig();
        (RawConnection client, RawConnection platform) = await rig.ExchangeAsync(Next);
        await platform.SendAsync(answer);
        await client.ExpectAsync(answer);
        Assert.Empty(rig.Observer.Messages);
    }

    [Fact]
    public async Task Messages_that_were_cut_off_are_not_shown()
    {
        await using var rig = new ProxyRig();
        (RawConnection client, RawConnection platform) = await rig.ExchangeAsync(Next);
        await platform.SendAsync("HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: r\r\nContent-Length: 7\r\n\r\n{\"a\"");
        platform.Dispose();
        await client.ReadToEndAsync();

        (client, platform) = await rig.ExchangeAsync("POST /2018-06-01/runtime/invocation/3da1/response HTTP/1.1\r\nContent-Length: 5\r\n\r\n4");
        client.Dispose();
        await platform.ExpectEndAsync();
        Assert.Empty(rig.Observer.Messages);
    }

    [Theory]
    [InlineData(6 * 1024 * 1024, 64 * 1024 * 1024, CopyStatus.Complete)]
    [InlineData(6 * 1024 * 1024 + 1, 64 * 1024 * 1024, CopyStatus.TooLarge)]
    [InlineData(1024 * 1024, 1024 * 1024 - 1, CopyStatus.NoRoom)]
    public async Task Beyond_the_limits_only_the_copy_is_dropped(int size, long budget, CopyStatus status)
    {
        await using var rig = new ProxyRig(copiesLimitBytes: budget);
        (RawConnection client, RawConnection platform) = await rig.ExchangeAsync(
            $"POST /2018-06-01/runtime/invocation/3da1/response HTTP/1.1\r\nContent-Length: {size}\r\n\r\n");
        string body = new('b', size);
        Task sent = client.SendAsync(body);
        Assert.Equal(body, await platform.ReadAsync(size));
        await sent;
        await platform.SendAsync(Accepted);
        await client.ExpectAsync(Accepted);

        Shown response = Assert.Single(rig.Observer.Messages);
        Assert.Equal((status, status == CopyStatus.Complete ? size : 0), (response.Status, response.Body.Length));
        Assert.Equal(1, rig.Proxy.Counters.Copies(status));
        await client.SendAsync(Next);
        await platform.ExpectAsync(Next);
        Assert.Equal(0, rig.Copies.TakenBytes);
    }

    [Fact]
    public async Task An_observer_that_throws_costs_nothing()
    {
        await using var rig = new ProxyRig();
        rig.Observer.OnMessage = static _ => throw new InvalidOperationException("observer");
        (RawConnection client, RawConnection platform) = await rig.ExchangeAsync(
            "POST /2018-06-01/runtime/invocation/3da1/response HTTP/1.1\r\nContent-Length: 2\r\n\r\n42");
        await platform.SendAsync(Accepted);
        await client.ExpectAsync(Accepted);
        await client.SendAsync(Next);
        await platform.ExpectAsync(Next);
    }
}
