using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using Mayfly.Platforms.Lambda.Triggers;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda.Triggers;

/// <summary>docs/spec/02-triggers.md#5-sources-without-inferred-span, and forms of the other sources that have no example table.</summary>
public class OtherSourceTests
{
    public static TheoryData<string, string[]> SourcesWithoutSpan => new()
    {
        {
            "cloudwatch-logs",
            ["function_trigger.event_source=cloudwatch-logs", "function_trigger.event_source_arn=arn:aws:logs:eu-west-1:111122223333:log-group:/shop/app"]
        },
        {
            "schedule",
            ["function_trigger.event_source=cloudwatch-events", "function_trigger.event_source_arn=arn:aws:events:eu-west-1:111122223333:rule/nightly"]
        },
        { "cloudfront", ["function_trigger.event_source=cloudfront", "function_trigger.event_source_arn=arn:aws:cloudfront::111122223333:distribution/E123"] },
        {
            "token-authorizer",
            [
                "http.method=GET",
                "http.url_details.path=/orders/42",
                "function_trigger.event_source=api-gateway",
                "function_trigger.event_source_arn=arn:aws:execute-api:eu-west-1:111122223333:abc123/prod/GET/orders/42",
            ]
        },
        { "appsync", [] },
    };

    [Theory]
    [MemberData(nameof(SourcesWithoutSpan))]
    public void The_specifications_table(string name, string[] tags)
    {
        Trigger trigger = SourceEvents.ReadFile(name);

        Assert.Equal(tags, trigger.Tags.Select(static tag => $"{tag.Key}={tag.Value}"));
        Assert.Empty(trigger.Spans);
        Assert.Empty(trigger.Pointers);
    }

    [Theory]
    [InlineData("""{"awslogs":{"data":"AAAA"}}""")] // No gzip.
    [InlineData("""{"awslogs":{"data":"%%"}}""")] // No base64.
    [InlineData("""{"awslogs":null}""")]
    [InlineData("""{"source":"aws.events","resources":[]}""")]
    [InlineData("""{"source":"aws.events","resources":"x"}""")]
    [InlineData("""{"Records":[{"cf":{"config":null}}]}""")]
    [InlineData("""{"type":"TOKEN","authorizationToken":"t","methodArn":null}""")]
    public void What_the_ARN_is_made_of_may_be_missing(string json)
    {
        Trigger trigger = SourceEvents.Read(json)!;

        Assert.Equal(["function_trigger.event_source"], trigger.Tags.Select(static tag => tag.Key));
    }

    [Fact]
    public void An_authorizers_path_needs_four_parts()
    {
        Trigger trigger = SourceEvents.Read(
            """{"type":"TOKEN","authorizationToken":"t","methodArn":"arn:aws:execute-api:eu-west-1:111122223333:abc123/prod/GET"}""")!;

        Assert.Null(trigger.Tags.Tag("http.method"));
        Assert.Equal("arn:aws:execute-api:eu-west-1:111122223333:abc123/prod/GET", trigger.Tags.Tag("function_trigger.event_source_arn"));
    }

    [Fact]
    public void Packed_logs_are_unpacked_only_as_far_as_the_log_group()
    {
        byte[] bomb = Gzip($$"""{"messageType":"DATA_MESSAGE","logGroup":"/shop/app","logEvents":"{{new string('x', 20_000_000)}}"}""");
        byte[] late = Gzip($$"""{"logEvents":"{{new string('x', 20_000_000)}}","logGroup":"/shop/app"}""");

        Assert.EndsWith(":log-group:/shop/app", ReadLogs(bomb).Tags.Tag("function_trigger.event_source_arn"), StringComparison.Ordinal);
        Assert.Null(ReadLogs(late).Tags.Tag("function_trigger.event_source_arn"));

        byte[] json = Encoding.UTF8.GetBytes(LogsEvent(bomb));
        long allocated = Timing.LeastAllocated(() => Assert.NotNull(TriggerReader.Read(json, SourceEvents.Settings)), enough: 99_999);
        Assert.True(allocated < 100_000, $"{allocated} bytes");
    }

    [Fact]
    public void Log_data_cut_off_behind_the_log_group_is_enough()
    {
        byte[] packed = Gzip("""{"logGroup":"/shop/app","logEvents":[]}""");

        foreach (int length in Enumerable.Range(0, packed.Length))
        {
            string? arn = ReadLogs(packed[..length]).Tags.Tag("function_trigger.event_source_arn");
            Assert.True(arn is null or "arn:aws:logs:eu-west-1:111122223333:log-group:/shop/app", arn);
        }
    }

