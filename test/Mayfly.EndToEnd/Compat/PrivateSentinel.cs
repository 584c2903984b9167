using Mayfly.EndToEnd.Agents;
using Mayfly.Local.Emulator;

namespace Mayfly.EndToEnd.Compat;

/// <summary>
/// Lets one command have the folder of the sentinel file, <c>/tmp/datadog</c>, for itself: its path is fixed, and other tests' tracers look there too.
/// </summary>
internal static class PrivateSentinel
{
    private const string Script = "mkdir -p /tmp/datadog && mount -t tmpfs none /tmp/datadog";

    /// <summary>The same command; as it is, where this system does not allow it.</summary>
    public static async Task<ProcessCommand> WrapAsync(ProcessCommand command) => await PrivateMounts.WrapAsync(command, Script) ?? command;
}
