using System.Net;
using Mayfly.Local.Emulator;
using Xunit;

namespace Mayfly.Tests.Local.Emulator;

/// <summary>Rows of docs/spec/01-lambda-lifecycle.md#14-telemetry-api and docs/spec/07-observed-clients.md#1.</summary>
public class TelemetryApiTests
{
    private const string Path = "/2022-07-01/telemetry";
    private const string Http = """{"protocol":"HTTP","URI":"http://sandbox.localdomain:8999/"}""";

    [Theory]
    [InlineData("""{"schemaVersion":"2022-07-01","types":["platform"],"destination":{"protocol":"HTTP","URI":"http://sandbox:8999/"}}""", 200)]
    [InlineData("""{"schemaVersion":"2025-01-29","types":["platform","function","extension"],"destination":D}""", 200)]
    [InlineData("""{"schemaVersion":"2022-12-13","types":["function"],"destination":D,"buffering":{"maxItems":1000,"maxBytes":262144,"timeoutMs":25}}""", 200)]
    [InlineData("""{"schemaVersion":"2022-12-13","types":["function"],"destination":D,"buffering":{"maxItems":10000,"maxBytes":1048576}}""", 200)]
    [InlineData("""{"schemaVersion":"2022-12-13","types":["function"],"destination":D,"buffering":{"timeoutMs":30000}}""", 200)]
    [InlineData("""{"schemaVersion":"2022-12-13","types":["function"],"destination":{"protocol":"TCP","port":9000}}""", 200)]
    [InlineData("{", 400)]
    [InlineData("[]", 400)]
    [InlineData("""{"types":["platform"],"destination":D}""", 400)]
    [InlineData("""{"schemaVersion":"2020-08-15","types":["platform"],"destination":D}""", 400)]
    [InlineData("""{"schemaVersion":"2022-12-13","types":[],"destination":D}""", 400)]
    [InlineData("""{"schemaVersion":"2022-12-13","types":["platform","other"],"destination":D}""", 400)]
    [InlineData("""{"schemaVersion":"2022-12-13","types":"platform","destination":D}""", 400)]
    [InlineData("""{"schemaVersion":"2022-12-13","types":["platform"]}""", 400)]
    [InlineData("""{"schemaVersion":"2022-12-13","types":["platform"],"destination":{"protocol":"HTTP","URI":"http://localhost:8999/"}}""", 400)]
    [InlineData("""{"schemaVersion":"2022-12-13","types":["platform"],"destination":{"protocol":"HTTP","URI":"sandbox:8999"}}""", 400)]
    [InlineData("""{"schemaVersion":"2022-12-13","types":["platform"],"destination":{"protocol":"UDP","port":1}}""", 400)]
    [InlineData("""{"schemaVersion":"2022-12-13","types":["platform"],"destination":{"protocol":"TCP","port":70000}}""", 400)]
    [InlineData("""{"schemaVersion":"2022-12-13","types":["platform"],"destination":D,"buffering":{"maxItems":999}}""", 400)]
    [InlineData("""{"schemaVersion":"2022-12-13","types":["platform"],"destination":D,"buffering":{"maxItems":10001}}""", 400)]
    [InlineData("""{"schemaVersion":"2022-12-13","types":["platform"],"destination":D,"buffering":{"maxBytes":262143}}""", 400)]
    [InlineData("""{"schemaVersion":"2022-12-13","types":["platform"],"destination":D,"buffering":{"maxBytes":1048577}}""", 400)]
    [InlineData("""{"schemaVersion":"2022-12-13","types":["platform"],"destination":D,"buffering":{"timeoutMs":24}}""", 400)]
    [InlineData("""{"schemaVersion":"2022-12-13","types":["platform"],"destination":D,"buffering":{"timeoutMs":30001}}""", 400)]
    [InlineData("""{"schemaVersion":"2022-12-13","types":["platform"],"destination":D,"buffering":{"timeoutMs":"25"}}""", 400)]
    [InlineData("""{"schemaVersion":"2022-12-13","types":["platform"],"destination":D,"buffering":7}""", 400)]
    public async Task A_subscription_is_validated(string body, int status)
    {
        await using Played played = await Played.StartAsync(Played.Options("ext"));
        string id = await played.RegisteredIdAsync("ext");
        body = body.Replace("\"destination\":D", "\"destination\":" + Http, StringComparison.Ordinal);
        Answer answer = await played.SendAsync("PUT", Path, body, ("Lambda-Extension-Identifier", id));
        Assert.Equal(status, (int)answer.Status);
        if (status == 200)
        {
            Assert.Equal("\"OK\"", answer.Body);
        }
        else
        {
            Assert.Equal("ValidationError", answer.ErrorType);
        }
    }

