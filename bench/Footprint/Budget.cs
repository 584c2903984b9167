namespace Mayfly.Footprint;

/// <summary>One limit of the design's budget table.</summary>
/// <param name="What">What is limited, with its limit.</param>
/// <param name="Measured">Measured value, ready to print; null when it could not be measured.</param>
/// <param name="IsMet">Meaningless when nothing was measured.</param>
internal sealed record Budget(string What, string? Measured, bool IsMet)
{
    public string Verdict => Measured is null ? "NOT MEASURED" : IsMet ? "PASS" : "FAIL";
}
