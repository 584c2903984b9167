using Mayfly.Platforms.Lambda.Triggers.Sources;

namespace Mayfly.Platforms.Lambda.Triggers;

/// <summary>
/// The order in which sources are asked; the first that recognises an event has it (docs/spec/02-triggers.md#21-order-and-conditions-rust). The first thirteen
/// are those
/// of the reference; the others come after them, so that nothing which the reference recognises changes (#5-sources-without-inferred-span).
/// </summary>
internal static class DetectionOrder
{
    public static TriggerSource[] Sources { get; } =
    [
        // Before REST: requests with payload format 2.0 have no `resource`, but those of Function URLs look like them but for their domain.
        new HttpApi(),
        new RestApi(),
        new WebSocketApi(),
        new LoadBalancer(),
        new FunctionUrl(),
        new KafkaTopic(),

        // Before SNS and S3: their notifications inside of a queue's message keep the queue's `eventSource`.
        new SqsQueue(),
        new SnsTopic(),
        new DynamoDbStream(),
        new S3Bucket(),
        new EventBridgeBus(),
        new KinesisStream(),

        // A state's input may be any other event.
        new StepFunctionsState(),
        new CloudWatchLogs(),
        new ScheduledEvent(),
        new CloudFrontDistribution(),
        new TokenAuthorizer(),
        new KongGateway(),
    ];
}
