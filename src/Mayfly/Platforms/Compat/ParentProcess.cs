using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Mayfly.Platforms.Compat;

/// <summary>The process that started this one. Nothing is left to observe when it has ended: what was sent last has to go out.</summary>
/// <remarks>
/// On Unix an orphan is given to another process, which <c>getppid</c> tells; the kernel's own signal (<c>PR_SET_PDEATHSIG</c>) fires when the <em>thread</em>
/// ends that started the process, which launchers may do at any time.
/// </remarks>
public sealed partial class ParentProcess : IDisposable
{
    private readonly int _unixId = OperatingSystem.IsWindows() ? 0 : getppid();
    private readonly nint _windowsHandle = OperatingSystem.IsWindows() ? OpenParent() : 0;

    /// <summary>Who it is at the time of the first look. A process whose parent is the system's first one was started to run alone.</summary>
    public bool IsKnown => OperatingSystem.IsWindows() ? _windowsHandle != 0 : _unixId > 1;

    public bool IsGone => IsKnown && (OperatingSystem.IsWindows() ? WaitForSingleObject(_windowsHandle, 0) == 0 : getppid() != _unixId);

    public void Dispose()
    {
        if (OperatingSystem.IsWindows() && _windowsHandle != 0)
        {
            CloseHandle(_windowsHandle);
        }
    }

    [SupportedOSPlatform("windows")]
    private static unsafe nint OpenParent()
    {
        const int BasicInformation = 0;
        const uint Synchronize = 0x0010_0000;
        const nint ThisProcess = -1;

        // PROCESS_BASIC_INFORMATION: six pointer-sized fields, the last is the id of the parent.
        nint* fields = stackalloc nint[6];
        int status = NtQueryInformationProcess(ThisProcess, BasicInformation, fields, (uint)(6 * sizeof(nint)), out _);
        return status == 0 ? OpenProcess(Synchronize, false, (uint)fields[5]) : 0;
    }

    [LibraryImport("libc")]
    private static partial int getppid();

    [LibraryImport("ntdll")]
    private static unsafe partial int NtQueryInformationProcess(nint process, int kind, void* information, uint sizeBytes, out uint writtenBytes);

    [LibraryImport("kernel32")]
    private static partial nint OpenProcess(uint access, [MarshalAs(UnmanagedType.Bool)] bool isInherited, uint id);

    [LibraryImport("kernel32")]
    private static partial uint WaitForSingleObject(nint handle, uint ms);

    [LibraryImport("kernel32")]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool CloseHandle(nint handle);
}
