using System.Text.Json.Nodes;
using Mayfly.Platforms.Lambda;
using Mayfly.Platforms.Lambda.Propagation;
using Mayfly.Platforms.Lambda.Triggers;
using Mayfly.Tests.Platforms.Lambda.Propagation;
using Mayfly.Tests.Platforms.Lambda.Triggers;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda;

/// <summary>Which of the contexts around an event is the parent, and which are links: docs/spec/02-triggers.md#61-precedence, #62-carrier-locations.</summary>
public class UpstreamFinderTests
{
    private const string StartCall = "x-datadog-trace-id: 111\nx-datadog-parent-id: 222";
    private const string XRay = "Root=1-65530000-0000000000000000000003e9;Parent=00000000000007d2;Sampled=1";
    private const string ForeignXRay = "Root=1-64cc2edd-112fbf1701d1355973a11d57;Parent=7d5a9776024b2d42;Sampled=0";

    /// <summary>§6.1, the column of Rust: each source is stronger than all behind it. The event has all of them; the row takes some away.</summary>
    public static TheoryData<string, string, string, string, string> Precedence => new()
    {
        { "1: the trigger's carrier", """{"x-datadog-trace-id":"9","x-datadog-parent-id":"10"}""", XRay, "555", "9/10" },
        { "1 before 2: a message's attributes before its AWSTraceHeader", """{"x-datadog-trace-id":"9"}""", XRay, "555", "9/0" },
        { "2: AWSTraceHeader, as the carrier's trace id is invalid", """{"x-datadog-trace-id":"0"}""", XRay, "555", "1001/2002 p=1" },
        { "3: request.headers, as the header is X-Ray's own", """{"x-datadog-trace-id":"0"}""", ForeignXRay, "555", "555/666" },
        { "4: headers", """{"x-datadog-trace-id":"0"}""", ForeignXRay, "0", "333/444" },
    };

    [Theory]
    [MemberData(nameof(Precedence))]
    public void The_strongest_source_wins(string row, string attribute, string header, string requestId, string expected)
    {
        JsonNode json = SourceEvents.Node("sqs");
        json["Records"]![0]!["messageAttributes"]!["_datadog"]!["stringValue"] = attribute;
        json["Records"]![0]!["attributes"]!["AWSTraceHeader"] = header;
        json["request"] = JsonNode.Parse($$$"""{"headers":{"x-datadog-trace-id":"{{{requestId}}}","x-datadog-parent-id":"666"}}""");
        json["headers"] = JsonNode.Parse("""{"x-datadog-trace-id":"333","x-datadog-parent-id":"444"}""");

        Upstream upstream = Find(json);

        Assert.Equal((row, expected), (row, Contexts.Describe(upstream.Parent)));
        Assert.Empty(upstream.Links);
    }

    [Theory]
    [InlineData("5: headers of the call", "{}", StartCall, "111/222")]
    [InlineData("5: behind an event with another trigger", """{"Records":[{"s3":{}}]}""", StartCall, "111/222")]
    [InlineData("nothing at all", "{}", "", Contexts.None)]
    [InlineData("a state's own ids", """{"Execution":{"Id":"a"},"State":{"Name":"b","EnteredTime":"c"}}""", StartCall, "generated")]
    public void Headers_of_the_call_are_the_weakest(string row, string json, string headers, string expected)
    {
        SpanContext? parent = Find(JsonNode.Parse(json)!, headers: headers).Parent;

        Assert.Equal((row, expected), (row, parent?.Origin == "states" ? "generated" : Contexts.Describe(parent)));
    }

