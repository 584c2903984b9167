using Mayfly.Diagnostics;
using Mayfly.Intake;

namespace Mayfly.Delivery;

/// <summary>A payload that waits for another attempt, on disk or in memory.</summary>
internal sealed class StoredPayload
{
    public required LaneKey Lane { get; init; }

    public required Signal Signal { get; init; }

    /// <summary>0 for a copy.</summary>
    public required long Units { get; init; }

    public required long SizeBytes { get; init; }

    /// <summary>Grows with each payload: the newest has the highest.</summary>
    public required long Order { get; init; }

    /// <summary>The file; null: it is in <see cref="Payload"/>.</summary>
    public string? File { get; init; }

    /// <summary>In memory; null while it is on disk only.</summary>
    public IntakePayload? Payload { get; set; }

    public int FailedAttempts { get; set; }

    /// <summary>An attempt is being made.</summary>
    public bool IsTaken { get; set; }

    /// <summary>A copy for a further intake: those are given up first.</summary>
    public required bool IsCopy { get; init; }
}
