using System.Globalization;
using System.Text;
using Mayfly.EndToEnd.Agents;
using Mayfly.EndToEnd.Functions;
using Mayfly.Local.Cli;
using Mayfly.Local.Emulator;
using Mayfly.Local.Intake;
using Mayfly.Testing;
using Xunit;

namespace Mayfly.EndToEnd;

/// <summary>
/// The agent in every kind of sandbox that the emulator plays: cold starts, snapshots, managed instances, crashes, lack of memory, a web application
/// (docs/spec/01-lambda-lifecycle.md#15-init-types, #44-the-awslambda-span, #46-timeout-oom-crash, #17-lmi-differences-summary, #9-runtime-api-proxy).
/// </summary>
public class SandboxKindTests
{
    private const string Enhanced = "aws.lambda.enhanced.";

    public static TheoryData<string> Agents => AgentUnderTest.Names;

    [Theory, MemberData(nameof(Agents))]
    public async Task A_cold_start_is_a_span_beside_the_first_invocation(string agent)
    {
        await using FunctionSandbox sandbox = await StartAsync(agent, CSharpRun.Options(TimeSpan.FromSeconds(10)));
        InvocationResult first = await sandbox.InvokeFileAsync("ok.json");
        await sandbox.InvokeFileAsync("ok.json");
        await sandbox.ShutDownAsync();
        ReceivedSpan span = Only(sandbox, "aws.lambda.cold_start");
        ReceivedSpan function = FunctionOf(sandbox, first);
        Assert.Equal((function.TraceId, function.ParentId, "coffee", "Coffee-Shop"), (span.TraceId, span.ParentId, span.Service, span.Resource));
        Assert.Equal(first.InitDuration!.Value.TotalMilliseconds, span.DurationNs / 1e6, tolerance: CSharpRun.RecordedMs);

        // Times of records are cut to milliseconds.
        Assert.True(span.StartNs + span.DurationNs <= function.StartNs + 2_000_000, $"{span.StartNs} + {span.DurationNs} > {function.StartNs}");
        Assert.Equal((1, 2), (Count(sandbox, "init_duration", "init_type:on-demand", "cold_start:true"), Count(sandbox, "invocations")));
        Assert.Equal(2, Count(sandbox, "response_latency"));
    }

    [Theory, MemberData(nameof(Agents))]
    public async Task A_restore_is_a_span_beside_the_first_invocation(string agent)
    {
        EmulatorOptions options = CSharpRun.Options(TimeSpan.FromSeconds(10)) with { InitializationType = InitializationTypes.SnapStart };
        await using FunctionSandbox sandbox = await StartAsync(agent, options);
        InvocationResult first = await sandbox.InvokeFileAsync("ok.json");
        await sandbox.InvokeFileAsync("ok.json");
        await sandbox.ShutDownAsync();
        ReceivedSpan span = Only(sandbox, "aws.lambda.snapstart_restore");
        ReceivedSpan function = FunctionOf(sandbox, first);
        Assert.Equal((function.TraceId, function.ParentId), (span.TraceId, span.ParentId));
        Assert.Equal("true", function.Meta["cold_start"]);
        Assert.DoesNotContain(sandbox.Intake.Spans, static one => one.Name == "aws.lambda.cold_start");
        Assert.Equal(1, Count(sandbox, "snapstart_restore_duration", "init_type:snap-start"));
        Assert.Equal(first.RestoreDuration!.Value.TotalSeconds, Sum(sandbox, "snapstart_restore_duration"), tolerance: CSharpRun.RecordedMs / 1000);
    }

