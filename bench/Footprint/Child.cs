using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Mayfly.Footprint;

/// <summary>
/// A program under test, started with posix_spawn: the time stamp is taken immediately before the call, so that nothing of this process's own
/// process handling (<see cref="Process"/> spends more than a millisecond there) is counted as the program's start. Linux only.
/// </summary>
internal sealed partial class Child : IDisposable
{
    private readonly int _pid;
    private bool _reaped;

    private Child(int pid, long startedAt)
    {
        _pid = pid;
        StartedAt = startedAt;
    }

    /// <summary>Value of <see cref="Stopwatch.GetTimestamp"/> just before the program was executed.</summary>
    public long StartedAt { get; }

    /// <summary>Standard output and error go to <paramref name="logFile"/>, the environment is exactly <paramref name="environment"/>.</summary>
    public static unsafe Child Start(string path, string[] arguments, IReadOnlyDictionary<string, string> environment, string logFile)
    {
        var argv = NullTerminated([path, .. arguments]);
        var envp = NullTerminated([.. environment.Select(static pair => $"{pair.Key}={pair.Value}")]);
        // posix_spawn_file_actions_t is 80 bytes with glibc and 32 with musl.
        var actions = stackalloc byte[256];
        try
        {
            Check(posix_spawn_file_actions_init(actions), "posix_spawn_file_actions_init");
            const int writeCreateAppend = 0x1 | 0x40 | 0x400;
            Check(posix_spawn_file_actions_addopen(actions, 0, "/dev/null", 0, 0), "standard input");
            Check(posix_spawn_file_actions_addopen(actions, 1, logFile, writeCreateAppend, 0x1a4), "standard output");
            Check(posix_spawn_file_actions_adddup2(actions, 1, 2), "standard error");
            var startedAt = Stopwatch.GetTimestamp();
            Check(posix_spawn(out var pid, path, actions, null, argv, envp), path);
            return new Child(pid, startedAt);
        }
        finally
        {
            _ = posix_spawn_file_actions_destroy(actions);
            Free(argv);
            Free(envp);
        }
    }

    /// <summary>Memory, threads and CPU of the program at this moment; null when it has ended.</summary>
    public ProcessSample? Sample()
    {
        try
        {
            long cpuNs = 0;
            foreach (var task in Directory.GetDirectories($"/proc/{_pid}/task"))
            {
                cpuNs += long.Parse(File.ReadAllText(Path.Combine(task, "schedstat")).Split(' ')[0], CultureInfo.InvariantCulture);
            }

            var status = File.ReadAllLines($"/proc/{_pid}/status");
            return new ProcessSample(
                Field(status, "VmRSS:") * 1024,
                Field(status, "VmHWM:") * 1024,
                Field(status, "RssAnon:") * 1024,
                (int)Field(status, "Threads:"),
                cpuNs / 1e6);
        }
        catch (Exception e) when (e is IOException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>True when the program has ended by itself.</summary>
    public bool HasEnded
    {
        get
        {
            const int noHang = 1;
            _reaped = _reaped || waitpid(_pid, out _, noHang) == _pid;
            return _reaped;
        }
    }

    public void Dispose()
    {
        if (!HasEnded)
        {
            const int sigKill = 9;
            _ = kill(_pid, sigKill);
            _ = waitpid(_pid, out _, 0);
            _reaped = true;
        }
    }

    private static long Field(string[] status, string name)
    {
        var line = status.First(line => line.StartsWith(name, StringComparison.Ordinal));
        return long.Parse(line[name.Length..].Replace("kB", "", StringComparison.Ordinal), NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture);
    }

    private static unsafe nint* NullTerminated(string[] values)
    {
        var array = (nint*)NativeMemory.Alloc((nuint)(values.Length + 1), (nuint)sizeof(nint));
        for (var i = 0; i < values.Length; i++)
        {
            array[i] = Marshal.StringToCoTaskMemUTF8(values[i]);
        }

        array[values.Length] = 0;
        return array;
    }

    private static unsafe void Free(nint* array)
    {
        for (var i = 0; array[i] != 0; i++)
        {
            Marshal.FreeCoTaskMem(array[i]);
        }

        NativeMemory.Free(array);
    }

    private static void Check(int error, string what)
    {
        if (error != 0)
        {
            throw new IOException($"{what}: {Marshal.GetPInvokeErrorMessage(error)}");
        }
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int posix_spawn(out int pid, string path, byte* actions, void* attributes, nint* argv, nint* envp);

    [LibraryImport("libc")]
    private static unsafe partial int posix_spawn_file_actions_init(byte* actions);

    [LibraryImport("libc")]
    private static unsafe partial int posix_spawn_file_actions_destroy(byte* actions);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int posix_spawn_file_actions_addopen(byte* actions, int descriptor, string path, int flags, uint mode);

    [LibraryImport("libc")]
    private static unsafe partial int posix_spawn_file_actions_adddup2(byte* actions, int from, int to);

    [LibraryImport("libc")]
    private static partial int kill(int pid, int signal);

    [LibraryImport("libc")]
    private static partial int waitpid(int pid, out int status, int options);
}
