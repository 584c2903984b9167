using System.Collections.Concurrent;
using Mayfly.Local.Emulator;
using Xunit;

namespace Mayfly.Tests.Local.Emulator;

/// <summary>The emulator with real processes.</summary>
public class ProcessTests
{
    /// <summary>A time-out that passes once, and into which a second INIT has to fit.</summary>
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(5);

    [Fact]
    public async Task Between_invocations_every_process_is_stopped()
    {
        Scripts.Need();
        EmulatorOptions options = Options(Scripts.Extension(init: "sleep 300 & setsid sleep 300 &"), Scripts.Runtime(init: "sleep 300 &"));
        await using LambdaEmulator emulator = await LambdaEmulator.StartAsync(options);
        for (int i = 0; i < 3; i++)
        {
            InvocationResult result = await InvokeAsync(emulator);
            Assert.Equal(InvocationStatus.Success, result.Status);
            Assert.True(result.MaxMemoryUsedMb > 1);
            int[] pids = [.. new[] { "ext", EmulatorOptions.RuntimeName }.SelectMany(name => ProcessTree.Members(emulator.ProcessId(name)!.Value))];
            Assert.True(pids.Length >= 5, $"{pids.Length} processes");
            await Wait.UntilAsync(() => pids.All(IsStopped), "all of the sandbox stopped");
        }

        int[] left = [.. ProcessTree.Members(emulator.ProcessId("ext")!.Value)];
        ShutdownReport report = await emulator.ShutdownAsync();
        ExtensionExit exit = Assert.Single(report.Extensions);
        Assert.True(exit.ReceivedShutdown && exit.ExitedByItself);
        Assert.Equal(0, exit.ExitCode);
        await Wait.UntilAsync(() => left.All(IsGone), "all of the extension's processes gone");
        Assert.Contains(emulator.Timeline, entry => entry.Kind == SandboxEventKind.Thawed);
    }

    [Fact]
    public async Task Freezing_can_be_switched_off()
    {
        Scripts.Need();
        await using LambdaEmulator emulator = await LambdaEmulator.StartAsync(Options(Scripts.Extension(), Scripts.Runtime()) with { Freeze = false });
        await InvokeAsync(emulator);
        Assert.DoesNotContain(emulator.Timeline, entry => entry.Kind == SandboxEventKind.Frozen);
        Assert.False(IsStopped(emulator.ProcessId("ext")!.Value));
    }

    [Fact]
    public async Task Telemetry_of_an_invocation_comes_after_the_thaw_and_lines_are_records()
    {
        Scripts.Need();
        await using TelemetrySink sink = await TelemetrySink.StartAsync();
        EmulatorOptions options = Options(
            Scripts.Extension(init: "echo up; echo late >&2", sink: sink.Port),
            Scripts.Runtime("""echo '{"level":"INFO"}'; echo "plain é" """)) with
        {
            LogFormat = "JSON",

            // The batch timer is far longer than an invocation: nothing is out before the freeze.
            Environment = new Dictionary<string, string> { ["BUFFERED"] = "30000" },
        };
        await using LambdaEmulator emulator = await LambdaEmulator.StartAsync(options);
        await InvokeAsync(emulator);
        await InvokeAsync(emulator);
        Assert.Contains("report(success)", sink.Sequence);
        string[] sequence = [.. sink.Sequence];
        Assert.Contains("extension:up", sequence);
        Assert.Contains("extension:late", sequence);
        Assert.Contains("""function:{"level":"INFO"}""", sequence);
        Assert.Contains("function:plain é", sequence);
        SandboxEvent[] timeline = [.. emulator.Timeline];
        int report = Array.FindIndex(timeline, entry => entry.Subject == "platform.report");
        int delivered = Array.FindIndex(timeline, report, entry => entry.Kind == SandboxEventKind.TelemetryDelivered);
        int thawed = Array.FindIndex(timeline, entry => entry.Kind == SandboxEventKind.Thawed);
        int invoke = Array.FindIndex(timeline, report, entry => entry.Kind == SandboxEventKind.EventDelivered && entry.Subject == "ext");
        Assert.True(report < thawed && thawed < delivered && delivered < invoke, $"{report} < {thawed} < {delivered} < {invoke}");
    }

