namespace Mayfly.Intake;

/// <summary>What payloads share that go the same way: one that fails stops only those of its own lane.</summary>
/// <param name="Kind">What they are.</param>
/// <param name="Where">
/// The intake; for further intakes with the number of the key, which itself is nowhere in it, since it is written to disk. For what is passed on, the host.
/// </param>
public readonly record struct LaneKey(IntakeKind Kind, string Where);
