namespace Mayfly.Platforms.Lambda.Usage;

/// <summary>Where <see cref="UsageMetrics"/> looks, and whether.</summary>
public sealed record UsageSettings
{
    /// <summary><c>DD_LAMBDA_PROC_ENHANCED_METRICS</c>: false leaves only the limits of files and threads.</summary>
    public required bool ReadsUsage { get; init; }

    /// <summary>True on managed instances: invocations overlap, and peaks are those of the sandbox's life.</summary>
    public required bool IsConcurrent { get; init; }

    public string ProcDirectory { get; init; } = "/proc";

    public string TmpDirectory { get; init; } = "/tmp";
}
