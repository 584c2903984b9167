using Mayfly.Platforms.Lambda.Propagation;
using Mayfly.Platforms.Lambda.Triggers.Json;
using Mayfly.Wire;

namespace Mayfly.Platforms.Lambda.Triggers.Sources;

/// <summary>
/// A batch of messages from a queue; notifications and events inside of them are looked into (docs/spec/02-triggers.md#46-sqs, #47-snssqs-and-eventbridgesqs).
/// </summary>
internal sealed class SqsQueue : TriggerSource
{
    private const string SpanName = "aws.sqs";
    private const string EventSource = "sqs";

    private static readonly JsonNames AttributeNames = new("ApproximateReceiveCount", "SentTimestamp", "SenderId", "AWSTraceHeader");
    private static readonly JsonNames ValueNames = new("dataType", "stringValue", "binaryValue");

    public override bool Matches(in LambdaEvent lambdaEvent) => lambdaEvent.Record["eventSource"u8].TextIs("aws:sqs"u8);

    public override Trigger Read(in LambdaEvent lambdaEvent, TriggerSettings settings)
    {
        JsonFields record = lambdaEvent.Record;
        JsonFields attributes = record["attributes"u8].Fields(AttributeNames);
        string? arn = record["eventSourceARN"u8].Text;
        string? queue = AwsNames.LastPart(arn);
        string? receiveCount = attributes["ApproximateReceiveCount"u8].Text;
        string? sender = attributes["SenderId"u8].Text;
        string? region = record["awsRegion"u8].Text;
        var span = new InferredSpan
        {
            Name = SpanName,
            Service = ServiceNaming.ServiceOf(settings, queue, "lambda_sqs", queue, EventSource),
            Resource = string.IsNullOrEmpty(queue) ? SpanName : queue,
            Type = "web",
            EventSource = EventSource,
            StartNs = EventTime.FromMs(attributes["SentTimestamp"u8]),
            IsAsync = true,
            Meta = new TagList
            {
                { "operation_name", SpanName },
                { "receipt_handle", record["receiptHandle"u8].Text },
                { "retry_count", receiveCount },
                { "sender_id", sender },
                { "source_arn", arn },
                { "aws_region", region },
            },
        };
        var spans = new List<InferredSpan> { span };
        EmbeddedMessage.Read(record["body"u8], new SpanTarget(settings, spans), out TriggerContext? embedded);
        return new Trigger
        {
            Kind = TriggerKind.Sqs,
            IsAsync = true,
            Tags = new TagList
            {
                { "retry_count", receiveCount },
                { "sender_id", sender },
                { "source_arn", arn },
                { "aws_region", region },
            }.WithSource(EventSource, arn),
            Spans = spans,
            Contexts = Batch.ContextsOf(lambdaEvent.Records, ContextOf(record, attributes, embedded), ContextOf, out int skipped),
            SkippedRecords = skipped,
        };
    }

    private static TriggerContext? ContextOf(JsonView view, PooledBuffer scratch)
    {
        JsonFields record = LambdaEvent.RecordOf(view);
        EmbeddedMessage.Read(record["body"u8], target: null, out TriggerContext? embedded);
        return ContextOf(record, record["attributes"u8].Fields(AttributeNames), embedded);
    }

    /// <summary>With active X-Ray every message has its header, so it comes after everything else.</summary>
    private static TriggerContext? ContextOf(in JsonFields record, in JsonFields attributes, TriggerContext? embedded) =>
        TriggerContext.Join(CarrierOf(record, embedded), GeneratedOf(attributes["AWSTraceHeader"u8]));

    /// <summary>Nearly all headers are X-Ray's own: no text is made of those.</summary>
    private static SpanContext? GeneratedOf(JsonView header) => header.RawText.IndexOf("-00000000"u8) < 0 ? null : XRayHeader.Read(header.Text);

    /// <summary>An attribute that is there counts even if it is unreadable. Data types may have a custom label: <c>String.v1</c>.</summary>
    private static TriggerContext? CarrierOf(in JsonFields record, TriggerContext? embedded)
    {
        JsonFields attribute = record["messageAttributes"u8].Get("_datadog"u8).Fields(ValueNames);
        ReadOnlySpan<byte> dataType = attribute["dataType"u8].RawText;
        if (dataType.StartsWith("String"u8) && attribute["stringValue"u8].IsString)
        {
            return DatadogMember.FromText(attribute["stringValue"u8]);
        }

        if (dataType.StartsWith("Binary"u8) && attribute["binaryValue"u8].IsString)
        {
            return DatadogMember.FromBase64(attribute["binaryValue"u8]);
        }

        return embedded;
    }
}
