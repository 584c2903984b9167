using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Mayfly.Platforms.Lambda.RuntimeProxy;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda.RuntimeProxy;

/// <summary>docs/spec/01-lambda-lifecycle.md#9-runtime-api-proxy: what the relay reads of a head, and what it refuses to understand.</summary>
public sealed class HttpHeadParserTests
{
    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\nHost: x\n\n")]
    [InlineData("\r\n\r\nGET / HTTP/1.1\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n")]
    public void The_end_of_a_head_is_found_at_every_split(string head)
    {
        byte[] bytes = Encoding.Latin1.GetBytes(head + "next");
        for (int cut = 0; cut < head.Length; cut++)
        {
            int scanned = 0;
            Assert.Equal(0, HttpHeadParser.FindEnd(bytes.AsSpan(0, cut), ref scanned));
            Assert.Equal(head.Length, HttpHeadParser.FindEnd(bytes, ref scanned));
        }

        int step = 0;
        for (int length = 1; length < head.Length; length++)
        {
            Assert.Equal(0, HttpHeadParser.FindEnd(bytes.AsSpan(0, length), ref step));
        }

        Assert.Equal(head.Length, HttpHeadParser.FindEnd(bytes.AsSpan(0, head.Length), ref step));
    }

    [Theory]
    [InlineData("\u0016\u0003\u0001")] // a TLS hello
    [InlineData(" GET / HTTP/1.1\r\n")]
    [InlineData("\0")]
    public void What_can_never_become_a_head_is_known_at_its_first_byte(string bytes)
    {
        int scanned = 0;
        Assert.Equal(-1, HttpHeadParser.FindEnd(Encoding.Latin1.GetBytes(bytes), ref scanned));
    }

    [Theory]
    [InlineData("GET /a?b HTTP/1.1\r\nHost: x\r\n\r\n", "GET", "/a?b", nameof(BodyFraming.None), 0, false)]
    [InlineData("POST /a HTTP/1.1\r\ncontent-LENGTH:  12 \r\n\r\n", "POST", "/a", nameof(BodyFraming.Length), 12, false)]
    [InlineData("POST /a HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n", "POST", "/a", nameof(BodyFraming.Length), 3, false)]
    [InlineData("POST /a HTTP/1.1\r\nContent-Length: 0\r\n\r\n", "POST", "/a", nameof(BodyFraming.None), 0, false)]
    [InlineData("POST /a HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n", "POST", "/a", nameof(BodyFraming.Chunked), 0, false)]
    [InlineData("BREW /a HTTP/1.1\r\nConnection: keep-alive, Close\r\n\r\n", "BREW", "/a", nameof(BodyFraming.None), 0, true)]
    [InlineData("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "GET", "/a", nameof(BodyFraming.None), 0, true)]
    [InlineData("GET /a HTTP/1.1\nX: \u00e2\u0082\u00ac\n\n", "GET", "/a", nameof(BodyFraming.None), 0, false)]
    [InlineData("\r\nGET /a HTTP/1.1\r\n\r\n", "GET", "/a", nameof(BodyFraming.None), 0, false)]
    [InlineData("GET http://h/a HTTP/1.1\r\nX: 1\r\n folded\r\n\r\n", "GET", "http://h/a", nameof(BodyFraming.None), 0, false)]
    public void A_request_is_read(string text, string method, string target, string framing, long length, bool closes)
    {
        byte[] head = Encoding.Latin1.GetBytes(text);
        Assert.True(HttpHeadParser.TryParseRequest(head, out RequestHead request));
        Assert.Equal(method, Encoding.Latin1.GetString(head[request.Method]));
        Assert.Equal(target, Encoding.Latin1.GetString(head[request.Target]));
        Assert.Equal((framing, length, closes), (request.Framing.ToString(), request.ContentLength, request.Closes));
    }

    [Theory]
    [InlineData("GET /\r\n\r\n")]
    [InlineData("GET / HTTP/2.0\r\n\r\n")]
    [InlineData("PRI * HTTP/2.0\r\n\r\n")]
    [InlineData("GET  / HTTP/1.1\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\r\nX: y\r\n\r\n")]
    [InlineData("G(T / HTTP/1.1\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nContent-Length: 1, 1\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nContent-Length: 1\0\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nContent-Length:\r\n 5\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nContent-Length : 5\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n")]
    [InlineData("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nX: a\rContent-Length: 5\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nX: a\r\n\r\r\nContent-Length: 5\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nno colon\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\n folded: first\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\n: no name\r\n\r\n")]
    public void A_request_that_two_readers_could_understand_differently_is_not_understood(string head) =>
        Assert.False(HttpHeadParser.TryParseRequest(Encoding.Latin1.GetBytes(head), out _));

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n", false, 200, nameof(BodyFraming.Length), false)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n", true, 200, nameof(BodyFraming.None), false)]
    [InlineData("HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n", false, 200, nameof(BodyFraming.Chunked), false)]
    [InlineData("HTTP/1.1 204 No Content\r\n\r\n", false, 204, nameof(BodyFraming.None), false)]
    [InlineData("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", false, 304, nameof(BodyFraming.None), false)]
    [InlineData("HTTP/1.1 100 Continue\r\n\r\n", false, 100, nameof(BodyFraming.None), false)]
    [InlineData("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", false, 202, nameof(BodyFraming.None), true)]
    [InlineData("HTTP/1.1 200 \u00c3\u00a9\r\n\r\n", false, 200, nameof(BodyFraming.UntilClose), true)]
    [InlineData("HTTP/1.0 200 OK\r\n\r\n", false, 200, nameof(BodyFraming.UntilClose), true)]
    public void A_response_is_read(string head, bool answersHead, int status, string framing, bool closes)
    {
        Assert.True(HttpHeadParser.TryParseResponse(Encoding.Latin1.GetBytes(head), answersHead, out ResponseHead response));
        Assert.Equal((status, framing, closes), (response.Status, response.Framing.ToString(), response.Closes));
    }

    [Theory]
    [InlineData("HTTP/1.1 20\r\n\r\n")]
    [InlineData("HTTP/1.1 2000\r\n\r\n")]
    [InlineData("HTTP/2 200 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 099 X\r\n\r\n")]
    [InlineData("ICY 200 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n")]
    public void A_broken_response_is_not_understood(string head) => Assert.False(HttpHeadParser.TryParseResponse(Encoding.Latin1.GetBytes(head), false, out _));

    [Fact]
    public void No_bytes_make_the_parser_throw()
    {
        string[] pieces =
        [
            "GET ", "/", " HTTP/1.1", "\r\n", "\n", "\r", ":", "Content-Length", "Transfer-Encoding", " chunked", "5", " ", "\0", "é", "HTTP/1.1 200",
        ];
        Gen<string> text = Gen.Elements(pieces).ArrayOf().Select(string.Concat);
        Prop.ForAll(text.ToArbitrary(), static piece =>
        {
            byte[] bytes = Encoding.UTF8.GetBytes(piece);
            int scanned = 0;
            int end = HttpHeadParser.FindEnd(bytes, ref scanned);
            ReadOnlySpan<byte> head = bytes.AsSpan(0, Math.Max(end, 0));
            HttpHeadParser.TryParseRequest(head, out _);
            HttpHeadParser.TryParseResponse(head, false, out _);
            return end <= bytes.Length;
        }).QuickCheckThrowOnFailure();
    }
}
