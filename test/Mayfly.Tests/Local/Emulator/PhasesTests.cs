using Mayfly.Local.Emulator;
using Xunit;

namespace Mayfly.Tests.Local.Emulator;

/// <summary>Sequences of docs/spec/07-observed-clients.md#2 with played participants.</summary>
public class PhasesTests
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(600);

    /// <summary>A time-out that passes once, while elsewhere in the test something has to be done within it.</summary>
    private static readonly TimeSpan Longer = TimeSpan.FromSeconds(3);

    [Fact]
    public async Task A_timeout_resets_and_the_next_invocation_initializes_inside_itself()
    {
        await using TelemetrySink sink = await TelemetrySink.StartAsync();
        await using Played played = await Played.StartAsync(Played.Options("ext") with { Timeout = Longer, Freeze = false });
        string id = await played.RegisteredIdAsync("ext");
        await played.SubscribeAsync(id, sink.Port);
        Task<IReadOnlyList<string>> extension = played.PlayExtensionAsync(id);
        Task<Answer> next = played.RuntimeNextAsync();
        InvocationResult result = await played.InvokeAsync(new() { RequestId = "r-1" });
        await next;

        Assert.Equal(InvocationStatus.Timeout, result.Status);
        Assert.Equal("Sandbox.Timedout", result.ErrorType);
        Assert.Equal("""{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: r-1 Error: Task timed out after 3.00 seconds"}""", result.ResponseText);
        Assert.Equal(Longer, result.Duration);
        Assert.Equal(3000, result.BilledDurationMs);
        Assert.Equal("timeout", result.Reset!.Reason);
        Assert.Equal(["INVOKE", "SHUTDOWN(timeout)"], await extension);
        Assert.Equal(["start", "runtimeDone(timeout)"], sink.Sequence.SkipWhile(one => one != "start"));

        // The old identity is gone; the report of the timed-out invocation waits for the new one's subscription.
        Assert.Equal("Extension.UnknownExtensionIdentifier", (await played.ExtensionNextAsync(id)).ErrorType);
        await using TelemetrySink second = await TelemetrySink.StartAsync();
        string secondId = await played.RegisteredIdAsync("ext");
        await played.SubscribeAsync(secondId, second.Port);
        extension = played.PlayExtensionAsync(secondId);
        Task runtime = played.PlayRuntimeAsync();
        result = await played.InvokeAsync(new() { RequestId = "r-2" });
        await Wait.UntilAsync(() => second.Sequence.Contains("report(success)"), "report");
        Assert.Equal(InvocationStatus.Success, result.Status);
        Assert.True(result.Cold);
        Assert.Null(result.InitDuration);
        Assert.Equal(
            [
                "report(timeout)", "telemetrySubscription", "initStart(invoke)", "initRuntimeDone(success)", "extension", "initReport(invoke,success)", "start",
                "runtimeDone(success)", "report(success)",
            ],
            second.Sequence);
        await played.Emulator.ShutdownAsync();
        await Task.WhenAll(runtime, extension);
    }

    [Fact]
    public async Task An_extension_that_is_still_busy_at_the_deadline_makes_a_success_a_timeout()
    {
        await using TelemetrySink sink = await TelemetrySink.StartAsync();
        await using Played played = await Played.StartAsync(Played.Options("slow") with { Timeout = Longer, Freeze = false });
        string id = await played.RegisteredIdAsync("slow");
        await played.SubscribeAsync(id, sink.Port);
        Task runtime = played.PlayRuntimeAsync("\"ok\"");
        Task<Answer> next = played.ExtensionNextAsync(id);
        long before = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        Task<InvocationResult> invocation = played.InvokeAsync();
        await next;
        await Wait.UntilAsync(
            () => played.Emulator.Timeline.Any(entry => entry.Kind == SandboxEventKind.PhaseStarted && entry.Subject == "SHUTDOWN"), "SHUTDOWN");

        // Late into its next: SHUTDOWN is there, with only what is left of the two seconds; on a busy machine that may be less than nothing.
        long now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        Answer shutdown = await played.ExtensionNextAsync(id);
        Assert.Equal("timeout", shutdown.Json.GetProperty("shutdownReason").GetString());
        long deadline = shutdown.Json.GetProperty("deadlineMs").GetInt64();
        Assert.True(deadline - now <= 2000, $"{deadline - now} ms");
        Assert.True(deadline - before >= Longer.TotalMilliseconds + 1980, $"{deadline - before} ms");
        InvocationResult result = await invocation;
        await runtime;

        Assert.Equal(InvocationStatus.Timeout, result.Status);
        Assert.Equal("\"ok\"", result.ResponseText);
        ExtensionReturn returned = Assert.Single(result.Extensions);
        Assert.Null(returned.BeforeDeadline);
        Assert.Equal(["runtimeDone(success)", "runtimeDone(timeout)"], sink.Sequence.Where(one => one.StartsWith("runtimeDone", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task An_extension_that_never_takes_SHUTDOWN_uses_up_the_two_seconds()
    {
        await using Played played = await Played.StartAsync(Played.Options("stuck") with { Timeout = Short, Grace = TimeSpan.Zero });
        string id = await played.RegisteredIdAsync("stuck");
        Task runtime = played.PlayRuntimeAsync();
        Task<Answer> next = played.ExtensionNextAsync(id);
        InvocationResult result = await played.InvokeAsync();
        await Task.WhenAll(next, runtime);
        ExtensionExit exit = Assert.Single(result.Reset!.Extensions);
        Assert.False(exit.ReceivedShutdown);
        Assert.False(exit.ExitedByItself);
        Assert.InRange(result.Reset.Took.TotalMilliseconds, 1990, 30_000);
    }

    [Fact]
    public async Task INIT_that_takes_too_long_is_done_again_in_the_invocation()
    {
        await using TelemetrySink sink = await TelemetrySink.StartAsync();
        await using Played played = await Played.StartAsync(Played.Options("ext") with { InitTimeout = Short, Freeze = false });
        string id = await played.RegisteredIdAsync("ext");
        await played.SubscribeAsync(id, sink.Port);
        Task<IReadOnlyList<string>> extension = played.PlayExtensionAsync(id);
        Task<InvocationResult> invocation = played.InvokeAsync();
        Assert.Equal(["SHUTDOWN(timeout)"], await extension);
        Assert.Equal(["initRuntimeDone(Runtime.Unknown)", "extension", "initReport(init,error)"], sink.Sequence.Skip(2));

        await Wait.UntilAsync(() => played.Emulator.Timeline.Count(entry => entry.Subject == "platform.initStart") == 2, "second INIT");
        string secondId = await played.RegisteredIdAsync("ext");
        extension = played.PlayExtensionAsync(secondId);
        Task runtime = played.PlayRuntimeAsync();
        InvocationResult result = await invocation;
        Assert.Equal(InvocationStatus.Success, result.Status);
        Assert.Equal("invoke", played.Emulator.Timeline.Last(entry => entry.Subject == "platform.initStart").Detail);
        await played.Emulator.ShutdownAsync();
        await Task.WhenAll(runtime, extension);
    }

    [Fact]
    public async Task An_init_error_of_the_runtime_fails_INIT_twice_and_reaches_the_caller()
    {
        await using Played played = await Played.StartAsync(Played.Options());
        Task<InvocationResult> invocation = played.InvokeAsync();
        const string document = """{"errorType":"Runtime.ImportModuleError","errorMessage":"no module"}""";
        const string path = "/2018-06-01/runtime/init/error";
        for (int phase = 1; phase <= 2; phase++)
        {
            await Wait.UntilAsync(() => played.Emulator.Timeline.Count(entry => entry.Subject == "platform.initStart") == phase, "INIT " + phase);
            await played.SendAsync("POST", path, document, ("Lambda-Runtime-Function-Error-Type", "Runtime.ImportModuleError"));
        }

        InvocationResult result = await invocation;
        Assert.Equal(InvocationStatus.InitError, result.Status);
        Assert.Equal(document, result.ResponseText);
        Assert.Equal(
            [
                "platform.initStart", "platform.initRuntimeDone", "platform.initReport",
                "platform.initStart", "platform.initRuntimeDone", "platform.initReport",
                "platform.start", "platform.runtimeDone", "platform.report",
            ],
            played.Emulator.Timeline.Where(entry => entry.Kind == SandboxEventKind.TelemetryEmitted).Select(entry => entry.Subject));
    }

    [Fact]
    public async Task An_internal_extension_that_never_calls_next_blocks_INIT()
    {
        await using Played played = await Played.StartAsync(Played.Options() with { InitTimeout = Short, Timeout = Short });
        await played.RegisterAsync("inside", """["INVOKE"]""");
        Task runtime = played.PlayRuntimeAsync();

        // Were it late, INIT would be over without it.
        await Wait.UntilAsync(() => played.Emulator.Timeline.Any(entry => entry.Kind == SandboxEventKind.NextCalled), "the runtime's next");
        InvocationResult result = await played.InvokeAsync();
        await runtime;
        Assert.Equal(InvocationStatus.Timeout, result.Status);
        Assert.Contains(played.Emulator.Timeline, entry => entry is { Kind: SandboxEventKind.PhaseEnded, Subject: "INIT", Detail: "Runtime.Unknown" });
    }

    [Fact]
    public async Task The_invocation_lasts_until_every_subscribed_extension_is_back()
    {
        await using Played played = await Played.StartAsync(Played.Options("worker", "watcher"));
        string worker = await played.RegisteredIdAsync("worker");
        string watcher = await played.RegisteredIdAsync("watcher", """["SHUTDOWN"]""");
        Task runtime = played.PlayRuntimeAsync();
        Task<IReadOnlyList<string>> watching = played.PlayExtensionAsync(watcher);
        Task<Answer> next = played.ExtensionNextAsync(worker);
        var responded = new TaskCompletionSource();
        Task<InvocationResult> invocation = played.InvokeAsync(new() { Responded = _ => responded.SetResult() });
        await next;
        await responded.Task.WaitAsync(Played.Patience);
        await Wait.UntilAsync(() => played.Emulator.Timeline.Any(entry => entry.Subject == "platform.runtimeDone"), "runtimeDone");
        Assert.False(invocation.IsCompleted);
        next = played.ExtensionNextAsync(worker);
        InvocationResult result = await invocation;

        ExtensionReturn returned = Assert.Single(result.Extensions);
        Assert.Equal("worker", returned.Name);
        Assert.True(returned.AfterResponse > TimeSpan.Zero && returned.BeforeDeadline > TimeSpan.Zero);
        Assert.InRange(result.ExtensionOverhead, returned.AfterResponse.Value, result.Duration);
        Assert.True(result.ResponseLatency < result.Duration);
        Task<ShutdownReport> shutdown = played.Emulator.ShutdownAsync();
        Assert.Equal("spindown", (await next).Json.GetProperty("shutdownReason").GetString());
        Assert.Equal(["SHUTDOWN(spindown)"], await watching);
        Assert.All((await shutdown).Extensions, exit => Assert.True(exit.ReceivedShutdown && exit.ExitedByItself));
        await runtime;
    }

    [Fact]
    public async Task An_announced_exit_fails_the_invocation_under_its_own_name()
    {
        // Nobody takes the SHUTDOWN.
        await using Played played = await Played.StartAsync(Played.Options("ext") with { Grace = TimeSpan.Zero });
        string id = await played.RegisteredIdAsync("ext");
        Task<Answer> runtime = played.RuntimeNextAsync();
        Task<Answer> next = played.ExtensionNextAsync(id);
        Task<InvocationResult> invocation = played.InvokeAsync();
        await Task.WhenAll(next, runtime);
        await played.SendAsync(
            "POST",
            "/2020-01-01/extension/exit/error",
            "{}",
            ("Lambda-Extension-Identifier", id),
            ("Lambda-Extension-Function-Error-Type", "Extension.DiskFull"));
        InvocationResult result = await invocation;
        Assert.Equal(InvocationStatus.Crash, result.Status);
        Assert.Equal("Extension.ExitError", result.ErrorType);
    }

    [Fact]
    public async Task Invocations_wait_for_their_turn()
    {
        await using Played played = await Played.StartAsync(Played.Options());
        Task runtime = played.PlayRuntimeAsync();
        InvocationResult[] results = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => played.InvokeAsync()));
        Assert.All(results, result => Assert.Equal(InvocationStatus.Success, result.Status));
        Assert.Single(results, result => result.Cold);
        string[] phases = [.. played.Emulator.Timeline.Where(entry => entry.Subject == "INVOKE").Select(entry => entry.Kind.ToString())];
        Assert.Equal(Enumerable.Range(0, 40).Select(i => i % 2 == 0 ? "PhaseStarted" : "PhaseEnded"), phases);
        await played.Emulator.ShutdownAsync();
        await runtime;
    }

    [Fact]
    public async Task After_a_spindown_the_next_invocation_is_an_ordinary_cold_start()
    {
        await using Played played = await Played.StartAsync(Played.Options());
        Task runtime = played.PlayRuntimeAsync();
        await played.InvokeAsync();
        await played.Emulator.ShutdownAsync();
        await runtime;
        runtime = played.PlayRuntimeAsync();
        InvocationResult result = await played.InvokeAsync();
        Assert.True(result.Cold);
        Assert.NotNull(result.InitDuration);
        await played.Emulator.ShutdownAsync();
        await runtime;
    }

    [Fact]
    public async Task An_INIT_that_nobody_used_ends_with_SHUTDOWN_as_the_first_event()
    {
        await using Played played = await Played.StartAsync(Played.Options("ext"));
        string id = await played.RegisteredIdAsync("ext");
        Task runtime = played.PlayRuntimeAsync();
        Task<IReadOnlyList<string>> extension = played.PlayExtensionAsync(id);
        Assert.True(await played.Emulator.InitializeAsync());
        Assert.Equal(SandboxEventKind.Frozen, Played.LastOf(played.Emulator.Timeline));
        await played.Emulator.ShutdownAsync();
        Assert.Equal(["SHUTDOWN(spindown)"], await extension);
        await runtime;
    }

    [Fact]
    public async Task The_first_invocation_reports_an_INIT_that_ran_ahead()
    {
        await using Played played = await Played.StartAsync(Played.Options());
        Task runtime = played.PlayRuntimeAsync();
        await played.Emulator.InitializeAsync();
        InvocationResult first = await played.InvokeAsync();
        InvocationResult second = await played.InvokeAsync();
        Assert.True(first.Cold && first.InitDuration is not null);
        Assert.True(!second.Cold && second.InitDuration is null);
        await played.Emulator.ShutdownAsync();
        await runtime;
    }
}
