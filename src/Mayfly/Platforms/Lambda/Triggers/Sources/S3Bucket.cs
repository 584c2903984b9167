using Mayfly.Platforms.Lambda.Triggers.Json;

namespace Mayfly.Platforms.Lambda.Triggers.Sources;

/// <summary>
/// Notifications of a bucket (docs/spec/02-triggers.md#413-s3). They carry no trace context, but each one names an object. Removals have neither size nor tag.
/// </summary>
internal sealed class S3Bucket : TriggerSource
{
    private const string SpanName = "aws.s3";
    private const string EventSource = "s3";

    private static readonly JsonNames S3Names = new("bucket", "object");
    private static readonly JsonNames BucketNames = new("name", "arn");
    private static readonly JsonNames ObjectNames = new("key", "size", "eTag");

    public override bool Matches(in LambdaEvent lambdaEvent) => lambdaEvent.Record["s3"u8].IsPresent;

    public override Trigger Read(in LambdaEvent lambdaEvent, TriggerSettings settings)
    {
        JsonFields record = lambdaEvent.Record;
        JsonFields s3 = record["s3"u8].Fields(S3Names);
        JsonFields bucket = s3["bucket"u8].Fields(BucketNames);
        JsonFields content = s3["object"u8].Fields(ObjectNames);
        string? bucketName = bucket["name"u8].Text;
        int skipped = 0;
        return new Trigger
        {
            Kind = TriggerKind.S3,
            IsAsync = true,

            // Not the bucket's ARN: dashboards of extension-based runtimes contain the event source.
            Tags = new TagList().WithSource(EventSource, record["eventSource"u8].Text),
            Spans =
            [
                new InferredSpan
                {
                    Name = SpanName,
                    Service = ServiceNaming.ServiceOf(settings, bucketName, "lambda_s3", bucketName, EventSource),
                    Resource = bucketName ?? SpanName,
                    Type = "web",
                    EventSource = EventSource,
                    StartNs = EventTime.FromRfc3339(record["eventTime"u8]),
                    IsAsync = true,
                    Meta = new TagList
                    {
                        { "operation_name", SpanName },
                        { "event_name", record["eventName"u8].Text },
                        { "bucketname", bucketName },
                        { "bucket_arn", bucket["arn"u8].Text },
                        { "object_key", content["key"u8].Text },
                        { "object_size", content["size"u8].IntegerText },
                        { "object_etag", content["eTag"u8].Text },
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
        if (record["eventName"u8].Text?.StartsWith("ObjectCreated", StringComparison.Ordinal) != true)
        {
            return null;
        }

        JsonFields s3 = record["s3"u8].Fields(S3Names);
        JsonFields content = s3["object"u8].Fields(ObjectNames);
        return SpanPointer.ToS3Object(s3["bucket"u8].Get("name"u8).Text, content["key"u8].Text, content["eTag"u8].Text);
    }
}
