using System.Text;
using Mayfly.Config;
using Mayfly.Diagnostics;
using Mayfly.Platforms.Lambda;
using Mayfly.Platforms.Lambda.Invocations;
using Mayfly.Platforms.Lambda.RuntimeProxy;
using Mayfly.Tests.Config;
using Mayfly.Tests.Platforms.Lambda.Invocations;
using Mayfly.Tests.Platforms.Lambda.Triggers;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda.RuntimeProxy;

/// <summary>
/// docs/spec/01-lambda-lifecycle.md#9-runtime-api-proxy, the column of LWA: bytes of the Runtime API pass the proxy, and an <c>aws.lambda</c> span comes of them.
/// </summary>
public sealed class WebAdapterInvocationsTests : IAsyncDisposable
{
    private const string Accepted = "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n";
    private const string Framed = "Transfer-Encoding: chunked\r\n\r\n";

    private readonly TrackerRig _rig = new();
    private readonly Reparenting _reparenting = new(new Counters());
    private readonly MemoryStream _output = new();
    private readonly ProxyRig _proxy;

    public WebAdapterInvocationsTests()
    {
        var events = new InvocationEvents(Environments.Read((Keys.CapturePayload, "true"), (Keys.Region, "eu-west-1")));
        var log = new Log(LogLevel.Info, _output);
        _proxy = new ProxyRig(observer: new WebAdapterInvocations(_rig.Tracker, events, _reparenting, _rig.Clock, log));
    }

    public async ValueTask DisposeAsync()
    {
        await _proxy.DisposeAsync();
        _rig.Dispose();
    }

    /// <summary>Row, what the adapter posts, then what the span has.</summary>
    public static TheoryData<string, string, string> Ends => new()
    {
        { "the payload's own status code, not that of its body", Response("""{"statusCode":200,"headers":{},"body":"{\"statusCode\":500}"}"""), "status 200 error False" },
        { "§12 #15: a server error", Response("""{"statusCode":502,"headers":{},"body":""}"""), "status 502 error True" },
        { "a stream: its prelude has the status", Response("{\"headers\":{},\"statusCode\":201}\0\0\0\0\0\0\0\0<html>"), "status 201 error False" },
        { "not JSON", Response("hello"), "status  error False" },
        {
            "/error is an error end", Post("error", """{"errorMessage":"m","errorType":"T","stackTrace":[]}"""), "status  error True m T"
        },
        { "/error without a text", Post("error", ""), "status  error True  " },
        {
            "a stream that fails half-way",
            $"POST /2018-06-01/runtime/invocation/r1/response HTTP/1.1\r\n{Framed}2\r\nab\r\n0\r\n"
                + "Lambda-Runtime-Function-Error-Type: Runtime.X\r\nLambda-Runtime-Function-Error-Body: eyJlcnJvck1lc3NhZ2UiOiJtIn0=\r\n\r\n",
            "status  error True m Runtime.X"
        },
        {
            "a stream that fails without a readable text",
            $"POST /2018-06-01/runtime/invocation/r1/response HTTP/1.1\r\n{Framed}0\r\nLambda-Runtime-Function-Error-Type: Runtime.X\r\n\r\n",
            "status  error True  Runtime.X"
        },
    };

    [Theory]
    [MemberData(nameof(Ends))]
    public async Task An_invocation_ends_with_what_the_adapter_posts(string row, string post, string expected)
    {
        Pair client = await NextAsync(SourceEvents.Node("http-api").ToJsonString());
        await PostAsync(client, post);

        ExecutionSpan span = SpanOf("r1");
        string error = span.Error is { } told ? $" {told.Message} {told.Type}" : "";
        Assert.Equal((row, expected), (row, $"status {span.StatusCode} error {span.IsError}{error}"));
        Assert.Equal((1001ul, 2002ul), (span.TraceId, span.UpstreamSpanId));
        Assert.Equal("aws.httpapi", Assert.Single(span.Trigger!.Spans).Name);
        Assert.Equal(_reparenting.ToList()[0].InvocationSpanId, span.SpanId);
    }

    [Fact]
    public async Task Headers_of_the_answer_are_the_weakest_context()
    {
        Pair client = await NextAsync("{}", "x-datadog-trace-id: 5\r\nx-datadog-parent-id: 6\r\n");
        await PostAsync(client, Response("{}"));

        ExecutionSpan span = SpanOf("r1");
        Assert.Equal((5ul, 6ul), (span.TraceId, span.ParentId));
        Assert.Equal((5ul, 6ul), (_reparenting.ToList()[0].TraceId, _reparenting.ToList()[0].ParentId));
    }

    [Fact]
    public async Task Event_and_response_are_captured_on_request()
    {
        Pair client = await NextAsync("""{"order":"latte","password":"x"}""");
        await PostAsync(client, Response("""{"statusCode":200,"token":"y"}"""));

        Assert.Equal(
            ["function.request.order=latte", "function.request.password=redacted", "function.response.statusCode=200", "function.response.token=redacted"],
            SpanOf("r1").Captured.Select(static tag => $"{tag.Key}={tag.Value}"));
    }

    /// <summary>4.11, reparenting: "duplicate id ignored with a warning".</summary>
    [Fact]
    public async Task A_request_id_that_comes_twice_is_ignored_and_warned_of()
    {
        Pair client = await NextAsync("""{"headers":{"x-datadog-trace-id":"5"}}""");
        await NextAsync("""{"headers":{"x-datadog-trace-id":"7"}}""");
        await PostAsync(client, Response("{}"));

        Assert.Equal(5ul, SpanOf("r1").TraceId);
        Assert.Single(_reparenting.ToList());
        Assert.Contains("r1 a second time", Encoding.UTF8.GetString(_output.ToArray()), StringComparison.Ordinal);
    }

    private static string Response(string body) => Post("response", body);

    private static string Post(string what, string body) =>
        $"POST /2018-06-01/runtime/invocation/r1/{what} HTTP/1.1\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}";

    private async Task<Pair> NextAsync(string eventJson, string headers = "")
    {
        (RawConnection client, RawConnection platform) = await _proxy.ExchangeAsync("GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: h\r\n\r\n");
        string answer = $"HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: r1\r\n{headers}Content-Length: {eventJson.Length}\r\n\r\n{eventJson}";
        await platform.SendAsync(answer);
        await client.ExpectAsync(answer);
        return new Pair(client, platform);
    }

    private static async Task PostAsync(Pair connection, string post)
    {
        await connection.Client.SendAsync(post);
        await connection.Platform.ExpectAsync(post);
        await connection.Platform.SendAsync(Accepted);
        await connection.Client.ExpectAsync(Accepted);
    }

    private ExecutionSpan SpanOf(string id)
    {
        _rig.Invoke(id);
        _rig.Done(id);
        _rig.Tracker.SendComplete();
        return Assert.Single(_rig.Spans);
    }

    private sealed record Pair(RawConnection Client, RawConnection Platform);
}
