using System.Collections.Concurrent;
using System.Diagnostics;
using Mayfly.Local.Cli;
using Mayfly.Local.Emulator;
using Mayfly.Local.Intake;
using Xunit;

namespace Mayfly.EndToEnd.Agents;

/// <summary>The agent as a process of its own, with the environment of an extension and nothing else; killed when disposed.</summary>
internal sealed class AgentProcess : IAsyncDisposable
{
    private static readonly TimeSpan LastLines = TimeSpan.FromSeconds(1);

    /// <summary>Until a test that runs beside others has noticed the end of a process.</summary>
    private static readonly TimeSpan Noticed = TimeSpan.FromMilliseconds(250);

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _lines = [];
    private readonly Task _reading;
    private readonly SecretWatch _watch;

    private AgentProcess(Process process, SecretWatch watch)
    {
        _process = process;
        _watch = watch;
        _reading = Task.WhenAll(ReadAsync(process.StandardOutput), ReadAsync(process.StandardError));
    }

    /// <summary>What it wrote to both outputs.</summary>
    public IReadOnlyList<string> Lines => [.. _lines];

    public int ProcessId => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>Its memory now.</summary>
    public long ResidentBytes
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64;
        }
    }

    /// <param name="command">Of <see cref="AgentUnderTest.Command"/>.</param>
    /// <param name="runtimeApi">The platform's address.</param>
    /// <param name="intakeUrl">Where all signals go.</param>
    /// <param name="ports">Where it listens.</param>
    /// <param name="variables">Settings on top; an empty value removes one.</param>
    /// <param name="secrets">What it must not print, beside the secrets of every agent.</param>
    public static AgentProcess Start(
        ProcessCommand command,
        string runtimeApi,
        string intakeUrl,
        LocalPorts ports,
        IReadOnlyDictionary<string, string>? variables = null,
        IReadOnlyList<string>? secrets = null)
    {
        var environment = new Dictionary<string, string>(ports.Variables)
        {
            ["AWS_LAMBDA_RUNTIME_API"] = runtimeApi,
            ["AWS_LAMBDA_FUNCTION_NAME"] = "scripted",
            ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] = "512",
            ["AWS_LAMBDA_INITIALIZATION_TYPE"] = "on-demand",
            ["AWS_REGION"] = "us-east-1",
        };
        return Start(command, environment, intakeUrl, variables, secrets ?? []);
    }

    /// <summary>An agent that stands beside a program, with nothing in its environment but this.</summary>
    /// <param name="command">The agent, or another one.</param>
    /// <param name="intakeUrl">Where all signals go.</param>
    /// <param name="ports">Where it listens.</param>
    /// <param name="variables">The platform's, and settings on top.</param>
    public static AgentProcess StartBeside(ProcessCommand command, string intakeUrl, LocalPorts ports, IReadOnlyDictionary<string, string> variables) =>
        Start(command, new Dictionary<string, string>(ports.Variables), intakeUrl, variables, []);

    public void SendSigTerm() => Assert.True(PosixSignal.Send(_process.Id, PosixSignal.Terminate));

    /// <summary>It stands still until <see cref="Thaw"/>, as the processes of a sandbox do between invocations.</summary>
    public void Freeze() => Assert.True(PosixSignal.Send(_process.Id, PosixSignal.Stop));

    public void Thaw() => Assert.True(PosixSignal.Send(_process.Id, PosixSignal.Continue));

    /// <summary>The exit code; fails when the process lives on for longer than that, on a machine that does not stand still.</summary>
    public async Task<int> ExitCodeAsync(TimeSpan limit)
    {
        using var stalls = new MachineStalls();
        using var deadline = new CancellationTokenSource(limit + Until.Patience);
        long start = Stopwatch.GetTimestamp();
        try
        {
            await _process.WaitForExitAsync(deadline.Token);
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"The agent was still running after {(limit + Until.Patience).TotalSeconds} s. {this}");
        }

        TimeSpan took = Stopwatch.GetElapsedTime(start);
        Assert.True(took <= limit + Noticed + stalls.Total, $"The agent ended after {took}, {limit} were allowed; the machine stood still for {stalls.Total}. {this}");
        await _reading;
        return _process.ExitCode;
    }

    /// <summary>Ends it at once, as SIGKILL does.</summary>
    public async Task KillAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();

        // What it started may hold the pipe open.
        await Task.WhenAny(_reading, Task.Delay(LastLines));
        _process.Dispose();
        _watch.MustBeClean();
    }

    private static AgentProcess Start(
        ProcessCommand command,
        Dictionary<string, string> environment,
        string intakeUrl,
        IReadOnlyDictionary<string, string>? variables,
        IReadOnlyList<string> secrets)
    {
        environment["PATH"] = Environment.GetEnvironmentVariable("PATH") ?? "";
        environment["DOTNET_ROOT"] = Environment.GetEnvironmentVariable("DOTNET_ROOT") ?? "";
        environment["DD_LOG_LEVEL"] = "trace";
        foreach ((string name, string value) in SecretWatch.Variables.Concat(LocalIntake.VariablesFor(intakeUrl)).Concat(variables ?? new Dictionary<string, string>()))
        {
            environment[name] = value;
        }

        var start = new ProcessStartInfo(command.FileName, command.Arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment.Clear();
        foreach ((string name, string value) in environment.Where(pair => pair.Value.Length > 0))
        {
            start.Environment[name] = value;
        }

        return new AgentProcess(Process.Start(start) ?? throw new InvalidOperationException($"{command.FileName} did not start."), new SecretWatch(secrets));
    }

    /// <summary>Whether it lives, and what it wrote.</summary>
    public override string ToString() =>
        $"The agent {(HasExited ? $"has exited with {_process.ExitCode}" : "is running")}; it wrote:\n{string.Join('\n', _lines)}";

    private async Task ReadAsync(StreamReader output)
    {
        while (await output.ReadLineAsync() is { } line)
        {
            _lines.Enqueue(line);
            _watch.See(line);
        }
    }
}