    [Fact]
    public async Task A_subscriber_has_to_be_known_and_in_time()
    {
        await using Played played = await Played.StartAsync(Played.Options("ext"));
        Assert.Equal("Extension.MissingExtensionIdentifier", (await played.SendAsync("PUT", Path, "{}")).ErrorType);
        Assert.Equal("Extension.UnknownExtensionIdentifier", (await played.SubscribeAsync(Guid.NewGuid().ToString(), 1)).ErrorType);

        string id = await played.RegisteredIdAsync("ext");
        Task runtime = played.PlayRuntimeAsync();
        Task extension = played.PlayExtensionAsync(id);
        await played.InvokeAsync();
        Answer late = await played.SubscribeAsync(id, 1);
        Assert.Equal(HttpStatusCode.Forbidden, late.Status);
        Assert.Equal("Telemetry.SubscriptionClosed", late.ErrorType);
        await played.Emulator.ShutdownAsync();
        await Task.WhenAll(runtime, extension);
    }

    [Fact]
    public async Task A_second_subscription_replaces_the_first()
    {
        await using TelemetrySink first = await TelemetrySink.StartAsync();
        await using TelemetrySink second = await TelemetrySink.StartAsync();
        await using Played played = await Played.StartAsync(Played.Options("ext") with { Freeze = false });
        string id = await played.RegisteredIdAsync("ext");
        await played.SubscribeAsync(id, first.Port);
        await Wait.UntilAsync(() => first.Events.Count == 1, "the first subscription's own event");
        await played.SubscribeAsync(id, second.Port);
        Task runtime = played.PlayRuntimeAsync();
        Task extension = played.PlayExtensionAsync(id);
        await played.InvokeAsync();
        await Wait.UntilAsync(() => second.Sequence.Contains("report(success)"), "report");
        Assert.Single(first.Events);
        await played.Emulator.ShutdownAsync();
        await Task.WhenAll(runtime, extension);
    }

