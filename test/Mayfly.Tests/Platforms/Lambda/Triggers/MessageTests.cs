using System.Text;
using System.Text.Json.Nodes;
using Mayfly.Platforms.Lambda.Propagation;
using Mayfly.Platforms.Lambda.Triggers;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda.Triggers;

/// <summary>Where messages carry their trace context: docs/spec/02-triggers.md#46-sqs to #411-kinesis, #62-carrier-locations.</summary>
public class MessageTests
{
    private const string Context = """{"x-datadog-trace-id":"1001","x-datadog-parent-id":"2002","x-datadog-sampling-priority":"1"}""";

    private static readonly string[] ContextTexts = ["x-datadog-trace-id=1001", "x-datadog-parent-id=2002", "x-datadog-sampling-priority=1"];

    public static TheoryData<string, string, string?, bool> SqsAttributes => new()
    {
        { "1: a string", "String", Context, true },
        { "1: with a custom label", "String.json", Context, true },
        { "1: unreadable", "String", "{", false },
        { "1: no object", "String", "[]", false },
        { "2: base64", "Binary", Base64(Context), true },
        { "2: with a custom label", "Binary.v1", Base64(Context), true },
        { "2: without padding", "Binary", Base64(Context + " ").TrimEnd('='), true },
        { "2: unreadable", "Binary", "%%%", false },
        { "2: no JSON", "Binary", Base64("hello"), false },
        { "other type", "Number", "1", false },
        { "no value", "String", null, false },
    };

    [Theory]
    [MemberData(nameof(SqsAttributes))]
    public void An_attribute_of_a_queues_message(string row, string dataType, string? value, bool isFound)
    {
        Assert.NotEmpty(row);
        JsonNode json = SourceEvents.Node("sqs");
        json["Records"]![0]!["messageAttributes"]!["_datadog"] = new JsonObject
        {
            ["dataType"] = dataType,
            [dataType.StartsWith("Binary", StringComparison.Ordinal) ? "binaryValue" : "stringValue"] = value,
        };

        Assert.Equal(isFound ? ContextTexts : [], Texts(SourceEvents.Read(json)));
    }

    [Fact]
    public void A_binary_attribute_changes_nothing_but_its_place()
    {
        Trigger text = SourceEvents.ReadFile("sqs");
        Trigger binary = SourceEvents.ReadFile("sqs-binary-attribute");

        Assert.Equal(ContextTexts, Texts(binary));
        Assert.Equal(text.Tags, binary.Tags);
        Assert.Equal(text.Spans.Single().Meta, binary.Spans.Single().Meta);
    }

    [Fact]
    public void An_unreadable_attribute_hides_the_message_but_not_the_header()
    {
        JsonNode json = SourceEvents.Node("sqs-sns");
        json["Records"]![0]!["messageAttributes"]!["_datadog"] = new JsonObject { ["dataType"] = "String", ["stringValue"] = "{" };
        json["Records"]![0]!["attributes"]!["AWSTraceHeader"] = "Root=1-65530000-0000000000000000000003e9;Parent=00000000000007d2;Sampled=1";

        Trigger trigger = SourceEvents.Read(json);

        Assert.Null(Assert.Single(trigger.Contexts).Carrier);
        Assert.Equal(1001u, trigger.Contexts[0].Generated!.TraceId);
        Assert.Equal(["aws.sqs", "aws.sns"], trigger.Spans.Select(static span => span.Name));
    }

    [Fact]
    public void The_XRay_header_comes_after_everything_else()
    {
        JsonNode json = SourceEvents.Node("sqs");
        json["Records"]![0]!["attributes"]!["AWSTraceHeader"] = "Root=1-65530000-0000000000000000000003e7;Parent=00000000000007d2;Sampled=1";

        Trigger trigger = SourceEvents.Read(json);

        TriggerContext context = Assert.Single(trigger.Contexts);
        Assert.Equal(("1001", 999ul), (context.Carrier!.Find("x-datadog-trace-id"), context.Generated!.TraceId));
    }

    [Fact]
    public void The_XRay_header_alone_is_a_context()
    {
        SpanContext? generated = Assert.Single(SourceEvents.ReadFile("sqs-xray").Contexts).Generated;

        Assert.NotNull(generated);
        Assert.Equal((1001ul, 2002ul, 1, null), (generated.TraceId, generated.SpanId, generated.Priority, generated.Origin));
        Assert.Empty(generated.Tags);
    }

