namespace Mayfly.Platforms.Lambda.Triggers.Sources;

/// <summary>
/// A rule's schedule; EventBridge Scheduler is a source of its own and no schedule here (docs/spec/02-triggers.md#5-sources-without-inferred-span).
/// </summary>
internal sealed class ScheduledEvent : TriggerSource
{
    public static ReadOnlySpan<byte> SourceName => "aws.events"u8;

    public override bool Matches(in LambdaEvent lambdaEvent) => lambdaEvent.Root["source"u8].TextIs(SourceName);

    public override Trigger Read(in LambdaEvent lambdaEvent, TriggerSettings settings) => new()
    {
        Kind = TriggerKind.Schedule,
        IsAsync = true,
        Tags = new TagList().WithSource("cloudwatch-events", lambdaEvent.Root["resources"u8].IsArray ? lambdaEvent.Root["resources"u8].First.Text : null),
    };
}
