using System.Collections.Concurrent;
using Mayfly.Local.Emulator;
using Xunit;

namespace Mayfly.Tests.Local.Emulator;

/// <summary>Ends that a test or a user asks for: the kernel's, a crash, a reset.</summary>
public class KillTests
{
    [Fact]
    public async Task Out_of_memory_has_its_own_error_and_a_report_of_all_memory_used()
    {
        Scripts.Need();
        await using TelemetrySink sink = await TelemetrySink.StartAsync();
        var output = new ConcurrentQueue<ProcessOutput>();
        ProcessCommand runtime = Scripts.Runtime("echo begun; sleep 300");
        EmulatorOptions options = ProcessTests.Options(Scripts.Extension(sink: sink.Port), runtime, output) with { MemoryMb = 128 };
        await using LambdaEmulator emulator = await LambdaEmulator.StartAsync(options);
        Task<InvocationResult> invocation = ProcessTests.InvokeAsync(emulator);
        await Wait.UntilAsync(() => output.Any(line => line.Line == "begun"), "event");
        Assert.True(emulator.KillOutOfMemory());
        InvocationResult result = await invocation;

        Assert.Equal((InvocationStatus.Crash, "Runtime.OutOfMemory", 128), (result.Status, result.ErrorType, result.MaxMemoryUsedMb));
        Assert.EndsWith("Error: Runtime exited with error: signal: killed\"}", result.ResponseText);
        Assert.True(result.Reset is { Reason: "failure", RuntimeExitCode: 128 + 9 } && result.Reset.Extensions[0].ReceivedShutdown);
        Assert.Equal(["start", "function:begun", "runtimeDone(Runtime.OutOfMemory)"], sink.Sequence.SkipWhile(one => one != "start"));
        Assert.Equal("error", sink.Events[^1].Text("status"));
        Assert.Equal("error", emulator.Timeline.Last(entry => entry.Subject == "platform.report").Detail);
    }

    [Fact]
    public async Task A_function_that_takes_more_than_its_memory_is_killed_when_that_is_wanted()
    {
        Scripts.Need();
        const string Hoard = "x=$(head -c 200000000 /dev/zero | tr '\\0' a); sleep 300";
        EmulatorOptions options = ProcessTests.Options(Scripts.Extension(), Scripts.Runtime(Hoard)) with
        {
            MemoryMb = 128,
            EnforceMemory = true,
            Timeout = Played.Patience,
        };
        await using LambdaEmulator emulator = await LambdaEmulator.StartAsync(options);
        InvocationResult result = await ProcessTests.InvokeAsync(emulator);
        Assert.Equal((InvocationStatus.Crash, "Runtime.OutOfMemory", 128), (result.Status, result.ErrorType, result.MaxMemoryUsedMb));
    }

    [Theory]
    [InlineData("ext", "Extension.Crash")]
    [InlineData(EmulatorOptions.RuntimeName, "Runtime.ExitError")]
    public async Task A_crash_on_demand_of_a_test_fails_the_invocation(string name, string errorType)
    {
        await using Played played = await Played.StartAsync(Played.Options("ext"));
        string id = await played.RegisteredIdAsync("ext");
        Task<IReadOnlyList<string>> extension = played.PlayExtensionAsync(id);
        Task<Answer> next = played.RuntimeNextAsync();
        Task<InvocationResult> invocation = played.InvokeAsync();
        await next;
        Assert.True(played.Emulator.Kill(name));
        Assert.False(played.Emulator.Kill("nobody"));
        InvocationResult result = await invocation;
        Assert.Equal((InvocationStatus.Crash, errorType), (result.Status, result.ErrorType));
        Assert.Equal("failure", result.Reset!.Reason);
        await extension;
    }

    [Fact]
    public async Task A_reset_shuts_down_with_failure_and_leaves_INIT_to_the_next_invocation()
    {
        await using Played played = await Played.StartAsync(Played.Options("ext"));
        string id = await played.RegisteredIdAsync("ext");
        Task<IReadOnlyList<string>> extension = played.PlayExtensionAsync(id);
        Task runtime = played.PlayRuntimeAsync();
        await played.InvokeAsync();
        ShutdownReport report = await played.Emulator.ResetAsync();
        Assert.Equal("failure", report.Reason);
        Assert.Equal(["INVOKE", "SHUTDOWN(failure)"], await extension);
        await runtime;

        string fresh = await played.RegisteredIdAsync("ext");
        extension = played.PlayExtensionAsync(fresh);
        runtime = played.PlayRuntimeAsync();
        Assert.True((await played.InvokeAsync()) is { Cold: true, InitDuration: null });
        Assert.Equal(["init", "invoke"], played.Emulator.Timeline.Where(entry => entry.Subject == "platform.initStart").Select(entry => entry.Detail));
        await played.Emulator.ShutdownAsync();
        await Task.WhenAll(extension, runtime);
        Assert.Equal("failure", (await played.Emulator.ResetAsync()).Reason);
    }
}
