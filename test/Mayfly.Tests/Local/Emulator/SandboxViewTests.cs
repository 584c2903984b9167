using System.Collections.Concurrent;
using Mayfly.Local.Emulator;
using Xunit;

namespace Mayfly.Tests.Local.Emulator;

/// <summary>What the sandbox's processes see: variables, <c>/opt</c>, <c>/tmp</c>.</summary>
public class SandboxViewTests
{
    private const string PrintVariables = "tr '\\0' '\\n' < /proc/$$/environ";

    // Added by the shells between the emulator and the script.
    private static readonly string[] OfTheShell = ["PWD", "OLDPWD", "SHLVL", "_"];

    // Taken from the machine where they exist there.
    private static readonly string[] OfTheMachine = ["DOTNET_ROOT"];

    [Fact]
    public async Task Extensions_and_runtimes_get_exactly_their_variables()
    {
        Scripts.Need();
        var output = new ConcurrentQueue<ProcessOutput>();
        EmulatorOptions options = ProcessTests.Options(Scripts.Extension(init: PrintVariables), Scripts.Runtime(init: PrintVariables), output) with
        {
            Environment = new Dictionary<string, string>
            {
                ["MINE"] = "1",
                ["_UNDER"] = "2",
                ["AWS_REGION"] = "mars-1",
                ["AWS_LAMBDA_FUNCTION_NAME"] = "other",
            },
            ExecutionEnvironment = "AWS_Lambda_nodejs20.x",
            MemoryMb = 256,
            WorkingDirectory = Path.GetTempPath(),
        };
        await using LambdaEmulator emulator = await LambdaEmulator.StartAsync(options);
        await ProcessTests.InvokeAsync(emulator);
        await emulator.ShutdownAsync();

        string[] shared =
        [
            "AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION",
            "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_RUNTIME_API", "AWS_REGION", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "LANG", "LD_LIBRARY_PATH",
            "MINE", "PATH", "TMPDIR", "TZ",
        ];
        Dictionary<string, string> extension = VariablesOf(output, "ext");
        Assert.Equal(shared.Order(StringComparer.Ordinal), extension.Keys.Order(StringComparer.Ordinal));
        Dictionary<string, string> runtime = VariablesOf(output, EmulatorOptions.RuntimeName);
        string[] more =
        [
            "AWS_EXECUTION_ENV", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "LAMBDA_RUNTIME_DIR", "LAMBDA_TASK_ROOT", "_HANDLER", "_UNDER",
        ];
        Assert.Equal(shared.Concat(more).Order(StringComparer.Ordinal), runtime.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(emulator.RuntimeApiAddress, extension["AWS_LAMBDA_RUNTIME_API"]);
        Assert.Equal("on-demand", extension["AWS_LAMBDA_INITIALIZATION_TYPE"]);
        Assert.Equal("256", extension["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]);
        Assert.Equal("us-east-1", runtime["AWS_REGION"]);
        Assert.Equal("my-function", runtime["AWS_LAMBDA_FUNCTION_NAME"]);
        Assert.Equal("index.handler", runtime["_HANDLER"]);
        Assert.Equal(Path.GetTempPath(), runtime["LAMBDA_TASK_ROOT"]);
    }

    [Fact]
    public async Task The_layer_is_at_opt_for_the_sandbox_only()
    {
        Scripts.Need();
        string[] before = Directory.Exists("/opt") ? [.. Directory.EnumerateFileSystemEntries("/opt").Order()] : [];
        var output = new ConcurrentQueue<ProcessOutput>();
        EmulatorOptions options = ProcessTests.Options(
            Scripts.Extension("datadog-agent"), Scripts.Runtime(init: "ls /opt /opt/extensions"), output);
        await using LambdaEmulator emulator = await LambdaEmulator.StartAsync(options);
        Assert.SkipUnless(emulator.LayerIsAtOpt, "this machine permits no private mounts");
        Assert.Equal(InvocationStatus.Success, (await ProcessTests.InvokeAsync(emulator)).Status);
        SandboxEvent started = Assert.Single(emulator.Timeline, entry => entry is { Kind: SandboxEventKind.ProcessStarted, Subject: "datadog-agent" });
        Assert.Equal("/opt/extensions/datadog-agent", started.Detail);
        await emulator.ShutdownAsync();

        string[] seen = [.. output.Where(line => line.Process == EmulatorOptions.RuntimeName).Select(line => line.Line)];
        Assert.Contains("datadog-agent", seen);
        Assert.All(before, entry => Assert.Contains(Path.GetFileName(entry), seen));
        Assert.Equal(before, Directory.Exists("/opt") ? [.. Directory.EnumerateFileSystemEntries("/opt").Order()] : []);
    }

    [Fact]
    public async Task A_native_file_finds_itself_under_its_installed_name()
    {
        Scripts.Need();
        var sleeper = new ExtensionCommand("datadog-agent", new ProcessCommand("/bin/cat"));
        EmulatorOptions options = ProcessTests.Options(sleeper, Scripts.Runtime()) with { InitTimeout = TimeSpan.FromSeconds(5) };
        await using LambdaEmulator emulator = await LambdaEmulator.StartAsync(options);
        string installed = Path.Combine(emulator.LayerPath, "extensions", "datadog-agent");
        Assert.Equal(await File.ReadAllBytesAsync("/bin/cat"), await File.ReadAllBytesAsync(installed));
        Assert.True(!OperatingSystem.IsWindows() && File.GetUnixFileMode(installed).HasFlag(UnixFileMode.UserExecute));
    }

    [Fact]
    public async Task A_layers_extensions_are_found_and_its_wrapper_starts_the_runtime()
    {
        Scripts.Need();
        string layer = Directory.CreateTempSubdirectory("mayfly-test-").FullName;
        try
        {
            ExtensionCommand found = Scripts.Extension("found");
            Directory.CreateDirectory(Path.Combine(layer, "extensions"));
            Write(Path.Combine(layer, "extensions", "found"), found.Command!.Arguments[1], isExecutable: true);
            Write(Path.Combine(layer, "extensions", "notes.txt"), "not a program", isExecutable: false);
            Write(Path.Combine(layer, "wrapper"), "echo \"wrapped $1\"; exec \"$@\"", isExecutable: true);
            var output = new ConcurrentQueue<ProcessOutput>();
            EmulatorOptions options = ProcessTests.Options(null, Scripts.Runtime(), output) with
            {
                LayerDirectory = layer,
                Environment = new Dictionary<string, string> { ["AWS_LAMBDA_EXEC_WRAPPER"] = "/opt/wrapper" },
            };
            await using LambdaEmulator emulator = await LambdaEmulator.StartAsync(options);
            InvocationResult result = await ProcessTests.InvokeAsync(emulator);
            Assert.Equal(InvocationStatus.Success, result.Status);
            Assert.Equal("found", Assert.Single(result.Extensions).Name);
            Assert.Contains(output, line => line.Line == "wrapped /bin/bash");
        }
        finally
        {
            Directory.Delete(layer, recursive: true);
        }
    }

    [Fact]
    public async Task A_directory_of_its_own_can_be_the_sandboxs_tmp()
    {
        Scripts.Need();
        string temporary = Directory.CreateTempSubdirectory("mayfly-test-").FullName;
        try
        {
            string name = Guid.NewGuid().ToString("n");
            EmulatorOptions options = ProcessTests.Options(null, Scripts.Runtime($"echo x >> /tmp/{name}")) with
            {
                TemporaryDirectory = temporary,
                WorkingDirectory = "/",
            };
            await using LambdaEmulator emulator = await LambdaEmulator.StartAsync(options);
            Assert.SkipUnless(emulator.LayerIsAtOpt, "this machine permits no private mounts");
            await ProcessTests.InvokeAsync(emulator);
            await emulator.ShutdownAsync();
            await ProcessTests.InvokeAsync(emulator);
            Assert.Equal("x\nx\n", await File.ReadAllTextAsync(Path.Combine(temporary, name)));
            Assert.False(File.Exists("/tmp/" + name));
        }
        finally
        {
            Directory.Delete(temporary, recursive: true);
        }
    }

    private static Dictionary<string, string> VariablesOf(IEnumerable<ProcessOutput> output, string process) => output
        .Where(line => line.Process == process && line.Line.Contains('=', StringComparison.Ordinal))
        .Select(line => line.Line.Split('=', 2))
        .Where(pair => !OfTheShell.Contains(pair[0]) && !OfTheMachine.Contains(pair[0]))
        .ToDictionary(pair => pair[0], pair => pair[1]);

    private static void Write(string file, string script, bool isExecutable)
    {
        File.WriteAllText(file, "#!/bin/bash\n" + script + "\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(file, isExecutable ? (UnixFileMode)0b111_101_101 : (UnixFileMode)0b110_100_100);
        }
    }
}
