using System.Text;

namespace Mayfly.Local.Emulator;

/// <summary>How an invocation ended, as the caller of the function sees it.</summary>
public enum InvocationStatus
{
    Success,

    /// <summary>The runtime reported an error of the handler; the response body is its error document.</summary>
    HandledError,

    /// <summary>The runtime or an extension was not done at the deadline; the sandbox was reset, unless it is a managed instance.</summary>
    Timeout,

    /// <summary>The runtime or an extension ended; the sandbox was reset.</summary>
    Crash,

    /// <summary>Initialization failed: on demand twice, in INIT and again inside the invocation.</summary>
    InitError,

    /// <summary>SnapStart: the sandbox could not be restored from its snapshot; the function never saw the event.</summary>
    RestoreError,

    /// <summary>Managed instances: the runtime called next for nobody until the function's timeout was over.</summary>
    Unavailable,
}

/// <summary>Optional parts of an invocation.</summary>
public sealed record InvokeOptions
{
    /// <summary>Null = a new one.</summary>
    public string? RequestId { get; init; }

    /// <summary>X-Ray trace header, such as <c>Root=1-…;Parent=…;Sampled=1</c>; null = none, then no tracing objects appear anywhere.</summary>
    public string? TraceHeader { get; init; }

    /// <summary>Client context JSON, given to the runtime as it stands.</summary>
    public string? ClientContext { get; init; }

    /// <summary>An alias or version at the end of the invoked ARN; null = unqualified.</summary>
    public string? Qualifier { get; init; }

    /// <summary>Called as soon as the runtime has posted its answer, long before the invocation is over: this is when a caller of Lambda gets it.</summary>
    public Action<ReadOnlyMemory<byte>>? Responded { get; init; }
}

/// <summary>When an extension that takes part in invocations was back in its next call.</summary>
/// <param name="Name">The extension.</param>
/// <param name="AfterResponse">Time since the response was posted (negative = earlier); null = it never came back, or there was no response.</param>
/// <param name="BeforeDeadline">Time that was left; null = it never came back.</param>
public sealed record ExtensionReturn(string Name, TimeSpan? AfterResponse, TimeSpan? BeforeDeadline);

/// <summary>One finished invocation with its times.</summary>
public sealed record InvocationResult
{
    public required string RequestId { get; init; }

    public required InvocationStatus Status { get; init; }

    /// <summary>The response or error document given to the caller. A sandbox that fails after the response leaves the response here.</summary>
    public required ReadOnlyMemory<byte> ResponseBody { get; init; }

    /// <summary>Such as <c>Runtime.ExitError</c> or what the runtime said; null on success.</summary>
    public string? ErrorType { get; init; }

    /// <summary>An INIT ran for this invocation, before or inside it.</summary>
    public bool Cold { get; init; }

    /// <summary>Length of the INIT phase before this invocation; null if there was none or if it ran inside the invocation.</summary>
    public TimeSpan? InitDuration { get; init; }

    /// <summary>How long the sandbox had been initialized when its first invocation came; null = not the first one, or INIT ran for it.</summary>
    public TimeSpan? InitAhead { get; init; }

    /// <summary>Length of the RESTORE before this invocation; null if there was none.</summary>
    public TimeSpan? RestoreDuration { get; init; }

    /// <summary>From the start of INVOKE until everybody was back in next, or until the invocation was given up.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>0 for managed instances, which are not billed by invocation.</summary>
    public long BilledDurationMs { get; init; }

    /// <summary>From the start of INVOKE to the posted response; null = none came.</summary>
    public TimeSpan? ResponseLatency { get; init; }

    /// <summary>From the posted response until everybody was back in next; zero if the invocation did not get that far.</summary>
    public TimeSpan ExtensionOverhead { get; init; }

    /// <summary>Unix time.</summary>
    public long DeadlineMs { get; init; }

    /// <summary>0 for managed instances, whose reports do not tell.</summary>
    public int MaxMemoryUsedMb { get; init; }

    public IReadOnlyList<ExtensionReturn> Extensions { get; init; } = [];

    /// <summary>How the processes ended when this invocation made the platform reset the sandbox.</summary>
    public ShutdownReport? Reset { get; init; }

    public string ResponseText => Encoding.UTF8.GetString(ResponseBody.Span);
}