    [Theory]
    [InlineData("exit 3", "Runtime exited with error: exit status 3")]
    [InlineData("exit 0", "Runtime exited without providing a reason")]
    [InlineData("kill -9 $$", "Runtime exited with error: signal: killed")]
    public async Task A_runtime_that_ends_fails_the_invocation(string handler, string message)
    {
        Scripts.Need();
        await using TelemetrySink sink = await TelemetrySink.StartAsync();
        EmulatorOptions options = Options(Scripts.Extension(sink: sink.Port), Scripts.Runtime("echo last; " + handler));
        await using LambdaEmulator emulator = await LambdaEmulator.StartAsync(options);
        InvocationResult result = await InvokeAsync(emulator);
        Assert.Equal(InvocationStatus.Crash, result.Status);
        Assert.Equal("Runtime.ExitError", result.ErrorType);
        Assert.Equal($$"""{"errorType":"Runtime.ExitError","errorMessage":"RequestId: {{result.RequestId}} Error: {{message}}"}""", result.ResponseText);
        Assert.Equal("failure", result.Reset!.Reason);
        Assert.True(result.Reset.Extensions[0].ReceivedShutdown && result.Reset.Extensions[0].ExitedByItself);

        // What a process has said is waited for so long only: on a busy machine its last line may come after the end is told.
        string[] sequence = [.. sink.Sequence.SkipWhile(one => one != "start")];
        Assert.Equal("start", sequence[0]);
        Assert.Equal(["function:last", "runtimeDone(Runtime.ExitError)"], sequence.Skip(1).Order());
        Assert.Equal("error", emulator.Timeline.Last(entry => entry.Subject == "platform.report").Detail);
    }

    [Fact]
    public async Task A_timeout_kills_and_starts_everything_anew_and_keeps_the_temporary_directory()
    {
        Scripts.Need();
        string temporary = Directory.CreateTempSubdirectory("mayfly-test-").FullName;
        try
        {
            string mark = Path.Combine(temporary, "mark");
            string handler = $"if [ ! -e {mark} ]; then touch {mark}; sleep 300; fi";
            EmulatorOptions options = Options(Scripts.Extension(), Scripts.Runtime(handler)) with { Timeout = Short };
            await using LambdaEmulator emulator = await LambdaEmulator.StartAsync(options);
            InvocationResult first = await InvokeAsync(emulator);
            Assert.Equal(InvocationStatus.Timeout, first.Status);
            Assert.True(first.Reset!.Extensions[0].ExitedByItself);
            int[] pids = [.. emulator.Timeline.Where(entry => entry.Kind == SandboxEventKind.ProcessStarted).Select(entry => entry.ProcessId!.Value)];
            await Wait.UntilAsync(() => pids.All(IsGone), "the first sandbox gone");

            InvocationResult second = await InvokeAsync(emulator);
            Assert.Equal(InvocationStatus.Success, second.Status);
            Assert.True(second.Cold);
            Assert.DoesNotContain(emulator.ProcessId("ext")!.Value, pids);
            Assert.True(File.Exists(mark));
            Assert.Equal("invoke", emulator.Timeline.Last(entry => entry.Subject == "platform.initStart").Detail);
        }
        finally
        {
            Directory.Delete(temporary, recursive: true);
        }
    }

    [Fact]
    public async Task An_extension_that_ends_after_the_response_fails_the_invocation_all_the_same()
    {
        Scripts.Need();

        // The mark tells the extension that the runtime is done.
        string mark = Path.Combine(Path.GetTempPath(), "mayfly-test-" + Guid.NewGuid().ToString("n"));
        ExtensionCommand extension = Scripts.Extension(invoke: $"while [ ! -e {mark} ]; do sleep 0.01; done; rm {mark}; exit 1");
        await using LambdaEmulator emulator = await LambdaEmulator.StartAsync(Options(extension, Scripts.Runtime()));
        Task<InvocationResult> invocation = InvokeAsync(emulator);
        await Wait.UntilAsync(() => emulator.Timeline.Any(entry => entry.Subject == "platform.runtimeDone"), "runtimeDone");
        await File.WriteAllTextAsync(mark, "");
        InvocationResult result = await invocation;
        Assert.Equal(InvocationStatus.Crash, result.Status);
        Assert.Equal("Extension.Crash", result.ErrorType);
        Assert.Equal("\"ok\"", result.ResponseText);
        Assert.Equal(["success", "error"], emulator.Timeline.Where(entry => entry.Subject == "platform.runtimeDone").Select(entry => entry.Detail));
        ExtensionExit exit = Assert.Single(result.Reset!.Extensions);
        Assert.Equal(1, exit.ExitCode);
        Assert.False(exit.ReceivedShutdown);
    }

