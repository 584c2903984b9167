using System.Collections.Concurrent;
using System.Net;
using Mayfly.Local.Emulator;
using Xunit;

namespace Mayfly.Tests.Local.Emulator;

/// <summary>docs/spec/01-lambda-lifecycle.md#17-lmi-differences-summary and the rows of docs/spec/07-observed-clients.md that say LMI.</summary>
public class ManagedInstancesTests
{
    private const string Shutdown = """["SHUTDOWN"]""";
    private const string Schema = "2025-01-29";
    private const string Arn = "arn:aws:lambda:us-east-1:123456789012:function:my-function";
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(600);

    [Fact]
    public async Task One_invocation_is_told_by_start_and_report_alone()
    {
        await using TelemetrySink sink = await TelemetrySink.StartAsync();
        await using Played played = await Played.StartAsync(Options(8, "ext"));
        Task<IReadOnlyList<string>> extension = await ExtensionAsync(played, sink);
        Task runtime = played.PlayRuntimeAsync("\"done\"");
        InvocationResult result = await played.InvokeAsync(new() { RequestId = "r-1", TraceHeader = "Root=1-a-b", Qualifier = "live" });
        await ShutDownAsync(played);
        await runtime;

        Assert.Equal((InvocationStatus.Success, "\"done\""), (result.Status, result.ResponseText));
        Assert.True(result.Cold && result.InitDuration > TimeSpan.Zero && result.BilledDurationMs == 0);
        Assert.Equal(["SHUTDOWN(spindown)"], await extension);
        Assert.Equal(
            ["telemetrySubscription", "initStart(init)", "initRuntimeDone(success)", "extension", "initReport(init,success)", "start", "report(success)"],
            sink.Sequence);
        ReceivedEvent init = sink.Events[1];
        Assert.Equal("lambda-managed-instances", init.Text("initializationType"));
        Assert.Null(init.Text("functionArn"));
        ReceivedEvent start = sink.Events[5];
        Assert.Equal(("r-1", "$LATEST", Arn + ":live"), (start.Text("requestId"), start.Text("version"), start.Text("functionArn")));
        Assert.Equal("Root=1-a-b", start.Record.GetProperty("tracing").GetProperty("value").GetString());
        ReceivedEvent report = sink.Events[6];
        Assert.Equal(["durationMs"], report.Record.GetProperty("metrics").EnumerateObject().Select(metric => metric.Name));
        Assert.Equal(
            ["responseLatency", "responseDuration"], report.Record.GetProperty("spans").EnumerateArray().Select(span => span.GetProperty("name").GetString()));
        Assert.All(sink.SequenceIds, request => Assert.Equal(request.Hash, request.Given));
        Assert.DoesNotContain(played.Emulator.Timeline, entry => entry.Kind is SandboxEventKind.Frozen or SandboxEventKind.Thawed);
    }

    [Fact]
    public async Task Eight_invocations_are_in_flight_at_once_and_each_gets_its_own_answer()
    {
        await using TelemetrySink sink = await TelemetrySink.StartAsync();
        await using Played played = await Played.StartAsync(Options(8, "ext"));
        Task<IReadOnlyList<string>> extension = await ExtensionAsync(played, sink);
        Task<Answer>[] calls = [.. Enumerable.Range(0, 8).Select(_ => played.RuntimeNextAsync())];
        Task<InvocationResult>[] invocations = [.. Enumerable.Range(0, 9).Select(i => played.InvokeAsync(new() { RequestId = $"r-{i}" }))];
        Answer[] events = await Task.WhenAll(calls);
        string[] given = [.. events.Select(one => one.Header("Lambda-Runtime-Aws-Request-Id")!)];
        Assert.Equal(8, given.Distinct().Count());
        Assert.All(invocations, invocation => Assert.False(invocation.IsCompleted));

        // The last one first: nothing here depends on the order.
        foreach (string requestId in given.Reverse())
        {
            Assert.Equal(HttpStatusCode.Accepted, (await played.RespondAsync(requestId, $"\"{requestId}\"")).Status);
        }

        // The ninth had to wait for a turn; a call of next that is made now is for it.
        Answer ninth = await played.RuntimeNextAsync();
        string last = ninth.Header("Lambda-Runtime-Aws-Request-Id")!;
        Assert.DoesNotContain(last, given);
        await played.RespondAsync(last, $"\"{last}\"");

        InvocationResult[] results = await Task.WhenAll(invocations);
        Assert.All(results, result => Assert.Equal((InvocationStatus.Success, $"\"{result.RequestId}\""), (result.Status, result.ResponseText)));
        Assert.Single(results, result => result.Cold);
        string[] phases = [.. played.Emulator.Timeline.Where(entry => entry.Subject == "INVOKE").Select(entry => entry.Kind.ToString())];
        Assert.Equal(Enumerable.Repeat("PhaseStarted", 8), phases.Take(8));
        await played.Emulator.ShutdownAsync();
        await extension;
        Assert.Equal(9, sink.Sequence.Count(one => one == "start"));
        Assert.Equal(9, sink.Events.Where(one => one.Type == "platform.report").Select(one => one.Text("requestId")).Distinct().Count());
    }

