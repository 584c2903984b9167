using System.Text.Json.Nodes;
using Mayfly.Platforms.Lambda.Propagation;
using Mayfly.Platforms.Lambda.Triggers;
using Mayfly.Tests.Platforms.Lambda.Propagation;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda.Triggers;

/// <summary>
/// What the reference does wrong and Mayfly does not, numbered as in
/// docs/spec/02-triggers.md#12-known-defects-and-missing-features-of-the-references-mayfly-should-do-better.
/// Number 9 is in <see cref="SpanLinkTests"/>, 11 row by row in <c>Propagation</c>, 19 in <see cref="SecurityTagsTests"/>; 14 and 16 are in <see cref="SpanPointerTests"/> and <see cref="ResponseStatusCodeTests"/> in full.
/// </summary>
public class KnownDefectTests
{
    [Fact]
    public void D01_D02_Nothing_of_one_event_is_left_for_the_next()
    {
        Trigger first = SourceEvents.ReadFile("s3");
        Trigger? unknown = SourceEvents.Read("{}");
        Trigger second = SourceEvents.ReadFile("s3");

        Assert.Null(unknown);
        Assert.Equal(first.Pointers, second.Pointers);
        Assert.Equal(first.Tags, second.Tags);
    }

    [Fact]
    public async Task D01_Concurrent_events_do_not_mix()
    {
        string[] names = [.. SourceEvents.Names];
        Dictionary<string, (byte[] Bytes, string Expected)> events = names.ToDictionary(static name => name, static name =>
            (SourceEvents.Bytes(name), string.Join(',', SourceEvents.ReadFile(name).Tags)));

        await Parallel.ForAsync(0, 2000, (i, _) =>
        {
            (byte[] bytes, string expected) = events[names[i % names.Length]];
            Assert.Equal(expected, string.Join(',', TriggerReader.Read(bytes, SourceEvents.Settings)!.Tags));
            return ValueTask.CompletedTask;
        });
    }

    [Fact]
    public void D03_A_wrapped_span_has_a_duration() => Assert.Equal(250_000_000, SourceEvents.Complete(SourceEvents.ReadFile("sqs-sns"))[1].DurationNs);

    [Fact]
    public void D04_A_removed_S3_object_has_neither_size_nor_tag()
    {
        JsonNode json = SourceEvents.Node("s3");
        json["Records"]![0]!["eventName"] = "ObjectRemoved:DeleteMarkerCreated";
        json["Records"]![0]!["s3"]!["object"] = JsonNode.Parse("""{"key":"in/1.csv"}""");

        Trigger trigger = SourceEvents.Read(json);

        Assert.Equal(TriggerKind.S3, trigger.Kind);
        Assert.Equal("in/1.csv", trigger.Spans[0].Meta.Tag("object_key"));
        Assert.Null(trigger.Spans[0].Meta.Tag("object_size"));
        Assert.Null(trigger.Spans[0].Meta.Tag("object_etag"));
        Assert.Empty(trigger.Pointers);
    }

    [Fact]
    public void D04_A_notification_without_attributes_is_one()
    {
        JsonNode json = SourceEvents.Node("sqs-sns");
        JsonNode body = JsonNode.Parse((string)json["Records"]![0]!["body"]!)!;
        body.AsObject().Remove("MessageAttributes");
        json["Records"]![0]!["body"] = body.ToJsonString();

        Assert.Equal(["aws.sqs", "aws.sns"], SourceEvents.Read(json).Spans.Select(static span => span.Name));
    }

    [Fact]
    public void D05_A_plain_XRay_header_is_no_context()
    {
        JsonNode json = SourceEvents.Node("sqs-xray");
        json["Records"]![0]!["attributes"]!["AWSTraceHeader"] = "Root=1-64cc2edd-112fbf1701d1355973a11d57;Parent=7d5a9776024b2d42;Sampled=0";

        Assert.Empty(SourceEvents.Read(json).Contexts);
    }

    [Fact]
    public void D06_Managed_services_can_be_switched_off() =>
        Assert.Empty(SourceEvents.ReadFile("sqs", SourceEvents.Settings with { InfersSpans = false }).Spans);

    [Theory]
    [InlineData("cloudwatch-logs")]
    [InlineData("schedule")]
    [InlineData("cloudfront")]
    [InlineData("request-authorizer")]
    [InlineData("token-authorizer")]
    [InlineData("kong")]
    public void D07_Sources_that_Go_knew_are_recognised(string name) => Assert.NotNull(SourceEvents.ReadFile(name).Tags.Tag("function_trigger.event_source"));

    [Fact]
    public void D07_A_load_balancer_has_a_path() => Assert.Equal("/pay", SourceEvents.ReadFile("load-balancer").Tags.Tag("http.url_details.path"));

