using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace Mayfly.Local.Emulator;

/// <summary>
/// The directory that stands for <c>/opt</c>: built in a temporary place and, where the machine permits private mounts, seen as <c>/opt</c> by the sandbox's
/// processes only. The machine's own <c>/opt</c> is never written to and stays visible inside, entry by entry.
/// </summary>
internal sealed class SandboxLayer : IDisposable
{
    // $1 = layer, $2 = what becomes /tmp or empty, $3 = how many names of the machine's /opt follow; then the command. Runs in a mount namespace of its own.
    private const string MountScript = """
        set -e
        layer=$1; tmp=$2; shared=$3; shift 3
        while [ "$shared" -gt 0 ]; do mount --rbind "/opt/$1" "$layer/$1"; shift; shared=$((shared - 1)); done
        mount --rbind "$layer" /opt
        if [ -n "$tmp" ]; then mount --rbind "$tmp" /tmp; fi
        exec "$@"
        """;

    private static readonly string[][] Unshares = [["--mount"], ["--user", "--map-root-user", "--mount"]];
    private static readonly TimeSpan TrialLimit = TimeSpan.FromSeconds(5);

    private readonly string _root;
    private readonly string? _temporaryDirectory;

    private SandboxLayer(string root, string? temporaryDirectory, IReadOnlyList<string> prefix, IReadOnlyList<ExtensionCommand> extensions)
    {
        _root = root;
        _temporaryDirectory = prefix.Count > 0 ? temporaryDirectory : null;
        Prefix = prefix;
        Extensions = extensions;
    }

    /// <summary>The sandbox's processes see the layer at <c>/opt</c>.</summary>
    public bool IsAtOpt => Prefix.Count > 0;

    /// <summary>Words before every command of the sandbox; empty without private mounts.</summary>
    public IReadOnlyList<string> Prefix { get; }

    /// <summary>All external extensions with the command that starts them through their file in the layer.</summary>
    public IReadOnlyList<ExtensionCommand> Extensions { get; }

    /// <summary>The layer's directory on the machine.</summary>
    public string DirectoryPath => Path.Combine(_root, "opt");

    public static async Task<SandboxLayer> CreateAsync(EmulatorOptions options)
    {
        string root = Directory.CreateTempSubdirectory("mayfly-sandbox-").FullName;
        string opt = Path.Combine(root, "opt");
        string folder = Path.Combine(opt, "extensions");
        Directory.CreateDirectory(folder);
        if (options.LayerDirectory is { } layer)
        {
            Copy(layer, opt);
        }

        foreach (ExtensionCommand extension in options.Extensions)
        {
            if (extension.Command is { } command && !OperatingSystem.IsWindows())
            {
                Install(command, Path.Combine(folder, extension.Name));
            }
        }

        bool hasProcesses = options.Function is not null || Directory.EnumerateFiles(folder).Any();
        IReadOnlyList<string> prefix = OperatingSystem.IsLinux() && hasProcesses ? await FindPrefixAsync(opt, options.TemporaryDirectory) : [];
        string seen = prefix.Count > 0 ? "/opt/extensions" : folder;
        return new SandboxLayer(root, options.TemporaryDirectory, prefix, [.. Discover(options, folder, seen)]);
    }

    /// <summary>The path under which the sandbox's processes find a file of the layer: itself if the layer is at <c>/opt</c>.</summary>
    public string InSandbox(string path) => IsAtOpt ? path : OnMachine(path);

    /// <summary>Where the machine has the file that the sandbox knows by this path.</summary>
    public string OnMachine(string path) =>
        path.StartsWith("/opt/", StringComparison.Ordinal) && Path.Combine(DirectoryPath, path["/opt/".Length..]) is var own && File.Exists(own) ? own
        : path.StartsWith("/tmp/", StringComparison.Ordinal) && _temporaryDirectory is { } tmp ? Path.Combine(tmp, path["/tmp/".Length..])
        : path;

