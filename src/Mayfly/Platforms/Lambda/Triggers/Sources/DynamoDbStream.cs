using Mayfly.Platforms.Lambda.Triggers.Json;

namespace Mayfly.Platforms.Lambda.Triggers.Sources;

/// <summary>Changes of a DynamoDB table (docs/spec/02-triggers.md#412-dynamodb-streams). They carry no trace context, but each one names an item.</summary>
internal sealed class DynamoDbStream : TriggerSource
{
    private const string SpanName = "aws.dynamodb";
    private const string EventSource = "dynamodb";

    private static readonly JsonNames ChangeNames = new("ApproximateCreationDateTime", "SizeBytes", "StreamViewType");

    public override bool Matches(in LambdaEvent lambdaEvent) => lambdaEvent.Record["dynamodb"u8].IsPresent;

    public override Trigger Read(in LambdaEvent lambdaEvent, TriggerSettings settings)
    {
        JsonFields record = lambdaEvent.Record;
        JsonFields change = record["dynamodb"u8].Fields(ChangeNames);
        string? arn = record["eventSourceARN"u8].Text;
        string? table = AwsNames.SecondPart(arn);
        table = table is "" ? null : table;
        string? eventName = record["eventName"u8].Text;
        int skipped = 0;
        return new Trigger
        {
            Kind = TriggerKind.DynamoDb,
            IsAsync = true,
            Tags = new TagList().WithSource(EventSource, arn),
            Spans =
            [
                new InferredSpan
                {
                    Name = SpanName,
                    Service = ServiceNaming.ServiceOf(settings, table, "lambda_dynamodb", table, EventSource),
                    Resource = eventName is null || table is null ? eventName ?? table ?? SpanName : $"{eventName} {table}",
                    Type = "web",
                    EventSource = EventSource,
                    StartNs = EventTime.FromSeconds(change["ApproximateCreationDateTime"u8]),
                    IsAsync = true,
                    Meta = new TagList
                    {
                        { "operation_name", SpanName },
                        { "event_id", record["eventID"u8].Text },
                        { "event_name", eventName },
                        { "event_version", record["eventVersion"u8].Text },
                        { "event_source_arn", arn },
                        { "size_bytes", change["SizeBytes"u8].IntegerText },
                        { "stream_view_type", change["StreamViewType"u8].Text },
                        { "table_name", table },
                    },
                },
            ],
            Pointers = settings.AddsSpanPointers ? Batch.PointersOf(lambdaEvent.Records, PointerOf, out skipped) : [],
            SkippedRecords = skipped,
        };
    }

    private static SpanPointer? PointerOf(JsonView view)
    {
        JsonFields record = LambdaEvent.RecordOf(view);
        return record["eventName"u8].Text is "INSERT" or "MODIFY" or "REMOVE"
            ? SpanPointer.ToDynamoDbItem(AwsNames.SecondPart(record["eventSourceARN"u8].Text), record["dynamodb"u8].Get("Keys"u8))
            : null;
    }
}