    [Fact]
    public async Task Extensions_register_for_SHUTDOWN_only_and_subscribe_once_with_the_newest_schema()
    {
        await using TelemetrySink sink = await TelemetrySink.StartAsync();
        await using Played played = await Played.StartAsync(Options(1, "ext"));
        Answer invoke = await played.RegisterAsync("ext");
        Assert.Equal((HttpStatusCode.Forbidden, "Extension.InvalidEventType"), (invoke.Status, invoke.ErrorType));
        Answer inside = await played.RegisterAsync("internal", Shutdown);
        Assert.Equal((HttpStatusCode.Forbidden, "Extension.InvalidEventType"), (inside.Status, inside.ErrorType));
        Assert.Equal("No events allowed for internal extensions", inside.Json.GetProperty("errorMessage").GetString());

        string id = await played.RegisteredIdAsync("ext", Shutdown);
        Answer old = await played.SubscribeAsync(id, sink.Port);
        Assert.Equal((HttpStatusCode.BadRequest, "ValidationError"), (old.Status, old.ErrorType));
        Assert.Equal(HttpStatusCode.OK, (await played.SubscribeAsync(id, sink.Port, schema: Schema)).Status);
        Answer again = await played.SubscribeAsync(id, sink.Port, schema: Schema);
        Assert.Equal((HttpStatusCode.InternalServerError, "InternalServerError"), (again.Status, again.ErrorType));
        Assert.Equal(HttpStatusCode.NotFound, (await played.RestoreNextAsync()).Status);
    }

    [Fact]
    public async Task A_timeout_leaves_the_sandbox_and_the_others_alone()
    {
        // One invocation lets it pass, the other has to be done within it.
        var timeout = TimeSpan.FromSeconds(3);
        await using TelemetrySink sink = await TelemetrySink.StartAsync();
        await using Played played = await Played.StartAsync(Options(2, "ext") with { Timeout = timeout });
        Task<IReadOnlyList<string>> extension = await ExtensionAsync(played, sink);
        Task<Answer> next = played.RuntimeNextAsync();
        Task<InvocationResult> slow = played.InvokeAsync(new() { RequestId = "slow" });
        await next;
        InvocationResult timedOut = await slow;
        Assert.Equal((InvocationStatus.Timeout, "Sandbox.Timedout", timeout), (timedOut.Status, timedOut.ErrorType, timedOut.Duration));
        Assert.Null(timedOut.Reset);
        Answer late = await played.RespondAsync("slow");
        Assert.Equal((HttpStatusCode.Gone, "InvokeTimeout"), (late.Status, late.ErrorType));
        Assert.Equal("InvalidRequestID", (await played.RespondAsync("nobody")).ErrorType);

        next = played.RuntimeNextAsync();
        Task<InvocationResult> other = played.InvokeAsync(new() { RequestId = "other" });
        await next;
        const string Error = "/2018-06-01/runtime/invocation/other/error";
        await played.SendAsync("POST", Error, """{"errorType":"E"}""", ("Lambda-Runtime-Function-Error-Type", "Function.Bad"));
        InvocationResult failed = await other;
        Assert.Equal((InvocationStatus.HandledError, "Function.Bad"), (failed.Status, failed.ErrorType));
        Answer second = await played.RespondAsync("other");
        Assert.Equal((HttpStatusCode.BadRequest, "InvalidRequestID"), (second.Status, second.ErrorType));
        await played.Emulator.ShutdownAsync();
        Assert.Equal(["SHUTDOWN(spindown)"], await extension);
        Assert.Equal(["start", "report(Sandbox.Timedout)", "start", "report(Function.Bad)"], sink.Sequence.Skip(5));
        Assert.Equal(["timeout", "error"], sink.Events.Where(one => one.Type == "platform.report").Select(one => one.Text("status")));
    }

