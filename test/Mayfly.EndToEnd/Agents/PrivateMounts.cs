using System.Diagnostics;
using Mayfly.Local.Emulator;

namespace Mayfly.EndToEnd.Agents;

/// <summary>Lets one process see files that are its own at fixed paths, where the system allows it; the process has the id of the command that is started.</summary>
internal static class PrivateMounts
{
    private static readonly string[][] Ways = [["--mount"], ["--user", "--map-root-user", "--mount"]];

    private static readonly Lazy<Task<string[]?>> Way = new(FindAsync);

    /// <summary>The same command, behind mounts of its own; null where this system does not allow them.</summary>
    /// <param name="command">What is run.</param>
    /// <param name="script">Mounts; a line of sh, in which <c>$0</c> is <paramref name="argument"/>.</param>
    /// <param name="argument">A path, mostly.</param>
    public static async Task<ProcessCommand?> WrapAsync(ProcessCommand command, string script, string argument = "sh") =>
        await Way.Value is { } way
            ? new ProcessCommand("unshare", [.. way, "/bin/sh", "-c", script + " && exec \"$@\"", argument, command.FileName, .. command.Arguments])
            : null;

    private static async Task<string[]?> FindAsync()
    {
        foreach (string[] way in Ways)
        {
            try
            {
                var start = new ProcessStartInfo("unshare", [.. way, "/bin/sh", "-c", "mount -t tmpfs none /mnt"]) { RedirectStandardError = true };
                using Process trial = Process.Start(start)!;
                await trial.WaitForExitAsync();
                if (trial.ExitCode == 0)
                {
                    return way;
                }
            }
            catch (System.ComponentModel.Win32Exception)
            {
                return null;
            }
        }

        return null;
    }
}