    /// <summary>§6.1, column JS, row 5, and §12 #21.</summary>
    [Theory]
    [InlineData("custom._datadog", """{"custom":{"_datadog":{"x-datadog-trace-id":"7","x-datadog-parent-id":"8"}}}""", "", "7/8")]
    [InlineData("custom", """{"client":{},"custom":{"x-datadog-trace-id":"7","x-datadog-parent-id":"8"}}""", "", "7/8")]
    [InlineData("custom._datadog before custom", """{"custom":{"x-datadog-trace-id":"1","_datadog":{"x-datadog-trace-id":"7"}}}""", "", "7/0")]
    [InlineData("the call's own headers are stronger", """{"custom":{"x-datadog-trace-id":"7"}}""", StartCall, "111/222")]
    [InlineData("no such member", """{"env":{}}""", "", Contexts.None)]
    [InlineData("custom is a text", """{"custom":"x-datadog-trace-id"}""", "", Contexts.None)]
    [InlineData("no object", "[1]", "", Contexts.None)]
    [InlineData("not JSON", "eyJjdXN0b20iOnt9fQ==", "", Contexts.None)]
    public void D21_The_client_context_is_the_weakest(string row, string header, string headers, string expected)
    {
        SpanContext? parent = Find(JsonNode.Parse("{}")!, headers: $"Lambda-Runtime-Client-Context: {header}\n{headers}").Parent;

        Assert.Equal((row, expected), (row, Contexts.Describe(parent)));
    }

    [Fact]
    public void None_means_no_context_from_any_source()
    {
        foreach (string name in SourceEvents.Names)
        {
            Upstream upstream = Find(SourceEvents.Node(name), "none", StartCall);
            Assert.Null(upstream.Parent);
            Assert.Empty(upstream.Links);
        }
    }

    /// <summary>Rows: styles, the value of `_datadog` for each record (empty: none), parent, links.</summary>
    public static TheoryData<string, string, string[], string, string> Batches => new()
    {
        { "one record", "", [Datadog(1, 2)], "1/2 p=1", "" },
        { "the others are links", "", [Datadog(1, 2), Datadog(3, 4), Datadog(5, 6)], "1/2 p=1", "0:3/4 flags=1,0:5/6 flags=1" },
        { "§12 #13: the first usable one is the parent", "", ["", Datadog(1, 2), Datadog(3, 4)], "1/2 p=1", "0:3/4 flags=1" },
        { "an invalid one is not usable", "", [Datadog(0, 2), Datadog(3, 4), Datadog(5, 6)], "3/4 p=1", "0:5/6 flags=1" },
        { "no link to the parent itself", "", [Datadog(1, 2), Datadog(1, 2)], "1/2 p=1", "" },
        { "each span once", "", [Datadog(1, 2), Datadog(3, 4), Datadog(3, 4), Datadog(3, 4)], "1/2 p=1", "0:3/4 flags=1" },
        { "another span of the parent's trace", "", [Datadog(1, 2), Datadog(1, 3)], "1/2 p=1", "0:1/3 flags=1" },
        { "a record that names no span", "", [Datadog(1, 2), """{"x-datadog-trace-id":"3"}"""], "1/2 p=1", "" },
        { "no priority: flags unknown", "", [Datadog(1, 2), """{"x-datadog-trace-id":"3","x-datadog-parent-id":"4"}"""], "1/2 p=1", "0:3/4 flags=?" },
        {
            "dropped", "", [Datadog(1, 2), """{"x-datadog-trace-id":"3","x-datadog-parent-id":"4","x-datadog-sampling-priority":"-1"}"""],
            "1/2 p=1", "0:3/4 flags=0"
        },
        {
            "128 bits, flags and state of W3C", "",
            [Datadog(1, 2), """{"traceparent":"00-65530000deadbeef00000000000003e9-00000000000007d2-01","tracestate":"dd=s:2,congo=t61"}"""],
            "1/2 p=1", "7301179424633634543:1001/2002 flags=1 state=dd=s:2,congo=t61"
        },
        {
            "same low half, other high half", "", [Datadog(1001, 2002), """{"traceparent":"00-65530000deadbeef00000000000003e9-00000000000007d2-01"}"""],
            "1001/2002 p=1", "7301179424633634543:1001/2002 flags=1"
        },
        { "only in the configured styles", "b3", [Datadog(1, 2), """{"b3":"3-4-1"}""", """{"b3":"5-6"}"""], "3/4 p=1", "0:5/6 flags=?" },
        {
            "a state machine sent one", "", [Datadog(1, 2), """{"Execution":{"Id":"a"},"State":{"Name":"b","EnteredTime":"c"}}"""],
            "1/2 p=1", "5374906597990186442:8845687265564023885/1607801574494434156 flags=1"
        },
    };