    [Theory, MemberData(nameof(Agents))]
    public async Task Overlapping_invocations_of_a_managed_instance_keep_their_own(string agent)
    {
        const int All = 16;
        EmulatorOptions options = CSharpRun.Options(TimeSpan.FromSeconds(20)) with { InitializationType = InitializationTypes.ManagedInstances, Concurrency = 4 };
        options = options with { Environment = new Dictionary<string, string>(options.Environment) { ["DD_SERVERLESS_FLUSH_STRATEGY"] = "continuously,100" } };
        await using FunctionSandbox sandbox = await StartAsync(agent, options);
        InvocationResult[] results = await Task.WhenAll(Enumerable.Range(0, All).Select(i => sandbox.InvokeFileAsync(i % 4 == 3 ? "error.json" : "ok.json")));
        await Until.TrueAsync(() => sandbox.Intake.Spans.Count(static one => one.Name == "aws.lambda") == All, "data in the background", sandbox.ToString);
        await sandbox.ShutDownAsync();

        SentByCSharp sent = SentByCSharp.Parse(sandbox.Manifest);
        Assert.Empty(sent.Failures);
        Arrived.Spans(sent.Spans, [.. sandbox.Intake.Spans]);
        Arrived.Metrics(sent.Metrics, sandbox.Intake.Requests);
        foreach (InvocationResult result in results)
        {
            ReceivedSpan function = FunctionOf(sandbox, result);
            SentSpanLine root = Assert.Single(sent.Roots, one => one.RequestId == result.RequestId);
            Assert.Equal((root.TraceId, root.SpanId), (function.TraceId, function.SpanId));
            Assert.Equal(result.Status == InvocationStatus.HandledError ? 1 : 0, function.Error);
            Assert.False(function.Meta.ContainsKey("cold_start"));
        }

        Assert.DoesNotContain(sandbox.Intake.Spans, static one => one.Name == "aws.lambda.cold_start");
        Assert.Equal((All, All, All), (Count(sandbox, "invocations"), Count(sandbox, "duration"), Count(sandbox, "runtime_duration")));
        Assert.Equal((All / 4, 0, 0), (Count(sandbox, "errors"), Count(sandbox, "billed_duration"), Count(sandbox, "post_runtime_duration")));
        Assert.Equal((1, 1, 1), (Count(sandbox, "shutdowns"), Count(sandbox, "fd_max"), Count(sandbox, "fd_use")));
        Assert.Equal(All, sandbox.Intake.Logs.Count(static log => log.Message.StartsWith("REPORT RequestId: ", StringComparison.Ordinal)));
    }

    /// <summary>The function's process ends in the middle: one error, a span that says so, and the next sandbox begins anew.</summary>
    [Theory, MemberData(nameof(Agents))]
    public async Task A_crash_is_one_error(string agent)
    {
        await using FunctionSandbox sandbox = await StartAsync(agent, CSharpRun.Options(TimeSpan.FromSeconds(10)));
        await sandbox.InvokeFileAsync("ok.json");
        InvocationResult crashed = await InvokeAsync(sandbox, "exit");
        Assert.Equal((InvocationStatus.Crash, "Runtime.ExitError"), (crashed.Status, crashed.ErrorType));
        InvocationResult after = await sandbox.InvokeFileAsync("ok.json");
        await sandbox.ShutDownAsync();
        ReceivedSpan span = FunctionOf(sandbox, crashed);
        Assert.Equal((1, "Runtime.ExitError"), (span.Error, span.Meta["error.type"]));
        Assert.Equal(0, FunctionOf(sandbox, after).Error);
        Assert.Equal((1, 3, 0, 0), (Count(sandbox, "errors"), Count(sandbox, "invocations"), Count(sandbox, "timeouts"), Count(sandbox, "out_of_memory")));
        Assert.Equal(2, sandbox.Intake.Spans.Count(static one => one.Name == "aws.lambda.cold_start"));
    }

