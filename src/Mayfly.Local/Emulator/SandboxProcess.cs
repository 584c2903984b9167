using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace Mayfly.Local.Emulator;

/// <summary>One process of the sandbox with everything it starts: its own session, so that one signal reaches all of it.</summary>
internal sealed class SandboxProcess : IDisposable
{
    // A grandchild may hold the pipe open after the process is gone; its lines are not worth waiting for.
    private static readonly TimeSpan LastLines = TimeSpan.FromMilliseconds(100);

    private readonly Process _process;
    private readonly bool _ownsGroup;

    private SandboxProcess(string name, Process process, bool ownsGroup, Action<ProcessOutput> output)
    {
        Name = name;
        Id = process.Id;
        _process = process;
        _ownsGroup = ownsGroup;
        Exited = WatchAsync(output);
    }

    public string Name { get; }

    public int Id { get; }

    /// <summary>Completes with the exit code once the process is gone and its last lines are read.</summary>
    public Task<int> Exited { get; }

    public bool HasExited => _process.HasExited;

    /// <summary>Starts a program. Null: it may not be run. Behind a prefix a missing file shows as an exit only: look for it first.</summary>
    /// <param name="name">For events and output.</param>
    /// <param name="command">File and arguments; a bare name is looked up on the given PATH.</param>
    /// <param name="prefix">Words to put before the command, such as a mount wrapper.</param>
    /// <param name="environment">All variables of the process.</param>
    /// <param name="workingDirectory">Existing directory.</param>
    /// <param name="output">Gets its lines.</param>
    public static SandboxProcess? TryStart(
        string name,
        ProcessCommand command,
        IReadOnlyList<string> prefix,
        IReadOnlyDictionary<string, string> environment,
        string workingDirectory,
        Action<ProcessOutput> output)
    {
        string? setsid = OperatingSystem.IsLinux() ? FindExecutable("setsid", Environment.GetEnvironmentVariable("PATH") ?? "") : null;
        List<string> words = [.. prefix, command.FileName, .. command.Arguments];
        if (setsid is not null)
        {
            words.Insert(0, setsid);
        }

        var start = new ProcessStartInfo(words[0], words.Skip(1))
        {
            WorkingDirectory = workingDirectory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Clear();
        foreach ((string key, string value) in environment)
        {
            start.Environment[key] = value;
        }

        try
        {
            Process? process = Process.Start(start);
            process?.StandardInput.Close();
            return process is null ? null : new SandboxProcess(name, process, setsid is not null, output);
        }
        catch (Win32Exception)
        {
            return null;
        }
    }

    /// <summary>The file a command means: itself if it is a path, else the first match on PATH; null if there is none.</summary>
    public static string? FindExecutable(string fileName, string path)
    {
        if (fileName.AsSpan().IndexOfAny('/', '\\') >= 0)
        {
            return File.Exists(fileName) ? fileName : null;
        }

        string[] endings = OperatingSystem.IsWindows() ? ["", ".exe", ".cmd"] : [""];
        return path.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .SelectMany(_ => endings, (directory, ending) => Path.Combine(directory, fileName + ending))
            .FirstOrDefault(File.Exists);
    }

    /// <summary>Sends to the process and all it started.</summary>
    public void SignalAll(int signal)
    {
        if (!PosixSignal.IsSupported)
        {
            if (signal == PosixSignal.Kill)
            {
                KillPortably();
            }

            return;
        }

        if (_ownsGroup)
        {
            PosixSignal.Send(-Id, signal);
        }

        // Children that made a group of their own; and everything where there is no setsid.
        foreach (int member in ProcessTree.Members(Id))
        {
            bool reached = _ownsGroup && ProcessTree.TryRead(member, out ProcessStat stat) && stat.Group == Id;
            bool gone = member == Id && HasExited;
            if (!reached && !gone)
            {
                PosixSignal.Send(member, signal);
            }
        }
    }

    /// <summary>SIGTERM to the process itself; where there are no signals it is killed.</summary>
    public void Terminate()
    {
        if (!PosixSignal.IsSupported)
        {
            KillPortably();
        }
        else if (!HasExited)
        {
            PosixSignal.Send(Id, PosixSignal.Terminate);
        }
    }

    /// <summary>Resident memory of the process and all it started.</summary>
    public long ResidentBytes() => ProcessTree.Members(Id).Sum(ProcessTree.ResidentBytes);

    /// <summary>The exit status as AWS's messages write it; codes above 128 are signals.</summary>
    public static string Describe(int exitCode) => exitCode switch
    {
        128 + PosixSignal.Kill => "signal: killed",
        128 + PosixSignal.Terminate => "signal: terminated",
        128 + 11 => "signal: segmentation fault",
        128 + 6 => "signal: aborted",
        _ => string.Create(CultureInfo.InvariantCulture, $"exit status {exitCode}"),
    };

    public void Dispose() => _process.Dispose();

    private void KillPortably()
    {
        try
        {
            _process.Kill(entireProcessTree: true);
        }
        catch (Exception e) when (e is InvalidOperationException or Win32Exception)
        {
            // It is gone already.
        }
    }

    private async Task<int> WatchAsync(Action<ProcessOutput> output)
    {
        Task lines = Task.WhenAll(
            new LineReader(_process.StandardOutput.BaseStream, line => output(new ProcessOutput(Name, false, line))).RunAsync(),
            new LineReader(_process.StandardError.BaseStream, line => output(new ProcessOutput(Name, true, line))).RunAsync());
        await _process.WaitForExitAsync();
        await Task.WhenAny(lines, Task.Delay(LastLines));
        return _process.ExitCode;
    }
}
