using System.Globalization;
using System.Text;
using Mayfly.EndToEnd.Functions;
using Mayfly.Local.Cli;
using Mayfly.Local.Emulator;
using Mayfly.Local.Intake;
using Mayfly.Testing;
using Xunit;

namespace Mayfly.EndToEnd.Sources;

/// <summary>How an invocation ends.</summary>
/// <param name="Response">JSON.</param>
/// <param name="ErrorMessage">Null = no exception.</param>
internal sealed record Ending(string Response, string? ErrorMessage = null)
{
    public static Ending Plain { get; } = new("{}");
}

/// <summary>One event with the invocation that it made.</summary>
internal sealed record PlayedEvent(SourceExample Example, Ending Ending, string RequestId, ulong TracerTraceId, ulong SpanId, string? AnsweredTraceId);

/// <summary>
/// A sandbox that is invoked with event after event, frozen in between: the emulator is the platform, the test plays a runtime whose tracer calls start and end
/// as Java's does (docs/spec/02-triggers.md#4-sources-one-by-one, fixture).
/// </summary>
internal sealed class SourceRun
{
    private const ulong FirstTraceId = 7_000_000;

    public required IReadOnlyList<PlayedEvent> Events { get; init; }

    public required IReadOnlyList<ReceivedSpan> Spans { get; init; }

    /// <summary>Plays all examples, each with its ending.</summary>
    public static async Task<SourceRun> RecordAsync(string agent, IEnumerable<(SourceExample Example, Ending Ending)> examples)
    {
        LocalPorts ports = FreePorts.Pick();
        var options = new EmulatorOptions
        {
            Function = null,
            FunctionName = "orders-fn",
            Region = "eu-west-1",
            AccountId = "111122223333",
            Timeout = TimeSpan.FromSeconds(20),
            Environment = new Dictionary<string, string> { ["DD_SERVICE"] = "orders" },
        };
        await using FunctionSandbox sandbox = await FunctionSandbox.StartAsync(agent, options, ports);
        using var runtime = new HttpClient { BaseAddress = new Uri($"http://{sandbox.Emulator.RuntimeApiAddress}/2018-06-01/runtime/"), Timeout = Timeout.InfiniteTimeSpan };
        var played = new List<PlayedEvent>();

        // An invocation is over when the runtime asks for the next one.
        Task<HttpResponseMessage> next = runtime.GetAsync("invocation/next");
        foreach ((SourceExample example, Ending ending) in examples)
        {
            Task<InvocationResult> invocation = sandbox.Emulator.InvokeAsync(Encoding.UTF8.GetBytes(example.Event));
            using HttpResponseMessage current = await next.WaitAsync(Until.Patience);
            played.Add(await PlayAsync(runtime, current, ports, example, ending, FirstTraceId + (ulong)played.Count));
            next = runtime.GetAsync("invocation/next");
            Assert.Equal(InvocationStatus.Success, (await invocation).Status);
        }

        await sandbox.ShutDownAsync();
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => next);
        return new SourceRun { Events = played, Spans = [.. sandbox.Intake.Spans] };
    }

    private static async Task<PlayedEvent> PlayAsync(
        HttpClient runtime, HttpResponseMessage next, LocalPorts ports, SourceExample example, Ending ending, ulong ownTraceId)
    {
        string id = next.Headers.GetValues("Lambda-Runtime-Aws-Request-Id").Single();
        var requestId = KeyValuePair.Create("lambda-runtime-aws-request-id", id);
        byte[] eventJson = await next.Content.ReadAsByteArrayAsync();
        string? answered = await StartAsync(ports.Lifecycle, eventJson, id);
        ulong traceId = answered is null ? ownTraceId : ulong.Parse(answered, CultureInfo.InvariantCulture);
        ulong spanId = ownTraceId * 1000;
        var placeholder = new SampleSpan
        {
            Service = "dd-tracer-serverless-span",
            Name = "dd-tracer-serverless-span",
            Resource = "dd-tracer-serverless-span",
            TraceId = traceId,
            SpanId = spanId,
            Meta = new Dictionary<string, string> { ["request_id"] = id },
        };
        Assert.Equal(200, await Platform.ScriptedSandbox.PostAsync(ports.Traces, "/v0.4/traces", SampleSpan.V04([placeholder])));
        List<KeyValuePair<string, string>> headers = [requestId, new("x-datadog-trace-id", Text(traceId)), new("x-datadog-span-id", Text(spanId))];
        if (ending.ErrorMessage is { } message)
        {
            headers.Add(new("x-datadog-invocation-error", "true"));
            headers.Add(new("x-datadog-invocation-error-msg", message));
        }

        byte[] response = Encoding.UTF8.GetBytes(ending.Response);
        Assert.Equal(200, await Platform.ScriptedSandbox.PostAsync(ports.Lifecycle, "/lambda/end-invocation", response, [.. headers]));
        using var content = new ByteArrayContent(response);
        using HttpResponseMessage _ = await runtime.PostAsync($"invocation/{id}/response", content);
        return new PlayedEvent(example, ending, id, traceId, spanId, answered);
    }

    /// <summary>Returns the trace id that the agent found.</summary>
    private static async Task<string?> StartAsync(int port, byte[] eventJson, string requestId)
    {
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, $"http://127.0.0.1:{port}/lambda/start-invocation") { Content = new ByteArrayContent(eventJson) };
        request.Headers.Add("lambda-runtime-aws-request-id", requestId);
        using HttpResponseMessage answer = await client.SendAsync(request);
        Assert.Equal("{}", await answer.Content.ReadAsStringAsync());
        return answer.Headers.TryGetValues("x-datadog-trace-id", out IEnumerable<string>? values) ? values.Single() : null;
    }

    private static string Text(ulong id) => id.ToString(CultureInfo.InvariantCulture);
}

/// <summary>The runs of <see cref="EventSourceTests"/>.</summary>
public sealed class SourceRuns : SharedRuns<object>
{
    internal new async Task<SourceRun> OfAsync(string agent) => (SourceRun)await base.OfAsync(agent);

    /// <inheritdoc/>
    protected override async Task<object> RecordAsync(string agent) => await SourceRun.RecordAsync(agent, EventSourceTests.Played);
}
