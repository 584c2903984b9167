using Mayfly.Intake;

namespace Mayfly.Lifecycle;

/// <summary>
/// What goes first when there may not be time for everything (docs/spec/01-lambda-lifecycle.md#74-shutdown-sequence-rust-od): traces and their statistics,
/// metrics, logs, what is passed on for clients, and last the copies of those for further intakes.
/// </summary>
internal static class LaneValue
{
    private const int OfCopies = 4;

    /// <summary>0 goes first.</summary>
    public static int RankOf(IntakeKind kind, bool isCopy) => isCopy ? OfCopies : kind switch
    {
        IntakeKind.Traces or IntakeKind.Stats => 0,
        IntakeKind.Series or IntakeKind.Sketches => 1,
        IntakeKind.Logs => 2,
        _ => 3,
    };
}
