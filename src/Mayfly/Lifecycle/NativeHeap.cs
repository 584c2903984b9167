using System.Runtime.InteropServices;

namespace Mayfly.Lifecycle;

/// <summary>
/// The C library's memory, which compression and TLS take theirs from. Left to itself it gives every thread a heap of its own and keeps what each has freed:
/// two megabytes for every thread that ever compressed (docs/decisions/0003-publish-settings.md). Linux with glibc; elsewhere nothing happens.
/// </summary>
public static partial class NativeHeap
{
    // Of malloc.h.
    private const int TrimThreshold = -1;
    private const int MapThreshold = -3;
    private const int ArenaMax = -8;

    /// <summary>What may lie free at the end of the heap.</summary>
    private const int MostFreeBytes = 512 * 1024;

    /// <summary>Larger pieces are the system's again as soon as they are free; the state of a compressor stays below.</summary>
    private const int MostKeptBytes = 1024 * 1024;

    /// <summary>One heap for all threads. To be called before there is a second one.</summary>
    public static void Limit()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        try
        {
            _ = Set(ArenaMax, 1);
            _ = Set(MapThreshold, MostKeptBytes);
            _ = Set(TrimThreshold, MostFreeBytes);
        }
        catch (EntryPointNotFoundException)
        {
            // Another C library, with other habits.
        }
    }

    /// <summary>Gives the system what is free.</summary>
    public static void Trim()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        try
        {
            _ = TrimTo(0);
        }
        catch (EntryPointNotFoundException)
        {
            // As above.
        }
    }

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int Set(int parameter, int value);

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int TrimTo(nuint paddingBytes);
}
