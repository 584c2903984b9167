using System.Runtime.InteropServices;

namespace Mayfly.Local.Emulator;

/// <summary>Signals by number, where .NET has no call for them. Linux numbers; macOS differs in two, see below.</summary>
internal static class PosixSignal
{
    public const int Kill = 9;
    public const int Terminate = 15;

    public static int Stop { get; } = OperatingSystem.IsMacOS() ? 17 : 19;

    public static int Continue { get; } = OperatingSystem.IsMacOS() ? 19 : 18;

    public static bool IsSupported => !OperatingSystem.IsWindows();

    /// <summary>Sends to one process, or to a process group if negative. A target that is gone is no error.</summary>
    public static bool Send(int target, int signal) => IsSupported && kill(target, signal) == 0;

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int kill(int processId, int signal);
}
