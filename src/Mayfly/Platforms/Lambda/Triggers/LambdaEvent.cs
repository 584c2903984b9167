using Mayfly.Platforms.Lambda.Triggers.Json;

namespace Mayfly.Platforms.Lambda.Triggers;

/// <summary>
/// An event as the sources see it: the byte ranges of the members that any source looks at, on three levels, found in one pass over the event and one over each
/// of <c>requestContext</c> and <c>Records[0]</c>. Everything else in the event has only been checked for being JSON.
/// </summary>
internal readonly ref struct LambdaEvent
{
    private static readonly JsonNames RootNames = new(
        "version", "rawQueryString", "rawPath", "path", "routeKey", "requestContext", "httpMethod", "resource", "headers", "multiValueHeaders",
        "queryStringParameters", "multiValueQueryStringParameters",
        "Records", "records", "eventSource", "eventSourceArn",
        "id", "time", "source", "detail-type", "detail", "resources",
        "Payload", "_datadog", "Execution", "State", "StateMachine", "RootExecutionId", "x-datadog-trace-id", "x-datadog-tags",
        "awslogs", "type", "authorizationToken", "methodArn", "request");

    private static readonly JsonNames ContextNames = new(
        "stage", "requestId", "apiId", "domainName", "requestTimeEpoch", "timeEpoch", "httpMethod", "resourcePath", "path", "protocol", "identity", "http",
        "routeKey", "connectionId", "eventType", "messageDirection", "elb", "accountId", "authorizer");

    private static readonly JsonNames RecordNames = new(
        "eventSource", "eventSourceARN", "eventID", "eventName", "eventVersion", "eventTime", "awsRegion",
        "receiptHandle", "body", "attributes", "messageAttributes",
        "Sns", "EventSubscriptionArn", "dynamodb", "s3", "kinesis", "cf");

    private LambdaEvent(JsonFields root)
    {
        Root = root;
        Context = root["requestContext"u8].Fields(ContextNames);
        JsonView records = root["Records"u8];
        if (records.IsArray)
        {
            Records = records;
            Record = RecordOf(records.First);
        }
    }

    /// <summary>The event's own members.</summary>
    public JsonFields Root { get; }

    /// <summary>Members of <c>requestContext</c>.</summary>
    public JsonFields Context { get; }

    /// <summary>Members of <c>Records[0]</c>.</summary>
    public JsonFields Record { get; }

    /// <summary>The array <c>Records</c>; missing if it is no array.</summary>
    public JsonView Records { get; }

    /// <summary>False: no JSON object.</summary>
    public static bool TryRead(ReadOnlySpan<byte> json, out LambdaEvent lambdaEvent)
    {
        lambdaEvent = default;
        if (!JsonFields.TryRead(json, RootNames, out JsonFields root))
        {
            return false;
        }

        lambdaEvent = new LambdaEvent(root);
        return true;
    }

    /// <summary>The members of one of the <see cref="Records"/>.</summary>
    public static JsonFields RecordOf(JsonView record) => record.Fields(RecordNames);
}
