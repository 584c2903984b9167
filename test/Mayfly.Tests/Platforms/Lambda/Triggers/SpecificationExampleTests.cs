using System.Globalization;
using System.Text.Json.Nodes;
using Mayfly.Platforms.Lambda.Triggers;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda.Triggers;

/// <summary>Every example of docs/spec/02-triggers.md#4-sources-one-by-one, compared field by field with the table that the specification gives.</summary>
public class SpecificationExampleTests
{
    private static readonly IReadOnlyList<SpecificationExample> Examples = SpecificationExample.Read(SourceEvents.Specification);

    /// <summary>The sample files in the order of the specification's examples.</summary>
    public static TheoryData<string, TriggerKind, int> Rows => new()
    {
        { "rest-api", TriggerKind.RestApi, 0 },
        { "http-api", TriggerKind.HttpApi, 1 },
        { "websocket-api", TriggerKind.WebSocketApi, 2 },
        { "load-balancer", TriggerKind.LoadBalancer, 3 },
        { "load-balancer-multi-value", TriggerKind.LoadBalancer, 4 },
        { "function-url", TriggerKind.FunctionUrl, 5 },
        { "sqs", TriggerKind.Sqs, 6 },
        { "sqs-sns", TriggerKind.Sqs, 7 },
        { "sqs-eventbridge", TriggerKind.Sqs, 8 },
        { "sns", TriggerKind.Sns, 9 },
        { "sns-eventbridge", TriggerKind.Sns, 10 },
        { "eventbridge", TriggerKind.EventBridge, 11 },
        { "kinesis", TriggerKind.Kinesis, 12 },
        { "dynamodb", TriggerKind.DynamoDb, 13 },
        { "s3", TriggerKind.S3, 14 },
        { "kafka", TriggerKind.Kafka, 15 },
        { "kafka-java", TriggerKind.Kafka, 16 },
    };

    [Fact]
    public void Every_example_of_the_specification_has_a_row() => Assert.Equal(Examples.Count, Rows.Count);

    [Theory]
    [MemberData(nameof(Rows))]
    public void The_file_is_the_specifications_event(string name, TriggerKind kind, int example)
    {
        Assert.NotEqual(TriggerKind.Unknown, kind);
        Assert.True(JsonNode.DeepEquals(Examples[example].Event, SourceEvents.Node(name)));
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void The_complete_result_is_the_specifications(string name, TriggerKind kind, int index)
    {
        SpecificationExample example = Examples[index];

        Trigger trigger = SourceEvents.ReadFile(name);
        FinishedSpan[] spans = SourceEvents.Complete(trigger);

        Assert.Equal(kind, trigger.Kind);
        Assert.Equal(ExpectedTags(example, kind), Sorted(trigger.Tags));
        Assert.Equal(Sorted(example.Carrier), Sorted(trigger.Contexts.Texts()));
        Assert.Equal(example.Carrier.Count == 0 ? 0 : 1, trigger.Contexts.Count);
        Assert.Equal(kind == TriggerKind.LoadBalancer ? 0 : example.Spans.Count(), spans.Length);
        Assert.Empty(trigger.Fallbacks);
        Assert.Equal(0, trigger.SkippedRecords);
        foreach (((FinishedSpan span, IReadOnlyDictionary<string, string> expected), int i) in spans.Zip(example.Spans).Select(static (pair, i) => (pair, i)))
        {
            bool isRoot = i == spans.Length - 1;
            Assert.Equal(expected["name"], span.Name);
            Assert.Equal(expected["service"], span.Service);
            Assert.Equal(expected["resource"], span.Resource);
            Assert.Equal(expected["type"], span.Type);
            Assert.Equal(expected["start"], span.StartNs.ToString(CultureInfo.InvariantCulture));
            Assert.Equal(expected["duration"], span.DurationNs.ToString(CultureInfo.InvariantCulture));
            Assert.Equal(1001u, span.TraceId);
            Assert.Equal((ulong)(11 + i), span.SpanId);
            Assert.Equal(isRoot ? 2002u : (ulong)(12 + i), span.ParentId);
            Assert.Equal(0, span.Error);
            Assert.Empty(span.Metrics);
            Assert.Equal(ExpectedMeta(expected, isRoot ? trigger.Pointers : []), Sorted(span.Meta));
        }
    }

    /// <summary>Mayfly's load balancer tags are richer than the table: docs/spec/02-triggers.md#44-application-load-balancer.</summary>
    private static IEnumerable<KeyValuePair<string, string>> ExpectedTags(SpecificationExample example, TriggerKind kind)
    {
        // With one column only, it is that of the trigger tags.
        IEnumerable<KeyValuePair<string, string>> tags = Meta(example.TriggerTags);
        return Sorted(kind == TriggerKind.LoadBalancer ? tags.Append(new("http.url_details.path", "/pay")) : tags);
    }

    /// <summary>The table shows the tags before the trace processor, which is where the reference adds <c>_dd.base_service</c>.</summary>
    private static IEnumerable<KeyValuePair<string, string>> ExpectedMeta(IReadOnlyDictionary<string, string> column, IReadOnlyList<SpanPointer> pointers)
    {
        IEnumerable<KeyValuePair<string, string>> meta = Meta(column).Append(new("_dd.base_service", "orders"));
        return Sorted(pointers.Count == 0 ? meta : meta.Append(new("_dd.span_links", SpanPointerLinks.Append(null, pointers))));
    }

    private static IEnumerable<KeyValuePair<string, string>> Meta(IReadOnlyDictionary<string, string> column) =>
        column.Where(static cell => cell.Key.StartsWith("meta ", StringComparison.Ordinal))
            .Select(static cell => KeyValuePair.Create(cell.Key[5..], cell.Value));

    private static KeyValuePair<string, string>[] Sorted(IEnumerable<KeyValuePair<string, string>> tags) =>
        [.. tags.OrderBy(static tag => tag.Key, StringComparer.Ordinal)];
}
