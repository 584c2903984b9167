using System.Net;
using Xunit;

namespace Mayfly.Tests.Local.Emulator;

/// <summary>Rows of docs/spec/07-observed-clients.md#1 and docs/spec/01-lambda-lifecycle.md#12-extensions-api.</summary>
public class ExtensionsApiTests
{
    private const string Register = "/2020-01-01/extension/register";
    private const string Identifier = "Lambda-Extension-Identifier";
    private const string Next = "/2020-01-01/extension/event/next";
    private const string Events = """{"events":["INVOKE","SHUTDOWN"]}""";

    [Theory]
    [InlineData("no name", "POST", Register, "", "", Events, 403, "Extension.InvalidExtensionName")]
    [InlineData("bad JSON", "POST", Register, "Lambda-Extension-Name", "ext", "{", 403, "InvalidRequestFormat")]
    [InlineData("no body", "POST", Register, "Lambda-Extension-Name", "ext", "", 403, "InvalidRequestFormat")]
    [InlineData("events is no list", "POST", Register, "Lambda-Extension-Name", "ext", """{"events":"INVOKE"}""", 403, "InvalidRequestFormat")]
    [InlineData("old keys", "POST", Register, "Lambda-Extension-Name", "ext", """{"configurationKeys":["a"]}""", 403, "InvalidRequestFormat")]
    [InlineData("bad event", "POST", Register, "Lambda-Extension-Name", "ext", """{"events":["SLEEP"]}""", 403, "Extension.InvalidEventType")]
    [InlineData("internal wants SHUTDOWN", "POST", Register, "Lambda-Extension-Name", "inside", Events, 403, "Extension.InvalidEventType")]
    [InlineData("next without id", "GET", Next, "", "", null, 403, "Extension.MissingExtensionIdentifier")]
    [InlineData("next with malformed id", "GET", Next, Identifier, "x", null, 403, "Extension.InvalidExtensionIdentifier")]
    [InlineData("unknown id", "GET", Next, Identifier, "5f0b9c5e-6ba5-4f2a-9fd0-0d4d4a3ff6c1", null, 403, "Extension.UnknownExtensionIdentifier")]
    [InlineData("init error without id", "POST", "/2020-01-01/extension/init/error", "", "", "{}", 403, "Extension.MissingExtensionIdentifier")]
    [InlineData("exit error, bad id", "POST", "/2020-01-01/extension/exit/error", Identifier, "x", "{}", 403, "Extension.InvalidExtensionIdentifier")]
    public async Task A_request_that_is_not_in_order_gets_AWSs_error(
        string row, string method, string path, string header, string value, string? body, int status, string errorType)
    {
        await using Played played = await Played.StartAsync(Played.Options("ext"));
        (string, string)[] headers = header.Length == 0 ? [] : [(header, value)];
        Answer answer = await played.SendAsync(method, path, body, headers);
        Assert.True(status == (int)answer.Status, row);
        Assert.Equal("application/json", answer.ContentType);
        Assert.Equal(errorType, answer.ErrorType);
        Assert.NotEqual("", answer.Json.GetProperty("errorMessage").GetString());
    }

    [Theory]
    [InlineData("", false)]
    [InlineData("accountId", true)]
    [InlineData("somethingNew, accountId", true)]
    [InlineData("accountid", false)]
    public async Task Register_tells_the_function_and_the_account_if_asked_for(string features, bool tellsAccount)
    {
        await using Played played = await Played.StartAsync(Played.Options("ext"));
        Answer answer = await played.SendAsync("POST", Register, Events, ("Lambda-Extension-Name", "ext"), ("Lambda-Extension-Accept-Feature", features));
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.True(Guid.TryParse(answer.Header("Lambda-Extension-Identifier"), out _));
        string account = tellsAccount ? ""","accountId":"123456789012" """.TrimEnd() : "";
        Assert.Equal($$"""{"functionName":"my-function","functionVersion":"$LATEST","handler":"index.handler"{{account}}}""", answer.Body);
    }

    [Fact]
    public async Task Registering_twice_is_an_invalid_state()
    {
        await using Played played = await Played.StartAsync(Played.Options("ext"));
        await played.RegisterAsync("ext");
        Answer answer = await played.RegisterAsync("ext");
        Assert.Equal(HttpStatusCode.Forbidden, answer.Status);
        Assert.Equal("Extension.InvalidExtensionState", answer.ErrorType);
        Assert.Equal(
            "State transition from Registered to Registered failed for extension ext. Error: State transition is not allowed",
            answer.Json.GetProperty("errorMessage").GetString());
    }

    [Fact]
    public async Task More_than_ten_extensions_are_refused()
    {
        await using Played played = await Played.StartAsync(Played.Options());
        for (int i = 0; i < 10; i++)
        {
            Assert.Equal(HttpStatusCode.OK, (await played.RegisterAsync($"in-{i}", """["INVOKE"]""")).Status);
        }

        Assert.Equal("Extension.TooManyExtensions", (await played.RegisterAsync("in-10", "[]")).ErrorType);
    }

    [Fact]
    public async Task Registration_closes_at_the_runtimes_first_next()
    {
        await using Played played = await Played.StartAsync(Played.Options("ext"));
        string id = await played.RegisteredIdAsync("ext");
        Task runtime = played.PlayRuntimeAsync();
        Task extension = played.PlayExtensionAsync(id);
        await played.InvokeAsync();

        Assert.Equal("Extension.RegistrationClosed", (await played.RegisterAsync("late", "[]")).ErrorType);
        Assert.Equal("Extension.RegistrationClosed", (await played.RegisterAsync("ext")).ErrorType);
        await played.Emulator.DisposeAsync();
        await Task.WhenAll(runtime, extension);
    }

