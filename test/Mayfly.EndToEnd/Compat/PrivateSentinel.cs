using System.Diagnostics;
using Mayfly.Local.Emulator;

namespace Mayfly.EndToEnd.Compat;

/// <summary>
/// Lets one command have the folder of the sentinel file, <c>/tmp/datadog</c>, for itself: its path is fixed, and other tests' tracers look there too.
/// </summary>
internal static class PrivateSentinel
{
    private const string Script = "mkdir -p /tmp/datadog && mount -t tmpfs none /tmp/datadog && exec \"$@\"";

    private static readonly string[][] Ways = [["--mount"], ["--user", "--map-root-user", "--mount"]];

    private static readonly Lazy<Task<string[]>> Prefix = new(FindAsync);

    /// <summary>The same command; as it is, where this system does not allow it.</summary>
    public static async Task<ProcessCommand> WrapAsync(ProcessCommand command)
    {
        string[] words = [.. await Prefix.Value, command.FileName, .. command.Arguments];
        return new ProcessCommand(words[0], words[1..]);
    }

    private static async Task<string[]> FindAsync()
    {
        foreach (string[] way in Ways)
        {
            string[] words = [.. way, "/bin/sh", "-c", Script, "sh"];
            try
            {
                using Process trial = Process.Start(new ProcessStartInfo("unshare", [.. words, "true"]) { RedirectStandardError = true })!;
                await trial.WaitForExitAsync();
                if (trial.ExitCode == 0)
                {
                    return ["unshare", .. words];
                }
            }
            catch (System.ComponentModel.Win32Exception)
            {
                return [];
            }
        }

        return [];
    }
}
