using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Mayfly.Platforms.Compat;

/// <summary>CPU time that everything in this container has used, ns.</summary>
/// <remarks>docs/spec/06-compat-and-init.md#a10-metrics-produced-by-the-agent-azure-functions-only</remarks>
public sealed partial class ContainerCpu
{
    private const int FileLimitBytes = 4096;

    private readonly string? _nanoseconds;
    private readonly string? _statistics;

    /// <param name="root">Where control groups are mounted.</param>
    public ContainerCpu(string root = "/sys/fs/cgroup")
    {
        // Version 1 by its controllers' folders, as they are named and linked; version 2 has none.
        _nanoseconds = Array.Find(
            [.. new[] { "cpu", "cpuacct", "cpu,cpuacct" }.Select(folder => Path.Combine(root, folder, "cpuacct.usage"))], File.Exists);
        string statistics = Path.Combine(root, "cpu.stat");
        _statistics = _nanoseconds is null && File.Exists(statistics) ? statistics : null;
    }

    /// <summary>Null where the system does not tell.</summary>
    public long? Read() =>
        OperatingSystem.IsWindows() ? ReadJob()
        : _nanoseconds is not null ? ReadNumber(_nanoseconds, ""u8)
        : _statistics is not null && ReadNumber(_statistics, "usage_usec "u8) is { } us ? us * 1000
        : null;

    /// <summary>From 100 ns units; null when they are no sound times.</summary>
    internal static long? NanosecondsOf(long user, long kernel) =>
        user < 0 || kernel < 0 || (UInt128)(ulong)user + (ulong)kernel > long.MaxValue / 100 ? null : (user + kernel) * 100;

    /// <summary>The number that follows <paramref name="label"/> at the beginning of a line.</summary>
    private static long? ReadNumber(string path, ReadOnlySpan<byte> label)
    {
        try
        {
            using Microsoft.Win32.SafeHandles.SafeFileHandle file = File.OpenHandle(path);
            Span<byte> buffer = stackalloc byte[FileLimitBytes];
            ReadOnlySpan<byte> text = buffer[..RandomAccess.Read(file, buffer, 0)];
            while (!text.IsEmpty)
            {
                int end = text.IndexOf((byte)'\n');
                ReadOnlySpan<byte> line = end < 0 ? text : text[..end];
                if (line.StartsWith(label) && Utf8Parser.TryParse(line[label.Length..], out long number, out _) && number >= 0)
                {
                    return number;
                }

                text = end < 0 ? default : text[(end + 1)..];
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Nobody tells.
        }

        return null;
    }

    [SupportedOSPlatform("windows")]
    private static unsafe long? ReadJob()
    {
        const int BasicAccounting = 1;

        // JOBOBJECT_BASIC_ACCOUNTING_INFORMATION: four times of 8 bytes, user and kernel time of all processes first, then four numbers of 4 bytes.
        long* fields = stackalloc long[6];
        return QueryInformationJobObject(0, BasicAccounting, fields, 6 * sizeof(long), 0) ? NanosecondsOf(fields[0], fields[1]) : null;
    }

    [LibraryImport("kernel32")]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static unsafe partial bool QueryInformationJobObject(nint job, int kind, void* information, uint sizeBytes, nint writtenBytes);
}
