namespace Mayfly.Platforms.Lambda.Invocations;

/// <summary>
/// What the sandbox did before its first invocation: <c>aws.lambda.cold_start</c> or <c>aws.lambda.snapstart_restore</c>, a sibling of that invocation's
/// <c>aws.lambda</c> span (docs/spec/01-lambda-lifecycle.md#44-the-awslambda-span).
/// </summary>
public sealed record InitSpan
{
    public const string ColdStart = "aws.lambda.cold_start";
    public const string Restore = "aws.lambda.snapstart_restore";

    public required string Name { get; init; }

    public required ulong SpanId { get; init; }

    /// <summary>Unix ns.</summary>
    public required long StartNs { get; init; }

    public required long DurationNs { get; init; }

    /// <summary>Where it belongs.</summary>
    public required InitSpanTrace Trace { get; init; }
}

/// <summary>The trace of the first invocation.</summary>
/// <param name="TraceId">Low 64 bits.</param>
/// <param name="ParentId">Of the <c>aws.lambda</c> span; 0 = none, or not seen.</param>
/// <param name="HighBits">The high 64 bits of the trace id, 16 hex digits; null when there are none.</param>
/// <param name="Priority">Sampling priority; null = none.</param>
public sealed record InitSpanTrace(ulong TraceId, ulong ParentId, string? HighBits, double? Priority);
