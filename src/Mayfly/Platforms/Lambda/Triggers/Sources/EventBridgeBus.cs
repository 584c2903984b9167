namespace Mayfly.Platforms.Lambda.Triggers.Sources;

/// <summary>An event that a bus delivers to the function (docs/spec/02-triggers.md#410-eventbridge).</summary>
internal sealed class EventBridgeBus : TriggerSource
{
    public override bool Matches(in LambdaEvent lambdaEvent) =>
        lambdaEvent.Root["detail-type"u8].IsPresent && lambdaEvent.Root["source"u8].IsString && !lambdaEvent.Root["source"u8].TextIs(ScheduledEvent.SourceName);

    public override Trigger Read(in LambdaEvent lambdaEvent, TriggerSettings settings) => new()
    {
        Kind = TriggerKind.EventBridge,
        IsAsync = true,

        // Not an ARN, but all tracers put the source there.
        Tags = new TagList().WithSource(EventBridgeEvent.EventSource, lambdaEvent.Root["source"u8].Text),
        Spans = [EventBridgeEvent.SpanOf(lambdaEvent.Root, settings)],
        Contexts = Batch.ListOf(EventBridgeEvent.ContextOf(lambdaEvent.Root)),
    };
}
