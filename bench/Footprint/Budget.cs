namespace Mayfly.Footprint;

/// <summary>One limit of the design's budget table.</summary>
/// <param name="What">What is limited, with its limit.</param>
/// <param name="Measured">Measured value, ready to print; null when it could not be measured.</param>
/// <param name="IsMet">Meaningless when nothing was measured.</param>
internal sealed record Budget(string What, string? Measured, bool IsMet)
{
    /// <summary>A time as it would be on the machine where the budgets were set; null where there is nothing to convert, or nothing to convert with.</summary>
    public string? Scaled { get; init; }

    /// <summary>Measured and told, and known to be out of reach for any agent: bench/README.md says why. <c>--check</c> does not fail for it.</summary>
    public bool IsOutOfReach { get; init; }

    public string Verdict => Measured is null ? "NOT MEASURED" : IsMet ? "PASS" : IsOutOfReach ? "NOT MET" : "FAIL";

    /// <summary>Nothing to complain of.</summary>
    public bool IsFine => Verdict is "PASS" or "NOT MET";
}
