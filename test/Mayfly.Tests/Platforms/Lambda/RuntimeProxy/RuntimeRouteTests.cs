using System.Text;
using Mayfly.Platforms.Lambda.RuntimeProxy;
using Mayfly.Wire;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda.RuntimeProxy;

/// <summary>docs/spec/01-lambda-lifecycle.md#9-runtime-api-proxy: the route table and the headers that stay behind.</summary>
public sealed class RuntimeRouteTests
{
    [Theory]
    [InlineData("GET", "/2018-06-01/runtime/invocation/next", nameof(RuntimeRouteKind.Next), "")]
    [InlineData("GET", "/2099-01-01/runtime/invocation/next?x=1", nameof(RuntimeRouteKind.Next), "")]
    [InlineData("GET", "http://127.0.0.1:9000/v/runtime/invocation/next", nameof(RuntimeRouteKind.Next), "")]
    [InlineData("POST", "/2018-06-01/runtime/invocation/3da1-ab/response", nameof(RuntimeRouteKind.Response), "3da1-ab")]
    [InlineData("POST", "/2018-06-01/runtime/invocation/3da1-ab/error", nameof(RuntimeRouteKind.Error), "3da1-ab")]
    [InlineData("POST", "/2018-06-01/runtime/invocation/next", nameof(RuntimeRouteKind.Other), "")]
    [InlineData("GET", "/2018-06-01/runtime/invocation/3da1/response", nameof(RuntimeRouteKind.Other), "")]
    [InlineData("POST", "/2018-06-01/runtime/invocation//response", nameof(RuntimeRouteKind.Other), "")]
    [InlineData("POST", "/2018-06-01/runtime/invocation/3da1/response/more", nameof(RuntimeRouteKind.Other), "")]
    [InlineData("POST", "/2018-06-01/runtime/init/error", nameof(RuntimeRouteKind.Other), "")]
    [InlineData("GET", "/2018-06-01/runtime/restore/next", nameof(RuntimeRouteKind.Other), "")]
    [InlineData("GET", "/", nameof(RuntimeRouteKind.Other), "")]
    [InlineData("OPTIONS", "*", nameof(RuntimeRouteKind.Other), "")]
    [InlineData("GET", "http://host", nameof(RuntimeRouteKind.Other), "")]
    public void Only_the_invocation_routes_are_observed(string method, string target, string kind, string requestId)
    {
        RuntimeRoute route = RuntimeRoute.Of(Encoding.Latin1.GetBytes(method), Encoding.Latin1.GetBytes(target));
        Assert.Equal((kind, requestId), (route.Kind.ToString(), route.RequestId ?? ""));
    }

    [Theory]
    [InlineData("connection: close")]
    [InlineData("Connection: keep-alive")]
    [InlineData("UPGRADE: h2c")]
    [InlineData("Proxy-Connection: keep-alive")]
    [InlineData("Proxy-Authenticate: Basic")]
    [InlineData("Proxy-Authorization: Basic eDp5")]
    [InlineData("TE: trailers")]
    [InlineData("TE: a,\r\n\tb")]
    public void A_hop_by_hop_header_stays_behind(string line)
    {
        Assert.Equal("GET / HTTP/1.1\r\nA: 1\r\nb:2 \r\n\r\n", Passed($"GET / HTTP/1.1\r\nA: 1\r\n{line}\r\nb:2 \r\n\r\n"));
        Assert.Equal("GET / HTTP/1.1\r\n\r\n", Passed($"GET / HTTP/1.1\r\n{line}\r\n{line}\r\n\r\n"));
    }

    [Theory]
    [InlineData("Host: h")]
    [InlineData("Transfer-Encoding: chunked")]
    [InlineData("content-length: 0")]
    [InlineData("Trailer: Lambda-Runtime-Function-Error-Type")]
    [InlineData("Keep-Alive: timeout=5")]
    [InlineData("Expect: 100-continue")]
    [InlineData("X-Empty:")]
    [InlineData("x-bytes: \u0080\u00ff\u00e2\u0082\u00ac\t")]
    [InlineData("x: folded\r\n  over lines")]
    [InlineData("connections: many")]
    public void Every_other_header_passes_as_it_is(string line)
    {
        string head = $"POST /x HTTP/1.1\r\n{line}\r\n{line}\r\n\r\n";
        Assert.Equal(head, Passed(head));
        Assert.Equal(head.Replace("\r\n", "\n", StringComparison.Ordinal), Passed(head.Replace("\r\n", "\n", StringComparison.Ordinal)));
    }

    [Fact]
    public void Header_values_are_text_when_they_are_utf_8_and_bytes_otherwise()
    {
        var headers = new HeaderLines(Encoding.Latin1.GetBytes("A:\u00e2\u0082\u00ac\nb: \u00ff\nB:2"));
        Assert.Equal("€", headers.Text("a"));
        Assert.Equal("ÿ", headers.Text("B"));
        Assert.Null(headers.Text("c"));
        Assert.True(headers.TryFind("b"u8, out ReadOnlySpan<byte> value));
        Assert.Equal([0xFF], value.ToArray());
        Assert.Equal(["A", "b", "B"], headers.ToTexts().Select(static header => header.Key));
    }

    private static string Passed(string head)
    {
        using PooledBuffer output = PooledBuffer.Rent();
        HopByHopHeaders.CopyWithout(Encoding.Latin1.GetBytes(head), output);
        return Encoding.Latin1.GetString(output.WrittenSpan);
    }
}
