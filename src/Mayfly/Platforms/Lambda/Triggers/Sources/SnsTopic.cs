using Mayfly.Platforms.Lambda.Triggers.Json;
using Mayfly.Wire;

namespace Mayfly.Platforms.Lambda.Triggers.Sources;

/// <summary>
/// A message that a topic delivers to the function, possibly with an EventBridge event inside (docs/spec/02-triggers.md#48-sns, #49-eventbridgesns).
/// </summary>
internal sealed class SnsTopic : TriggerSource
{
    public override bool Matches(in LambdaEvent lambdaEvent) => lambdaEvent.Record["Sns"u8].IsPresent;

    public override Trigger Read(in LambdaEvent lambdaEvent, TriggerSettings settings)
    {
        JsonFields notification = lambdaEvent.Record["Sns"u8].Fields(SnsNotification.Names);
        var spans = new List<InferredSpan> { SnsNotification.SpanOf(notification, lambdaEvent.Record["EventSubscriptionArn"u8].Text, settings) };
        EmbeddedMessage.ReadNotified(notification, new SpanTarget(settings, spans), out TriggerContext? context);
        return new Trigger
        {
            Kind = TriggerKind.Sns,
            IsAsync = true,
            Tags = new TagList().WithSource(SnsNotification.EventSource, notification["TopicArn"u8].Text),
            Spans = spans,
            Contexts = Batch.ContextsOf(lambdaEvent.Records, context, ContextOf, out int skipped),
            SkippedRecords = skipped,
        };
    }

    private static TriggerContext? ContextOf(JsonView record, PooledBuffer scratch)
    {
        EmbeddedMessage.ReadNotified(LambdaEvent.RecordOf(record)["Sns"u8].Fields(SnsNotification.Names), target: null, out TriggerContext? context);
        return context;
    }
}
