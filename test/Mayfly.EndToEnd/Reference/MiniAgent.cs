using System.Collections.Concurrent;
using System.Diagnostics;
using Mayfly.EndToEnd.Agents;
using Mayfly.EndToEnd.Functions;
using Mayfly.Local.Cli;
using Mayfly.Local.Intake;
using Mayfly.Testing;

namespace Mayfly.EndToEnd.Reference;

/// <summary>The published mini agent, the compat layer's, as a process between a test and an intake of its own; killed when disposed.</summary>
internal sealed class MiniAgent : IAsyncDisposable
{
    private const string Package = "@datadog/serverless-compat-linux-x64";

    private static readonly string Directory = Path.Combine(AgentUnderTest.Root, "test", "Mayfly.EndToEnd", "Reference");

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _lines = [];

    private MiniAgent(Process process, LocalIntake intake, LocalPorts ports)
    {
        _process = process;
        Intake = intake;
        Ports = ports;
        process.OutputDataReceived += (_, line) => _lines.Enqueue(line.Data ?? "");
        process.ErrorDataReceived += (_, line) => _lines.Enqueue(line.Data ?? "");
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public LocalIntake Intake { get; }

    /// <summary>Where it takes traces.</summary>
    public int Port => Ports.Traces;

    public LocalPorts Ports { get; }

    public int ProcessId => _process.Id;

    /// <summary>Returns when it listens. Skips the test where the package is missing.</summary>
    /// <param name="functionName">Where it is.</param>
    /// <param name="more">Variables on top.</param>
    public static async Task<MiniAgent> StartAsync(string functionName, params KeyValuePair<string, string>[] more)
    {
        if (!OperatingSystem.IsLinux())
        {
            NodeProgram.SkipOrFail("The mini agent is published for Linux.");
            throw new PlatformNotSupportedException();
        }

        await NodeProgram.RequireAsync(Directory, Package);
        string program = Path.Combine(Directory, "node_modules", Package, "bin", "datadog-serverless-compat");
        File.SetUnixFileMode(program, File.GetUnixFileMode(program) | UnixFileMode.UserExecute);
        LocalPorts ports = FreePorts.Pick();
        LocalIntake intake = await LocalIntake.StartAsync();
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment.Clear();
        // Vector D1 of docs/spec/06-compat-and-init.md#vectors-env--result: it is in a function, and nothing of the platform is asked.
        foreach ((string name, string value) in new Dictionary<string, string>(LocalIntake.VariablesFor(intake.Url))
        {
            ["PATH"] = Environment.GetEnvironmentVariable("PATH") ?? "",
            ["AWS_LAMBDA_INITIALIZATION_TYPE"] = "on-demand",
            ["AWS_LAMBDA_FUNCTION_NAME"] = functionName,
            ["DD_API_KEY"] = SecretWatch.ApiKey,
            ["DD_APM_RECEIVER_PORT"] = $"{ports.Traces}",
            ["DD_DOGSTATSD_PORT"] = $"{ports.DogStatsd}",
            ["DD_LOG_LEVEL"] = "error",
        }.Concat(more))
        {
            start.Environment[name] = value;
        }

        var agent = new MiniAgent(Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start."), intake, ports);
        try
        {
            await Until.TrueAsync(
                () => FreePorts.IsListening(agent.Port) && FreePorts.TakesDatagrams(ports.DogStatsd), "the mini agent listens", agent.ToString);
            return agent;
        }
        catch
        {
            await agent.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        await _process.WaitForExitAsync();
        _process.Dispose();
        await Intake.DisposeAsync();
    }

    public override string ToString() => "The mini agent wrote:\n" + string.Join('\n', _lines);
}
