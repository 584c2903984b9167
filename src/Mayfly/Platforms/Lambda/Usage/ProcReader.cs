using System.Buffers.Text;
using System.Text;

namespace Mayfly.Platforms.Lambda.Usage;

/// <summary>
/// Reads figures from a <c>/proc</c> tree. Each method stands alone: what is missing, unreadable or malformed makes that one return false and costs nothing
/// else.
/// </summary>
/// <remarks>
/// One buffer serves all reads, so nothing is allocated in steady state (except the cores of <see cref="CpuTimes"/>). Not thread-safe. Everything returns false
/// where <see cref="LinuxCalls.IsSupported"/> is false.
/// </remarks>
internal sealed class ProcReader
{
    private const int FirstBufferBytes = 16 * 1024;

    /// <summary>A longer file is cut after its last whole line; <c>/proc/stat</c> has its cores in front.</summary>
    private const int FileLimitBytes = 512 * 1024;

    /// <summary>Processes beyond are not looked at; Lambda allows 1024 processes and threads.</summary>
    private const int ProcessLimit = 65536;

    private const int LongestName = 32;

    private readonly byte[] _path;
    private readonly int _rootLength;
    private readonly double _msPerTick;
    private byte[] _buffer = [];
    private int[] _processes = [];

    public ProcReader(string root = "/proc", double? msPerTick = null)
    {
        byte[] rootUtf8 = Encoding.UTF8.GetBytes(root + "/");
        _path = new byte[rootUtf8.Length + LongestName];
        _rootLength = rootUtf8.Length;
        rootUtf8.CopyTo(_path, 0);
        _msPerTick = msPerTick ?? LinuxCalls.MsPerTick;
    }

    public bool TryReadCpu(out CpuTimes times)
    {
        times = default;
        return TryReadFile("stat"u8, out ReadOnlySpan<byte> text) && CpuTimes.TryParse(text, _msPerTick, out times);
    }

    public bool TryReadUptime(out double uptimeMs)
    {
        uptimeMs = 0;
        return TryReadFile("uptime"u8, out ReadOnlySpan<byte> text) && ProcText.TryParseUptime(text, out uptimeMs);
    }

    public bool TryReadNetwork(out NetworkBytes bytes)
    {
        bytes = default;
        return TryReadFile("net/dev"u8, out ReadOnlySpan<byte> text) && NetworkBytes.TryParse(text, out bytes);
    }

    /// <summary>The lowest limits of <paramref name="processes"/>; processes whose limits cannot be read do not count.</summary>
    public ProcessLimits ReadLimits(ReadOnlySpan<int> processes)
    {
        ProcessLimits limits = ProcessLimits.Highest;
        foreach (int process in processes)
        {
            if (TryReadFile(process, "/limits"u8, out ReadOnlySpan<byte> text))
            {
                limits = limits.LoweredBy(text);
            }
        }

        return limits;
    }

    /// <summary>Files that <paramref name="processes"/> have open, all together; processes that may not be looked into do not count.</summary>
    public long CountOpenFiles(ReadOnlySpan<int> processes)
    {
        long files = 0;
        foreach (int process in processes)
        {
            SetPath(process, "/fd"u8);
            files += Math.Max(0, CountEntries());
        }

        return files;
    }

    /// <summary>
    /// Threads of <paramref name="processes"/>, all together. False: one of them could not be looked into. One that has ended meanwhile has none.
    /// </summary>
    public bool TryCountThreads(ReadOnlySpan<int> processes, out long threads)
    {
        threads = 0;
        foreach (int process in processes)
        {
            long ofProcess = CountThreads(process);
            if (ofProcess < 0)
            {
                if (Exists(process))
                {
                    return false;
                }

                ofProcess = 0;
            }

            threads += ofProcess;
        }

        return true;
    }

