using System.CommandLine;
using Mayfly.Local.Intake;

namespace Mayfly.Local.Cli;

/// <summary><c>intake</c>: the intake alone, one line per request, until Ctrl-C.</summary>
internal static class IntakeCommand
{
    private const int UsualPort = 8080;

    public static Command Create()
    {
        Option<int> port = new("--port") { Description = "Port on 127.0.0.1; 0 = any free port.", DefaultValueFactory = _ => UsualPort, HelpName = "PORT" };
        var command = new Command("intake", "Receive, decode and list what agents send.") { port };
        command.SetAction(async (result, cancellation) =>
        {
            await using LocalIntake intake = await CommonOptions.StartIntakeAsync(result.GetValue(port), "--port", cancellation);
            var report = new ReportText(ReportText.OpenConsole());
            var printing = new Lock();
            intake.Received += request =>
            {
                lock (printing)
                {
                    report.Line(ReportText.Request(request));
                }
            };
            string variables = string.Join(", ", LocalIntake.VariablesFor(intake.Url).Keys);
            report.Line($"Listening on {intake.Url}. Point an agent at it with {variables}. Ctrl-C ends it.");
            try
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, cancellation);
            }
            catch (OperationCanceledException)
            {
                // Ctrl-C is how it ends.
            }

            return 0;
        });
        return command;
    }
}