    [Fact]
    public async Task An_init_that_ends_the_runtime_fails_in_INIT_and_again_in_INVOKE()
    {
        Scripts.Need();
        await using TelemetrySink sink = await TelemetrySink.StartAsync();

        // The runtime ends only when the extension has subscribed: the mark is the extension's word for it.
        string mark = Path.Combine(Path.GetTempPath(), "mayfly-test-" + Guid.NewGuid().ToString("n"));
        ProcessCommand runtime = Scripts.Bash($"while [ ! -e {mark} ]; do sleep 0.01; done; rm {mark}; exit 1", "runtime");
        await using LambdaEmulator emulator = await LambdaEmulator.StartAsync(Options(Scripts.Extension(sink: sink.Port, init: "touch " + mark), runtime));
        InvocationResult result = await InvokeAsync(emulator);
        Assert.Equal(InvocationStatus.InitError, result.Status);
        Assert.Equal("Runtime.ExitError", result.ErrorType);
        Assert.Equal(
            [
                "initStart(init)", "telemetrySubscription", "initRuntimeDone(Runtime.ExitError)", "extension", "initReport(init,error)",
                "initStart(invoke)", "telemetrySubscription", "initRuntimeDone(Runtime.ExitError)", "extension", "initReport(invoke,error)", "start",
                "runtimeDone(Runtime.ExitError)",
            ],
            sink.Sequence);
        Assert.Equal(0, sink.Events[^1].Record.GetProperty("metrics").GetProperty("durationMs").GetDouble());
        Assert.Equal(
            ["failure", "failure"],
            emulator.Timeline.Where(entry => entry is { Kind: SandboxEventKind.PhaseStarted, Subject: "SHUTDOWN" }).Select(entry => entry.Detail));
    }

    [Fact]
    public async Task A_program_that_does_not_exist_is_named_by_AWSs_error_types()
    {
        Scripts.Need();
        await using (LambdaEmulator emulator = await LambdaEmulator.StartAsync(Options(Scripts.Extension(), new ProcessCommand("/no/such/runtime"))))
        {
            Assert.Equal("Runtime.InvalidEntrypoint", (await InvokeAsync(emulator)).ErrorType);
        }

        var missing = new ExtensionCommand("ext", new ProcessCommand("/no/such/extension"));
        await using (LambdaEmulator emulator = await LambdaEmulator.StartAsync(Options(missing, Scripts.Runtime())))
        {
            Assert.Equal("Extension.LaunchError", (await InvokeAsync(emulator)).ErrorType);
        }
    }

    [Fact]
    public Task SHUTDOWN_gives_the_runtime_a_share_and_the_extension_the_rest_of_two_seconds() => Attempts.OneKeepsTheTimeAsync(async () =>
    {
        Scripts.Need();
        EmulatorOptions options = Options(Scripts.Extension(shutdown: "sleep 300"), Scripts.Runtime(init: "trap '' TERM")) with { Grace = TimeSpan.Zero };
        await using LambdaEmulator emulator = await LambdaEmulator.StartAsync(options);
        await InvokeAsync(emulator);
        ShutdownReport report = await emulator.ShutdownAsync();
        Assert.True(report.RuntimeKilled);
        Assert.Equal(128 + 9, report.RuntimeExitCode);
        ExtensionExit exit = Assert.Single(report.Extensions);
        Assert.False(exit.ExitedByItself);
        Assert.True(exit.Took > TimeSpan.Zero);
        Assert.InRange(report.Took.TotalMilliseconds, 1990, 30_000);

        SandboxEvent[] signals = [.. emulator.Timeline.Where(entry => entry.Kind == SandboxEventKind.ProcessSignalled)];
        Assert.Equal(["runtime SIGTERM", "runtime SIGKILL", "ext SIGKILL"], SignalsOf(emulator));
        double share = (signals[1].At - signals[0].At).TotalMilliseconds;
        Assert.InRange(share, 590, 30_000);
        TimeSpan begun = emulator.Timeline.Last(entry => entry is { Kind: SandboxEventKind.PhaseStarted, Subject: "SHUTDOWN" }).At;
        Assert.InRange((signals[2].At - begun).TotalMilliseconds, 1980, 30_000);
        return exit.ReceivedShutdown && share < 1990 && exit.Took.TotalMilliseconds > 800
            ? null
            : $"runtime {share} ms, extension {exit.Took.TotalMilliseconds} ms, received {exit.ReceivedShutdown}";
    });