    [Fact]
    public async Task A_runtime_that_ends_takes_all_of_its_invocations_with_it()
    {
        await using TelemetrySink sink = await TelemetrySink.StartAsync();
        await using Played played = await Played.StartAsync(Options(3, "ext"));
        Task<IReadOnlyList<string>> extension = await ExtensionAsync(played, sink);
        Task<Answer>[] calls = [.. Enumerable.Range(0, 3).Select(_ => played.RuntimeNextAsync())];
        Task<InvocationResult>[] invocations = [.. Enumerable.Range(0, 3).Select(_ => played.InvokeAsync())];
        await Task.WhenAll(calls);
        Assert.True(played.Emulator.KillOutOfMemory());
        InvocationResult[] results = await Task.WhenAll(invocations);
        Assert.All(results, result => Assert.Equal((InvocationStatus.Crash, "Runtime.OutOfMemory"), (result.Status, result.ErrorType)));
        Assert.All(results, result => Assert.Equal("failure", result.Reset?.Reason));
        Assert.Equal(["SHUTDOWN(failure)"], await extension);
        Assert.Equal(Enumerable.Repeat("report(Runtime.OutOfMemory)", 3), sink.Sequence.Where(one => one.StartsWith("report", StringComparison.Ordinal)));
        Assert.DoesNotContain("runtimeDone(Runtime.OutOfMemory)", sink.Sequence);

        // A new sandbox with an INIT of its own.
        Task<IReadOnlyList<string>> fresh = await ExtensionAsync(played, sink);
        Task runtime = played.PlayRuntimeAsync();
        InvocationResult next = await played.InvokeAsync();
        Assert.True(next.Cold && next.Status == InvocationStatus.Success);
        Assert.Equal(["init", "init"], played.Emulator.Timeline.Where(entry => entry.Subject == "platform.initStart").Select(entry => entry.Detail));
        await ShutDownAsync(played);
        Assert.Equal(["SHUTDOWN(spindown)"], await fresh);
        await runtime;
    }

    [Fact]
    public async Task A_sandbox_that_fails_while_idle_is_shut_down_at_once()
    {
        await using Played played = await Played.StartAsync(Options(2, "ext"));
        string id = await played.RegisteredIdAsync("ext", Shutdown);
        Task<IReadOnlyList<string>> extension = played.PlayExtensionAsync(id);
        Task runtime = played.PlayRuntimeAsync();
        Assert.True(await played.Emulator.InitializeAsync());
        Assert.True(played.Emulator.Kill(EmulatorOptions.RuntimeName));
        Assert.Equal(["SHUTDOWN(failure)"], await extension);
        await runtime;
    }