    public static TheoryData<string, string, string, bool> SnsAttributes => new()
    {
        { "String", "String", Context, true },
        { "Binary", "Binary", Base64(Context), true },
        { "a label is no String", "String.json", Context, false },
        { "other type", "Number", "1", false },
    };

    [Theory]
    [MemberData(nameof(SnsAttributes))]
    public void An_attribute_of_a_notification(string row, string type, string value, bool isFound)
    {
        Assert.NotEmpty(row);
        JsonNode direct = SourceEvents.Node("sns-eventbridge");
        direct["Records"]![0]!["Sns"]!["MessageAttributes"]!["_datadog"] = new JsonObject { ["Type"] = type, ["Value"] = value };
        JsonNode queued = SourceEvents.Node("sqs-sns");
        JsonNode body = JsonNode.Parse((string)queued["Records"]![0]!["body"]!)!;
        body["MessageAttributes"]!["_datadog"] = new JsonObject { ["Type"] = type, ["Value"] = value };
        queued["Records"]![0]!["body"] = body.ToJsonString();

        // Although there is an event in the direct message: an attribute that is there counts.
        Assert.Equal(isFound ? ContextTexts : [], Texts(SourceEvents.Read(direct)));
        Assert.Equal(isFound ? ContextTexts : [], Texts(SourceEvents.Read(queued)));
    }

    [Theory]
    [InlineData("\"s\"", "s")]
    [InlineData("\"\"", "")]
    [InlineData("null", null)]
    [InlineData("1", null)]
    public void An_empty_subject_is_kept(string subject, string? expected)
    {
        JsonNode json = SourceEvents.Node("sns");
        json["Records"]![0]!["Sns"]!["Subject"] = JsonNode.Parse(subject);

        Assert.Equal(expected, SourceEvents.Read(json).Spans[0].Meta.Tag("subject"));
    }

    [Fact]
    public void Values_that_are_no_texts_cost_only_themselves()
    {
        JsonNode json = SourceEvents.Node("eventbridge");
        json["detail"]!["_datadog"] = JsonNode.Parse(
            """{"x-datadog-trace-id":1001,"a":true,"b":{"c":"d"},"e":[1],"f":null,"x-datadog-parent-id":"2002","x-datadog-resource-name":"bus"}""");

        Trigger trigger = SourceEvents.Read(json);

        Assert.Equal(["x-datadog-trace-id=1001", "a=true", "x-datadog-parent-id=2002", "x-datadog-resource-name=bus"], Texts(trigger));
        Assert.Equal("bus", trigger.Spans[0].Resource);
    }

    [Fact]
    public void Without_the_sender_an_event_is_named_after_its_source_and_timed_by_itself()
    {
        JsonNode json = SourceEvents.Node("eventbridge");
        json["detail"] = new JsonObject();
        json["time"] = "2024-11-09T08:22:15Z";

        InferredSpan span = SourceEvents.Read(json).Spans[0];

        Assert.Equal(("shop.orders", "shop.orders"), (span.Service, span.Resource));
        Assert.Equal(1731140535000000000, span.StartNs);
    }

    [Theory]
    [InlineData("1731183820135", 1731183820135000000)]
    [InlineData("1731183820135.25", 1731183820135250000)]
    [InlineData("soon", 1699999999000000000)]
    [InlineData("", 1699999999000000000)]
    public void The_senders_time_wins_if_it_is_one(string startTime, long expected)
    {
        JsonNode json = SourceEvents.Node("eventbridge");
        json["detail"]!["_datadog"]!["x-datadog-start-time"] = startTime;

        Assert.Equal(expected, SourceEvents.Read(json).Spans[0].StartNs);
    }

    [Theory]
    [InlineData("plain text", "hello", 1)]
    [InlineData("other JSON", """{"a":1}""", 1)]
    [InlineData("a mention of a topic", """TopicArn detail-type""", 1)]
    [InlineData("broken JSON", """{"TopicArn":"a",""", 1)]
    [InlineData("no type", """{"TopicArn":"a:t","MessageId":"m","Timestamp":"2023-11-14T22:13:19Z"}""", 1)]
    [InlineData("members missing", """{"id":"1","source":"s","detail-type":"d"}""", 1)]
    [InlineData("notification", """{"TopicArn":"a:t","MessageId":"m","Type":"Notification","Timestamp":"2023-11-14T22:13:19Z"}""", 2)]
    [InlineData("bad time", """{"TopicArn":"a:t","MessageId":"m","Type":"Notification","Timestamp":"yesterday"}""", 2)]
    [InlineData("event", """ {"id":"1","source":"s","detail-type":"d","detail":null}""", 2)]
    [InlineData(
        "both: the notification first",
        """{"TopicArn":"a:t","MessageId":"m","Type":"N","Timestamp":"x","id":"1","source":"s","detail-type":"d","detail":null}""", 2)]
    public void Messages_in_a_queue(string row, string body, int spans)
    {
        Assert.NotEmpty(row);
        JsonNode json = SourceEvents.Node("sqs");
        json["Records"]![0]!["body"] = body;

        Assert.Equal(spans, SourceEvents.Read(json).Spans.Count);
    }

