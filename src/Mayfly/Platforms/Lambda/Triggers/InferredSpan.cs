namespace Mayfly.Platforms.Lambda.Triggers;

/// <summary>
/// The part of a span that an event tells: a request to API Gateway, a message's stay in a queue. <see cref="InferredSpans"/> completes it when the invocation
/// is over
/// (docs/spec/02-triggers.md#3-rules-common-to-all-inferred-spans).
/// </summary>
public sealed record InferredSpan
{
    /// <summary>Operation name, such as <c>aws.sqs</c>.</summary>
    public required string Name { get; init; }

    public required string Service { get; init; }

    public required string Resource { get; init; }

    public required string Type { get; init; }

    /// <summary>Value of <c>function_trigger.event_source</c> for what this span called; null = it says nothing there.</summary>
    public required string? EventSource { get; init; }

    /// <summary>Unix ns; null = the event does not say.</summary>
    public required long? StartNs { get; init; }

    /// <summary>True: the span ends where what it called begins. False: it waits for the end of that.</summary>
    public required bool IsAsync { get; init; }

    /// <summary>The span ends where what it called begins, although that one was waited for.</summary>
    public bool EndsBeforeCallee { get; init; }

    /// <summary>In the order of docs/spec/02-triggers.md#4-sources-one-by-one, without what is known only at the end.</summary>
    public required IReadOnlyList<KeyValuePair<string, string>> Meta { get; init; }
}