    /// <summary>The ids of all processes; valid until the next call.</summary>
    public bool TryListProcesses(out ReadOnlySpan<int> processes)
    {
        processes = default;
        SetPath("."u8);
        int directory = Open();
        if (directory < 0)
        {
            return false;
        }

        int count = 0;
        nint length;
        while ((length = LinuxCalls.ReadDirectory(directory, _buffer)) > 0 && count < ProcessLimit)
        {
            var entries = new DirectoryEntries(_buffer.AsSpan(0, (int)length));
            while (entries.TryTake(out ReadOnlySpan<byte> name))
            {
                if (ProcText.TryParse(name, out ulong id) && id is > 0 and <= int.MaxValue)
                {
                    if (count == _processes.Length)
                    {
                        Array.Resize(ref _processes, Math.Max(64, count * 2));
                    }

                    _processes[count++] = (int)id;
                }
            }
        }

        LinuxCalls.Close(directory);
        processes = _processes.AsSpan(0, count);
        return length >= 0;
    }

    /// <summary>
    /// The kernel states the number of threads as links of the directory, two more than there are. Without that (other file systems than proc may say 1)
    /// the entries are counted. Negative: unreadable.
    /// </summary>
    private unsafe long CountThreads(int process)
    {
        SetPath(process, "/task"u8);
        fixed (byte* path = _path)
        {
            return LinuxCalls.IsSupported && LinuxCalls.TryGetLinkCount(path, out uint links) && links > 2 ? links - 2 : CountEntries();
        }
    }

    private unsafe bool Exists(int process)
    {
        SetPath(process, default);
        fixed (byte* path = _path)
        {
            return LinuxCalls.IsSupported && LinuxCalls.TryGetLinkCount(path, out _);
        }
    }

    /// <summary>Entries of the directory at the path, <c>.</c> and <c>..</c> aside. Negative: unreadable.</summary>
    private long CountEntries()
    {
        int directory = Open();
        if (directory < 0)
        {
            return -1;
        }

        long count = 0;
        nint length;
        while ((length = LinuxCalls.ReadDirectory(directory, _buffer)) > 0)
        {
            var entries = new DirectoryEntries(_buffer.AsSpan(0, (int)length));
            while (entries.TryTake(out ReadOnlySpan<byte> name))
            {
                if (!name.StartsWith((byte)'.'))
                {
                    count++;
                }
            }
        }

        LinuxCalls.Close(directory);
        return length < 0 ? -1 : count;
    }

    private bool TryReadFile(ReadOnlySpan<byte> name, out ReadOnlySpan<byte> text)
    {
        SetPath(name);
        return TryReadFile(out text);
    }

    private bool TryReadFile(int process, ReadOnlySpan<byte> name, out ReadOnlySpan<byte> text)
    {
        SetPath(process, name);
        return TryReadFile(out text);
    }

    private bool TryReadFile(out ReadOnlySpan<byte> text)
    {
        text = default;
        int file = Open();
        if (file < 0)
        {
            return false;
        }

        int length = 0;
        nint read;
        while ((read = LinuxCalls.Read(file, _buffer.AsSpan(length))) > 0)
        {
            length += (int)read;
            if (length == _buffer.Length && length >= FileLimitBytes)
            {
                length = _buffer.AsSpan(0, length).LastIndexOf((byte)'\n') + 1;
                break;
            }

            if (length == _buffer.Length)
            {
                Array.Resize(ref _buffer, length * 2);
            }
        }

        LinuxCalls.Close(file);
        text = _buffer.AsSpan(0, length);
        return read >= 0;
    }

    /// <summary>Opens what the path names. Negative: that is not possible.</summary>
    private unsafe int Open()
    {
        if (!LinuxCalls.IsSupported)
        {
            return -1;
        }

        if (_buffer.Length == 0)
        {
            _buffer = new byte[FirstBufferBytes];
        }

        fixed (byte* path = _path)
        {
            return LinuxCalls.Open(path);
        }
    }

    private void SetPath(ReadOnlySpan<byte> name)
    {
        name.CopyTo(_path.AsSpan(_rootLength));
        _path[_rootLength + name.Length] = 0;
    }

    private void SetPath(int process, ReadOnlySpan<byte> name)
    {
        Span<byte> place = _path.AsSpan(_rootLength);
        Utf8Formatter.TryFormat(process, place, out int digits);
        name.CopyTo(place[digits..]);
        place[digits + name.Length] = 0;
    }
}
