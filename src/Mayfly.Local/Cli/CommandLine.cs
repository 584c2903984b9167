using System.CommandLine;

namespace Mayfly.Local.Cli;

/// <summary>The tool's commands. Exit codes: 0 good, 1 the command ran and its result is bad, 2 it could not run.</summary>
public static class CommandLine
{
    private const int CouldNotRun = 2;

    /// <param name="args">The words after the program's name.</param>
    /// <param name="errors">Gets the sentence that says why a command could not run; null = standard error.</param>
    public static async Task<int> RunAsync(string[] args, TextWriter? errors = null)
    {
        errors ??= Console.Error;
        var root = new RootCommand("Lambda, a Datadog intake and a demo on this machine, for trying the Mayfly agent.")
        {
            DemoCommand.Create(),
            RunCommand.Create(),
            CompatCommand.Create(),
            IntakeCommand.Create(),
            WebAdapterCommand.Create(),
        };
        ParseResult parsed = root.Parse(args);
        try
        {
            int code = await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, Error = errors });
            return parsed.Errors.Count > 0 ? CouldNotRun : code;
        }
        catch (LocalFailure failure)
        {
            await errors.WriteLineAsync(failure.Message);
            return CouldNotRun;
        }
        catch (OperationCanceledException)
        {
            await errors.WriteLineAsync("Interrupted.");
            return CouldNotRun;
        }
    }
}
