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
    public static Command Create()
    {
        Option<string[]> events = new("--event")
        {
            Description = "A file with an event, JSON; repeat it for several invocations (default: one invocation with {}).",
            HelpName = "FILE",
        };
        Option<double> timeout = new("--timeout") { Description = "The function's timeout in seconds.", DefaultValueFactory = _ => 3, HelpName = "S" };
        Option<int> memory = new("--memory") { Description = "The function's memory in MB.", DefaultValueFactory = _ => 512, HelpName = "MB" };
        Option<string[]> variables = new("--env") { Description = "An environment variable of the function and the agent; repeatable.", HelpName = "K=V" };
        Argument<string[]> function = new("COMMAND")
        {
            Description = "The function: a program that speaks the Lambda Runtime API, and its arguments.",
            Arity = ArgumentArity.OneOrMore,
        };
        var command = new Command("run", "Run a function with the agent and print what arrives.")
        {
            CommonOptions.Agent, events, timeout, memory, variables, function,
        };
        command.SetAction(async (result, cancellation) =>
        {
            string[] words = result.GetValue(function) ?? [];
            var options = new LocalSessionOptions
            {
                Function = new ProcessCommand(words[0], words[1..]),
                Agent = await AgentProgram.ResolveAsync(result.GetValue(CommonOptions.Agent), cancellation),
                Timeout = TimeSpan.FromSeconds(result.GetValue(timeout)),
                MemoryMb = result.GetValue(memory),
                Variables = Variables(result.GetValue(variables) ?? []),
                Output = line => Console.Error.WriteLine($"{line.Process}: {line.Line}"),
            };
            return await RunAsync(options, result.GetValue(events) ?? [], cancellation);
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

    private static async Task<int> RunAsync(LocalSessionOptions options, string[] events, CancellationToken cancellation)
    {
        List<(string Title, byte[] Event)> steps = [];
        foreach (string file in events)
        {
            steps.Add(File.Exists(file)
                ? (Path.GetFileName(file), await File.ReadAllBytesAsync(file, cancellation))
                : throw new LocalFailure($"There is no event file {file}."));
        }

        if (steps.Count == 0)
        {
            steps.Add(("{}", "{}"u8.ToArray()));
        }

        await using LocalIntake intake = await CommonOptions.StartIntakeAsync(0, "--port", cancellation);
        await using LocalSession session = await LocalSession.StartAsync(options, intake, cancellation);
        var invocations = new List<DemoInvocation>();
        foreach ((string title, byte[] eventJson) in steps)
        {
            invocations.Add(await session.InvokeAsync(title, eventJson, cancellation));
        }

        await session.ShutdownAsync(cancellation);
        var report = new ReportText(ReportText.OpenConsole());
        for (int i = 0; i < invocations.Count; i++)
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

        return invocations.Any(i => i.Status is nameof(InvocationStatus.Crash) or nameof(InvocationStatus.InitError)) ? 1 : 0;
    }
}
