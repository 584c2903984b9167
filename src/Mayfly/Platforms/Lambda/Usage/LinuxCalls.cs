using System.Runtime.InteropServices;

namespace Mayfly.Platforms.Lambda.Usage;

/// <summary>
/// The system calls that sampling needs, without the objects that files and directories of the base library bring along. Paths are UTF-8 and end with a 0.
/// </summary>
/// <remarks>
/// Elsewhere than on 64-bit Linux (x64, arm64) <see cref="IsSupported"/> is false and nothing else here may be called, but for <see cref="ThreadCpuNs"/>.
/// Listing and statx go by their call number: their results have one layout on both architectures, and not every C library exports them.
/// </remarks>
internal static unsafe partial class LinuxCalls
{
    private const int CloseOnExec = 0x80000;
    private const int ClockTicksPerSecond = 2;
    private const int ThreadCpuTime = 3;
    private const nint CurrentDirectory = -100;
    private const nint DoNotSync = 0x4000;
    private const nint WantLinkCount = 0x4;
    private const int StatxBytes = 256;
    private const int StatfsBytes = 256;

    /// <summary>What Linux has always used on both architectures.</summary>
    private const int UsualTicksPerSecond = 100;

    private static readonly nint ListDirectory = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 61 : 217;
    private static readonly nint ExtendedStat = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 291 : 332;

    public static bool IsSupported { get; } =
        OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture is Architecture.X64 or Architecture.Arm64 && HasLibrary();

    /// <summary>Milliseconds that one tick of <c>/proc/stat</c> stands for.</summary>
    public static double MsPerTick { get; } = 1000.0 / (IsSupported && sysconf(ClockTicksPerSecond) is > 0 and var ticks ? ticks : UsualTicksPerSecond);

    /// <summary>CPU time that the calling thread has used, ns; 0 where that is not supported.</summary>
    public static long ThreadCpuNs
    {
        get
        {
            long* time = stackalloc long[2];
            return IsSupported && clock_gettime(ThreadCpuTime, time) == 0 ? (time[0] * 1_000_000_000) + time[1] : 0;
        }
    }

    /// <summary>Opens a file or a directory for reading; negative: it cannot be.</summary>
    public static int Open(byte* path) => open(path, CloseOnExec);

    /// <summary>Number of bytes read; 0 at the end, negative: an error.</summary>
    public static nint Read(int file, Span<byte> into)
    {
        fixed (byte* start = into)
        {
            return read(file, start, (nuint)into.Length);
        }
    }

    /// <summary>Directory entries as the kernel writes them, see <see cref="DirectoryEntries"/>: bytes filled, 0 at the end, negative: an error.</summary>
    public static nint ReadDirectory(int directory, Span<byte> into)
    {
        fixed (byte* start = into)
        {
            return syscall(ListDirectory, directory, (nint)start, into.Length, 0, 0);
        }
    }

    public static void Close(int file) => close(file);

    /// <summary>Number of links of a file or directory; false: there is none of that name, or it may not be looked at.</summary>
    public static bool TryGetLinkCount(byte* path, out uint links)
    {
        byte* result = stackalloc byte[StatxBytes];
        bool isKnown = syscall(ExtendedStat, CurrentDirectory, (nint)path, DoNotSync, WantLinkCount, (nint)result) == 0;
        links = isKnown ? *(uint*)(result + 16) : 0;
        return isKnown;
    }

    /// <summary>Block size in bytes, all blocks, and blocks that are free to this user, of the file system that holds <paramref name="path"/>.</summary>
    public static bool TryGetFileSystem(byte* path, out (ulong BlockBytes, ulong Blocks, ulong Available) fileSystem)
    {
        byte* result = stackalloc byte[StatfsBytes];
        bool isKnown = statfs(path, result) == 0;
        ulong* fields = (ulong*)result;
        fileSystem = isKnown ? (fields[1], fields[2], fields[4]) : default;
        return isKnown;
    }

    private static bool HasLibrary()
    {
        try
        {
            return sysconf(ClockTicksPerSecond) != 0;
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            return false;
        }
    }

    [LibraryImport("libc")]
    private static partial int open(byte* path, int flags);

    [LibraryImport("libc")]
    private static partial nint read(int file, byte* buffer, nuint size);

    [LibraryImport("libc")]
    private static partial int close(int file);

    [LibraryImport("libc")]
    private static partial nint syscall(nint number, nint a, nint b, nint c, nint d, nint e);

    [LibraryImport("libc")]
    private static partial int statfs(byte* path, byte* result);

    [LibraryImport("libc")]
    private static partial nint sysconf(int name);

    [LibraryImport("libc")]
    private static partial int clock_gettime(int clock, long* time);
}
