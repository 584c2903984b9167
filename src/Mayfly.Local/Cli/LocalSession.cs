using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using Mayfly.Local.Demo;
using Mayfly.Local.Emulator;
using Mayfly.Local.Intake;

namespace Mayfly.Local.Cli;

/// <summary>What runs in a session.</summary>
public sealed record LocalSessionOptions
{
    public required ProcessCommand Function { get; init; }

    public required ProcessCommand Agent { get; init; }

    public string FunctionName { get; init; } = "my-function";

    public int MemoryMb { get; init; } = 512;

    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>See <see cref="EmulatorOptions.InitializationType"/>.</summary>
    public string InitializationType { get; init; } = InitializationTypes.OnDemand;

    /// <summary>See <see cref="EmulatorOptions.Concurrency"/>.</summary>
    public int Concurrency { get; init; } = 1;

    /// <summary>See <see cref="EmulatorOptions.EnforceMemory"/>.</summary>
    public bool EnforceMemory { get; init; }

    /// <summary>See <see cref="EmulatorOptions.RuntimeVersion"/>.</summary>
    public string? RuntimeVersion { get; init; }

    /// <summary>The function is a web application, told its port in PORT; its invocations go through the agent's proxy, so that the agent sees them.</summary>
    public bool WebAdapter { get; init; }

    /// <summary>Variables of the function's configuration; they win over the ones that point agent and function at each other and at the intake.</summary>
    public IReadOnlyDictionary<string, string> Variables { get; init; } = new Dictionary<string, string>();

    public string? WorkingDirectory { get; init; }

    public Action<ProcessOutput>? Output { get; init; }
}

/// <summary>One emulated function with the agent as its extension, both pointed at a local intake.</summary>
public sealed class LocalSession : IAsyncDisposable
{
    private const int AgentLinesKept = 1000;

    /// <summary>Looks like an API key; no intake outside this machine ever sees it.</summary>
    private const string ApiKey = "abcdef0123456789abcdef0123456789";

    private readonly LambdaEmulator _emulator;
    private readonly ConcurrentQueue<string> _agentLines;

    private LocalSession(LambdaEmulator emulator, ConcurrentQueue<string> agentLines)
    {
        _emulator = emulator;
        _agentLines = agentLines;
    }

    /// <summary>The agent's last lines, for a look when something is missing.</summary>
    public IReadOnlyList<string> AgentLines => [.. _agentLines];

    /// <summary>What this machine cannot do, one sentence each.</summary>
    public IEnumerable<string> Notices => _emulator.Timeline.Where(e => e.Kind == SandboxEventKind.Notice).Select(e => e.Detail).Distinct();

    public static async Task<LocalSession> StartAsync(LocalSessionOptions options, LocalIntake intake, CancellationToken cancellation)
    {
        var agentLines = new ConcurrentQueue<string>();
        var variables = new Dictionary<string, string>(LocalPorts.Pick().Variables)
        {
            ["DD_API_KEY"] = ApiKey,
            ["DD_ENV"] = "local",
        };
        foreach ((string name, string value) in LocalIntake.VariablesFor(intake.Url))
        {
            variables[name] = value;
        }

        List<ExtensionCommand> extensions = [new ExtensionCommand(AgentProgram.ExtensionName, options.Agent)];
        if (options.WebAdapter)
        {
            variables["PORT"] = LocalPorts.Free().ToString(CultureInfo.InvariantCulture);
            variables["AWS_LWA_LAMBDA_RUNTIME_API_PROXY"] = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{LocalPorts.Free()}");
            extensions.Add(WebAdapterCommand.Extension(options.Concurrency));
        }

        foreach ((string name, string value) in options.Variables)
        {
            variables[name] = value;
        }

        LambdaEmulator emulator = await LambdaEmulator.StartAsync(
            new EmulatorOptions
            {
                FunctionName = options.FunctionName,
                MemoryMb = options.MemoryMb,
                Timeout = options.Timeout,
                Function = options.Function,
                InitializationType = options.InitializationType,
                Concurrency = options.Concurrency,
                EnforceMemory = options.EnforceMemory,
                RuntimeVersion = options.RuntimeVersion,
                Extensions = extensions,
                Environment = variables,
                WorkingDirectory = options.WorkingDirectory,
                Output = line => Take(line, agentLines, options.Output),
            },
            cancellation);
        return new LocalSession(emulator, agentLines);
    }

    /// <summary>INIT ahead of the first invocation; false: it failed.</summary>
    public Task<bool> InitializeAsync(CancellationToken cancellation) => _emulator.InitializeAsync(cancellation);

    public async Task<DemoInvocation> InvokeAsync(string title, ReadOnlyMemory<byte> eventJson, CancellationToken cancellation)
    {
        InvocationResult result = await _emulator.InvokeAsync(eventJson, null, cancellation);
        return new DemoInvocation
        {
            Title = title,
            RequestId = result.RequestId,
            Status = result.Status.ToString(),
            ErrorType = result.Status == InvocationStatus.HandledError ? Member(result.ResponseBody, "errorType") ?? result.ErrorType : result.ErrorType,
            Cold = result.Cold,
            Duration = result.Duration,
            BilledMs = result.BilledDurationMs,
            AgentOverhead = result.ResponseLatency is null ? null : result.ExtensionOverhead,
            Init = result.InitDuration,
            FailedByStatusCode = result.Status == InvocationStatus.Success && IsServerError(result.ResponseBody),
        };
    }

    public Task<ShutdownReport> ShutdownAsync(CancellationToken cancellation) => _emulator.ShutdownAsync(cancellation);

    public ValueTask DisposeAsync() => _emulator.DisposeAsync();

    private static void Take(ProcessOutput line, ConcurrentQueue<string> agentLines, Action<ProcessOutput>? output)
    {
        if (line.Process == AgentProgram.ExtensionName)
        {
            agentLines.Enqueue(line.Line);
            if (agentLines.Count > AgentLinesKept)
            {
                agentLines.TryDequeue(out _);
            }
        }

        output?.Invoke(line);
    }

    /// <summary>docs/spec/01-lambda-lifecycle.md, 4.5: a number or text of three digits that starts with 5.</summary>
    private static bool IsServerError(ReadOnlyMemory<byte> response) => Member(response, "statusCode") is { Length: 3 } code && code[0] == '5';

    /// <summary>A member of a JSON object as text; null if there is no such member or no object.</summary>
    private static string? Member(ReadOnlyMemory<byte> response, string name)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(response);
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty(name, out JsonElement value)
                ? value.ToString()
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
