using System.CommandLine;
using Mayfly.Local.Compat;
using Mayfly.Local.Emulator;
using Mayfly.Local.Intake;

namespace Mayfly.Local.Cli;

/// <summary>
/// <c>compat</c>: a program with the agent beside it, as on a platform without extensions. Prints what arrived. Exit code 0 when both ended with 0.
/// </summary>
internal static class CompatCommand
{
    public static Command Create()
    {
        Option<string> platform = new("--platform")
        {
            Description = "The platform whose environment both see.",
            DefaultValueFactory = _ => LocalPlatform.LambdaLite,
            HelpName = "PLATFORM",
        };
        platform.AcceptOnlyFromAmong([.. LocalPlatform.All]);
        Option<string[]> variables = new("--env") { Description = "An environment variable of the program and the agent; repeatable.", HelpName = "K=V" };
        Option<bool> alone = new("--without-agent") { Description = "Run the program alone, to see what it does then." };
        Argument<string[]> program = new("COMMAND") { Description = "The program and its arguments, after --.", Arity = ArgumentArity.OneOrMore };
        var command = new Command("compat", "Run a program beside the agent as Lambda Lite, Azure Functions, Google functions or Azure Spring Apps do.")
        {
            CommonOptions.Agent, platform, variables, alone, program,
        };
        command.SetAction(async (result, cancellation) =>
        {
            string[] words = result.GetValue(program) ?? [];
            var options = new CompatOptions
            {
                Platform = result.GetValue(platform)!,
                Program = new ProcessCommand(words[0], words[1..]),
                Agent = result.GetValue(alone) ? null : await AgentProgram.ResolveAsync(result.GetValue(CommonOptions.Agent), cancellation),
                Variables = RunCommand.Variables(result.GetValue(variables) ?? []),
                Output = line => Console.Error.WriteLine($"{line.Process}: {line.Line}"),
            };
            return await RunAsync(options, cancellation);
        });
        return command;
    }

    private static async Task<int> RunAsync(CompatOptions options, CancellationToken cancellation)
    {
        await using LocalIntake intake = await CommonOptions.StartIntakeAsync(0, "--port", cancellation);
        CompatResult ended = await CompatSession.RunAsync(options, intake, cancellation);
        var report = new ReportText(ReportText.OpenConsole());
        report.Arrived(intake);
        report.Line("");
        report.Line("Requests to the intake");
        foreach (ReceivedRequest request in intake.Requests)
        {
            report.Line(ReportText.Request(request));
        }

        string agent = options.Agent is null ? "there was no agent" : ended.AgentExitCode is { } code ? $"the agent with {code}" : "the agent had to be killed";
        report.Line($"The program ended with {ended.ProgramExitCode}, {agent}.");
        return ended.ProgramExitCode == 0 && (options.Agent is null || ended.AgentExitCode == 0) ? 0 : 1;
    }
}
