using System.Globalization;
using Mayfly.Platforms.Lambda.Triggers.Json;

namespace Mayfly.Platforms.Lambda.Triggers.Sources;

/// <summary>
/// Records of Kafka topics, from MSK or a cluster of the user's own: <c>records</c> maps topic and partition to a group of records
/// (docs/spec/02-triggers.md#414-msk--kafka). Java runtimes turn the arrays inside into objects with numeric names.
/// </summary>
internal sealed class KafkaTopic : TriggerSource
{
    private const string SpanName = "aws.msk";
    private const string EventSource = "msk";

    private static readonly JsonNames RecordNames = new("topic", "partition", "timestamp", "headers");

    public override bool Matches(in LambdaEvent lambdaEvent) =>
        lambdaEvent.Root["records"u8].IsObject && lambdaEvent.Root["records"u8].First.First.Get("topic"u8).IsPresent;

    public override Trigger Read(in LambdaEvent lambdaEvent, TriggerSettings settings)
    {
        JsonView records = lambdaEvent.Root["records"u8];
        var links = new List<TriggerContext>();
        JsonFields record = Choose(records, links, out TriggerContext? context, out int skipped);
        string? arn = lambdaEvent.Root["eventSourceArn"u8].Text;
        string? cluster = AwsNames.SecondPart(arn);
        string? topic = record["topic"u8].Text;
        return new Trigger
        {
            Kind = TriggerKind.Kafka,
            IsAsync = true,
            Tags = new TagList().WithSource(EventSource, arn),
            Spans =
            [
                new InferredSpan
                {
                    Name = SpanName,
                    Service = ServiceNaming.ServiceOf(settings, cluster, "lambda_msk", cluster, EventSource),
                    Resource = topic ?? SpanName,
                    Type = "web",
                    EventSource = EventSource,
                    StartNs = EventTime.FromMs(record["timestamp"u8]),
                    IsAsync = true,
                    Meta = new TagList
                    {
                        { "operation_name", SpanName },
                        { "topic", topic },
                        { "partition", PartitionOf(record["partition"u8]) },
                        { "event_source", lambdaEvent.Root["eventSource"u8].Text },
                        { "event_source_arn", arn is "" ? null : arn },
                    },
                },
            ],
            Contexts = Batch.ListOf(context),
            LinkedContexts = links,
            SkippedRecords = skipped,
        };
    }

    /// <summary>The first record with a trace context, else the very first one; the contexts of those behind it are links.</summary>
    private static JsonFields Choose(JsonView groups, List<TriggerContext> links, out TriggerContext? context, out int skipped)
    {
        JsonFields chosen = groups.First.First.Fields(RecordNames);
        bool hasContext = false;
        int count = 0, behind = 0;
        context = null;
        foreach (JsonMember group in groups.Members)
        {
            foreach (JsonMember member in group.Value.Members)
            {
                if (++count > Batch.Largest)
                {
                    break;
                }

                if (hasContext && ++behind >= Batch.RecordLimit)
                {
                    continue;
                }

                JsonFields record = member.Value.Fields(RecordNames);
                if (!KafkaHeaders.HaveContext(record["headers"u8]))
                {
                    continue;
                }

                TriggerContext? found = TriggerContext.Of(KafkaHeaders.Read(record["headers"u8]));
                if (hasContext)
                {
                    links.AddRange(Batch.ListOf(found));
                    continue;
                }

                hasContext = true;
                context = found;
                chosen = record;
            }
        }

        if (!hasContext)
        {
            context = TriggerContext.Of(KafkaHeaders.Read(chosen["headers"u8]));
        }

        skipped = Math.Max(0, behind - Batch.RecordLimit + 1);
        return chosen;
    }

    private static string? PartitionOf(JsonView value) =>
        value.TryGetInt64(out long partition) && partition is >= int.MinValue and <= int.MaxValue ? partition.ToString(CultureInfo.InvariantCulture) : null;
}