    [Theory]
    [MemberData(nameof(Batches))]
    public void Records_of_a_batch_give_a_parent_and_links(string row, string styles, string[] records, string parent, string links)
    {
        JsonNode json = SourceEvents.Node("sqs");
        JsonArray array = json["Records"]!.AsArray();
        JsonNode template = array[0]!.DeepClone();
        array.Clear();
        foreach (string record in records)
        {
            JsonNode copy = template.DeepClone();
            if (record.Length > 0)
            {
                copy["messageAttributes"]!["_datadog"]!["stringValue"] = record;
            }
            else
            {
                copy["messageAttributes"] = new JsonObject();
            }

            array.Add(copy);
        }

        Upstream upstream = Find(json, styles);

        Assert.Equal((row, parent), (row, Contexts.Describe(upstream.Parent)));
        Assert.Equal(links, string.Join(',', upstream.Links.Select(Describe)));
        Assert.All(upstream.Links, static link => Assert.Empty(link.Attributes));
    }

    /// <summary>One row for each place that a record's context may be in: §6.2.</summary>
    [Theory]
    [InlineData("sqs")]
    [InlineData("sqs-binary-attribute")]
    [InlineData("sqs-sns")]
    [InlineData("sqs-eventbridge")]
    [InlineData("sqs-sns-eventbridge")]
    [InlineData("sqs-xray")]
    [InlineData("sns")]
    [InlineData("sns-eventbridge")]
    [InlineData("kinesis")]
    [InlineData("kafka")]
    [InlineData("kafka-java")]
    public void Each_kind_of_batch_has_links(string name)
    {
        JsonNode other = Changed(name);
        JsonNode json = SourceEvents.Node(name);
        if (json["Records"] is JsonArray records)
        {
            records.Add(other["Records"]![0]!.DeepClone());
        }
        else
        {
            json["records"]!["orders-1"] = other["records"]!["orders-0"]!.DeepClone();
        }

        Upstream upstream = Find(json);

        Assert.Equal((1001ul, 2002ul), (upstream.Parent!.TraceId, upstream.Parent.SpanId));
        Assert.Equal((1003ul, 2002ul), (Assert.Single(upstream.Links).TraceId, upstream.Links[0].SpanId));
    }

    [Fact]
    public void An_AWSTraceHeader_stands_in_for_its_own_record_only()
    {
        JsonNode json = SourceEvents.Node("sqs-xray");
        JsonNode second = SourceEvents.Node("sqs")["Records"]![0]!.DeepClone();
        second["messageAttributes"]!["_datadog"]!["stringValue"] = Datadog(3, 4);
        second["attributes"]!["AWSTraceHeader"] = XRay.Replace("3e9", "3ea", StringComparison.Ordinal);
        json["Records"]!.AsArray().Add(second);

        Upstream upstream = Find(json);

        Assert.Equal("1001/2002 p=1", Contexts.Describe(upstream.Parent));
        Assert.Equal("0:3/4 flags=1", Describe(Assert.Single(upstream.Links)));
    }

    [Fact]
    public void Fallbacks_are_no_links()
    {
        JsonNode json = SourceEvents.Node("sqs");
        json["headers"] = JsonNode.Parse("""{"x-datadog-trace-id":"333","x-datadog-parent-id":"444"}""");

        Assert.Empty(Find(json, headers: StartCall).Links);
    }

