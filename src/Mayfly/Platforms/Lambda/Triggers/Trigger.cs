namespace Mayfly.Platforms.Lambda.Triggers;

/// <summary>
/// All that an event says about the call that brought it: who called, the spans of the services in between, the trace it belongs to. Immutable; a pure function
/// of the
/// event and the <see cref="TriggerSettings"/>, without ids and without a clock.
/// </summary>
/// <remarks>docs/spec/02-triggers.md</remarks>
public sealed record Trigger
{
    public required TriggerKind Kind { get; init; }

    /// <summary>True when the caller does not wait for the response.</summary>
    public bool IsAsync { get; init; }

    /// <summary>Tags for the <c>aws.lambda</c> span; they win over what the tracer put there.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Tags { get; init; } = [];

    /// <summary>
    /// From the service that called the function outwards: SQS, then the SNS topic whose message it delivered, then the EventBridge bus behind that. Empty when
    /// the
    /// source has none or inferred spans are switched off.
    /// </summary>
    public IReadOnlyList<InferredSpan> Spans { get; init; } = [];

    /// <summary>
    /// Where trace contexts of the caller may be: at most one place for each record of a batch, in their order. The first one that yields a context is the
    /// parent's; the others are span links.
    /// </summary>
    public IReadOnlyList<TriggerContext> Contexts { get; init; } = [];

    /// <summary>Headers that any event may have; the first ones that yield a context are the parent's where <see cref="Contexts"/> have none.</summary>
    public IReadOnlyList<TriggerContext> Fallbacks { get; init; } = [];

    /// <summary>What the event is about, in the form that ties it to the span that wrote it.</summary>
    public IReadOnlyList<SpanPointer> Pointers { get; init; } = [];

    /// <summary>
    /// Records of the batch that were not looked at for <see cref="Contexts"/> or <see cref="Pointers"/>: they are beyond <see
    /// cref="Batch.RecordLimit"/>.
    /// </summary>
    public int SkippedRecords { get; init; }
}