    [Fact]
    public async Task Invoke_is_JSON_with_an_event_id_and_shutdown_is_text_without()
    {
        await using Played played = await Played.StartAsync(Played.Options("ext"));
        string id = await played.RegisteredIdAsync("ext");
        Task runtime = played.PlayRuntimeAsync();
        Task<Answer> next = played.ExtensionNextAsync(id);
        Task<Mayfly.Local.Emulator.InvocationResult> invocation =
            played.InvokeAsync(new() { RequestId = "r-1", TraceHeader = "Root=1-a-b;Parent=c;Sampled=1", Qualifier = "live" });
        Answer invoke = await next;
        next = played.ExtensionNextAsync(id);
        Mayfly.Local.Emulator.InvocationResult result = await invocation;

        Assert.Equal(HttpStatusCode.OK, invoke.Status);
        Assert.Equal("application/json", invoke.ContentType);
        Assert.True(Guid.TryParse(invoke.Header("Lambda-Extension-Event-Identifier"), out _));
        string expected = $$"""{"eventType":"INVOKE","deadlineMs":{{result.DeadlineMs}},"requestId":"r-1","""
            + """ "invokedFunctionArn":"arn:aws:lambda:us-east-1:123456789012:function:my-function:live",""".TrimStart()
            + """ "tracing":{"type":"X-Amzn-Trace-Id","value":"Root=1-a-b;Parent=c;Sampled=1"}}""".TrimStart();
        Assert.Equal(expected, invoke.Body);

        long before = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        Task shutdown = played.Emulator.ShutdownAsync();
        Answer last = await next;
        long after = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        await shutdown;
        await runtime;
        Assert.Equal(HttpStatusCode.OK, last.Status);
        Assert.Equal("text/plain; charset=utf-8", last.ContentType);
        Assert.Null(last.Header("Lambda-Extension-Event-Identifier"));
        Assert.Equal(["eventType", "deadlineMs", "shutdownReason"], last.Json.EnumerateObject().Select(property => property.Name));
        Assert.Equal("spindown", last.Json.GetProperty("shutdownReason").GetString());
        Assert.InRange(last.Json.GetProperty("deadlineMs").GetInt64(), before + 1990, after + 2010);
    }

    [Fact]
    public async Task Tracing_is_absent_without_a_trace_header()
    {
        await using Played played = await Played.StartAsync(Played.Options("ext"));
        string id = await played.RegisteredIdAsync("ext");
        Task runtime = played.PlayRuntimeAsync();
        Task<Answer> next = played.ExtensionNextAsync(id);
        Task invocation = played.InvokeAsync();
        Assert.False((await next).Json.TryGetProperty("tracing", out _));
        next = played.ExtensionNextAsync(id);
        await invocation;
        await played.Emulator.ShutdownAsync();
        await Task.WhenAll(next, runtime);
    }

    [Fact]
    public async Task An_error_needs_its_type_and_the_right_state()
    {
        await using Played played = await Played.StartAsync(Played.Options("ext"));
        string id = await played.RegisteredIdAsync("ext");
        const string init = "/2020-01-01/extension/init/error";
        Assert.Equal("Extension.MissingHeader", (await played.SendAsync("POST", init, "{}", ("Lambda-Extension-Identifier", id))).ErrorType);

        (string, string)[] headers = [("Lambda-Extension-Identifier", id), ("Lambda-Extension-Function-Error-Type", "Extension.NoKey")];
        Answer accepted = await played.SendAsync("POST", init, "{}", headers);
        Assert.Equal(HttpStatusCode.Accepted, accepted.Status);
        Assert.Equal("""{"status":"OK"}""", accepted.Body);
        Assert.Equal(HttpStatusCode.Accepted, (await played.SendAsync("POST", init, "{}", headers)).Status);
        Assert.Equal("Extension.InvalidExtensionState", (await played.SendAsync("POST", "/2020-01-01/extension/exit/error", "{}", headers)).ErrorType);
        Assert.Equal("Extension.InvalidExtensionState", (await played.ExtensionNextAsync(id)).ErrorType);
    }

    [Fact]
    public async Task A_second_next_beside_a_waiting_one_is_an_invalid_state()
    {
        await using Played played = await Played.StartAsync(Played.Options("ext"));
        string id = await played.RegisteredIdAsync("ext");
        Task<Answer> first = played.ExtensionNextAsync(id);
        await Wait.UntilAsync(() => played.Emulator.Timeline.Any(entry => entry.Kind == Mayfly.Local.Emulator.SandboxEventKind.NextCalled), "first next");
        Answer second = await played.ExtensionNextAsync(id);
        Assert.Equal("Extension.InvalidExtensionState", second.ErrorType);
        await played.Emulator.DisposeAsync();
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => first);
    }

    [Theory]
    [InlineData("GET", "/2020-01-01/extension/register")]
    [InlineData("POST", "/2020-01-01/extension/event/next")]
    [InlineData("GET", "/2018-06-01/runtime")]
    [InlineData("GET", "/")]
    public async Task Anything_else_is_not_found(string method, string path)
    {
        await using Played played = await Played.StartAsync(Played.Options());
        Assert.Equal(HttpStatusCode.NotFound, (await played.SendAsync(method, path)).Status);
    }
}