    [Fact]
    public async Task An_INIT_that_fails_fails_everybody_who_waits_for_it()
    {
        await using Played played = await Played.StartAsync(Options(4, "ext") with { InitTimeout = Short });
        string id = await played.RegisteredIdAsync("ext", Shutdown);
        Task<IReadOnlyList<string>> extension = played.PlayExtensionAsync(id);
        InvocationResult[] results = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => played.InvokeAsync()));
        Assert.All(results, result => Assert.Equal((InvocationStatus.InitError, "Sandbox.Timedout"), (result.Status, result.ErrorType)));
        Assert.Equal(["SHUTDOWN(failure)"], await extension);
        Assert.Single(played.Emulator.Timeline, entry => entry.Subject == "platform.initStart");
        Assert.DoesNotContain(played.Emulator.Timeline, entry => entry.Subject == "platform.start");
    }

    [Fact]
    public async Task Without_a_call_of_next_there_is_nobody_to_invoke()
    {
        await using Played played = await Played.StartAsync(Options(2) with { Timeout = Short });
        Task<Answer> next = played.RuntimeNextAsync();
        Task<InvocationResult> first = played.InvokeAsync(new() { RequestId = "r-1" });
        await next;
        InvocationResult second = await played.InvokeAsync(new() { RequestId = "r-2" });
        Assert.Equal((InvocationStatus.Unavailable, "Runtime.Unavailable"), (second.Status, second.ErrorType));
        Assert.Equal(InvocationStatus.Timeout, (await first).Status);
        Assert.DoesNotContain(played.Emulator.Timeline, entry => entry is { Subject: "platform.start", Detail: "r-2" });
    }

    [Fact]
    public async Task A_request_id_runs_once_at_a_time()
    {
        await using Played played = await Played.StartAsync(Options(2));
        Task<Answer> next = played.RuntimeNextAsync();
        Task<InvocationResult> first = played.InvokeAsync(new() { RequestId = "r-1" });
        await next;
        await Assert.ThrowsAsync<ArgumentException>(() => played.InvokeAsync(new() { RequestId = "r-1" }));
        await played.RespondAsync("r-1");
        Assert.Equal(InvocationStatus.Success, (await first).Status);
    }

    [Fact]
    public async Task Real_processes_overlap_are_never_stopped_and_get_their_last_telemetry_before_SHUTDOWN()
    {
        Scripts.Need();
        await using TelemetrySink sink = await TelemetrySink.StartAsync();
        string folder = Directory.CreateTempSubdirectory("mayfly-test-").FullName;
        try
        {
            // Eight workers; each handler waits until all eight have begun.
            string all = $"""touch "{folder}/$request"; until [ $(ls "{folder}" | wc -l) -ge 8 ]; do sleep 0.02; done""";
            string worker = $$"""while true; do next; {{all}}; respond "\"$request\""; done""";
            string init = """trap '' TERM; echo "max=$AWS_LAMBDA_MAX_CONCURRENCY" """;
            ProcessCommand runtime = Scripts.Bash($"{init}; for i in 1 2 3 4 5 6 7 8; do ({worker}) & done; wait", "runtime");
            var output = new ConcurrentQueue<ProcessOutput>();
            EmulatorOptions options = ProcessTests.Options(Scripts.Extension(sink: sink.Port, events: "\"SHUTDOWN\""), runtime, output) with
            {
                InitializationType = InitializationTypes.ManagedInstances,
                Concurrency = 8,
                Timeout = Played.Patience,

                // The batch timer is far longer than the test: only the flush of SHUTDOWN delivers.
                Environment = new Dictionary<string, string> { ["SCHEMA"] = Schema, ["BUFFERED"] = "30000" },
            };
            await using LambdaEmulator emulator = await LambdaEmulator.StartAsync(options);
            InvocationResult[] results = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => ProcessTests.InvokeAsync(emulator)));
            Assert.All(results, result => Assert.Equal((InvocationStatus.Success, $"\"{result.RequestId}\""), (result.Status, result.ResponseText)));
            Assert.Contains(output, line => line.Line == "max=8");
            Assert.DoesNotContain("report(success)", sink.Sequence);
            ShutdownReport report = await emulator.ShutdownAsync();

            Assert.True(report.RuntimeKilled && report.Extensions[0].ReceivedShutdown && report.Extensions[0].ExitedByItself);
            Assert.Equal(8, sink.Sequence.Count(one => one == "report(success)"));
            SandboxEvent[] timeline = [.. emulator.Timeline];
            int delivered = Array.FindLastIndex(timeline, entry => entry.Kind == SandboxEventKind.TelemetryDelivered);
            int shutdown = Array.FindIndex(timeline, entry => entry is { Kind: SandboxEventKind.EventDelivered, Subject: "ext", Detail: "SHUTDOWN" });
            Assert.True(delivered < shutdown, $"{delivered} < {shutdown}");
            SandboxEvent[] signals = [.. timeline.Where(entry => entry is { Kind: SandboxEventKind.ProcessSignalled, Subject: "runtime" })];
            Assert.InRange((signals[1].At - signals[0].At).TotalMilliseconds, 590, 30_000);
            Assert.DoesNotContain(timeline, entry => entry.Kind == SandboxEventKind.Frozen);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static EmulatorOptions Options(int concurrency, params string[] extensions) =>
        Played.Options(extensions) with { InitializationType = InitializationTypes.ManagedInstances, Concurrency = concurrency };

    /// <summary>A managed instance does not wait for the runtime to come back; a test that plays it has to, or it is back in the next sandbox.</summary>
    private static async Task ShutDownAsync(Played played)
    {
        // A next that comes after the SHUTDOWN would be the first one of another sandbox, and wait for ever.
        await Wait.UntilAsync(
            () => played.Emulator.Timeline.LastOrDefault(IsCallOfRuntime)?.Kind == SandboxEventKind.NextCalled, "the runtime's next after its response");
        await played.Emulator.ShutdownAsync();

        static bool IsCallOfRuntime(SandboxEvent entry) =>
            entry.Subject == EmulatorOptions.RuntimeName && entry.Kind is SandboxEventKind.NextCalled or SandboxEventKind.ResponsePosted;
    }

    private static async Task<Task<IReadOnlyList<string>>> ExtensionAsync(Played played, TelemetrySink sink)
    {
        string id = await played.RegisteredIdAsync("ext", Shutdown);
        await played.SubscribeAsync(id, sink.Port, schema: Schema);
        return played.PlayExtensionAsync(id);
    }
}
