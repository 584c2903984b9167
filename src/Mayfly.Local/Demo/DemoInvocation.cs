namespace Mayfly.Local.Demo;

/// <summary>One invocation as Lambda saw it.</summary>
public sealed record DemoInvocation
{
    /// <summary>What this invocation shows, such as <c>warm start</c>.</summary>
    public required string Title { get; init; }

    public required string RequestId { get; init; }

    /// <summary>Success, HandledError, Timeout, Crash or InitError.</summary>
    public required string Status { get; init; }

    /// <summary>Such as <c>Runtime.ExitError</c>; null on success.</summary>
    public string? ErrorType { get; init; }

    public bool Cold { get; init; }

    public TimeSpan Duration { get; init; }

    public long BilledMs { get; init; }

    /// <summary>From the function's response until the agent was done; null = no response.</summary>
    public TimeSpan? AgentOverhead { get; init; }

    public TimeSpan? Init { get; init; }

    /// <summary>The function's response says that it failed (API Gateway status 5xx) though Lambda counts it as a success.</summary>
    public bool FailedByStatusCode { get; init; }

    public bool TimedOut => Status == "Timeout";

    /// <summary>Counted by <c>aws.lambda.enhanced.errors</c> and marked on the <c>aws.lambda</c> span.</summary>
    public bool Failed => Status != "Success" || FailedByStatusCode;
}
