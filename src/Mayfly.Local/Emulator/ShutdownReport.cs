namespace Mayfly.Local.Emulator;

/// <summary>How one extension left.</summary>
/// <param name="Name">The extension.</param>
/// <param name="ReceivedShutdown">It was given the SHUTDOWN event.</param>
/// <param name="ExitedByItself">False = SIGKILL was needed.</param>
/// <param name="ExitCode">Null for a played extension, which has no process.</param>
/// <param name="Took">From the moment the SHUTDOWN event was ready for it until it was gone; zero if it had gone before.</param>
public sealed record ExtensionExit(string Name, bool ReceivedShutdown, bool ExitedByItself, int? ExitCode, TimeSpan Took);

/// <summary>One SHUTDOWN phase.</summary>
/// <param name="Reason"><c>spindown</c>, <c>timeout</c> or <c>failure</c>.</param>
/// <param name="RuntimeExitCode">Null if there was no process.</param>
/// <param name="RuntimeKilled">SIGTERM did not suffice, or was not tried because no extension was registered.</param>
/// <param name="Extensions">The external extensions, in the order of the options.</param>
/// <param name="Took">The whole phase.</param>
public sealed record ShutdownReport(string Reason, int? RuntimeExitCode, bool RuntimeKilled, IReadOnlyList<ExtensionExit> Extensions, TimeSpan Took);
