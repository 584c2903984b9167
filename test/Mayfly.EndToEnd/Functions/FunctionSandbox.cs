using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Mayfly.EndToEnd.Agents;
using Mayfly.Local.Cli;
using Mayfly.Local.Demo;
using Mayfly.Local.Emulator;
using Mayfly.Local.Intake;
using Mayfly.Testing;
using Xunit;

namespace Mayfly.EndToEnd.Functions;

/// <summary>A sample function with the agent under the emulator, frozen between invocations, and an intake that both know of.</summary>
internal sealed partial class FunctionSandbox : IAsyncDisposable
{
    private const int Continue = 18;

    private static readonly TimeSpan ShutdownBudget = TimeSpan.FromSeconds(2);

    private readonly ConcurrentQueue<string> _output = [];
    private readonly SecretWatch _watch = new();
    private readonly LocalPorts _ports;
    private readonly string _manifest = Path.GetTempFileName();
    private LambdaEmulator? _emulator;

    private FunctionSandbox(LocalIntake intake, LocalPorts ports)
    {
        Intake = intake;
        _ports = ports;
    }

    public LocalIntake Intake { get; }

    public LambdaEmulator Emulator => _emulator ?? throw new InvalidOperationException("not started");

    /// <summary>What agent and function wrote, each line with the name of its process.</summary>
    public IReadOnlyList<string> Output => [.. _output];

    /// <summary>The agent's process; null = it has none.</summary>
    public int? AgentProcessId => Emulator.ProcessId(AgentProgram.ExtensionName);

    /// <summary>The lines of the function's manifest: what it says it sent.</summary>
    public string[] Manifest => File.ReadAllLines(_manifest);

    /// <param name="agent">A name of <see cref="AgentUnderTest.Names"/>.</param>
    /// <param name="options">
    /// The function; variables that point it and the agent at each other and at the intake are added, its own ones win, empty ones are left out.
    /// </param>
    /// <param name="ports">Null = any free ones.</param>
    public static async Task<FunctionSandbox> StartAsync(string agent, EmulatorOptions options, LocalPorts? ports = null, IntakeOptions? intakeOptions = null)
    {
        LocalIntake intake = await FreePorts.IntakeAsync(intakeOptions);
        var sandbox = new FunctionSandbox(intake, ports ?? FreePorts.Pick());
        var variables = new Dictionary<string, string>(sandbox._ports.Variables)
        {
            ["DD_LOG_LEVEL"] = "trace",
            ["MAYFLY_DEMO_MANIFEST"] = sandbox._manifest,
        };
        foreach ((string name, string value) in SecretWatch.Variables.Concat(LocalIntake.VariablesFor(intake.Url)).Concat(options.Environment))
        {
            variables[name] = value;
        }

        sandbox._emulator = await LambdaEmulator.StartAsync(options with
        {
            Extensions = [new ExtensionCommand(AgentProgram.ExtensionName, AgentUnderTest.Command(agent)), .. options.Extensions],
            Environment = variables.Where(pair => pair.Value.Length > 0).ToDictionary(),
            Output = sandbox.See,
            Grace = Until.Patience,
        });
        return sandbox;
    }

    /// <summary>Invokes with one of <c>samples/events</c>, its times set to now.</summary>
    public async Task<InvocationResult> InvokeFileAsync(string file)
    {
        byte[] content = await File.ReadAllBytesAsync(Path.Combine(AgentUnderTest.Root, "samples", "events", file));
        return await Emulator.InvokeAsync(DemoEvents.Refresh(content, DateTimeOffset.UtcNow));
    }

    /// <summary>Shuts down and checks that the agent got its event and ended by itself with exit code 0 inside the budget, of which the runtime may take a part.</summary>
    public async Task<ShutdownReport> ShutDownAsync()
    {
        using var stalls = new MachineStalls();
        ShutdownReport report = await Emulator.ShutdownAsync();
        ExtensionExit exit = Assert.Single(report.Extensions, static one => one.Name == AgentProgram.ExtensionName);
        Assert.True(exit is { ReceivedShutdown: true, ExitedByItself: true, ExitCode: 0 }, $"{exit}. {this}");
        Assert.True(exit.Took <= ShutdownBudget + stalls.Total, $"{exit}; the machine stood still for {stalls.Total}. {this}");
        return report;
    }

    /// <summary>The agent's counters. Thaws the agent, which stays so until the next freeze.</summary>
    public async Task<AgentCounters> CountersAsync()
    {
        Assert.Equal(0, Kill(AgentProcessId ?? throw new InvalidOperationException("The agent is gone."), Continue));
        return await AgentCounters.ReadAsync(_ports.Traces);
    }

    public async ValueTask DisposeAsync()
    {
        await Emulator.DisposeAsync();
        await Intake.DisposeAsync();
        File.Delete(_manifest);
        _watch.MustBeClean();
    }

    private void See(ProcessOutput line)
    {
        _output.Enqueue($"{line.Process}: {line.Line}");
        if (line.Process == AgentProgram.ExtensionName)
        {
            _watch.See(line.Line);
        }
    }

    public override string ToString() => "Output:\n" + string.Join('\n', _output);

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int processId, int signal);
}
