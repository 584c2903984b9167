using Mayfly.Platforms.Lambda.Triggers.Json;

namespace Mayfly.Platforms.Lambda.Triggers.Sources;

/// <summary>A message of a topic, as <c>Records[0].Sns</c> or as the text of a queue's message (docs/spec/02-triggers.md#48-sns).</summary>
internal static class SnsNotification
{
    public const string EventSource = "sns";

    private const string SpanName = "aws.sns";

    private static readonly JsonNames ValueNames = new("Type", "Value");

    public static string[] Members { get; } = ["MessageId", "Type", "TopicArn", "MessageAttributes", "Timestamp", "Subject", "Message"];

    public static JsonNames Names { get; } = new(Members);

    /// <summary>
    /// True for a text that is a notification. Attributes may be missing: a message without any has none (docs/spec/02-triggers.md#12, number 4).
    /// </summary>
    public static bool Is(in JsonFields notification) =>
        notification["MessageId"u8].IsString && notification["Type"u8].IsString && notification["TopicArn"u8].IsString && notification["Timestamp"u8].IsString;

    public static InferredSpan SpanOf(in JsonFields notification, string? subscriptionArn, TriggerSettings settings)
    {
        string? arn = notification["TopicArn"u8].Text;
        string? topic = AwsNames.LastPart(arn);
        return new InferredSpan
        {
            Name = SpanName,
            Service = ServiceNaming.ServiceOf(settings, topic, "lambda_sns", topic, EventSource),
            Resource = string.IsNullOrEmpty(topic) ? SpanName : topic,
            Type = "web",
            EventSource = EventSource,
            StartNs = EventTime.FromRfc3339(notification["Timestamp"u8]),
            IsAsync = true,
            Meta = new TagList
            {
                { "operation_name", SpanName },
                { "topicname", topic },
                { "topic_arn", arn },
                { "message_id", notification["MessageId"u8].Text },
                { "type", notification["Type"u8].Text },
                { "subject", notification["Subject"u8].Text },
                { "event_subscription_arn", subscriptionArn },
            },
        };
    }

    /// <summary>False: there is no attribute <c>_datadog</c>. One that is there counts even if it is unreadable.</summary>
    public static bool TryReadContext(in JsonFields notification, out TriggerContext? context)
    {
        JsonView attribute = notification["MessageAttributes"u8].Get("_datadog"u8);
        JsonFields fields = attribute.Fields(ValueNames);
        context = null;
        if (fields["Type"u8].TextIs("String"u8))
        {
            context = DatadogMember.FromText(fields["Value"u8]);
        }
        else if (fields["Type"u8].TextIs("Binary"u8))
        {
            context = DatadogMember.FromBase64(fields["Value"u8]);
        }

        return attribute.IsPresent;
    }
}
