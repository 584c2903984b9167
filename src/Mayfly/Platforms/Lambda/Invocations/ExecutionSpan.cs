using Mayfly.Platforms.Lambda.Propagation;
using Mayfly.Platforms.Lambda.Triggers;

namespace Mayfly.Platforms.Lambda.Invocations;

/// <summary>The <c>aws.lambda</c> span of one finished invocation, ready to be written (docs/spec/01-lambda-lifecycle.md#44-the-awslambda-span).</summary>
public sealed record ExecutionSpan
{
    public required string RequestId { get; init; }

    public required ulong TraceId { get; init; }

    public required ulong SpanId { get; init; }

    public required ulong ParentId { get; init; }

    /// <summary>Unix ns.</summary>
    public required long StartNs { get; init; }

    public required long DurationNs { get; init; }

    /// <summary>Null: not told, because invocations overlap.</summary>
    public required bool? IsColdStart { get; init; }

    public required bool IsProactiveInit { get; init; }

    /// <summary>The function is a durable one.</summary>
    public bool IsDurable { get; init; }

    public required InvocationError? Error { get; init; }

    /// <summary>True without an <see cref="Error"/> text: a 5xx response or an error flag alone.</summary>
    public required bool IsError { get; init; }

    public required string? StatusCode { get; init; }

    /// <summary>Sampling priority of the chunk; null = none.</summary>
    public required double? Priority { get; init; }

    public required IReadOnlyList<KeyValuePair<string, string>> PropagationTags { get; init; }

    public required PlaceholderSpan? Placeholder { get; init; }

    /// <summary>Event and response as tags; empty unless the user asked for them.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Captured { get; init; } = [];

    /// <summary>Who called, with the ids of the spans above this one; null when nobody knows.</summary>
    public Trigger? Trigger { get; init; }

    public IReadOnlyList<ulong> InferredIds { get; init; } = [];

    /// <summary>Span id of the upstream context; 0 = none.</summary>
    public ulong UpstreamSpanId { get; init; }

    /// <summary>Contexts of the event's other records; links of this span.</summary>
    public IReadOnlyList<ContextLink> Links { get; init; } = [];

    /// <summary>Traces that end here although the caller named them; links of the local root.</summary>
    public IReadOnlyList<ContextLink> TerminatedContexts { get; init; } = [];

    /// <summary>What the sandbox did before this invocation, when it waited for that and all of it is known.</summary>
    public InitSpan? Init { get; init; }
}
