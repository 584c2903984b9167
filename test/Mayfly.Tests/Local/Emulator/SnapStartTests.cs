using System.Collections.Concurrent;
using System.Net;
using Mayfly.Local.Emulator;
using Xunit;

namespace Mayfly.Tests.Local.Emulator;

/// <summary>INIT, snapshot, RESTORE: docs/spec/01-lambda-lifecycle.md (1.1 credentials, 1.4 restore events) and 07-observed-clients.md#2.</summary>
public class SnapStartTests
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(400);

    [Fact]
    public async Task A_restore_with_hooks_comes_between_the_snapshot_and_the_first_invocation()
    {
        await using TelemetrySink sink = await TelemetrySink.StartAsync();
        await using Played played = await Played.StartAsync(Options("ext"));
        string id = await played.RegisteredIdAsync("ext");
        await played.SubscribeAsync(id, sink.Port);
        Task<IReadOnlyList<string>> extension = played.PlayExtensionAsync(id);
        Task<Answer> restore = played.RestoreNextAsync();
        Assert.True(await played.Emulator.InitializeAsync());
        Assert.Equal(SandboxEventKind.Frozen, Played.LastOf(played.Emulator.Timeline));
        Assert.False(restore.IsCompleted);
        Answer early = await played.RuntimeNextAsync();
        Assert.Equal((HttpStatusCode.Forbidden, "InvalidStateTransition"), (early.Status, early.ErrorType));
        Answer twice = await played.RestoreNextAsync();
        Assert.Equal(
            "State transition from RestoreReady to Ready failed for runtime. Error: State transition is not allowed",
            twice.Json.GetProperty("errorMessage").GetString());

        Task<InvocationResult> invocation = played.InvokeAsync();
        Answer order = await restore;
        Assert.Equal((HttpStatusCode.OK, ""), (order.Status, order.Body));
        Assert.DoesNotContain(played.Emulator.Timeline, entry => entry.Subject == "platform.start");
        Task runtime = played.PlayRuntimeAsync();
        InvocationResult first = await invocation;
        InvocationResult second = await played.InvokeAsync();
        await played.Emulator.ShutdownAsync();
        await runtime;

        Assert.True(first is { Status: InvocationStatus.Success, Cold: true, InitDuration: null, RestoreDuration: not null });
        Assert.True(second is { Status: InvocationStatus.Success, Cold: false, RestoreDuration: null });
        Assert.Equal(["INVOKE", "INVOKE", "SHUTDOWN(spindown)"], await extension);
        Assert.Equal(
            [
                "telemetrySubscription", "initStart(init)", "initRuntimeDone(success)", "extension", "initReport(init,success)",
                "restoreStart", "restoreRuntimeDone(success)", "restoreReport(success)",
                "start", "runtimeDone(success)", "report(success)", "start", "runtimeDone(success)", "report(success)",
            ],
            sink.Sequence);
        Assert.Equal("snap-start", sink.Events[1].Text("initializationType"));
        Assert.Equal("my-function", sink.Events[5].Text("functionName"));
        double restoreMs = sink.Events[7].Record.GetProperty("metrics").GetProperty("durationMs").GetDouble();
        Assert.Equal(first.RestoreDuration.Value.TotalMilliseconds, restoreMs, 0.001);
        var metrics = sink.Events[10].Record.GetProperty("metrics");
        Assert.Equal(restoreMs, metrics.GetProperty("restoreDurationMs").GetDouble());
        Assert.Equal((long)Math.Ceiling(first.RestoreDuration.Value.TotalMilliseconds), metrics.GetProperty("billedRestoreDurationMs").GetInt64());
        Assert.False(metrics.TryGetProperty("initDurationMs", out _));
        Assert.False(sink.Events[13].Record.GetProperty("metrics").TryGetProperty("restoreDurationMs", out _));
    }

    [Fact]
    public async Task A_runtime_without_hooks_is_restored_while_it_waits_for_its_first_event()
    {
        await using Played played = await Played.StartAsync(Options());
        Task runtime = played.PlayRuntimeAsync();
        InvocationResult result = await played.InvokeAsync();
        Assert.True(result is { Status: InvocationStatus.Success, Cold: true, RestoreDuration: not null });
        string[] phases = [.. played.Emulator.Timeline.Where(entry => entry.Kind == SandboxEventKind.PhaseStarted).Select(entry => entry.Subject)];
        Assert.Equal(["INIT", "RESTORE", "INVOKE"], phases);
        await played.Emulator.ShutdownAsync();
        await runtime;
    }

    [Theory]
    [InlineData("Function.HookFailed", InvocationStatus.RestoreError, "Function.HookFailed", "SHUTDOWN(failure)")]
    [InlineData(null, InvocationStatus.RestoreError, "Runtime.RestoreHookUserTimeout", "SHUTDOWN(timeout)")]
    public async Task A_restore_that_fails_keeps_the_event_from_the_function(string? posted, InvocationStatus status, string errorType, string shutdown)
    {
        await using TelemetrySink sink = await TelemetrySink.StartAsync();
        await using Played played = await Played.StartAsync(Options("ext") with { RestoreTimeout = posted is null ? Short : Played.Patience });
        string id = await played.RegisteredIdAsync("ext");
        await played.SubscribeAsync(id, sink.Port);
        Task<IReadOnlyList<string>> extension = played.PlayExtensionAsync(id);
        Task<Answer> restore = played.RestoreNextAsync();
        Task<InvocationResult> invocation = played.InvokeAsync();
        await restore;
        if (posted is not null)
        {
            Assert.Equal(HttpStatusCode.Accepted, (await played.RestoreErrorAsync(posted)).Status);
        }

        InvocationResult result = await invocation;
        Assert.Equal((status, errorType), (result.Status, result.ErrorType));
        Assert.Equal([shutdown], await extension);
        Assert.Equal(["restoreStart", "restoreRuntimeDone(Runtime.Unknown)", "restoreReport(error)"], sink.Sequence.Skip(5));
        Assert.False(sink.Events[^1].Record.TryGetProperty("metrics", out _));

        // The next one gets a new sandbox, INIT and RESTORE included.
        string fresh = await played.RegisteredIdAsync("ext");
        extension = played.PlayExtensionAsync(fresh);
        Task runtime = played.PlayRuntimeAsync();
        Assert.Equal(InvocationStatus.Success, (await played.InvokeAsync()).Status);
        Assert.Equal(["init", "init"], played.Emulator.Timeline.Where(entry => entry.Subject == "platform.initStart").Select(entry => entry.Detail));
        await played.Emulator.ShutdownAsync();
        await Task.WhenAll(extension, runtime);
    }

    [Fact]
    public async Task A_restore_error_is_for_a_restore_only()
    {
        await using Played played = await Played.StartAsync(Options());
        Answer refused = await played.RestoreErrorAsync("Function.Early");
        Assert.Equal(
            "State transition from Started to RuntimeRestoreErrorState failed for runtime. Error: State transition is not allowed",
            refused.Json.GetProperty("errorMessage").GetString());
        await using Played onDemand = await Played.StartAsync(Played.Options());
        Assert.Equal(HttpStatusCode.NotFound, (await onDemand.RestoreNextAsync()).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await onDemand.RestoreErrorAsync("Function.X")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await onDemand.SendAsync("GET", "/2021-04-23/credentials")).Status);
    }

    [Fact]
    public async Task A_snapshot_that_cannot_be_taken_is_an_init_error_without_an_invocation()
    {
        await using Played played = await Played.StartAsync(Options() with { InitTimeout = Short });
        InvocationResult result = await played.InvokeAsync();
        Assert.Equal((InvocationStatus.InitError, "Runtime.Unknown"), (result.Status, result.ErrorType));
        Assert.DoesNotContain(played.Emulator.Timeline, entry => entry.Subject is "RESTORE" or "INVOKE");
    }

    [Fact]
    public async Task Processes_are_stopped_in_the_snapshot_and_get_their_credentials_from_the_endpoint()
    {
        Scripts.Need();
        const string Print = "tr '\\0' '\\n' < /proc/$$/environ";
        var output = new ConcurrentQueue<ProcessOutput>();
        const string Hooked = "call GET /2018-06-01/runtime/restore/next '' ''; echo restored";
        EmulatorOptions options = ProcessTests.Options(Scripts.Extension(init: Print), Scripts.Runtime(init: $"{Print}; {Hooked}"), output) with
        {
            InitializationType = InitializationTypes.SnapStart,
        };
        await using LambdaEmulator emulator = await LambdaEmulator.StartAsync(options);
        Assert.True(await emulator.InitializeAsync());
        int[] pids = [emulator.ProcessId("ext")!.Value, emulator.ProcessId(EmulatorOptions.RuntimeName)!.Value];
        await Wait.UntilAsync(() => pids.All(pid => ProcessTree.TryRead(pid, out ProcessStat stat) && stat.State == 'T'), "all stopped");
        Assert.DoesNotContain(output, line => line.Line == "restored");

        foreach (string process in new[] { "ext", EmulatorOptions.RuntimeName })
        {
            string[] lines = [.. output.Where(line => line.Process == process).Select(line => line.Line)];
            Assert.DoesNotContain(lines, line => line.StartsWith("AWS_ACCESS_KEY_ID=", StringComparison.Ordinal));
            Assert.DoesNotContain(lines, line => line.StartsWith("AWS_SECRET_ACCESS_KEY=", StringComparison.Ordinal));
            Assert.DoesNotContain(lines, line => line.StartsWith("AWS_SESSION_TOKEN=", StringComparison.Ordinal));
            Assert.Contains("AWS_LAMBDA_INITIALIZATION_TYPE=snap-start", lines);
        }

        string address = ValueOf(output, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
        string token = ValueOf(output, "AWS_CONTAINER_AUTHORIZATION_TOKEN");
        Assert.Equal($"http://{emulator.RuntimeApiAddress}/2021-04-23/credentials", address);
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        (HttpStatusCode status, string before) = await CredentialsAsync(http, address, token);
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal((HttpStatusCode.NotFound, "cannot get credentials for the provided token\n"), await CredentialsAsync(http, address, "wrong"));
        using var document = System.Text.Json.JsonDocument.Parse(before);
        Assert.Equal(["AccessKeyId", "SecretAccessKey", "Token", "Expiration"], document.RootElement.EnumerateObject().Select(member => member.Name));
        Assert.True(document.RootElement.GetProperty("Expiration").GetDateTimeOffset() > DateTimeOffset.UtcNow);

        InvocationResult result = await ProcessTests.InvokeAsync(emulator);
        Assert.Equal(InvocationStatus.Success, result.Status);
        Assert.Contains(output, line => line.Line == "restored");
        (_, string after) = await CredentialsAsync(http, address, token);
        Assert.NotEqual(before, after);
    }

    private static EmulatorOptions Options(params string[] extensions) =>
        Played.Options(extensions) with { InitializationType = InitializationTypes.SnapStart };

    private static string ValueOf(IEnumerable<ProcessOutput> output, string name) =>
        output.First(line => line.Line.StartsWith(name + "=", StringComparison.Ordinal)).Line[(name.Length + 1)..];

    private static async Task<(HttpStatusCode Status, string Body)> CredentialsAsync(HttpClient http, string address, string token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.TryAddWithoutValidation("Authorization", token);
        using HttpResponseMessage answer = await http.SendAsync(request);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }
}
