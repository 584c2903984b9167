using System.CommandLine;
using Mayfly.Local.Emulator;
using Mayfly.Local.Emulator.Web;

namespace Mayfly.Local.Cli;

/// <summary>
/// <c>web-adapter</c>: this tool as an extension that runs a web application as a function. <c>run --web-adapter</c> starts it; its settings are variables.
/// </summary>
public static class WebAdapterCommand
{
    private const string Name = "web-adapter";

    /// <summary>The extension, as the emulator starts it.</summary>
    /// <param name="concurrency">How many invocations it takes at once.</param>
    public static ExtensionCommand Extension(int concurrency = 1)
    {
        var command = new ProcessCommand(Repository.DotnetPath, typeof(WebAdapterCommand).Assembly.Location, Name)
        {
            Environment = new Dictionary<string, string>
            {
                ["AWS_LAMBDA_MAX_CONCURRENCY"] = concurrency.ToString(System.Globalization.CultureInfo.InvariantCulture),
            },
        };
        return new ExtensionCommand(WebAdapter.ExtensionName, command);
    }

    internal static Command Create()
    {
        var command = new Command(Name, "Be the web adapter of a sandbox.") { Hidden = true };
        command.SetAction(async (_, cancellation) =>
        {
            WebAdapterSettings settings = WebAdapterSettings.Read(Environment.GetEnvironmentVariable)
                ?? throw new LocalFailure("There is no AWS_LAMBDA_RUNTIME_API: the web adapter runs inside a sandbox only. Use run --web-adapter.");
            using var adapter = new WebAdapter(settings);
            await adapter.RunAsync(cancellation);
            return 0;
        });
        return command;
    }
}
