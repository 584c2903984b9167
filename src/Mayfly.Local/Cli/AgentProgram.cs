using Mayfly.Local.Emulator;

namespace Mayfly.Local.Cli;

/// <summary>The agent that a session runs: the one that the user names, or the JIT build of this source tree.</summary>
public static class AgentProgram
{
    public const string ExtensionName = "datadog-agent";

    private const string Project = "src/Mayfly.Agent";

    /// <param name="path">A native binary or a .dll; null = build the project and run that.</param>
    /// <param name="cancellation">Ends a build.</param>
    /// <exception cref="LocalFailure">No such file, or the build failed.</exception>
    public static async Task<ProcessCommand> ResolveAsync(string? path, CancellationToken cancellation)
    {
        if (path is null)
        {
            return new ProcessCommand(Repository.DotnetPath, await Repository.Find().BuildAsync(Project, cancellation));
        }

        string full = Path.GetFullPath(path);
        return !File.Exists(full) ? throw new LocalFailure($"There is no agent at {full}. Build one with ./build.sh agent, or leave --agent out.")
            : Path.GetExtension(full).Equals(".dll", StringComparison.OrdinalIgnoreCase) ? new ProcessCommand(Repository.DotnetPath, full)
            : new ProcessCommand(full);
    }
}
