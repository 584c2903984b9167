using Mayfly.EndToEnd.Agents;
using Mayfly.Local.Cli;
using Mayfly.Local.Emulator;
using Mayfly.Local.Intake;

namespace Mayfly.EndToEnd.Functions;

/// <summary>The C# sample in every situation, in this order, with freezing, until after the shutdown.</summary>
internal sealed record CSharpRun
{
    public const string FunctionName = "Coffee-Shop";

    /// <summary>How far, in milliseconds, a duration of a record may be from the emulator's own: records have three decimals.</summary>
    public const double RecordedMs = 0.001;

    /// <summary>Of the function; after a reset the start of everything is part of the invocation.</summary>
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    public required InvocationResult Cold { get; init; }

    public required InvocationResult Warm { get; init; }

    public required InvocationResult Failing { get; init; }

    public required InvocationResult Sqs { get; init; }

    public required InvocationResult Http { get; init; }

    public required InvocationResult HttpFailing { get; init; }

    public required InvocationResult TimedOut { get; init; }

    public required InvocationResult AfterReset { get; init; }

    public required InvocationResult Slow { get; init; }

    public required SentByCSharp Sent { get; init; }

    public required IReadOnlyList<ReceivedRequest> Requests { get; init; }

    public required IReadOnlyList<SandboxEvent> Timeline { get; init; }

    public required ShutdownReport Shutdown { get; init; }

    public required IReadOnlyList<string> Output { get; init; }

    public IReadOnlyList<InvocationResult> Invocations => [Cold, Warm, Failing, Sqs, Http, HttpFailing, TimedOut, AfterReset, Slow];

    public IReadOnlyList<ReceivedSpan> Spans => [.. Requests.SelectMany(static request => request.Spans)];

    public IReadOnlyList<ReceivedMetric> Metrics => [.. Requests.SelectMany(static request => request.Metrics)];

    public IReadOnlyList<ReceivedLog> Logs => [.. Requests.SelectMany(static request => request.Logs)];

    /// <summary>The function with its agent's settings; <paramref name="timeout"/> is the function's.</summary>
    public static EmulatorOptions Options(TimeSpan timeout) => new()
    {
        FunctionName = FunctionName,
        Function = new ProcessCommand(Repository.DotnetPath, AgentUnderTest.Built("samples/FunctionCSharp", "FunctionCSharp.dll")),
        Timeout = timeout,
        ExecutionEnvironment = "AWS_Lambda_dotnet10",
        Environment = new Dictionary<string, string> { ["DD_SERVICE"] = "coffee", ["DD_ENV"] = "test", ["DD_VERSION"] = "1.2.3", ["DD_TAGS"] = "team:beans" },
    };

    public static async Task<CSharpRun> RecordAsync(string agent)
    {
        await using FunctionSandbox sandbox = await FunctionSandbox.StartAsync(agent, Options(Timeout));
        return new CSharpRun
        {
            // The initializers run in this order.
            Cold = await sandbox.InvokeFileAsync("ok.json"),
            Warm = await sandbox.InvokeFileAsync("ok.json"),
            Failing = await sandbox.InvokeFileAsync("error.json"),
            Sqs = await sandbox.InvokeFileAsync("sqs.json"),
            Http = await sandbox.InvokeFileAsync("api-gateway-v2.json"),
            HttpFailing = await sandbox.InvokeFileAsync("api-gateway-v2-broken.json"),
            TimedOut = await sandbox.InvokeFileAsync("timeout.json"),
            AfterReset = await sandbox.InvokeFileAsync("ok.json"),
            Slow = await sandbox.InvokeFileAsync("slow.json"),
            Shutdown = await sandbox.ShutDownAsync(),
            Sent = SentByCSharp.Parse(sandbox.Manifest),
            Requests = sandbox.Intake.Requests,
            Timeline = sandbox.Emulator.Timeline,
            Output = sandbox.Output,
        };
    }
}

/// <summary>The runs of <see cref="CSharpFunctionTests"/>.</summary>
public sealed class CSharpRuns : SharedRuns<object>
{
    internal new async Task<CSharpRun> OfAsync(string agent) => (CSharpRun)await base.OfAsync(agent);

    /// <inheritdoc/>
    protected override async Task<object> RecordAsync(string agent) => await CSharpRun.RecordAsync(agent);
}