    [Theory]
    [InlineData("not base64", "%%")]
    [InlineData("no JSON", "aGVsbG8=")]
    [InlineData("no object", "WzFd")]
    [InlineData("no member", "e30=")]
    public void Kinesis_data_without_context(string row, string data)
    {
        Assert.NotEmpty(row);
        JsonNode json = SourceEvents.Node("kinesis");
        json["Records"]![0]!["kinesis"]!["data"] = data;

        Assert.Empty(SourceEvents.Read(json).Contexts);
    }

    [Fact]
    public void Invalid_UTF8_inside_base64_is_replaced()
    {
        byte[] bytes = [.. "{\"x-datadog-trace-id\":\"1001\",\"a\":\""u8, 0xff, .. "\"}"u8];
        JsonNode json = SourceEvents.Node("sqs-binary-attribute");
        json["Records"]![0]!["messageAttributes"]!["_datadog"]!["binaryValue"] = Convert.ToBase64String(bytes);

        Assert.Equal(["x-datadog-trace-id=1001", "a=\ufffd"], Texts(SourceEvents.Read(json)));
    }

    [Fact]
    public void All_records_of_a_batch_are_looked_at_within_the_limit()
    {
        JsonNode json = SourceEvents.Node("sqs");
        JsonArray records = json["Records"]!.AsArray();
        foreach (int id in Enumerable.Range(1, 200))
        {
            JsonNode record = records[0]!.DeepClone();
            record["messageAttributes"] = id % 2 == 0 ? new JsonObject() : JsonNode.Parse(
                $$$$"""{"_datadog":{"dataType":"String","stringValue":"{\"x-datadog-trace-id\":\"{{{{id}}}}\"}"}}""");
            records.Add(record);
        }

        Trigger trigger = SourceEvents.Read(json);

        Assert.Equal(
            Enumerable.Range(1, Batch.RecordLimit - 1).Where(static id => id % 2 == 1).Select(static id => $"{id}").Prepend("1001"),
            trigger.Contexts.Select(static context => context.Carrier!.Find("x-datadog-trace-id")!));
        Assert.Equal(201 - Batch.RecordLimit, trigger.SkippedRecords);
    }

    [Theory]
    [InlineData("sns")]
    [InlineData("sns-eventbridge")]
    [InlineData("sqs-sns")]
    [InlineData("sqs-eventbridge")]
    [InlineData("sqs-xray")]
    [InlineData("kinesis")]
    public void Each_kind_of_batch_has_a_context_for_each_record(string name)
    {
        JsonNode json = SourceEvents.Node(name);
        JsonArray records = json["Records"]!.AsArray();
        records.Add(records[0]!.DeepClone());
        records.Add(1);

        Trigger trigger = SourceEvents.Read(json);

        Assert.Equal(2, trigger.Contexts.Count);
        Assert.Equal(trigger.Contexts[0].Carrier?.Entries, trigger.Contexts[1].Carrier?.Entries);
        Assert.Equal(trigger.Contexts[0].Generated?.SpanId, trigger.Contexts[1].Generated?.SpanId);
        Assert.Equal(0, trigger.SkippedRecords);
    }

    [Fact]
    public void A_record_without_context_takes_no_place()
    {
        JsonNode json = SourceEvents.Node("sqs");
        JsonArray records = json["Records"]!.AsArray();
        records.Add(records[0]!.DeepClone());
        records[0]!["messageAttributes"] = new JsonObject();

        Trigger trigger = SourceEvents.Read(json);

        Assert.Single(trigger.Contexts);
        Assert.Equal("1001", trigger.Contexts.Texts().Tag("x-datadog-trace-id"));
    }

    private static IEnumerable<string> Texts(Trigger trigger) => trigger.Contexts.Texts().Select(static text => $"{text.Key}={text.Value}");

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
