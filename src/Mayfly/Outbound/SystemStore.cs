using System.Runtime.InteropServices;
using Mayfly.Config;

namespace Mayfly.Outbound;

/// <summary>
/// The certificates that the TLS library trusts of its own accord: reading them costs 40 ms of CPU with the first connection, whoever is trusted. The agent
/// has its own (<see cref="ServerTrust"/>) and reads the system's when it must (docs/decisions/0009-tls.md).
/// </summary>
public static partial class SystemStore
{
    private const string Nowhere = "/nonexistent";

    /// <summary>
    /// Lets the TLS library find nothing to read. To be called before there is a second thread, since the C library's environment is nobody's to change
    /// afterwards; what this process reads of its environment through .NET stays the user's, but for a HOME where there is none.
    /// </summary>
    public static void KeepUnread()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        // .NET looks for certificates of the user's below HOME, and refuses every server where there is neither that nor a line in /etc/passwd.
#pragma warning disable RS0030 // Not a setting: only whether it is there.
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable("HOME")))
        {
            Environment.SetEnvironmentVariable("HOME", Nowhere);
        }
#pragma warning restore RS0030

        // From the first change on .NET has a copy of the environment, which this fills with what is set already.
        foreach (string variable in (ReadOnlySpan<string>)[Keys.SystemCertFile, Keys.SystemCertFolder])
        {
#pragma warning disable RS0030 // Not a setting: as it is, so that it stays.
            Environment.SetEnvironmentVariable(variable, Environment.GetEnvironmentVariable(variable));
#pragma warning restore RS0030
            SetEnvironment(variable, Nowhere, overwrite: 1);
        }
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnvironment(string name, string value, int overwrite);
}
