using System.CommandLine;
using Mayfly.Local.Demo;
using Mayfly.Local.Emulator;
using Mayfly.Local.Intake;

namespace Mayfly.Local.Cli;

/// <summary>
/// <c>run</c>: any function, any events, beside the agent. Prints per invocation what arrived. Exit code 0 unless an invocation crashed or could not start.
/// </summary>
internal static class RunCommand
{
    private static readonly string[] Bad =
    [
        nameof(InvocationStatus.Crash), nameof(InvocationStatus.InitError), nameof(InvocationStatus.RestoreError), nameof(InvocationStatus.Unavailable),
    ];

    public static Command Create()
    {
        Option<string[]> events = new("--event")
        {
            Description = "A file with an event, JSON; repeat it for several invocations (default: one invocation with {}).",
            HelpName = "FILE",
        };
        Option<int> times = new("--repeat") { Description = "How often all events are sent.", DefaultValueFactory = _ => 1, HelpName = "N" };
        Option<int> memory = new("--memory") { Description = "The function's memory in MB.", DefaultValueFactory = _ => 512, HelpName = "MB" };
        Option<bool> enforce = new("--enforce-memory") { Description = "Kill the function when it uses more than its memory." };
        Option<string[]> variables = new("--env") { Description = "An environment variable of the function and the agent; repeatable.", HelpName = "K=V" };
        Option<string> type = CommonOptions.InitializationType(InitializationTypes.All);
        Option<int> concurrency = new("--concurrency")
        {
            Description = $"How many events are handled at once; needs --initialization-type {InitializationTypes.ManagedInstances}.",
            DefaultValueFactory = _ => 1,
            HelpName = "N",
        };
        Option<double?> ahead = new("--init-ahead") { Description = "Initialize the sandbox so many seconds before the first event.", HelpName = "S" };
        Option<string?> runtimeVersion = new("--runtime-version") { Description = "The runtime's version in telemetry.", HelpName = "TEXT" };
        Option<bool> durable = new("--durable") { Description = "The runtime's version in telemetry is that of a durable function." };
        Option<bool> web = new("--web-adapter")
        {
            Description = "The function is a web application that listens on the port in PORT: events become HTTP requests.",
        };
        Argument<string[]> function = new("COMMAND")
        {
            Description = "The function: a program that speaks the Lambda Runtime API, or a web application, and its arguments.",
            Arity = ArgumentArity.OneOrMore,
        };
        var command = new Command("run", "Run a function with the agent and print what arrives.")
        {
            CommonOptions.Agent, CommonOptions.Timeout, events, times, memory, enforce, variables, type, concurrency, ahead, runtimeVersion, durable, web,
            function,
        };
        command.SetAction(async (result, cancellation) =>
        {
            string[] words = result.GetValue(function) ?? [];
            int together = result.GetValue(concurrency);
            if (together < 1 || (together > 1 && result.GetValue(type) != InitializationTypes.ManagedInstances))
            {
                throw new LocalFailure(
                    $"--concurrency {together}: only --initialization-type {InitializationTypes.ManagedInstances} handles more than one event at once.");
            }

            var options = new LocalSessionOptions
            {
                Function = new ProcessCommand(words[0], words[1..]),
                Agent = await AgentProgram.ResolveAsync(result.GetValue(CommonOptions.Agent), cancellation),
                Timeout = TimeSpan.FromSeconds(result.GetValue(CommonOptions.Timeout)),
                MemoryMb = result.GetValue(memory),
                EnforceMemory = result.GetValue(enforce),
                Variables = Variables(result.GetValue(variables) ?? []),
                InitializationType = result.GetValue(type)!,
                Concurrency = together,
                RuntimeVersion = result.GetValue(runtimeVersion) ?? (result.GetValue(durable) ? EmulatorOptions.DurableRuntimeVersion : null),
                WebAdapter = result.GetValue(web),
                Output = line => Console.Error.WriteLine($"{line.Process}: {line.Line}"),
            };
            TimeSpan? wait = result.GetValue(ahead) is { } seconds ? TimeSpan.FromSeconds(seconds) : null;
            return await RunAsync(options, await StepsAsync(result.GetValue(events) ?? [], result.GetValue(times), cancellation), wait, cancellation);
        });
        return command;
    }

    /// <summary>Splits <c>K=V</c> at the first equals sign.</summary>
    /// <exception cref="LocalFailure">No equals sign, or nothing before it.</exception>
    internal static Dictionary<string, string> Variables(IEnumerable<string> pairs)
    {
        var variables = new Dictionary<string, string>();
        foreach (string pair in pairs)
        {
            int at = pair.IndexOf('=', StringComparison.Ordinal);
            variables[at > 0 ? pair[..at] : throw new LocalFailure($"--env {pair}: write it as NAME=VALUE.")] = pair[(at + 1)..];
        }

        return variables;
    }

    private static async Task<List<(string Title, byte[] Event)>> StepsAsync(string[] files, int times, CancellationToken cancellation)
    {
        List<(string Title, byte[] Event)> once = [];
        foreach (string file in files)
        {
            once.Add(File.Exists(file)
                ? (Path.GetFileName(file), await File.ReadAllBytesAsync(file, cancellation))
                : throw new LocalFailure($"There is no event file {file}."));
        }

        if (once.Count == 0)
        {
            once.Add(("{}", "{}"u8.ToArray()));
        }

        return [.. Enumerable.Range(0, times).SelectMany(_ => once)];
    }

    private static async Task<int> RunAsync(
        LocalSessionOptions options, List<(string Title, byte[] Event)> steps, TimeSpan? ahead, CancellationToken cancellation)
    {
        await using LocalIntake intake = await CommonOptions.StartIntakeAsync(0, "--port", cancellation);
        await using LocalSession session = await LocalSession.StartAsync(options, intake, cancellation);
        if (ahead is { } wait)
        {
            await session.InitializeAsync(cancellation);
            await Task.Delay(wait, cancellation);
        }

        // As many at once as the sandbox takes; on demand one after the other, in order.
        DemoInvocation[] invocations = await Task.WhenAll(steps.Select(step => session.InvokeAsync(step.Title, step.Event, cancellation)));
        await session.ShutdownAsync(cancellation);
        var report = new ReportText(ReportText.OpenConsole());
        for (int i = 0; i < invocations.Length; i++)
        {
            report.Invocation(i + 1, InvocationView.Of(invocations[i], intake));
        }

        report.Enhanced(InvocationView.Enhanced(intake));
        report.Line("");
        report.Line("Requests to the intake");
        foreach (ReceivedRequest request in intake.Requests)
        {
            report.Line(ReportText.Request(request));
        }

        return invocations.Any(i => Bad.Contains(i.Status)) ? 1 : 0;
    }
}
