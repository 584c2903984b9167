using System.Diagnostics;

namespace Mayfly.Local.Cli;

/// <summary>The source tree that this tool belongs to, and building its projects.</summary>
public sealed class Repository
{
    private const string Marker = "Mayfly.slnx";
    private const int OutputLinesShown = 20;

    private Repository(string root) => Root = root;

    public string Root { get; }

    /// <summary>The muxer that runs managed programs, as an absolute path where it is known: a sandbox has its own PATH.</summary>
    public static string DotnetPath =>
        Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } host && File.Exists(host) ? host
        : Environment.ProcessPath is { } process && Path.GetFileNameWithoutExtension(process) == "dotnet" ? process
        : FromFolders("DOTNET_ROOT") ?? FromFolders("PATH") ?? "dotnet";

    /// <summary>Walks up from the working directory, then from the tool's own.</summary>
    /// <exception cref="LocalFailure">No source tree.</exception>
    public static Repository Find()
    {
        foreach (string start in new[] { Directory.GetCurrentDirectory(), AppContext.BaseDirectory })
        {
            for (DirectoryInfo? directory = new(start); directory is not null; directory = directory.Parent)
            {
                if (File.Exists(Path.Combine(directory.FullName, Marker)))
                {
                    return new Repository(directory.FullName);
                }
            }
        }

        throw new LocalFailure($"No {Marker} in this directory or above it. Run the command inside the repository, or name a built agent with --agent PATH.");
    }

    /// <summary>Builds a project in Release and returns the path of its program (.dll). Quiet unless it fails.</summary>
    /// <exception cref="LocalFailure">The build failed; the message ends with its last lines.</exception>
    public async Task<string> BuildAsync(string project, CancellationToken cancellation)
    {
        string directory = Path.Combine(Root, project);
        var start = new ProcessStartInfo(DotnetPath)
        {
            WorkingDirectory = Root,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // One target framework only: a machine with just the SDK has no packs of the other.
        string[] framework = ["-f", "net10.0", "-p:MayflyTargetFramework=net10.0"];
        string[] quiet = ["-v", "quiet", "-nologo", "-t:Build", "-getProperty:TargetPath"];
        foreach (string argument in (string[])["build", "-c", "Release", directory, .. framework, .. quiet])
        {
            start.ArgumentList.Add(argument);
        }

        using Process process = Process.Start(start) ?? throw new LocalFailure($"{DotnetPath} could not be started.");
        // Standard output is the asked property, errors are on standard error.
        Task<string> errors = process.StandardError.ReadToEndAsync(cancellation);
        string program = (await process.StandardOutput.ReadToEndAsync(cancellation)).Trim();
        string[] lines = (await errors).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        await process.WaitForExitAsync(cancellation);
        if (process.ExitCode == 0 && File.Exists(program))
        {
            return program;
        }

        string shown = string.Join(Environment.NewLine, lines.Append(program).TakeLast(OutputLinesShown));
        throw new LocalFailure($"Building {project} failed:{Environment.NewLine}{shown}");
    }

    private static string? FromFolders(string variable) => (Environment.GetEnvironmentVariable(variable) ?? "")
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Select(directory => Path.Combine(directory, Executable))
        .FirstOrDefault(File.Exists);

    private static string Executable => OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet";
}