    [Fact]
    public Task Without_extensions_the_runtime_is_killed_at_once() => Attempts.OneKeepsTheTimeAsync(async () =>
    {
        Scripts.Need();
        await using LambdaEmulator emulator = await LambdaEmulator.StartAsync(Options(null, Scripts.Runtime()));
        await InvokeAsync(emulator);
        ShutdownReport report = await emulator.ShutdownAsync();
        Assert.True(report.RuntimeKilled);
        Assert.Equal(["runtime SIGKILL"], SignalsOf(emulator));
        return report.Took < TimeSpan.FromSeconds(1.9) ? null : $"{report.Took}";
    });

    [Fact]
    public Task Without_SHUTDOWN_an_extension_is_killed_at_once() => Attempts.OneKeepsTheTimeAsync(async () =>
    {
        Scripts.Need();
        await using LambdaEmulator emulator = await LambdaEmulator.StartAsync(Options(Scripts.Extension(events: "\"INVOKE\""), Scripts.Runtime()));
        await InvokeAsync(emulator);
        ShutdownReport report = await emulator.ShutdownAsync();
        Assert.False(report.Extensions[0].ReceivedShutdown || report.Extensions[0].ExitedByItself);
        string[] signals = [.. SignalsOf(emulator)];
        Assert.Equal("runtime SIGTERM", signals[0]);
        Assert.Equal("ext SIGKILL", signals[^1]);

        // The runtime ends by itself, but may not be seen dead within its share.
        return !report.RuntimeKilled && report.Took < TimeSpan.FromSeconds(1.9) ? null : $"{report.Took}, runtime killed: {report.RuntimeKilled}";
    });

    [Fact]
    public async Task Disposing_leaves_no_process_behind()
    {
        Scripts.Need();
        LambdaEmulator emulator = await LambdaEmulator.StartAsync(Options(Scripts.Extension(init: "sleep 300 &"), Scripts.Runtime()));
        await InvokeAsync(emulator);
        int[] pids = [.. ProcessTree.Members(emulator.ProcessId("ext")!.Value), .. ProcessTree.Members(emulator.ProcessId(EmulatorOptions.RuntimeName)!.Value)];
        await emulator.DisposeAsync();
        await Wait.UntilAsync(() => pids.All(IsGone), "all processes gone");
        Assert.False(Directory.Exists(emulator.LayerPath));
    }

    [Fact]
    public async Task Disposing_during_an_invocation_fails_it()
    {
        Scripts.Need();
        EmulatorOptions options = Options(Scripts.Extension(), Scripts.Runtime("sleep 300")) with { Timeout = Played.Patience };
        LambdaEmulator emulator = await LambdaEmulator.StartAsync(options);
        Task<InvocationResult> invocation = InvokeAsync(emulator);
        await Wait.UntilAsync(() => emulator.Timeline.Any(entry => entry.Kind == SandboxEventKind.EventDelivered), "event");
        await emulator.DisposeAsync();
        Assert.Equal(InvocationStatus.Crash, (await invocation).Status);
    }

    internal static EmulatorOptions Options(ExtensionCommand? extension, ProcessCommand function, ConcurrentQueue<ProcessOutput>? output = null) => new()
    {
        Function = function,
        Extensions = extension is null ? [] : [extension],
        Timeout = TimeSpan.FromSeconds(10),
        Grace = Played.Patience,
        Output = output is null ? null : output.Enqueue,
    };

    internal static Task<InvocationResult> InvokeAsync(LambdaEmulator emulator) => emulator.InvokeAsync("{}"u8.ToArray());

    private static IEnumerable<string> SignalsOf(LambdaEmulator emulator) =>
        emulator.Timeline.Where(entry => entry.Kind == SandboxEventKind.ProcessSignalled).Select(entry => $"{entry.Subject} {entry.Detail}");

    private static bool IsStopped(int pid) => ProcessTree.TryRead(pid, out ProcessStat stat) && stat.State == 'T';

    private static bool IsGone(int pid) => !ProcessTree.TryRead(pid, out ProcessStat stat) || stat.State == 'Z';
}