    [Fact]
    public async Task A_cold_start_is_told_in_the_observed_order_with_the_observed_fields()
    {
        await using TelemetrySink sink = await TelemetrySink.StartAsync();
        EmulatorOptions options = Played.Options("ext") with { Freeze = false, RuntimeVersion = "nodejs:20.v30", MemoryMb = 128 };
        await using Played played = await Played.StartAsync(options);

        // The extension registers after INIT has begun and gets its first event replayed.
        Task<InvocationResult> invocation = played.InvokeAsync(new() { RequestId = "r-1", TraceHeader = "Root=1-a-b" });
        await Wait.UntilAsync(() => played.Emulator.Timeline.Any(entry => entry.Subject == "platform.initStart"), "initStart");
        string id = await played.RegisteredIdAsync("ext");
        await played.SubscribeAsync(id, sink.Port);
        Task runtime = played.PlayRuntimeAsync("12345678");
        Task extension = played.PlayExtensionAsync(id);
        InvocationResult result = await invocation;
        await Wait.UntilAsync(() => sink.Sequence.Contains("report(success)"), "report");

        Assert.Equal(
            [
                "initStart(init)", "telemetrySubscription", "initRuntimeDone(success)", "extension", "initReport(init,success)", "start",
                "runtimeDone(success)", "report(success)",
            ],
            sink.Sequence);
        Assert.Equal("POST / application/json Go-http-client/1.1", sink.LastRequest);
        Assert.All(sink.Events, one => Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$", one.Time));
        AssertRecord(
            sink.Events[0],
            """
            {"initializationType":"on-demand","phase":"init","runtimeVersion":"nodejs:20.v30","functionName":"my-function",
            "functionArn":"arn:aws:lambda:us-east-1:123456789012:function:my-function","functionVersion":"$LATEST","instanceId":*,"instanceMaxMemory":134217728}
            """);
        AssertRecord(sink.Events[1], """{"name":"ext","state":"Subscribed","types":["platform","function","extension"]}""");
        AssertRecord(sink.Events[2], """{"initializationType":"on-demand","phase":"init","status":"success"}""");
        AssertRecord(sink.Events[3], """{"name":"ext","state":"Ready","events":["INVOKE","SHUTDOWN"]}""");
        AssertRecord(sink.Events[4], """{"initializationType":"on-demand","phase":"init","status":"success","metrics":{"durationMs":*}}""");
        const string tracing = """ "tracing":{"type":"X-Amzn-Trace-Id","value":"Root=1-a-b"}""";
        AssertRecord(sink.Events[5], """{"requestId":"r-1","version":"$LATEST",""" + tracing + "}");
        AssertRecord(
            sink.Events[6],
            """{"requestId":"r-1","status":"success","metrics":{"durationMs":*,"producedBytes":8},""" + tracing + ""","spans":["""
            + """{"name":"responseLatency","start":*,"durationMs":*},{"name":"responseDuration","start":*,"durationMs":*},"""
            + """{"name":"runtimeOverhead","start":*,"durationMs":*}]}""");
        AssertRecord(
            sink.Events[7],
            """{"requestId":"r-1","status":"success","metrics":{"durationMs":*,"billedDurationMs":*,"""
            + """ "memorySizeMB":128,"maxMemoryUsedMB":1,"initDurationMs":*},"""
            + tracing + ""","spans":[{"name":"extensionOverhead","start":*,"durationMs":*}]}""");
        double duration = sink.Events[7].Record.GetProperty("metrics").GetProperty("durationMs").GetDouble();
        Assert.Equal(Math.Ceiling(duration), sink.Events[7].Record.GetProperty("metrics").GetProperty("billedDurationMs").GetDouble());
        Assert.Equal(Math.Ceiling(result.Duration.TotalMilliseconds), result.BilledDurationMs);

        await played.InvokeAsync();
        await Wait.UntilAsync(() => sink.Events.Count == 11, "the warm invocation");
        Assert.Equal(["start", "runtimeDone(success)", "report(success)"], sink.Sequence.Skip(8));
        Assert.False(sink.Events[10].Record.GetProperty("metrics").TryGetProperty("initDurationMs", out _));
        await played.Emulator.ShutdownAsync();
        await Task.WhenAll(runtime, extension);
    }

    [Fact]
    public async Task What_was_not_delivered_before_the_freeze_comes_just_before_the_next_event()
    {
        await using TelemetrySink sink = await TelemetrySink.StartAsync();
        await using Played played = await Played.StartAsync(Played.Options("ext"));
        string id = await played.RegisteredIdAsync("ext");

        // The batch timer is far longer than the invocation: nothing of it can be out before the freeze.
        await played.SubscribeAsync(id, sink.Port, """{"timeoutMs":30000}""");
        Task runtime = played.PlayRuntimeAsync();
        Task extension = played.PlayExtensionAsync(id);
        await played.InvokeAsync();
        Assert.Empty(sink.Events);
        await played.InvokeAsync();
        Assert.Contains("report(success)", sink.Sequence);

        SandboxEvent[] timeline = [.. played.Emulator.Timeline];
        int thawed = Array.FindIndex(timeline, entry => entry.Kind == SandboxEventKind.PhaseStarted && entry.Subject == "INVOKE");
        int second = Array.FindIndex(timeline, thawed + 1, entry => entry.Kind == SandboxEventKind.PhaseStarted && entry.Subject == "INVOKE");
        int delivered = Array.FindIndex(timeline, entry => entry.Kind == SandboxEventKind.TelemetryDelivered);
        int invoke = Array.FindIndex(timeline, second, entry => entry.Kind == SandboxEventKind.EventDelivered && entry.Subject == "ext");
        Assert.InRange(delivered, thawed, second);
        Assert.True(delivered < invoke);
        await played.Emulator.ShutdownAsync();
        await Task.WhenAll(runtime, extension);
    }

    private static void AssertRecord(ReceivedEvent received, string pattern)
    {
        string text = System.Text.RegularExpressions.Regex.Escape(pattern.ReplaceLineEndings("").Replace(" ", "", StringComparison.Ordinal));
        string expected = text.Replace("\\*", "(\"[^\"]+\"|[0-9.]+)", StringComparison.Ordinal);
        Assert.Matches($"^{expected}$", received.Record.GetRawText());
    }
}