    [Fact]
    public void Kong_is_read_as_REST_with_what_it_sends()
    {
        Trigger trigger = SourceEvents.ReadFile("kong");
        InferredSpan span = Assert.Single(trigger.Spans);

        Assert.Equal("aws.apigateway", span.Name);
        Assert.Equal("shop.example", span.Service);
        Assert.Equal("GET /orders/{order_id}", span.Resource);
        Assert.Null(span.StartNs);
        Assert.Equal(
            ["http.url_details.path=/orders/42", "http.method=GET", "http.route=/orders/{id}", "function_trigger.event_source=api-gateway"],
            trigger.Tags.Select(static tag => $"{tag.Key}={tag.Value}"));
        Assert.Equal("1001", trigger.Contexts.Texts().Tag("x-datadog-trace-id"));
    }

    [Fact]
    public void A_request_authorizer_is_read_as_REST()
    {
        Trigger trigger = SourceEvents.ReadFile("request-authorizer");

        Assert.Equal("GET /prod/orders", Assert.Single(trigger.Spans).Resource);
        Assert.Equal("arn:aws:apigateway:eu-west-1::/restapis/abc123/stages/prod", trigger.Tags.Tag("function_trigger.event_source_arn"));
    }

    [Fact]
    public void A_request_authorizer_of_format_2_is_read_as_HTTP_API()
    {
        JsonNode json = SourceEvents.Node("http-api");
        json["type"] = "REQUEST";
        json["routeArn"] = "arn:aws:execute-api:eu-west-1:111122223333:abc123/$default/GET/orders/42";

        Assert.Equal(TriggerKind.HttpApi, SourceEvents.Read(json).Kind);
    }

    [Fact]
    public void A_self_managed_cluster_has_no_ARN()
    {
        Trigger trigger = SourceEvents.ReadFile("self-managed-kafka");
        InferredSpan span = Assert.Single(trigger.Spans);

        Assert.Equal(("aws.msk", "msk", "orders"), (span.Name, span.Service, span.Resource));
        Assert.Equal("SelfManagedKafka", span.Meta.Tag("event_source"));
        Assert.Null(span.Meta.Tag("event_source_arn"));
        Assert.Null(trigger.Tags.Tag("function_trigger.event_source_arn"));
    }

    [Theory]
    [InlineData("us-gov-west-1", "arn:aws-us-gov:")]
    [InlineData("cn-north-1", "arn:aws-cn:")]
    [InlineData("eu-west-1", "arn:aws:")]
    public void Built_ARNs_have_the_regions_partition(string region, string start)
    {
        foreach (string name in (string[])["rest-api", "http-api", "websocket-api", "function-url", "cloudwatch-logs", "cloudfront"])
        {
            Trigger trigger = SourceEvents.ReadFile(name, SourceEvents.Settings with { Region = region });
            Assert.StartsWith(start, trigger.Tags.Tag("function_trigger.event_source_arn"), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("GET /orders/{id}", "/orders/{id}")]
    [InlineData("$default", "$default")]
    [InlineData("ANY \t /a", "/a")]
    [InlineData("", null)]
    public void The_route_of_an_HTTP_API_is_the_last_word_of_its_key(string routeKey, string? route)
    {
        JsonNode json = SourceEvents.Node("http-api");
        json["routeKey"] = routeKey;

        Assert.Equal(route, SourceEvents.Read(json).Tags.Tag("http.route"));
    }

    [Theory]
    [InlineData("rest-api")]
    [InlineData("http-api")]
    [InlineData("function-url")]
    public void A_request_is_asynchronous_when_its_header_says_so(string name)
    {
        JsonNode json = SourceEvents.Node(name);
        Assert.False(SourceEvents.Read(json).IsAsync);

        json["headers"]!["X-Amz-Invocation-Type"] = "Event";
        Trigger trigger = SourceEvents.Read(json);

        Assert.True(trigger.IsAsync);
        Assert.Equal("async", SourceEvents.Complete(trigger)[0].Meta.Tag("_inferred_span.synchronicity"));
        Assert.Equal(1_000_000_000, SourceEvents.Complete(trigger)[0].DurationNs);
    }

    private static Trigger ReadLogs(byte[] packed) => SourceEvents.Read(LogsEvent(packed))!;

    private static string LogsEvent(byte[] packed) => $$$"""{"awslogs":{"data":"{{{Convert.ToBase64String(packed)}}}"}}""";

    private static byte[] Gzip(string json)
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
        {
            gzip.Write(Encoding.UTF8.GetBytes(json));
        }

        return packed.ToArray();
    }
}
