using System.Globalization;

namespace Mayfly.Local.Emulator;

/// <summary>The variables Lambda gives to the two kinds of processes (docs/spec/01-lambda-lifecycle.md#11-the-extension-process).</summary>
/// <param name="temporaryFolder">Temporary space of this sandbox alone, which outlives its processes; Lambda has <c>/tmp</c> for it.</param>
internal sealed class SandboxEnvironment(EmulatorOptions options, string runtimeApi, string taskRoot, string temporaryFolder)
{
    private const string ContainerTokenName = "AWS_CONTAINER_AUTHORIZATION_TOKEN";

    // Lambda's own values for these point into its image; on another machine its programs would not be found.
    private static readonly string[] FromTheMachine = ["PATH", "DOTNET_ROOT", "SystemRoot", "SystemDrive", "ComSpec", "PATHEXT"];

    private static readonly HashSet<string> NeverForExtensions =
    [
        "AWS_EXECUTION_ENV", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_MAX_CONCURRENCY", "AWS_XRAY_CONTEXT_MISSING", "AWS_XRAY_DAEMON_ADDRESS", "_AWS_XRAY_DAEMON_ADDRESS", "_AWS_XRAY_DAEMON_PORT",
    ];

    private readonly string _sessionToken = $"emulated-{Guid.NewGuid():n}";

    /// <summary>What the credentials endpoint wants to see.</summary>
    public string ContainerToken { get; } = $"emulated-{Guid.NewGuid():n}";

    /// <summary>A variable that only processes of this sandbox have, unless the function is configured with credentials of its own.</summary>
    public string Marker => options.IsSnapStart ? $"{ContainerTokenName}={ContainerToken}" : "AWS_SESSION_TOKEN=" + _sessionToken;

    /// <summary>Log stream name of this sandbox; also its instance id in telemetry.</summary>
    public string LogStream { get; } = string.Create(
        CultureInfo.InvariantCulture, $"{options.Time.GetUtcNow():yyyy/MM/dd}/[{options.FunctionVersion}]{Guid.NewGuid():n}");

    /// <summary>Names that start with an underscore are the runtime's and do not reach an extension, whoever set them.</summary>
    public Dictionary<string, string> ForExtension(ProcessCommand command)
    {
        Dictionary<string, string> variables = Shared();
        foreach (string name in variables.Keys.Where(name => name.StartsWith('_') || NeverForExtensions.Contains(name)).ToArray())
        {
            variables.Remove(name);
        }

        Put(variables, command.Environment);
        return variables;
    }

    public Dictionary<string, string> ForRuntime(ProcessCommand command)
    {
        Dictionary<string, string> variables = Shared();
        variables["_HANDLER"] = options.Handler;
        variables["LAMBDA_TASK_ROOT"] = taskRoot;
        variables["LAMBDA_RUNTIME_DIR"] = "/var/runtime";
        variables["AWS_LAMBDA_LOG_GROUP_NAME"] = "/aws/lambda/" + options.FunctionName;
        variables["AWS_LAMBDA_LOG_STREAM_NAME"] = LogStream;
        if (options.IsManaged)
        {
            variables["AWS_LAMBDA_MAX_CONCURRENCY"] = options.Concurrency.ToString(CultureInfo.InvariantCulture);
        }

        if (options.ExecutionEnvironment is { } execution)
        {
            variables["AWS_EXECUTION_ENV"] = execution;
        }

        Put(variables, command.Environment);
        return variables;
    }

    private Dictionary<string, string> Shared()
    {
        var variables = new Dictionary<string, string>
        {
            ["LANG"] = "en_US.UTF-8",
            ["TZ"] = ":UTC",
            ["TMPDIR"] = temporaryFolder,
            ["LD_LIBRARY_PATH"] = Path.Combine(taskRoot, "lib") + ":/opt/lib",
        };
        Put(variables, Credentials());
        foreach (string name in FromTheMachine)
        {
            if (Environment.GetEnvironmentVariable(name) is { Length: > 0 } value)
            {
                variables[name] = value;
            }
        }

        Put(variables, options.Environment);

        // Reserved names: the function's configuration cannot change them.
        variables["AWS_REGION"] = options.Region;
        variables["AWS_DEFAULT_REGION"] = options.Region;
        variables["AWS_LAMBDA_FUNCTION_NAME"] = options.FunctionName;
        variables["AWS_LAMBDA_FUNCTION_VERSION"] = options.FunctionVersion;
        variables["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] = options.MemoryMb.ToString(CultureInfo.InvariantCulture);
        variables["AWS_LAMBDA_INITIALIZATION_TYPE"] = options.InitializationType;
        variables["AWS_LAMBDA_RUNTIME_API"] = runtimeApi;
        if (options.LogFormat is { } format)
        {
            variables["AWS_LAMBDA_LOG_FORMAT"] = format;
        }

        return variables;
    }

    /// <summary>No keys under SnapStart: they would be in the snapshot.</summary>
    private Dictionary<string, string> Credentials() => options.IsSnapStart
        ? new Dictionary<string, string>
        {
            ["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = $"http://{runtimeApi}{CredentialsApi.Path}",
            [ContainerTokenName] = ContainerToken,
        }
        : new Dictionary<string, string>
        {
            ["AWS_ACCESS_KEY_ID"] = "emulated",
            ["AWS_SECRET_ACCESS_KEY"] = "emulated",
            ["AWS_SESSION_TOKEN"] = _sessionToken,
        };

    private static void Put(Dictionary<string, string> variables, IReadOnlyDictionary<string, string> more)
    {
        foreach ((string name, string value) in more)
        {
            variables[name] = value;
        }
    }
}
