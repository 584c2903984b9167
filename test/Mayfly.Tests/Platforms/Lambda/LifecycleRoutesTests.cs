using System.Text;
using Mayfly.Diagnostics;
using Mayfly.Platforms.Lambda;
using Mayfly.Platforms.Lambda.Invocations;
using Mayfly.Tests.Config;
using Mayfly.Tests.Http;
using Mayfly.Tests.Platforms.Lambda.Invocations;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda;

/// <summary>
/// The API on port 8124: docs/spec/01-lambda-lifecycle.md 3.1 to 3.3, 4.5, and the vectors TV4 (request headers) and TV5, over a real socket.
/// </summary>
public sealed class LifecycleRoutesTests : IAsyncLifetime
{
    private const string Start = "/lambda/start-invocation";
    private const string End = "/lambda/end-invocation";
    private const string IdHeader = "lambda-runtime-aws-request-id: r1";

    private readonly TrackerRig _rig = new();
    private readonly MemoryStream _output = new();
    private ServerRig _server = null!;
    private RawHttp _client = null!;

    public async ValueTask InitializeAsync()
    {
        var routes = new LifecycleRoutes(_rig.Tracker, new InvocationEvents(Environments.Read()), isLocalTest: false, _rig.Clock, new Log(LogLevel.Info, _output));
        _server = await ServerRig.StartAsync(routes.Table());
        _client = new RawHttp(_server.Port);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
        _rig.Dispose();
    }

    /// <summary>3.1, with the decision under the table.</summary>
    [Theory]
    [InlineData("POST", Start, 200)]
    [InlineData("GET", Start, 405)]
    [InlineData("PUT", Start, 405)]
    [InlineData("POST", End, 200)]
    [InlineData("GET", End, 405)]
    [InlineData("GET", "/lambda/hello", 200)]
    [InlineData("POST", "/lambda/hello", 200)]
    [InlineData("GET", "/lambda/flush", 200)]
    [InlineData("POST", "/lambda/flush", 200)]
    [InlineData("GET", "/trace-context", 200)]
    [InlineData("PUT", "/trace-context", 200)]
    [InlineData("GET", "/lambda/trace-context", 200)]
    [InlineData("GET", "/lambda/ping", 200)]
    [InlineData("POST", "/lambda/logs", 404)]
    [InlineData("GET", "/", 404)]
    public async Task Routes(string method, string path, int status)
    {
        RawAnswer answer = await _client.RequestAsync(method, path, "{}"u8.ToArray());
        Assert.Equal(status, answer.Status);
        if (status == 200)
        {
            Assert.Equal(("{}", "application/json"), (answer.Body, answer.Headers["Content-Type"]));
        }
    }

    private const string Tid = "_dd.p.tid=80f198ee56343ba8";

    /// <summary>Rows: request headers, separated by <c>|</c>; expected trace id, priority and tags of the answer.</summary>
    public static TheoryData<string, string?, string?, string?> Tv4 => new()
    {
        { "", null, null, null },
        { "x-datadog-trace-id: 2222|x-datadog-parent-id: 3333", "2222", null, null },
        { $"x-datadog-trace-id: 2222|x-datadog-sampling-priority: -1|x-datadog-tags: {Tid},_dd.p.dm=-4", "2222", "-1", Tid },
        { "X-Datadog-Trace-Id: 2222|X-DATADOG-SAMPLING-PRIORITY: 2", "2222", "2", null },
        { "x-datadog-trace-id: 18446744073709551615", "18446744073709551615", null, null },
        { "x-datadog-trace-id: 18446744073709551616", null, null, null },
        { "x-datadog-trace-id: 0", null, null, null },
        { "x-datadog-trace-id: abc", null, null, null },
        { "x-datadog-trace-id: -5", null, null, null },
        { "x-datadog-parent-id: 3333|x-datadog-sampling-priority: 1", null, null, null },
        { "x-datadog-trace-id: 2222|x-datadog-parent-id: abc|x-datadog-sampling-priority: high", "2222", null, null }, // 4.10: bad parent 0, bad priority none
        { "x-datadog-trace-id: 2222|x-datadog-sampling-priority: 300", "2222", null, null }, // 4.10: int8
        { "x-datadog-trace-id: 2222|x-datadog-tags: _dd.p.tid=80f198ee", "2222", null, null }, // 4.10: exactly 16 hex digits
        { "x-datadog-trace-id: 2222|x-datadog-tags: _dd.p.tid=\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9", "2222", null, null },
        { $"x-datadog-trace-id: 2222|x-datadog-tags: {Tid},_dd.p.x={new string('x', 500)}", "2222", null, null }, // 4.10: > 512 bytes
    };