    public void Dispose()
    {
        try
        {
            Directory.Delete(_root, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A process that outlived its kill keeps a file: the temporary directory is the machine's to clean.
        }
    }

    private static IEnumerable<ExtensionCommand> Discover(EmulatorOptions options, string folder, string seen)
    {
        foreach (ExtensionCommand extension in options.Extensions)
        {
            if (extension.Command is { } command && !OperatingSystem.IsWindows())
            {
                command = new ProcessCommand($"{seen}/{extension.Name}") { Environment = command.Environment };
                yield return extension with { Command = command };
            }
            else
            {
                yield return extension;
            }
        }

        IEnumerable<string> inLayer = Directory.EnumerateFiles(folder).Where(IsExecutable).Select(file => Path.GetFileName(file)!);
        foreach (string name in inLayer.Order(StringComparer.Ordinal).Except(options.Extensions.Select(extension => extension.Name)))
        {
            yield return new ExtensionCommand(name, new ProcessCommand(OperatingSystem.IsWindows() ? Path.Combine(folder, name) : $"{seen}/{name}"));
        }
    }

    /// <summary>
    /// A single native file is copied, as a layer would hold it: the program then finds itself under its installed name.
    /// Anything else gets a script that runs it.
    /// </summary>
    private static void Install(ProcessCommand command, string target)
    {
        bool isPath = command.FileName.Contains('/', StringComparison.Ordinal);
        string file = isPath ? Path.GetFullPath(command.FileName) : command.FileName;
        if (isPath && !File.Exists(file))
        {
            // Left out: starting it fails, which is what Lambda would report.
            return;
        }

        if (isPath && command.Arguments.Count == 0 && !File.Exists(file + ".dll"))
        {
            File.Copy(file, target, overwrite: true);
            return;
        }

        string words = string.Join(' ', command.Arguments.Prepend(file).Select(Quote));
        File.WriteAllText(target, $"#!/bin/sh\nexec {words} \"$@\"\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(target, (UnixFileMode)0b111_101_101);
        }
    }

    private static string Quote(string word) => $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    private static bool IsExecutable(string file) => OperatingSystem.IsWindows() || (File.GetUnixFileMode(file) & UnixFileMode.UserExecute) != 0;

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (string directory in Directory.EnumerateDirectories(from))
        {
            Copy(directory, Path.Combine(to, Path.GetFileName(directory)));
        }

        foreach (string file in Directory.EnumerateFiles(from))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)), overwrite: true);
        }
    }

    /// <summary>The words that put the layer at <c>/opt</c> for one command; empty if no way of doing it works here. Found by trying.</summary>
    private static async Task<IReadOnlyList<string>> FindPrefixAsync(string opt, string? temporaryDirectory)
    {
        if (!Directory.Exists("/opt") || SandboxProcess.FindExecutable("unshare", Environment.GetEnvironmentVariable("PATH") ?? "") is not { } unshare)
        {
            return [];
        }

        List<string> shared = [];
        foreach (string entry in Directory.EnumerateFileSystemEntries("/opt"))
        {
            string point = Path.Combine(opt, Path.GetFileName(entry));
            if (!Path.Exists(entry) || Path.Exists(point))
            {
                continue;
            }

            shared.Add(Path.GetFileName(entry));
            if (Directory.Exists(entry))
            {
                Directory.CreateDirectory(point);
            }
            else
            {
                await File.WriteAllBytesAsync(point, []);
            }
        }

        foreach (string[] how in Unshares)
        {
            string count = shared.Count.ToString(CultureInfo.InvariantCulture);
            string[] prefix = [unshare, .. how, "/bin/sh", "-c", MountScript, "mount", opt, temporaryDirectory ?? "", count, .. shared];
            if (await WorksAsync([.. prefix, "test", "-d", "/opt/extensions"]))
            {
                return prefix;
            }
        }

        return [];
    }

    private static async Task<bool> WorksAsync(string[] words)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(words[0], words.Skip(1)) { RedirectStandardError = true, RedirectStandardOutput = true });
            if (process is null)
            {
                return false;
            }

            using var limit = new CancellationTokenSource(TrialLimit);
            await process.WaitForExitAsync(limit.Token);
            return process.ExitCode == 0;
        }
        catch (Exception e) when (e is Win32Exception or OperationCanceledException)
        {
            return false;
        }
    }
}