    [Fact]
    public void D08_One_value_that_is_no_text_does_not_empty_the_carrier()
    {
        JsonNode json = SourceEvents.Node("eventbridge");
        json["detail"]!["_datadog"]!["odd"] = new JsonObject();

        Assert.Equal(5, SourceEvents.Read(json).Contexts.Texts().Count());
    }

    [Fact]
    public void D10_High_bits_have_16_digits()
    {
        JsonNode json = SourceEvents.Node("step-functions");
        foreach (int i in Enumerable.Range(0, 200))
        {
            json["Execution"]!["Id"] = $"arn:aws:states:eu-west-1:111122223333:execution:Flow:{i}";
            Assert.Equal(16, SourceEvents.Read(json).Contexts[0].Generated!.Tags.Single().Value.Length);
        }
    }

    /// <summary>Flags 03, a blank and an equals sign in the tracestate, and a decision without a context in the style that comes first.</summary>
    [Theory]
    [InlineData("", "traceparent: 00-000000000000000000000000000003e9-00000000000007d2-03", "1001/2002 p=1 traceparent=00-000000000000000000000000000003e9-00000000000007d2-03")]
    [InlineData("b3,datadog", "b3: 1\nx-datadog-trace-id: 1001\nx-datadog-parent-id: 2002", "1001/2002")]
    [InlineData(
        "DD_TRACE_PROPAGATION_EXTRACT_FIRST=true",
        "x-datadog-trace-id: 0\ntraceparent: 00-000000000000000000000000000003e9-00000000000007d2-01\ntracestate: foo=YQ==, dd=s:2",
        "1001/2002 p=2 traceparent=00-000000000000000000000000000003e9-00000000000007d2-01 tracestate=foo=YQ==, dd=s:2")]
    public void D11_What_W3C_and_B3_allow_costs_no_context(string environment, string headers, string expected) =>
        Assert.Equal(expected, Contexts.Describe(Contexts.Propagator(environment).Extract(Contexts.Carrier(headers))));

    [Fact]
    public void D12_The_root_path_is_a_slash()
    {
        JsonNode json = SourceEvents.Node("http-api");
        json["requestContext"]!["http"]!["path"] = "/";

        Assert.Equal("GET /", SourceEvents.Read(json).Spans[0].Resource);
    }

    [Fact]
    public void D13_All_records_count_for_links_and_pointers()
    {
        JsonNode queue = SourceEvents.Node("sqs");
        queue["Records"]!.AsArray().Add(queue["Records"]![0]!.DeepClone());
        JsonNode bucket = SourceEvents.Node("s3");
        bucket["Records"]!.AsArray().Add(bucket["Records"]![0]!.DeepClone());
        bucket["Records"]![1]!["s3"]!["object"]!["key"] = "in/2.csv";

        Assert.Equal(2, SourceEvents.Read(queue).Contexts.Count);
        Assert.Equal(2, SourceEvents.Read(bucket).Pointers.Distinct().Count());
    }

    [Fact]
    public void D14_Links_that_a_tracer_wrote_with_text_ids_are_kept() =>
        Assert.StartsWith(
            """[{"trace_id":"0a"},{""",
            SpanPointerLinks.Append("""[{"trace_id":"0a"}]""", [new SpanPointer("a", "b")]),
            StringComparison.Ordinal);

    [Fact]
    public void D15_D16_The_status_of_a_whole_response_is_found_in_any_form() =>
        Assert.Equal("500", ResponseStatusCode.Read("""{"statusCode":"500","body":"{}","headers":{}}"""u8));

    [Fact]
    public void D17_A_Function_URLs_ARN_has_the_functions_account_and_partition()
    {
        JsonNode json = SourceEvents.Node("function-url");
        json["requestContext"]!["accountId"] = "anonymous";

        Assert.Equal("arn:aws-cn:lambda:cn-north-1:111122223333:url:orders-fn", ArnOf(SourceEvents.Settings with { Region = "cn-north-1" }));
        Assert.Null(ArnOf(SourceEvents.Settings with { AccountId = null }));

        string? ArnOf(TriggerSettings settings) => SourceEvents.Read(json, settings).Tags.Tag("function_trigger.event_source_arn");
    }

    [Fact]
    public void D18_A_consumers_stream_is_the_stream()
    {
        JsonNode json = SourceEvents.Node("kinesis");
        json["Records"]![0]!["eventSourceARN"] = "arn:aws:kinesis:eu-west-1:111122223333:stream/orders-st/consumer/fast:1700000000";

        Assert.Equal("orders-st", SourceEvents.Read(json).Spans[0].Resource);
    }

