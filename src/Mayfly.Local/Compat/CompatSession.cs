using System.Globalization;
using Mayfly.Local.Cli;
using Mayfly.Local.Emulator;
using Mayfly.Local.Intake;

namespace Mayfly.Local.Compat;

/// <summary>What runs in a <see cref="CompatSession"/>.</summary>
public sealed record CompatOptions
{
    /// <summary>One of <see cref="LocalPlatform.All"/>.</summary>
    public required string Platform { get; init; }

    public required ProcessCommand Program { get; init; }

    /// <summary>Null: the program runs without one, to see the difference.</summary>
    public required ProcessCommand? Agent { get; init; }

    public string Name { get; init; } = "my-app";

    /// <summary>Variables of both; they win over all others.</summary>
    public IReadOnlyDictionary<string, string> Variables { get; init; } = new Dictionary<string, string>();

    public string? WorkingDirectory { get; init; }

    public Action<ProcessOutput>? Output { get; init; }
}

/// <summary>How a session ended.</summary>
/// <param name="ProgramExitCode">Of the program.</param>
/// <param name="AgentExitCode">Of the agent; null: there was none, or it had to be killed.</param>
public sealed record CompatResult(int ProgramExitCode, int? AgentExitCode);

/// <summary>
/// A program with the agent beside it, as on a platform without extensions: the agent first, then the program, and when that ends the agent is told to end too.
/// </summary>
public static class CompatSession
{
    /// <summary>Looks like an API key; no intake outside this machine ever sees it.</summary>
    private const string ApiKey = "abcdef0123456789abcdef0123456789";

    private static readonly TimeSpan AgentLimit = TimeSpan.FromSeconds(10);

    /// <summary>Runs the program to its end, or until cancelled: then it is told to end.</summary>
    /// <exception cref="LocalFailure">A program could not be started, or the agent ended or did not listen.</exception>
    public static async Task<CompatResult> RunAsync(CompatOptions options, LocalIntake intake, CancellationToken cancellation)
    {
        await using MetadataServer metadata = await MetadataServer.StartAsync(cancellation: cancellation);
        DirectoryInfo root = Directory.CreateTempSubdirectory("mayfly-functions-");
        try
        {
            await File.WriteAllTextAsync(Path.Combine(root.FullName, "host.json"), """{"version":"2.0"}""", cancellation);
            var ports = LocalPorts.Pick();
            Dictionary<string, string> variables = Variables(options, intake.Url, ports, metadata.Host, root.FullName);
            using SandboxProcess? agent = options.Agent is { } command ? Start("agent", command, options, variables) : null;
            if (agent is not null)
            {
                await ReadyAsync(agent, ports.Traces, cancellation);
            }

            using SandboxProcess program = Start("program", options.Program, options, variables);
            int exitCode = await EndOfAsync(program, cancellation);
            return new CompatResult(exitCode, agent is null ? null : await StopAsync(agent));
        }
        finally
        {
            root.Delete(recursive: true);
        }
    }

    private static Dictionary<string, string> Variables(CompatOptions options, string intakeUrl, LocalPorts ports, string metadataHost, string root)
    {
        var variables = new Dictionary<string, string>();
        foreach (System.Collections.DictionaryEntry inherited in Environment.GetEnvironmentVariables())
        {
            variables[(string)inherited.Key] = (string?)inherited.Value ?? "";
        }

        (string, string)[] own =
        [
            ("DD_API_KEY", ApiKey), ("DD_ENV", "local"), ("DD_LOGS_ENABLED", "true"),
            ("DD_LOGS_PORT", LocalPorts.Free().ToString(CultureInfo.InvariantCulture)),
        ];
        IEnumerable<KeyValuePair<string, string>> all = own.Select(static one => KeyValuePair.Create(one.Item1, one.Item2))
            .Concat(ports.Variables)
            .Concat(LocalIntake.VariablesFor(intakeUrl))
            .Concat(LocalPlatform.Variables(options.Platform, options.Name, metadataHost, root))
            .Concat(options.Variables);
        foreach ((string name, string value) in all)
        {
            variables[name] = value;
        }

        return variables;
    }

    private static SandboxProcess Start(string name, ProcessCommand command, CompatOptions options, Dictionary<string, string> variables)
    {
        string directory = options.WorkingDirectory ?? Environment.CurrentDirectory;
        return SandboxProcess.FindExecutable(command.FileName, variables.GetValueOrDefault("PATH", "")) is null
            ? throw new LocalFailure($"There is no program {command.FileName}.")
            : SandboxProcess.TryStart(name, command, [], variables, directory, options.Output ?? (static _ => { }))
                ?? throw new LocalFailure($"{command.FileName} could not be started.");
    }

    /// <summary>Returns when the agent answers: one that is bound, but does not serve yet, may not have told Node tracers of itself.</summary>
    private static async Task ReadyAsync(SandboxProcess agent, int port, CancellationToken cancellation)
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = Timeout.InfiniteTimeSpan };
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(AgentLimit);
        while (true)
        {
            if (agent.HasExited)
            {
                throw new LocalFailure($"The agent ended at once ({SandboxProcess.Describe(await agent.Exited)}); what it wrote says why.");
            }

            try
            {
                using HttpResponseMessage answer = await client.GetAsync(new Uri($"http://127.0.0.1:{port}/info"), limit.Token);
                return;
            }
            catch (HttpRequestException)
            {
                await Task.Delay(5, CancellationToken.None);
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                throw new LocalFailure($"The agent does not answer on 127.0.0.1:{port} after {AgentLimit.TotalSeconds} s.");
            }

            limit.Token.ThrowIfCancellationRequested();
        }
    }

    private static async Task<int> EndOfAsync(SandboxProcess program, CancellationToken cancellation)
    {
        await using (cancellation.Register(program.Terminate))
        {
            return await program.Exited;
        }
    }

    private static async Task<int?> StopAsync(SandboxProcess agent)
    {
        agent.Terminate();
        await Task.WhenAny(agent.Exited, Task.Delay(AgentLimit));
        if (agent.HasExited)
        {
            return await agent.Exited;
        }

        agent.SignalAll(Emulator.PosixSignal.Kill);
        return null;
    }
}