    [Fact]
    public void There_is_an_end_to_the_links()
    {
        JsonNode json = SourceEvents.Node("sqs");
        JsonArray records = json["Records"]!.AsArray();
        for (int i = 1; i < 1000; i++)
        {
            JsonNode record = records[0]!.DeepClone();
            record["messageAttributes"]!["_datadog"]!["stringValue"] = Datadog((ulong)i, 7);
            records.Add(record);
        }

        Assert.Equal(Batch.RecordLimit - 1, Find(json).Links.Count);
        Assert.Equal(1000 - Batch.RecordLimit, SourceEvents.Read(json).SkippedRecords);
    }

    [Theory]
    [InlineData("sqs", "messageAttributes", "{}")]
    [InlineData("sqs-xray", "attributes", $$"""{"AWSTraceHeader":"{{ForeignXRay}}"}""")]
    [InlineData("sns", "Sns", """{"TopicArn":"a:b:t","Message":"hi"}""")]
    [InlineData("kinesis", "kinesis", """{"data":"eyJuIjoxfQ==","partitionKey":"a"}""")]
    public void Records_without_a_context_cost_no_memory(string name, string member, string value)
    {
        byte[] few = Batch2(name, member, value, 2);
        byte[] many = Batch2(name, member, value, 100);

        Assert.Empty(TriggerReader.Read(many, SourceEvents.Settings)!.Contexts);
        Assert.Equal(Allocated(few), Allocated(many));
    }

    private static byte[] Batch2(string name, string member, string value, int count)
    {
        JsonNode json = SourceEvents.Node(name);
        JsonArray records = json["Records"]!.AsArray();
        records[0]![member] = JsonNode.Parse(value);
        while (records.Count < count)
        {
            records.Add(records[0]!.DeepClone());
        }

        return System.Text.Encoding.UTF8.GetBytes(json.ToJsonString());
    }

    private static long Allocated(byte[] json) => Timing.LeastAllocated(() => TriggerReader.Read(json, SourceEvents.Settings));

    /// <summary>The sample with trace id 1003 instead of 1001, wherever it stands.</summary>
    private static JsonNode Changed(string name)
    {
        string text = SourceEvents.Node(name).ToJsonString()
            .Replace("1001", "1003", StringComparison.Ordinal)
            .Replace("0000000000000000000003e9", "0000000000000000000003eb", StringComparison.Ordinal)
            .Replace("[49,48,48,49]", "[49,48,48,51]", StringComparison.Ordinal)
            .Replace("\"3\":\"49\"", "\"3\":\"51\"", StringComparison.Ordinal);
        JsonNode json = JsonNode.Parse(text)!;
        foreach ((string[] path, string key) in new[] { (new[] { "messageAttributes", "_datadog" }, "binaryValue"), (["kinesis"], "data") })
        {
            JsonNode? parent = path.Aggregate(json["Records"]?[0], static (node, part) => node?[part]);
            if (parent?[key] is { } encoded)
            {
                string decoded = System.Text.Encoding.UTF8.GetString(Convert.FromBase64String((string)encoded!));
                parent[key] = Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(decoded.Replace("1001", "1003", StringComparison.Ordinal)));
            }
        }

        return json;
    }

    private static Upstream Find(JsonNode json, string styles = "", string headers = "")
    {
        Trigger? trigger = SourceEvents.Read(json.ToJsonString());
        return new UpstreamFinder(Contexts.Propagator(styles)).Find(trigger, Contexts.Carrier(headers));
    }

    private static string Datadog(ulong traceId, ulong spanId) =>
        $$"""{"x-datadog-trace-id":"{{traceId}}","x-datadog-parent-id":"{{spanId}}","x-datadog-sampling-priority":"1"}""";

    private static string Describe(ContextLink link)
    {
        string flags = link.IsSampled switch
        {
            true => "1",
            false => "0",
            null => "?",
        };
        return $"{link.TraceIdHigh}:{link.TraceId}/{link.SpanId} flags={flags}{(link.TraceState is null ? "" : " state=" + link.TraceState)}";
    }
}