    /// <summary>The kernel kills the function: one <c>out_of_memory</c> and one error, whoever tells of them.</summary>
    [Theory, MemberData(nameof(Agents))]
    public async Task Lack_of_memory_is_counted_once(string agent)
    {
        EmulatorOptions options = CSharpRun.Options(TimeSpan.FromSeconds(30)) with { EnforceMemory = true, MemoryMb = 700 };
        await using FunctionSandbox sandbox = await StartAsync(agent, options);
        InvocationResult killed = await InvokeAsync(sandbox, "memory");
        Assert.Equal((InvocationStatus.Crash, "Runtime.OutOfMemory"), (killed.Status, killed.ErrorType));
        InvocationResult after = await sandbox.InvokeFileAsync("ok.json");
        Assert.Equal(InvocationStatus.Success, after.Status);
        await sandbox.ShutDownAsync();
        Assert.Equal((1, 1, 2), (Count(sandbox, "out_of_memory"), Count(sandbox, "errors"), Count(sandbox, "invocations")));
    }

    /// <summary>A web application's spans are put below the <c>aws.lambda</c> span that its invocation gets.</summary>
    [Theory, MemberData(nameof(Agents))]
    public async Task A_web_application_is_traced_as_a_function(string agent)
    {
        EmulatorOptions options = CSharpRun.Options(TimeSpan.FromSeconds(10));
        var function = new ProcessCommand(Repository.DotnetPath, AgentUnderTest.Built("samples/FunctionCSharp", "FunctionCSharp.dll"), "--web");
        await using FunctionSandbox sandbox = await StartAsync(agent, options with
        {
            Function = function,
            Extensions = [WebAdapterCommand.Extension()],
            Environment = new Dictionary<string, string>(options.Environment)
            {
                ["PORT"] = FreePorts.One().ToString(CultureInfo.InvariantCulture),
                ["AWS_LWA_LAMBDA_RUNTIME_API_PROXY"] = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{FreePorts.One()}"),
            },
        });
        InvocationResult good = await sandbox.InvokeFileAsync("api-gateway-v2.json");
        InvocationResult bad = await sandbox.InvokeFileAsync("api-gateway-v2-broken.json");
        await sandbox.ShutDownAsync();
        foreach ((InvocationResult result, string status) in ((InvocationResult, string)[])[(good, "200"), (bad, "500")])
        {
            Assert.Equal(InvocationStatus.Success, result.Status);
            ReceivedSpan span = FunctionOf(sandbox, result);
            ReceivedSpan request = Assert.Single(sandbox.Intake.Spans, one => one.Name == "http.server" && one.TraceId == span.TraceId);
            Assert.Equal(span.SpanId, request.ParentId);
            Assert.Equal((status, status == "500" ? 1 : 0, "api-gateway"), (span.Meta["http.status_code"], span.Error, span.Meta["function_trigger.event_source"]));
        }

        Assert.Equal((2, 1), (Count(sandbox, "invocations"), Count(sandbox, "errors")));
    }

    private static Task<FunctionSandbox> StartAsync(string agent, EmulatorOptions options) => FunctionSandbox.StartAsync(agent, options);

    private static Task<InvocationResult> InvokeAsync(FunctionSandbox sandbox, string scenario) =>
        sandbox.Emulator.InvokeAsync(Encoding.UTF8.GetBytes($$"""{"scenario":"{{scenario}}"}"""));

    private static ReceivedSpan Only(FunctionSandbox sandbox, string name) => Assert.Single(sandbox.Intake.Spans, one => one.Name == name);

    private static ReceivedSpan FunctionOf(FunctionSandbox sandbox, InvocationResult invocation) =>
        Assert.Single(sandbox.Intake.Spans, one => one.Name == "aws.lambda" && one.Meta.GetValueOrDefault("request_id") == invocation.RequestId);

    private static long Count(FunctionSandbox sandbox, string name, params string[] tags) => Sketches(sandbox, name, tags).Sum(static one => one.Count);

    private static double Sum(FunctionSandbox sandbox, string name) => Sketches(sandbox, name, []).Sum(static one => one.Sum);

    private static IEnumerable<ReceivedSketch> Sketches(FunctionSandbox sandbox, string name, string[] tags) =>
        sandbox.Intake.Metrics.Where(one => one.Name == Enhanced + name && tags.All(one.Tags.Contains)).SelectMany(static one => one.Sketches);
}
