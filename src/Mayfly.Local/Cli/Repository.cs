using System.Diagnostics;
using System.Text;

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
        : FromRoot() ?? FromPath() ?? "dotnet";

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
        foreach (string argument in new[] { "build", "-c", "Release", directory, "-f", "net10.0", "-p:MayflyTargetFramework=net10.0", "-v", "quiet", "-nologo" })
        {
            start.ArgumentList.Add(argument);
        }

        using Process process = Process.Start(start) ?? throw new LocalFailure($"{DotnetPath} could not be started.");
        var output = new StringBuilder();
        Task errors = DrainAsync(process.StandardError, output, cancellation);
        await DrainAsync(process.StandardOutput, output, cancellation);
        await errors;
        await process.WaitForExitAsync(cancellation);
        if (process.ExitCode != 0)
        {
            string[] lines = output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
            throw new LocalFailure($"Building {project} failed:{Environment.NewLine}{string.Join(Environment.NewLine, lines.TakeLast(OutputLinesShown))}");
        }

        string folder = Path.Combine(directory, "bin", "Release", "net10.0");
        FileInfo? program = new DirectoryInfo(folder).Exists
            ? new DirectoryInfo(folder).GetFiles("*.runtimeconfig.json").MaxBy(file => file.LastWriteTimeUtc)
            : null;
        return program is null
            ? throw new LocalFailure($"Building {project} left no program in {folder}.")
            : Path.Combine(folder, program.Name.Replace(".runtimeconfig.json", ".dll", StringComparison.Ordinal));
    }

    private static async Task DrainAsync(StreamReader reader, StringBuilder output, CancellationToken cancellation)
    {
        while (await reader.ReadLineAsync(cancellation) is { } line)
        {
            lock (output)
            {
                output.AppendLine(line);
            }
        }
    }

    private static string? FromRoot() =>
        Environment.GetEnvironmentVariable("DOTNET_ROOT") is { Length: > 0 } root && File.Exists(Path.Combine(root, Executable)) ? Path.Combine(root, Executable) : null;

    private static string? FromPath() => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Select(directory => Path.Combine(directory, Executable))
        .FirstOrDefault(File.Exists);

    private static string Executable => OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet";
}
