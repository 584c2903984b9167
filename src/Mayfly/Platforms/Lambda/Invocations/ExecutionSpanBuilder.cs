using Mayfly.Platforms.Lambda.Propagation;
using Mayfly.Platforms.Lambda.Telemetry;
using Mayfly.Platforms.Lambda.Triggers;

namespace Mayfly.Platforms.Lambda.Invocations;

/// <summary>
/// Says whether an invocation has an <c>aws.lambda</c> span, and what it is (docs/spec/01-lambda-lifecycle.md#44-the-awslambda-span, #46-timeout-oom-crash).
/// </summary>
internal static class ExecutionSpanBuilder
{
    /// <summary>All parties have said their part: the runtime is done, and the tracer has ended or will not come to it.</summary>
    public static bool IsComplete(InvocationContext context) =>
        context.Done is { } done && (context.End is not null || (done.Status == PlatformStatus.Timeout && context.Start is not null));

    /// <summary>Enough is known for a span when nothing more will come: the tracer ended, or only its end call is missing.</summary>
    public static bool IsEnough(InvocationContext context) =>
        IsComplete(context) || context.End is not null || (context.Placeholder is not null && context.Done is not null);

    /// <param name="reason">SHUTDOWN's, of an invocation that it cut off; else null.</param>
    /// <param name="nowNs">Unix ns: the end of a span that nobody told the end of.</param>
    public static ExecutionSpan Build(InvocationContext context, string? reason, long nowNs)
    {
        EndCall? end = context.End;
        SpanContext? upstream = context.Start?.Upstream;
        PlaceholderSpan? placeholder = context.Placeholder;
        InvocationError? death = TimeoutOf(context) ?? (reason is null ? null : DeathOf(context, reason));
        long startNs = context.PlatformStartNs != 0 ? context.PlatformStartNs : context.Start?.AtNs ?? context.CreatedNs;
        long endNs = end?.AtNs ?? context.Done?.AtNs ?? nowNs;
        return new ExecutionSpan
        {
            RequestId = context.RequestId,
            TraceId = FirstId(upstream?.TraceId, end?.TraceId, placeholder?.TraceId),
            SpanId = FirstId(end?.SpanId, placeholder?.SpanId, null),
            ParentId = context.Start?.InferredIds is [ulong inferred, ..] ? inferred : upstream?.SpanId ?? end?.ParentId ?? 0,
            StartNs = startNs,
            DurationNs = context.Done?.DurationMs is { } durationMs ? (long)Math.Round(durationMs * 1e6) : Math.Max(0, endNs - startNs),
            IsColdStart = context.IsColdStart,
            IsProactiveInit = context.IsProactiveInit,
            Error = end?.Error ?? death,
            IsError = death is not null || (end is not null && IsError(end)),
            StatusCode = end?.StatusCode,
            Priority = upstream?.Priority ?? end?.Priority,
            PropagationTags = upstream?.Tags ?? end?.PropagationTags ?? [],
            Placeholder = placeholder,
            Captured = [.. context.Start?.Captured ?? [], .. end?.Captured ?? []],
            Trigger = context.Start?.Trigger,
            InferredIds = context.Start?.InferredIds ?? [],
            UpstreamSpanId = upstream?.SpanId ?? 0,
            Links = context.Start?.Links ?? [],
            TerminatedContexts = upstream?.Links ?? [],
        };
    }

    public static bool IsError(EndCall call) => call.Error is not null || ResponseStatusCode.IsServerError(call.StatusCode);

    private static InvocationError? TimeoutOf(InvocationContext context) =>
        context.Done?.Status == PlatformStatus.Timeout ? new InvocationError("Datadog detected a Timeout", "Timeout", "") : null;

    private static InvocationError DeathOf(InvocationContext context, string reason) => reason == "timeout"
        ? new InvocationError("Datadog detected an Impending Timeout", "Impending Timeout", "")
        : new InvocationError("The runtime ended before the invocation did", context.Done?.ErrorType ?? "Runtime.ExitError", "");

    /// <summary>The first id that was told, else a random one that is not 0.</summary>
    private static ulong FirstId(ulong? first, ulong? second, ulong? third)
    {
        foreach (ulong? id in (ReadOnlySpan<ulong?>)[first, second, third])
        {
            if (id is { } told and not 0)
            {
                return told;
            }
        }

        return RandomId.Next();
    }
}
