using Mayfly.Platforms.Lambda.Propagation;
using Mayfly.Platforms.Lambda.Telemetry;
using Mayfly.Platforms.Lambda.Triggers;
using Mayfly.Platforms.Lambda.Usage;
using Mayfly.Tags;

namespace Mayfly.Platforms.Lambda.Invocations;

/// <summary>
/// All that is known about one request id. INVOKE, platform events, start/end-invocation and tracer payloads arrive in any order, each fills in its part
/// (docs/spec/01-lambda-lifecycle.md#4-invocation-state-machine). Guarded by the lock of <see cref="InvocationTracker"/>.
/// </summary>
internal sealed class InvocationContext(string requestId, long createdNs, long createdTimestamp)
{
    private readonly TaskCompletionSource _runtimeDone = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _reported = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string RequestId { get; } = requestId;

    /// <summary>Arrival of whatever mentioned this id first; Unix ns.</summary>
    public long CreatedNs { get; } = createdNs;

    /// <summary>The same moment on the monotonic clock.</summary>
    public long CreatedTimestamp { get; } = createdTimestamp;

    /// <summary>Where <see cref="ContextTable"/> keeps it; null once removed.</summary>
    public LinkedListNode<InvocationContext>? Place { get; set; }

    /// <summary>True once the INVOKE event was seen.</summary>
    public bool IsInvoked { get; set; }

    public bool IsColdStart { get; set; }

    public bool IsProactiveInit { get; set; }

    /// <summary>Tags of this invocation's enhanced metrics, known from INVOKE on.</summary>
    public TagSet MetricTags { get; set; } = TagSet.Empty;

    /// <summary>Metrics of events that came before INVOKE.</summary>
    public List<Action<TagSet>> HeldMetrics { get; } = [];

    /// <summary><c>platform.start</c>, Unix ns; 0 = not seen.</summary>
    public long PlatformStartNs { get; set; }

    /// <summary>What the operating system's counters said at INVOKE; null when nothing is measured.</summary>
    public InvocationUsage? Usage { get; set; }

    public StartCall? Start { get; set; }

    public EndCall? End { get; set; }

    /// <summary>The tracer's stand-in for the <c>aws.lambda</c> span, whose tags the real one takes over.</summary>
    public PlaceholderSpan? Placeholder { get; set; }

    public RuntimeDone? Done { get; set; }

    /// <summary>What <c>platform.report</c> said; null = not seen.</summary>
    public ReportFigures? Report { get; set; }

    /// <summary>Time of the report, Unix seconds.</summary>
    public long ReportedSeconds { get; set; }

    /// <summary>Arrival of the report on the monotonic clock.</summary>
    public long ReportedTimestamp { get; set; }

    /// <summary>The <c>aws.lambda</c> span has left: nothing that comes later changes it.</summary>
    public bool IsSpanSent { get; set; }

    /// <summary>One error per request id, whatever the combination of signals.</summary>
    public bool IsErrorCounted { get; set; }

    public bool IsTimeoutCounted { get; set; }

    public bool IsOutOfMemoryCounted { get; set; }

    /// <summary>Completes with the first <c>platform.runtimeDone</c>.</summary>
    public Task WhenRuntimeDone => _runtimeDone.Task;

    /// <summary>Completes with <c>platform.report</c>.</summary>
    public Task WhenReported => _reported.Task;

    public void SignalRuntimeDone() => _runtimeDone.TrySetResult();

    public void SignalReported() => _reported.TrySetResult();

    /// <summary>Nothing more will be made of what the tracer sent: it can be large, and the sandbox's first context is kept for its facts.</summary>
    public void ForgetTracer()
    {
        Start = null;
        End = null;
        Placeholder = null;
    }
}

/// <summary>What <c>platform.runtimeDone</c> said.</summary>
/// <param name="DurationMs">Null when the record had no metrics.</param>
/// <param name="ProducedBytes">Null when not told.</param>
public sealed record RuntimeDone(long AtNs, PlatformStatus Status, string? ErrorType, double? DurationMs, long? ProducedBytes = null)
{
    /// <summary>Until the first byte of the response; null when not told.</summary>
    public double? ResponseLatencyMs { get; init; }

    /// <summary>From the first to the last byte of the response; null when not told.</summary>
    public double? ResponseDurationMs { get; init; }
}

/// <summary>What <c>platform.report</c> said; null = not in the record.</summary>
public sealed record ReportFigures
{
    public PlatformStatus Status { get; init; }

    public string? ErrorType { get; init; }

    public double? DurationMs { get; init; }

    public double? BilledDurationMs { get; init; }

    public double? MemorySizeMb { get; init; }

    public double? MaxMemoryUsedMb { get; init; }

    /// <summary>Only of a cold start.</summary>
    public double? InitDurationMs { get; init; }

    /// <inheritdoc cref="RuntimeDone.ResponseLatencyMs"/>
    public double? ResponseLatencyMs { get; init; }

    /// <inheritdoc cref="RuntimeDone.ResponseDurationMs"/>
    public double? ResponseDurationMs { get; init; }
}

/// <summary>A <c>start-invocation</c> call.</summary>
/// <param name="Upstream">The trace it belongs to, when the event or the call's headers say so.</param>
/// <param name="Trigger">Who called, when the event tells.</param>
public sealed record StartCall(long AtNs, SpanContext? Upstream, Trigger? Trigger = null)
{
    /// <summary>The event as tags; empty unless the user asked for it.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Captured { get; init; } = [];

    /// <summary>Contexts of the event's other records.</summary>
    public IReadOnlyList<ContextLink> Links { get; init; } = [];

    /// <summary>Ids of the trigger's spans, made once: they are parents of what the function sends.</summary>
    public IReadOnlyList<ulong> InferredIds { get; } = Trigger is null ? [] : [.. Trigger.Spans.Select(static _ => RandomId.Next())];
}

/// <summary>An <c>end-invocation</c> call (docs/spec/01-lambda-lifecycle.md#33-post-lambdaend-invocation).</summary>
/// <param name="TraceId">The tracer's trace id, low 64 bits; 0 = not told.</param>
/// <param name="SpanId">Becomes the id of <c>aws.lambda</c>; 0 = not told.</param>
/// <param name="Priority">Null when absent or unreadable.</param>
/// <param name="PropagationTags">The <c>_dd.p.*</c> tags.</param>
/// <param name="StatusCode">Of the response, when it has one.</param>
public sealed record EndCall(
    long AtNs,
    ulong TraceId,
    ulong SpanId,
    ulong ParentId,
    double? Priority,
    IReadOnlyList<KeyValuePair<string, string>> PropagationTags,
    string? StatusCode,
    InvocationError? Error)
{
    /// <summary>The response as tags; empty unless the user asked for it.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Captured { get; init; } = [];
}

/// <summary>Why an invocation failed, as the tracer reported it. Texts are empty when not told.</summary>
public sealed record InvocationError(string Message, string Type, string Stack);
