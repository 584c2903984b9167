namespace Mayfly.Local.Intake;

/// <summary>
/// A way in which an intake path misbehaves, and for how many requests. Set with <see cref="LocalIntake.SetFault"/>; a whole intake that nobody
/// can connect to is <see cref="LocalIntake.RefuseConnectionsAsync"/>.
/// </summary>
public sealed record IntakeFault
{
    private IntakeFault(IntakeFaultKind kind) => Kind = kind;

    public IntakeFaultKind Kind { get; }

    /// <summary>HTTP status of the answer (only <see cref="IntakeFaultKind.Status"/>).</summary>
    public int StatusCode { get; private init; }

    /// <summary>Value of <c>Retry-After</c>, seconds; null: no such header (only <see cref="IntakeFaultKind.Status"/>).</summary>
    public int? RetryAfterSeconds { get; private init; }

    /// <summary>Time before the answer (only <see cref="IntakeFaultKind.Slow"/>).</summary>
    public TimeSpan Delay { get; private init; }

    /// <summary>How many requests it hits; after them the path is healthy again.</summary>
    public int Requests { get; init; } = int.MaxValue;

    /// <summary>The connection is reset as soon as the request head is there; nothing is stored.</summary>
    public static IntakeFault Reset { get; } = new(IntakeFaultKind.Reset);

    /// <summary>The body is read and no answer comes; nothing is stored. Ends when the client leaves, the fault is cleared or the intake stops.</summary>
    public static IntakeFault Hang { get; } = new(IntakeFaultKind.Hang);

    /// <summary>
    /// The body is read and the intake closes its side of the connection without an answer, but goes on reading; nothing is stored. Ends as
    /// <see cref="Hang"/>.
    /// </summary>
    public static IntakeFault HalfClose { get; } = new(IntakeFaultKind.HalfClose);

    /// <summary>
    /// The body is read, decoded and stored; half of the answer is sent, then the connection is reset. The client cannot know that it was accepted.
    /// </summary>
    public static IntakeFault CloseMidResponse { get; } = new(IntakeFaultKind.CloseMidResponse);

    /// <summary>The body is read, not stored, and answered with a status.</summary>
    public static IntakeFault Status(int code, int requests = int.MaxValue, int? retryAfterSeconds = null) =>
        new(IntakeFaultKind.Status) { StatusCode = code, Requests = requests, RetryAfterSeconds = retryAfterSeconds };

    /// <summary>Decoded, stored and answered as by a healthy intake, later.</summary>
    public static IntakeFault Slow(TimeSpan delay) => new(IntakeFaultKind.Slow) { Delay = delay };
}

/// <summary>The kinds of <see cref="IntakeFault"/>.</summary>
public enum IntakeFaultKind
{
    Reset,
    Hang,
    HalfClose,
    CloseMidResponse,
    Status,
    Slow,
}
