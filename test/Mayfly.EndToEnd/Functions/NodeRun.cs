using System.Text;
using System.Text.Json;
using Mayfly.Local.Cli;
using Mayfly.Local.Emulator;
using Mayfly.Local.Intake;
using Mayfly.Testing;

namespace Mayfly.EndToEnd.Functions;

/// <summary>The Node sample with unmodified Datadog libraries, in this order, with freezing, until after the shutdown.</summary>
internal sealed record NodeRun
{
    public const string FunctionName = "node-shop";

    /// <summary>Built into the libraries.</summary>
    private const int DogStatsdPort = 8125;
    private const int TracePort = 8126;

    /// <summary>Of the function; after a reset the start of everything is part of the invocation.</summary>
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    /// <summary>The tracer sends what it has so long before a time-out: by itself 100 ms, which a busy machine may not give it.</summary>
    private static readonly (string Name, string Value) FlushBeforeTimeout = ("DD_APM_FLUSH_DEADLINE_MILLISECONDS", "1500");

    public required InvocationResult Cold { get; init; }

    public required InvocationResult Warm { get; init; }

    public required InvocationResult Failing { get; init; }

    public required InvocationResult Sqs { get; init; }

    public required InvocationResult Http { get; init; }

    public required InvocationResult TimedOut { get; init; }

    public required InvocationResult AfterReset { get; init; }

    /// <summary>The function's manifest, a JSON object per line (samples/function-node/README.md).</summary>
    public required IReadOnlyList<JsonElement> Sent { get; init; }

    public required IReadOnlyList<ReceivedRequest> Requests { get; init; }

    public required string Output { get; init; }

    public IReadOnlyList<InvocationResult> Invocations => [Cold, Warm, Failing, Sqs, Http, TimedOut, AfterReset];

    public IReadOnlyList<ReceivedSpan> Spans => [.. Requests.SelectMany(static request => request.Spans)];

    public IReadOnlyList<ReceivedMetric> Metrics => [.. Requests.SelectMany(static request => request.Metrics)];

    public IReadOnlyList<ReceivedLog> Logs => [.. Requests.SelectMany(static request => request.Logs)];

    /// <summary>The manifest's records of a type, of one invocation or of all.</summary>
    public IEnumerable<JsonElement> Records(string type, string? requestId = null) =>
        Sent.Where(record => record.GetProperty("type").GetString() == type && (requestId is null || record.GetProperty("requestId").GetString() == requestId));

    /// <summary>Plays it again when another program took one of the libraries' ports meanwhile: what was sent then went to that one.</summary>
    public static async Task<NodeRun> RecordAsync(string agent)
    {
        const int Attempts = 3;
        for (int attempt = 1; ; attempt++)
        {
            NodeRun run = await RecordOnceAsync(agent);
            if (attempt == Attempts || !run.Output.Contains(" cannot be used ", StringComparison.Ordinal))
            {
                return run;
            }
        }
    }

    /// <summary>The sample under the emulator; skips the test where it cannot run. <paramref name="variables"/> are added to its environment and the agent's.</summary>
    public static async Task<FunctionSandbox> StartAsync(string agent, TimeSpan timeout, params (string Name, string Value)[] variables)
    {
        await Until.TrueAsync(
            static () => FreePorts.IsFree(DogStatsdPort) && FreePorts.IsFree(TracePort), "ports 8125 and 8126, which the Node libraries use, are free");
        var environment = new Dictionary<string, string>
        {
            ["DD_LAMBDA_HANDLER"] = "handler.handler", ["DD_SERVICE"] = "coffee-node", ["DD_ENV"] = "test", ["DD_VERSION"] = "4.5.6",
        };
        foreach ((string name, string value) in variables)
        {
            environment[name] = value;
        }

        var options = new EmulatorOptions
        {
            FunctionName = FunctionName,
            Function = new ProcessCommand("node", "bootstrap.mjs"),
            WorkingDirectory = NodeProgram.Directory,
            Handler = "node_modules/datadog-lambda-js/dist/handler.handler",
            Timeout = timeout,
            InitTimeout = TimeSpan.FromSeconds(30),
            ExecutionEnvironment = "AWS_Lambda_nodejs20.x",
            RuntimeVersion = "nodejs:20.v30",
            Environment = environment,
            LogFormat = environment.GetValueOrDefault("AWS_LAMBDA_LOG_FORMAT"),
        };
        LocalPorts ports = FreePorts.Pick() with { DogStatsd = DogStatsdPort, Traces = TracePort };
        FunctionSandbox sandbox = await FunctionSandbox.StartAsync(agent, options, ports);
        if (!sandbox.Emulator.LayerIsAtOpt)
        {
            await sandbox.DisposeAsync();
            NodeProgram.SkipOrFail("This machine permits no private mounts, so the Node libraries cannot find the agent at /opt/extensions.");
        }

        return sandbox;
    }

    /// <summary>Invokes with an event of that kind; the emulator answers when it is over.</summary>
    public static Task<InvocationResult> InvokeAsync(FunctionSandbox sandbox, string kind, int ms = 0) =>
        sandbox.Emulator.InvokeAsync(Encoding.UTF8.GetBytes($$"""{"kind":"{{kind}}","ms":{{ms}}}"""));

    private static async Task<NodeRun> RecordOnceAsync(string agent)
    {
        await using FunctionSandbox sandbox = await StartAsync(agent, Timeout, FlushBeforeTimeout);
        var run = new NodeRun
        {
            // The initializers run in this order.
            Cold = await InvokeAsync(sandbox, "ok"),
            Warm = await InvokeAsync(sandbox, "warm"),
            Failing = await InvokeAsync(sandbox, "error"),
            Sqs = await sandbox.InvokeFileAsync("sqs.json"),
            Http = await sandbox.InvokeFileAsync("api-gateway-v2.json"),
            TimedOut = await InvokeAsync(sandbox, "timeout"),
            AfterReset = await InvokeAsync(sandbox, "ok"),
            Sent = [],
            Requests = [],
            Output = "",
        };
        await sandbox.ShutDownAsync();
        return run with
        {
            Sent = [.. sandbox.Manifest.Select(static line => JsonDocument.Parse(line).RootElement)],
            Requests = sandbox.Intake.Requests,
            Output = sandbox.ToString(),
        };
    }
}

/// <summary>The runs of <see cref="NodeFunctionTests"/>.</summary>
public sealed class NodeRuns : SharedRuns<object>
{
    internal new async Task<NodeRun> OfAsync(string agent)
    {
        await NodeProgram.RequireAsync();
        return (NodeRun)await base.OfAsync(agent);
    }

    /// <inheritdoc/>
    protected override async Task<object> RecordAsync(string agent) => await NodeRun.RecordAsync(agent);
}
