using Mayfly.Platforms.Lambda.Triggers.Json;
using Mayfly.Wire;

namespace Mayfly.Platforms.Lambda.Triggers.Sources;

/// <summary>
/// Records of a Kinesis stream (docs/spec/02-triggers.md#411-kinesis). A record's data is base64; if JSON is behind it, it may have a member <c>_datadog</c>.
/// </summary>
internal sealed class KinesisStream : TriggerSource
{
    private const string SpanName = "aws.kinesis";
    private const string EventSource = "kinesis";

    private static readonly JsonNames KinesisNames = new("approximateArrivalTimestamp", "partitionKey", "data");
    private static readonly JsonNames DataNames = new("_datadog");

    public override bool Matches(in LambdaEvent lambdaEvent) => lambdaEvent.Record["kinesis"u8].IsPresent;

    public override Trigger Read(in LambdaEvent lambdaEvent, TriggerSettings settings)
    {
        JsonFields record = lambdaEvent.Record;
        JsonFields kinesis = record["kinesis"u8].Fields(KinesisNames);
        string? arn = record["eventSourceARN"u8].Text;
        string? stream = AwsNames.Stream(arn);
        stream = stream is "" ? null : stream;
        string? eventId = record["eventID"u8].Text;
        using PooledBuffer scratch = PooledBuffer.Rent();
        TriggerContext? first = ContextOf(kinesis["data"u8], scratch);
        return new Trigger
        {
            Kind = TriggerKind.Kinesis,
            IsAsync = true,
            Tags = new TagList().WithSource(EventSource, arn),
            Spans =
            [
                new InferredSpan
                {
                    Name = SpanName,
                    Service = ServiceNaming.ServiceOf(settings, stream, "lambda_kinesis", stream, EventSource),
                    Resource = stream ?? SpanName,
                    Type = "web",
                    EventSource = EventSource,
                    StartNs = EventTime.FromSeconds(kinesis["approximateArrivalTimestamp"u8]),
                    IsAsync = true,
                    Meta = new TagList
                    {
                        { "operation_name", SpanName },
                        { "stream_name", stream },
                        { "shard_id", eventId?.Split(':', 2)[0] },
                        { "event_source_arn", arn },
                        { "event_id", eventId },
                        { "event_name", record["eventName"u8].Text },
                        { "event_version", record["eventVersion"u8].Text },
                        { "partition_key", kinesis["partitionKey"u8].Text },
                    },
                },
            ],
            Contexts = Batch.ContextsOf(lambdaEvent.Records, first, ContextOfRecord, out int skipped),
            SkippedRecords = skipped,
        };
    }

    private static TriggerContext? ContextOfRecord(JsonView record, PooledBuffer json) => ContextOf(record.Get("kinesis"u8).Get("data"u8), json);

    private static TriggerContext? ContextOf(JsonView data, PooledBuffer json) =>
        DatadogMember.TryDecodeBase64(data, json)
        && json.WrittenSpan.IndexOf("_datadog"u8) >= 0
        && JsonFields.TryReadEmbedded(json.WrittenSpan, DataNames, out JsonFields fields)
            ? DatadogMember.FromObject(fields["_datadog"u8])
            : null;
}
