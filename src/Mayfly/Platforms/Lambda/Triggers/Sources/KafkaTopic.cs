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
        var contexts = new List<TriggerContext>();
        JsonFields record = Choose(records, contexts, out int skipped);
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
            Contexts = contexts,
            SkippedRecords = skipped,
        };
    }

    /// <summary>The first record with a trace context, else the very first one.</summary>
    /// <param name="contexts">Receives the chosen record's context, and those of the records behind it.</param>
    private static JsonFields Choose(JsonView groups, List<TriggerContext> contexts, out int skipped)
    {
        JsonFields chosen = groups.First.First.Fields(RecordNames);
        bool hasContext = false;
        int count = 0, behind = 0;
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

                AddContext(contexts, record);
                chosen = hasContext ? chosen : record;
                hasContext = true;
            }
        }

        if (!hasContext)
        {
            AddContext(contexts, chosen);
        }

        skipped = Math.Max(0, behind - Batch.RecordLimit + 1);
        return chosen;
    }

    private static void AddContext(List<TriggerContext> contexts, in JsonFields record)
    {
        if (TriggerContext.Of(KafkaHeaders.Read(record["headers"u8])) is { } context)
        {
            contexts.Add(context);
        }
    }

    private static string? PartitionOf(JsonView value) =>
        value.TryGetInt64(out long partition) && partition is >= int.MinValue and <= int.MaxValue ? partition.ToString(CultureInfo.InvariantCulture) : null;
}
