namespace Mayfly.Platforms.Lambda.Telemetry;

/// <summary>The fields of a <c>platform.*</c> telemetry record. Null = not sent, or not of the type that it should have.</summary>
/// <remarks>docs/spec/01-lambda-lifecycle.md#events-and-fields-used, docs/spec/07-observed-clients.md#2-telemetry-events-as-produced-by-awss-code.</remarks>
public sealed class PlatformRecord
{
    /// <summary>A record without fields.</summary>
    public static PlatformRecord None { get; } = new();

    /// <summary>Never null for <c>start</c>, <c>runtimeDone</c> and <c>report</c>.</summary>
    public string? RequestId { get; internal set; }

    public PlatformStatus Status { get; internal set; }

    /// <summary>Such as <c>Runtime.ExitError</c>.</summary>
    public string? ErrorType { get; internal set; }

    /// <summary><c>on-demand</c>, <c>provisioned-concurrency</c>, <c>snap-start</c>, <c>lambda-managed-instances</c>, or what else the platform says.</summary>
    public string? InitializationType { get; internal set; }

    public InitPhase Phase { get; internal set; }

    public string? RuntimeVersion { get; internal set; }

    public string? RuntimeVersionArn { get; internal set; }

    /// <summary>The function version of a <c>start</c>, such as <c>$LATEST</c>.</summary>
    public string? Version { get; internal set; }

    public string? FunctionArn { get; internal set; }

    public string? TenantId { get; internal set; }

    /// <summary><c>metrics.durationMs</c>.</summary>
    public double? DurationMs { get; internal set; }

    public double? BilledDurationMs { get; internal set; }

    public double? InitDurationMs { get; internal set; }

    public double? RestoreDurationMs { get; internal set; }

    public double? BilledRestoreDurationMs { get; internal set; }

    public long? MemorySizeMB { get; internal set; }

    public long? MaxMemoryUsedMB { get; internal set; }

    public long? ProducedBytes { get; internal set; }

    /// <summary>What parts of the invocation took; empty if not sent.</summary>
    public IReadOnlyList<PlatformSpan> Spans { get; internal set; } = [];

    /// <summary><c>logsDropped</c>: why.</summary>
    public string? Reason { get; internal set; }

    /// <summary><c>logsDropped</c>: how many records.</summary>
    public long? DroppedRecords { get; internal set; }

    /// <summary><c>logsDropped</c>: how many bytes.</summary>
    public long? DroppedBytes { get; internal set; }

    /// <summary>The span of that name, or null.</summary>
    public PlatformSpan? FindSpan(string name)
    {
        foreach (PlatformSpan span in Spans)
        {
            if (span.Name == name)
            {
                return span;
            }
        }

        return null;
    }
}

/// <summary>How an invocation, an init or a restore ended.</summary>
public enum PlatformStatus
{
    /// <summary>Not sent, or a word that is not known.</summary>
    Unknown,
    Success,

    /// <summary>The function failed.</summary>
    Error,

    /// <summary>The sandbox failed.</summary>
    Failure,
    Timeout,
}

/// <summary>When an init ran.</summary>
public enum InitPhase
{
    /// <summary>Not sent, or a word that is not known.</summary>
    Unknown,
    Init,

    /// <summary>Within an invocation, after the environment was reset.</summary>
    Invoke,
}

/// <summary>A part of an invocation as the platform measured it.</summary>
/// <param name="Name"><c>responseLatency</c>, <c>responseDuration</c>, <c>runtimeOverhead</c>, <c>extensionOverhead</c>.</param>
/// <param name="StartNs">ns since the Unix epoch; 0 = not sent.</param>
/// <param name="DurationMs">0 = not sent.</param>
public sealed record PlatformSpan(string Name, long StartNs, double DurationMs);
