using System.CommandLine;
using Mayfly.Local.Emulator;
using Mayfly.Local.Intake;

namespace Mayfly.Local.Cli;

/// <summary>What several commands share.</summary>
internal static class CommonOptions
{
    public static Option<string?> Agent { get; } = new("--agent")
    {
        Description = "The agent to run: a native binary or a .dll (default: the agent of this repository, built on the spot).",
        HelpName = "PATH",
    };

    public static Option<double> Timeout { get; } = new("--timeout")
    {
        Description = "The function's timeout in seconds.",
        DefaultValueFactory = _ => 3,
        HelpName = "S",
    };

    /// <param name="types">The ones that the command can play.</param>
    public static Option<string> InitializationType(params IEnumerable<string> types)
    {
        Option<string> option = new("--initialization-type")
        {
            Description = "The kind of sandbox.",
            DefaultValueFactory = _ => InitializationTypes.OnDemand,
            HelpName = "TYPE",
        };
        option.AcceptOnlyFromAmong([.. types]);
        return option;
    }

    /// <exception cref="LocalFailure">The port is taken.</exception>
    public static async Task<LocalIntake> StartIntakeAsync(int port, string optionName, CancellationToken cancellation)
    {
        try
        {
            return await LocalIntake.StartAsync(new IntakeOptions { Port = port }, cancellation);
        }
        catch (Exception e) when (e is IOException or ArgumentOutOfRangeException or System.Net.Sockets.SocketException)
        {
            throw new LocalFailure(
                $"The intake cannot listen on 127.0.0.1:{port}: {e.Message} Choose another port with {optionName}, or leave it out to use any free one.", e);
        }
    }
}
