using System.Net;
using System.Text;
using Mayfly.Local.Emulator;
using Xunit;

namespace Mayfly.Tests.Local.Emulator;

public class RuntimeApiTests
{
    [Fact]
    public async Task The_event_comes_with_its_headers_and_the_response_reaches_the_caller_at_once()
    {
        await using Played played = await Played.StartAsync(Played.Options());
        Task<Answer> next = played.RuntimeNextAsync();
        var responded = new TaskCompletionSource<string>();
        Task<InvocationResult> invocation = played.InvokeAsync(new()
        {
            RequestId = "r-1",
            TraceHeader = "Root=1-a-b",
            ClientContext = """{"custom":{"k":"v"}}""",
            Responded = body => responded.SetResult(Encoding.UTF8.GetString(body.Span)),
        });
        Answer given = await next;
        Assert.Equal(HttpStatusCode.OK, given.Status);
        Assert.Equal("""{"k":1}""", given.Body);
        Assert.Equal("application/json", given.ContentType);
        Assert.Equal("r-1", given.Header("Lambda-Runtime-Aws-Request-Id"));
        Assert.Equal("Root=1-a-b", given.Header("Lambda-Runtime-Trace-Id"));
        Assert.Equal("""{"custom":{"k":"v"}}""", given.Header("Lambda-Runtime-Client-Context"));
        Assert.Equal("arn:aws:lambda:us-east-1:123456789012:function:my-function", given.Header("Lambda-Runtime-Invoked-Function-Arn"));
        string deadline = given.Header("Lambda-Runtime-Deadline-Ms")!;

        Answer accepted = await played.RespondAsync("r-1", "\"done\"");
        Assert.Equal(HttpStatusCode.Accepted, accepted.Status);
        Assert.Equal("""{"status":"OK"}""", accepted.Body);
        Assert.Equal("\"done\"", await responded.Task.WaitAsync(Played.Patience));
        Assert.False(invocation.IsCompleted);

        next = played.RuntimeNextAsync();
        InvocationResult result = await invocation;
        Assert.Equal(InvocationStatus.Success, result.Status);
        Assert.Equal("\"done\"", result.ResponseText);
        Assert.Equal(deadline, result.DeadlineMs.ToString());
        Assert.True(result.Cold);
        Assert.NotNull(result.InitDuration);
        await played.Emulator.DisposeAsync();
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => next);
    }

    [Fact]
    public async Task A_handlers_error_is_a_success_for_the_platform()
    {
        await using TelemetrySink sink = await TelemetrySink.StartAsync();
        await using Played played = await Played.StartAsync(Played.Options("ext") with { Freeze = false });
        string id = await played.RegisteredIdAsync("ext");
        await played.SubscribeAsync(id, sink.Port);
        Task extension = played.PlayExtensionAsync(id);
        Task<Answer> next = played.RuntimeNextAsync();
        Task<InvocationResult> invocation = played.InvokeAsync(new() { RequestId = "r-1" });
        await next;
        const string document = """{"errorType":"TypeError","errorMessage":"no"}""";
        const string path = "/2018-06-01/runtime/invocation/r-1/error";
        Answer accepted = await played.SendAsync("POST", path, document, ("Lambda-Runtime-Function-Error-Type", "Function.TypeError"));
        Assert.Equal(HttpStatusCode.Accepted, accepted.Status);
        next = played.RuntimeNextAsync();
        InvocationResult result = await invocation;
        Assert.Equal(InvocationStatus.HandledError, result.Status);
        Assert.Equal("Function.TypeError", result.ErrorType);
        Assert.Equal(document, result.ResponseText);
        await Wait.UntilAsync(() => sink.Sequence.Contains("report(success)"), "report");
        Assert.Contains("runtimeDone(success)", sink.Sequence);
        await played.Emulator.ShutdownAsync();
        await extension;
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => next);
    }

    [Theory]
    [InlineData("Function.Boom", "Function.Boom")]
    [InlineData("Function.x", "Function.Unknown")]
    [InlineData("Runtime.ImportModuleError", "Runtime.ImportModuleError")]
    [InlineData("TypeError", "Runtime.Unknown")]
    [InlineData("", "Runtime.Unknown")]
    public async Task Error_types_are_taken_in_AWSs_form_only(string given, string taken)
    {
        await using Played played = await Played.StartAsync(Played.Options());
        Task<Answer> next = played.RuntimeNextAsync();
        Task<InvocationResult> invocation = played.InvokeAsync(new() { RequestId = "r-1" });
        await next;
        await played.SendAsync("POST", "/2018-06-01/runtime/invocation/r-1/error", "{}", ("Lambda-Runtime-Function-Error-Type", given));
        next = played.RuntimeNextAsync();
        Assert.Equal(taken, (await invocation).ErrorType);
        await played.Emulator.DisposeAsync();
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => next);
    }

    [Fact]
    public async Task A_wrong_id_is_400_and_a_second_response_is_403()
    {
        await using Played played = await Played.StartAsync(Played.Options());
        Assert.Equal("InvalidRequestID", (await played.RespondAsync("r-1")).ErrorType);
        Task<Answer> next = played.RuntimeNextAsync();
        Task<InvocationResult> invocation = played.InvokeAsync(new() { RequestId = "r-1" });
        await next;
        Answer wrong = await played.RespondAsync("r-2");
        Assert.Equal(HttpStatusCode.BadRequest, wrong.Status);
        Assert.Equal("""{"errorMessage":"Invalid request ID","errorType":"InvalidRequestID"}""", wrong.Body);
        await played.RespondAsync("r-1", "1");
        Answer again = await played.RespondAsync("r-1", "2");
        Assert.Equal(HttpStatusCode.Forbidden, again.Status);
        Assert.Equal("InvalidStateTransition", again.ErrorType);
        Assert.Equal("InvalidStateTransition", (await played.SendAsync("POST", "/2018-06-01/runtime/init/error", "{}")).ErrorType);
        next = played.RuntimeNextAsync();
        Assert.Equal("1", (await invocation).ResponseText);
        await played.Emulator.DisposeAsync();
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => next);
    }

    [Fact]
    public async Task A_response_above_six_megabytes_is_413_and_an_error_for_the_caller()
    {
        await using Played played = await Played.StartAsync(Played.Options());
        Task<Answer> next = played.RuntimeNextAsync();
        Task<InvocationResult> invocation = played.InvokeAsync(new() { RequestId = "r-1" });
        await next;
        Answer tooLarge = await played.RespondAsync("r-1", new string('x', 6 * 1024 * 1024 + 101));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, tooLarge.Status);
        Assert.Equal("RequestEntityTooLarge", tooLarge.ErrorType);
        next = played.RuntimeNextAsync();
        InvocationResult result = await invocation;
        Assert.Equal(InvocationStatus.HandledError, result.Status);
        Assert.Equal("Function.ResponseSizeTooLarge", result.ErrorType);
        await played.Emulator.DisposeAsync();
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => next);
    }

    [Fact]
    public async Task Headers_may_hold_any_bytes_and_be_large()
    {
        await using Played played = await Played.StartAsync(Played.Options());
        Task<Answer> next = played.RuntimeNextAsync();
        Task<InvocationResult> invocation = played.InvokeAsync(new() { RequestId = "r-1" });
        await next;

        using var tcp = new System.Net.Sockets.TcpClient();
        await tcp.ConnectAsync(IPEndPoint.Parse(played.Emulator.RuntimeApiAddress));
        string head = "POST /2018-06-01/runtime/invocation/r-1/error HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n"
            + "Lambda-Runtime-Function-Error-Type: Function.Boom\r\n"
            + "Lambda-Runtime-Function-XRay-Error-Cause: {\"€\":\"" + new string('y', 200_000) + "\"}\r\n\r\n{}";
        await tcp.GetStream().WriteAsync(Encoding.UTF8.GetBytes(head));
        using var reader = new StreamReader(tcp.GetStream());
        Assert.StartsWith("HTTP/1.1 202 ", await reader.ReadToEndAsync(), StringComparison.Ordinal);
        next = played.RuntimeNextAsync();
        Assert.Equal("Function.Boom", (await invocation).ErrorType);
        await played.Emulator.DisposeAsync();
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => next);
    }

    [Fact]
    public async Task Ping_answers_pong()
    {
        await using Played played = await Played.StartAsync(Played.Options());
        Assert.Equal("pong", (await played.SendAsync("GET", "/2018-06-01/ping")).Body);
    }
}
