namespace Mayfly.Platforms.Lambda.Propagation;

/// <summary>
/// The places beside the event's own headers that may hold an invocation's upstream context, strongest first (docs/spec/02-triggers.md#61-precedence).
/// </summary>
public sealed record UpstreamSources
{
    /// <summary>What the recognised trigger carries: headers of an HTTP event, attributes of a message.</summary>
    public Carrier? Trigger { get; init; }

    /// <summary>A context that follows from the trigger itself, as a Step Functions state has one.</summary>
    public SpanContext? Generated { get; init; }

    /// <summary>
    /// <c>AWSTraceHeader</c> of a queue's message. Weaker than the message's attributes: with active tracing every message has one, and it would cut off whoever sent it.
    /// </summary>
    public string? AwsTraceHeader { get; init; }

    /// <summary>Headers of the start-invocation call itself; weaker than everything in the event.</summary>
    public Carrier? StartCall { get; init; }
}