    [Fact]
    public void D18_A_queue_in_another_region_keeps_its_ARN() => Assert.Equal(
        "arn:aws:sqs:eu-west-1:111122223333:orders-q",
        SourceEvents.ReadFile("sqs", SourceEvents.Settings with { Region = "us-east-2" }).Tags.Tag("function_trigger.event_source_arn"));

    [Theory]
    [InlineData("sqs")]
    [InlineData("sns")]
    [InlineData("eventbridge")]
    public void D20_Step_Functions_behind_a_message_are_the_parent(string name)
    {
        JsonNode context = SourceEvents.Node("step-functions-datadog")["_datadog"]!;
        JsonNode json = SourceEvents.Node(name);
        switch (name)
        {
            case "sqs":
                json["Records"]![0]!["messageAttributes"]!["_datadog"]!["stringValue"] = context.ToJsonString();
                break;
            case "sns":
                json["Records"]![0]!["Sns"]!["MessageAttributes"]!["_datadog"]!["Value"] = context.ToJsonString();
                break;
            default:
                json["detail"]!["_datadog"] = context.DeepClone();
                break;
        }

        SpanContext generated = Assert.Single(SourceEvents.Read(json).Contexts).Generated!;

        Assert.Equal((8181955087378018412ul, 3473893433959439612ul, "states"), (generated.TraceId, generated.SpanId, generated.Origin));
    }

    [Fact]
    public void D20_A_legacy_Lambda_root_is_in_the_executions_input()
    {
        JsonNode json = SourceEvents.Node("step-functions");
        json["Execution"]!["Input"] = JsonNode.Parse("""{"_datadog":{"x-datadog-trace-id":"1001","x-datadog-tags":"_dd.p.tid=65530000deadbeef"}}""");

        SpanContext generated = Assert.Single(SourceEvents.Read(json).Contexts).Generated!;

        Assert.Equal((1001ul, 3473893433959439612ul), (generated.TraceId, generated.SpanId));
        Assert.Equal([new("_dd.p.tid", "65530000deadbeef")], generated.Tags);
    }

    [Fact]
    public void D20_Three_services_in_a_row_are_three_spans()
    {
        FinishedSpan[] spans = SourceEvents.Complete(SourceEvents.ReadFile("sqs-sns-eventbridge"));

        Assert.Equal(
            [("aws.sqs", 11ul, 12ul, "sns"), ("aws.sns", 12ul, 13ul, "eventbridge"), ("aws.eventbridge", 13ul, 2002ul, null)],
            spans.Select(static span => (span.Name, span.SpanId, span.ParentId, span.Meta.Tag("function_trigger.event_source"))));
        Assert.Equal(["orders", "orders-q", "orders-topic"], spans.Select(static span => span.Meta.Tag("peer.service")));
        Assert.Equal([1_000_000_000L, 250_000_000L, 250_000_000L], spans.Select(static span => span.DurationNs));
        Assert.Equal("1001", SourceEvents.ReadFile("sqs-sns-eventbridge").Contexts.Texts().Tag("x-datadog-trace-id"));
    }

    [Fact]
    public void D21_Fallback_headers_have_any_case() =>
        Assert.Equal("5", SourceEvents.Read("""{"headers":{"X-Datadog-Trace-Id":"5"}}""")!.Fallbacks[0].Carrier!.Find("x-datadog-trace-id"));

    [Fact]
    public void D22_An_object_key_is_hashed_as_the_event_has_it()
    {
        JsonNode json = SourceEvents.Node("s3");
        json["Records"]![0]!["s3"]!["object"]!["key"] = "in/a+b%20c.csv";

        Assert.Equal(SpanPointer.ToS3Object("orders-bkt", "in/a+b%20c.csv", "ab12"), SourceEvents.Read(json).Pointers.Single());
    }

    [Fact]
    public void D23_Detection_has_no_memory_and_case_matters()
    {
        Trigger rest = SourceEvents.ReadFile("rest-api");
        Trigger url = SourceEvents.ReadFile("function-url");

        Assert.Equal((TriggerKind.RestApi, TriggerKind.FunctionUrl), (rest.Kind, url.Kind));
        Assert.Null(SourceEvents.Read("""{"RECORDS":[{"eventsource":"aws:sqs"}]}"""));
    }

    [Fact]
    public void D24_The_shard_is_the_shard() => Assert.Equal("shardId-000000000007", SourceEvents.ReadFile("kinesis").Spans[0].Meta.Tag("shard_id"));

    [Fact]
    public void D25_A_cluster_of_the_users_own_is_recognised() => Assert.Equal(TriggerKind.Kafka, SourceEvents.ReadFile("self-managed-kafka").Kind);
}
