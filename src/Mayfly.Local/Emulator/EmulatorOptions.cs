namespace Mayfly.Local.Emulator;

/// <summary>What the emulated function is and which processes make up its sandbox (docs/spec/01-lambda-lifecycle.md#11-the-extension-process).</summary>
public sealed record EmulatorOptions
{
    /// <summary>The name of the runtime's process in events, output and <see cref="LambdaEmulator.ProcessId"/>.</summary>
    public const string RuntimeName = "runtime";

    /// <summary>A value of <see cref="RuntimeVersion"/> as durable functions have it: the part that counts is <c>DurableFunction</c>.</summary>
    public const string DurableRuntimeVersion = "python:3.14.DurableFunction.v6";

    private static readonly Dictionary<string, string> NoVariables = [];
    private static readonly TimeSpan OnDemandInitLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan InitLimitElsewhere = TimeSpan.FromMinutes(15);

    public string FunctionName { get; init; } = "my-function";

    public string FunctionVersion { get; init; } = "$LATEST";

    public string Handler { get; init; } = "index.handler";

    public string Region { get; init; } = "us-east-1";

    public string AccountId { get; init; } = "123456789012";

    public int MemoryMb { get; init; } = 512;

    /// <summary>The function's timeout; covers the runtime and the extensions' work after it.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>
    /// What INIT may take before it is given up, and on demand done again inside the invocation; null = what the initialization type allows: 10 seconds on
    /// demand, 15 minutes otherwise.
    /// </summary>
    public TimeSpan? InitTimeout { get; init; }

    /// <summary>What a RESTORE of SnapStart may take, the runtime's hooks included.</summary>
    public TimeSpan RestoreTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Value of AWS_LAMBDA_INITIALIZATION_TYPE, see <see cref="InitializationTypes"/>.</summary>
    public string InitializationType { get; init; } = InitializationTypes.OnDemand;

    /// <summary>Managed instances only: how many invocations run at once, and the runtime's AWS_LAMBDA_MAX_CONCURRENCY.</summary>
    public int Concurrency { get; init; } = 10;

    /// <summary>
    /// Kills the runtime as the kernel would as soon as all processes together use more than <see cref="MemoryMb"/>. Off: a program built for this machine
    /// may well need more than it would in Lambda.
    /// </summary>
    public bool EnforceMemory { get; init; }

    /// <summary>The runtime with the function; null = a client of the emulator's API plays the runtime (tests, a debugger).</summary>
    public required ProcessCommand? Function { get; init; }

    public IReadOnlyList<ExtensionCommand> Extensions { get; init; } = [];

    /// <summary>The function's configured variables; the runtime and the extensions get them.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = NoVariables;

    /// <summary>AWS_EXECUTION_ENV of the runtime, such as <c>AWS_Lambda_nodejs20.x</c>; null = not set, as in OS-only runtimes.</summary>
    public string? ExecutionEnvironment { get; init; }

    /// <summary><c>runtimeVersion</c> of platform.initStart, such as <c>nodejs:20.v30</c>, or <see cref="DurableRuntimeVersion"/>; null = absent.</summary>
    public string? RuntimeVersion { get; init; }

    public string? RuntimeVersionArn { get; init; }

    /// <summary>AWS_LAMBDA_LOG_FORMAT: <c>JSON</c> makes lines that are JSON objects arrive as objects; null = not set, all lines are text.</summary>
    public string? LogFormat { get; init; }

    /// <summary>Stops all processes between invocations, as Lambda does. Not done on Windows, never with managed instances.</summary>
    public bool Freeze { get; init; } = true;

    /// <summary>Gets every line the processes write; called on a background thread, one line of a stream at a time.</summary>
    public Action<ProcessOutput>? Output { get; init; }

    /// <summary>Gets every timeline entry as it is made; must return quickly.</summary>
    public Action<SandboxEvent>? Observer { get; init; }

    /// <summary>The function's directory: working directory of the runtime and its LAMBDA_TASK_ROOT; null = the current directory.</summary>
    public string? WorkingDirectory { get; init; }

    /// <summary>
    /// An unpacked layer. Its content becomes <c>/opt</c>, and each executable file in its <c>extensions</c> folder is started as an extension.
    /// </summary>
    public string? LayerDirectory { get; init; }

    /// <summary>
    /// A directory that the sandbox sees as <c>/tmp</c>, where private mounts are permitted; null = the machine's.
    /// Nothing in it is removed by a reset or at the end.
    /// </summary>
    public string? TemporaryDirectory { get; init; }

    /// <summary>Port of the APIs on 127.0.0.1; 0 = any free one.</summary>
    public int Port { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>The function's ARN without a qualifier.</summary>
    public string FunctionArn => $"arn:aws:lambda:{Region}:{AccountId}:function:{FunctionName}";

    /// <summary>
    /// How much longer than it says the emulator waits for an extension to end at SHUTDOWN, and for telemetry to be taken. For tests, on a machine that may
    /// stand still for longer than those limits.
    /// </summary>
    internal TimeSpan Grace { get; init; }

    internal bool IsManaged => InitializationType == InitializationTypes.ManagedInstances;

    internal bool IsSnapStart => InitializationType == InitializationTypes.SnapStart;

    internal TimeSpan InitLimit => InitTimeout ?? (InitializationType == InitializationTypes.OnDemand ? OnDemandInitLimit : InitLimitElsewhere);
}