    [Theory]
    [MemberData(nameof(Tv4))]
    public async Task Start_answers_with_the_context_it_found(string headers, string? traceId, string? priority, string? tags)
    {
        RawAnswer answer = await _client.RequestAsync("POST", Start, "{}"u8.ToArray(), headers.Split('|', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal((200, "{}"), (answer.Status, answer.Body));
        Assert.Equal(traceId, answer.Headers.GetValueOrDefault("x-datadog-trace-id"));
        Assert.Equal(priority, answer.Headers.GetValueOrDefault("x-datadog-sampling-priority"));
        Assert.Equal(tags, answer.Headers.GetValueOrDefault("x-datadog-tags"));
        Assert.False(answer.Headers.ContainsKey("x-datadog-parent-id"));
    }

    /// <summary>TV4 rows 1, 2 and 10, and 3.5 "unreadable body": the body never decides the status.</summary>
    [Theory]
    [InlineData("", 0)]
    [InlineData("not json", 0)]
    [InlineData("", 6 * 1024 * 1024)]
    [InlineData("", 6 * 1024 * 1024 + 1)]
    public async Task Any_body_is_answered_200(string text, int sizeBytes)
    {
        byte[] body = sizeBytes > 0 ? new byte[sizeBytes] : Encoding.UTF8.GetBytes(text);
        foreach (string path in (string[])[Start, End])
        {
            RawAnswer answer = await _client.RequestAsync("POST", path, body, IdHeader, "x-datadog-trace-id: 5", "x-datadog-span-id: 77");
            Assert.Equal((200, "{}"), (answer.Status, answer.Body));
        }

        // The headers count all the same.
        Assert.Equal(77ul, SpanOf("r1").SpanId);
    }

    [Theory]
    [InlineData("Content-Encoding: gzip")]
    [InlineData("Content-Encoding: br")]
    public async Task A_body_that_cannot_be_decoded_is_answered_200(string header) =>
        Assert.Equal(200, (await _client.RequestAsync("POST", Start, [1, 2, 3], header)).Status);

    /// <summary>TV5. Rows: headers, body, then what the span has.</summary>
    public static TheoryData<string, string, string> Tv5 => new()
    {
        { "x-datadog-trace-id: 999|x-datadog-parent-id: 1000|x-datadog-span-id: 77|x-datadog-sampling-priority: -1", "{}", "trace 999 parent 1000 span 77 priority -1 error False" },
        { "x-datadog-trace-id: 999|x-datadog-span-id: 77|x-datadog-sampling-priority: not-a-number", "{}", "trace 999 parent 0 span 77 priority  error False" },
        { "x-datadog-trace-id: 999|x-datadog-span-id: 77|x-datadog-sampling-priority: NaN", "{}", "trace 999 parent 0 span 77 priority  error False" },
        { "x-datadog-trace-id: 999|x-datadog-span-id: 77|x-datadog-tags: _dd.p.tid=abc123,any=tag,_dd.p.dm=-4", "{}", "trace 999 parent 0 span 77 priority  error False _dd.p.tid=abc123 _dd.p.dm=-4" },
        { $"{Ids}|{Error}-msg: RXJyb3IgbWVzc2FnZQ==|{Error}-type: U3lzdGVtLkV4Y2VwdGlvbg==|{Error}: TRUE", "", $"{Plain} error True msg=Error message type=System.Exception" },
        { $"{Ids}|{Error}-msg: Error message|{Error}-type: System.Exception", "{}", $"{Plain} error True msg=Error message type=System.Exception" },
        { $"{Ids}|{Error}-type: Error123", "{}", $"{Plain} error True msg= type=Error123" }, // 4.5: valid base64 by accident
        { $"{Ids}|{Error}-msg: Four word text here", "{}", $"{Plain} error True msg=Four word text here type=" }, // valid base64 without its blanks
        { $"{Ids}|{Error}-msg: caf\u00c3\u00a9 closed", "{}", $"{Plain} error True msg=café closed type=" }, // UTF-8 bytes in a header
        { $"{Ids}|{Error}-msg: caf\u00e9", "{}", $"{Plain} error True msg=café type=" }, // Latin-1 bytes
        { $"{Ids}|{Error}-stack: YXQgYSgpCglhdCBiKCk=", "{}", $"{Plain} error True msg= type= stack=at a()\n\tat b()" },
        { $"{Ids}|{Error}: true", "{}", $"{Plain} error True msg= type=" },
        { $"{Ids}|{Error}: false", "{}", $"{Plain} error False" },
        { $"{Ids}|{Error}-msg: ", "{}", $"{Plain} error False" },
        { Ids, """{"statusCode":502}""", $"{Plain} error True status=502" },
        { Ids, """{"statusCode":"502"}""", $"{Plain} error True status=502" },
        { Ids, """{"body":{"statusCode":500},"statusCode":200}""", $"{Plain} error False status=200" },
        { Ids, """{"statusCode":"5xx"}""", $"{Plain} error False" },
        { Ids, """{"statusCode":5000}""", $"{Plain} error False" },
        { Ids, """{"statusCode":null}""", $"{Plain} error False" },
        { Ids, """[{"statusCode":500}]""", $"{Plain} error False" },
        { Ids, """{"statusCode":50""", $"{Plain} error False" },
        { Ids, "\"text\"", $"{Plain} error False" },
    };

    private const string Ids = "x-datadog-trace-id: 999|x-datadog-span-id: 77";
    private const string Plain = "trace 999 parent 0 span 77 priority ";
    private const string Error = "x-datadog-invocation-error";

    [Theory]
    [MemberData(nameof(Tv5))]
    public async Task End_makes_the_span(string headers, string body, string expected)
    {
        await _client.RequestAsync("POST", End, Encoding.UTF8.GetBytes(body), [IdHeader, .. headers.Split('|')]);
        ExecutionSpan span = SpanOf("r1");
        var text = new StringBuilder($"trace {span.TraceId} parent {span.ParentId} span {span.SpanId} priority {span.Priority} error {span.IsError}");
        foreach ((string key, string value) in span.PropagationTags)
        {
            text.Append($" {key}={value}");
        }

        if (span.Error is { } error)
        {
            text.Append($" msg={error.Message} type={error.Type}{(error.Stack.Length > 0 ? " stack=" + error.Stack : "")}");
        }

        text.Append(span.StatusCode is null ? "" : $" status={span.StatusCode}");
        Assert.Equal(expected, text.ToString());
        Assert.Equal(span.IsError ? "errors=1" : "", _rig.CountMetrics("errors"));
    }

    /// <summary>4.5: the upstream context of the start call wins over the ids of the end call; the span id always is the end call's.</summary>
    [Fact]
    public async Task The_upstream_context_wins()
    {
        await _client.RequestAsync("POST", Start, [], IdHeader, "x-datadog-trace-id: 111", "x-datadog-parent-id: 222", "x-datadog-sampling-priority: 2", $"x-datadog-tags: {Tid},_dd.p.dm=-4,x=y");
        await _client.RequestAsync("POST", End, [], IdHeader, "x-datadog-trace-id: 999", "x-datadog-parent-id: 1000", "x-datadog-span-id: 77", "x-datadog-sampling-priority: 1");
        ExecutionSpan span = SpanOf("r1");
        Assert.Equal((111ul, 222ul, 77ul, 2d), (span.TraceId, span.ParentId, span.SpanId, span.Priority));
        Assert.Equal(["[_dd.p.tid, 80f198ee56343ba8]", "[_dd.p.dm, -4]"], span.PropagationTags.Select(static tag => tag.ToString()));
    }

    /// <summary>4.10, row datadog: what was malformed is named.</summary>
    [Theory]
    [InlineData("_dd.p.tid=80f198ee", "[_dd.propagation_error, malformed_tid 80f198ee]")]
    [InlineData("_dd.p.tid=80f198ee56343bzz", "[_dd.propagation_error, malformed_tid 80f198ee56343bzz]")]
    [InlineData("_dd.p.dm=4", "[_dd.propagation_error, decoding_error]")]
    [InlineData("_dd.p.dm=x", "[_dd.propagation_error, decoding_error]")]
    [InlineData("_dd.p.dm=-4", "[_dd.p.dm, -4]")]
    [InlineData("other=1,_dd.p.=2,_dd.p.a=b=c", "[_dd.p.a, b=c]")]
    public async Task Propagated_tags_are_checked(string tags, string expected)
    {
        await _client.RequestAsync("POST", Start, [], IdHeader, "x-datadog-trace-id: 111", "x-datadog-tags: " + tags);
        await _client.RequestAsync("POST", End, [], IdHeader, "x-datadog-span-id: 77");
        Assert.Equal([expected], SpanOf("r1").PropagationTags.Select(static tag => tag.ToString()));
    }

    /// <summary>3.3, order trap: the answer comes after the body was read and the call was taken.</summary>
    [Fact]
    public async Task The_end_call_is_known_when_it_is_answered()
    {
        _rig.Invoke("r1");
        _rig.Start("r1");
        await _client.SendAsync($"POST {End} HTTP/1.1\r\nHost: x\r\n{IdHeader}\r\nx-datadog-span-id: 77\r\nContent-Length: 18\r\n\r\n{{\"statusC");
        await _client.SendAsync("ode\":504}");
        Assert.Equal(200, (await _client.ReadAsync()).Status);
        Assert.Equal("504", SpanOf("r1").StatusCode);
    }

    private ExecutionSpan SpanOf(string id)
    {
        _rig.Invoke(id);
        _rig.Done(id);
        _rig.Tracker.SendComplete();
        return Assert.Single(_rig.Spans);
    }
}
