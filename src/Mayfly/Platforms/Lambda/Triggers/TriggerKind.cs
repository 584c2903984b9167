namespace Mayfly.Platforms.Lambda.Triggers;

/// <summary>What invoked the function (docs/spec/02-triggers.md#2-detection).</summary>
public enum TriggerKind
{
    /// <summary>Nothing that is known; the event may still carry a trace context in <c>headers</c>.</summary>
    Unknown,

    /// <summary>API Gateway HTTP API, payload format 2.0.</summary>
    HttpApi,

    /// <summary>API Gateway REST, and HTTP API with payload format 1.0.</summary>
    RestApi,
    WebSocketApi,
    LoadBalancer,
    FunctionUrl,
    Kafka,
    Sqs,
    Sns,
    DynamoDb,
    S3,
    EventBridge,
    Kinesis,
    StepFunctions,
    CloudWatchLogs,
    Schedule,
    CloudFront,
    TokenAuthorizer,

    /// <summary>Kong's emulation of API Gateway.</summary>
    Kong,
}
