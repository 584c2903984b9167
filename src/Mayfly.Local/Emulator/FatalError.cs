using System.Globalization;

namespace Mayfly.Local.Emulator;

/// <summary>Why a sandbox has to be reset: AWS's error type and a message for the caller.</summary>
internal sealed record FatalError(string Type, string Message)
{
    public const string RuntimeExit = "Runtime.ExitError";
    public const string InvalidEntrypoint = "Runtime.InvalidEntrypoint";
    public const string RuntimeUnknown = "Runtime.Unknown";
    public const string ResponseTooLarge = "Function.ResponseSizeTooLarge";
    public const string ExtensionCrash = "Extension.Crash";
    public const string ExtensionInit = "Extension.InitError";
    public const string ExtensionExit = "Extension.ExitError";
    public const string ExtensionLaunch = "Extension.LaunchError";
    public const string TimedOut = "Sandbox.Timedout";
    public const string OutOfMemory = "Runtime.OutOfMemory";
    public const string RestoreTimeout = "Runtime.RestoreHookUserTimeout";
    public const string RuntimeUnavailable = "Runtime.Unavailable";

    public static FatalError AfterTimeout(TimeSpan timeout) =>
        new(TimedOut, string.Create(CultureInfo.InvariantCulture, $"Task timed out after {timeout.TotalSeconds:0.00} seconds"));
}

/// <summary>How a step of a phase ended.</summary>
internal enum EndingKind
{
    Done,
    Failed,
    TimedOut,
}

/// <summary>The end of a step; <see cref="Error"/> is set exactly when it failed.</summary>
internal readonly record struct Ending(EndingKind Kind, FatalError? Error)
{
    public static Ending Done { get; } = new(EndingKind.Done, null);

    public static Ending TimedOut { get; } = new(EndingKind.TimedOut, null);

    public static Ending Failed(FatalError error) => new(EndingKind.Failed, error);

    public bool IsDone => Kind == EndingKind.Done;

    /// <summary>Name of the shutdown that follows.</summary>
    public string ShutdownReason => Kind == EndingKind.TimedOut ? "timeout" : "failure";

    /// <summary>Telemetry status (docs/spec/01-lambda-lifecycle.md#14-telemetry-api).</summary>
    public string Status => Kind switch
    {
        EndingKind.Done => "success",
        EndingKind.TimedOut => "timeout",
        _ => Error!.Type.StartsWith("Sandbox.", StringComparison.Ordinal) ? "failure" : "error",
    };
}
