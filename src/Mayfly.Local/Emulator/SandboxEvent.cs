namespace Mayfly.Local.Emulator;

/// <summary>What a <see cref="SandboxEvent"/> tells.</summary>
public enum SandboxEventKind
{
    /// <summary>Something the machine cannot do; detail = what and why.</summary>
    Notice,

    /// <summary>Subject = INIT, RESTORE, INVOKE or SHUTDOWN; detail = lifecycle phase, snapshot, request id or shutdown reason.</summary>
    PhaseStarted,

    /// <summary>Subject as above; detail = success, error type or timeout.</summary>
    PhaseEnded,

    ProcessStarted,

    /// <summary>Detail = exit status in words.</summary>
    ProcessExited,

    /// <summary>The platform sent SIGTERM or SIGKILL; detail = which, and why if it is no SHUTDOWN.</summary>
    ProcessSignalled,

    /// <summary>An extension registered; detail = its events.</summary>
    Registered,

    /// <summary>The runtime or an extension called its next; detail = restore for that one of SnapStart.</summary>
    NextCalled,

    /// <summary>A waiting or returning client was answered; detail = INVOKE or SHUTDOWN, for the runtime the request id or restore.</summary>
    EventDelivered,

    /// <summary>The runtime posted a response or an error; detail = success or error type.</summary>
    ResponsePosted,

    /// <summary>The platform made a telemetry event; subject = type, detail = status, phase or request id.</summary>
    TelemetryEmitted,

    /// <summary>A batch was accepted; subject = extension, detail = number of events.</summary>
    TelemetryDelivered,

    /// <summary>Events were given up; subject = extension, detail = number and reason.</summary>
    TelemetryDropped,

    Frozen,
    Thawed,
}

/// <summary>One entry of the sandbox's history.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="At">Time since the emulator started.</param>
/// <param name="Subject">Process, phase or telemetry type.</param>
/// <param name="Detail">See <see cref="SandboxEventKind"/>.</param>
/// <param name="ProcessId">The process concerned, where there is one.</param>
public sealed record SandboxEvent(SandboxEventKind Kind, TimeSpan At, string Subject, string Detail, int? ProcessId = null);
