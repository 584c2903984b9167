using System.Text.Json.Nodes;
using Mayfly.Platforms.Lambda.Triggers;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda.Triggers;

/// <summary>docs/spec/02-triggers.md#9-missing-fields-malformed-input</summary>
public class MissingFieldTests
{
    /// <summary>Members without which an event is of another kind or of none.</summary>
    private static readonly HashSet<string> Markers =
    [
        "version", "rawQueryString", "requestContext", "requestContext/domainName", "requestContext/stage", "resource", "httpMethod",
        "requestContext/messageDirection",
        "requestContext/elb", "requestContext/elb/targetGroupArn", "records", "records/orders-0", "records/orders-0/0", "records/orders-0/0/topic",
        "Records", "Records/0", "Records/0/eventSource", "Records/0/Sns", "Records/0/dynamodb", "Records/0/s3", "Records/0/kinesis", "Records/0/cf",
        "detail-type", "source", "Payload", "_datadog", "Execution", "Execution/Id", "State", "State/Name", "State/EnteredTime", "awslogs",
        "type", "authorizationToken", "methodArn", "request", "request/headers",
        "Payload/Execution", "Payload/Execution/Id", "Payload/State", "Payload/State/Name", "Payload/State/EnteredTime",
        "_datadog/Execution", "_datadog/Execution/Id", "_datadog/State", "_datadog/State/Name", "_datadog/State/EnteredTime",
    ];

    public static TheoryData<string> Names => [.. SourceEvents.Names.Where(static name => name != "appsync")];

    /// <summary>Each member of each sample is removed, made null, and given each other JSON type.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void A_field_that_is_missing_or_oddly_typed_costs_that_field_never_the_event(string name)
    {
        TriggerKind kind = SourceEvents.ReadFile(name).Kind;
        JsonNode?[] values = [null, 1.5, -7, true, "", "odd", new JsonArray(), new JsonObject(), new JsonArray(1, "a"), new JsonObject { ["a"] = null }];
        foreach (string path in PathsOf(SourceEvents.Node(name), "").Where(static path => !Markers.Contains(path)))
        {
            foreach (JsonNode? value in values)
            {
                Check(name, kind, path, (parent, key) => Set(parent, key, value));
            }

            Check(name, kind, path, static (parent, key) => (parent as JsonObject)?.Remove(key));
        }
    }

    [Fact]
    public void A_missing_text_is_no_tag_rather_than_an_empty_one()
    {
        foreach (string name in Names.Select(static row => row.Data))
        {
            foreach (string path in PathsOf(SourceEvents.Node(name), "").Where(static path => !Markers.Contains(path)))
            {
                JsonNode json = SourceEvents.Node(name);
                (JsonNode parent, string key) = Find(json, path);
                Set(parent, key, null);
                Trigger trigger = SourceEvents.Read(json);

                Assert.DoesNotContain(trigger.Tags, static tag => tag.Value.Length == 0);
                Assert.All(trigger.Spans, static span => Assert.DoesNotContain(span.Meta, static tag => tag.Value.Length == 0));
            }
        }
    }

    [Fact]
    public void A_console_test_of_API_Gateway_is_REST_with_an_empty_carrier()
    {
        Trigger trigger = SourceEvents.ReadFile("rest-api-console-test");

        Assert.Equal(TriggerKind.RestApi, trigger.Kind);
        Assert.Empty(trigger.Contexts);
        Assert.Equal("GET /orders", trigger.Spans[0].Resource);
    }

    [Fact]
    public void A_missing_user_agent_is_no_tag()
    {
        Trigger trigger = SourceEvents.ReadFile("rest-api-console-test");

        Assert.Null(trigger.Tags.Tag("http.user_agent"));
        Assert.Null(trigger.Spans[0].Meta.Tag("http.user_agent"));
        Assert.Equal("test-invoke-source-ip", trigger.Spans[0].Meta.Tag("http.source_ip"));
    }

    [Fact]
    public void A_header_that_is_no_text_is_skipped()
    {
        JsonNode json = SourceEvents.Node("http-api");
        json["headers"]!["x-number"] = 1;
        json["headers"]!["x-null"] = null;

        Assert.Equal(["user-agent", "x-datadog-trace-id", "x-datadog-parent-id"], SourceEvents.Read(json).Contexts.Texts().Select(static text => text.Key));
    }

    [Fact]
    public void An_empty_API_id_has_no_resource_key_and_a_double_slash_in_its_ARN()
    {
        JsonNode json = SourceEvents.Node("rest-api");
        json["requestContext"]!["apiId"] = "";

        Trigger trigger = SourceEvents.Read(json);

        Assert.Null(trigger.Spans[0].Meta.Tag("dd_resource_key"));
        Assert.Equal("arn:aws:apigateway:eu-west-1::/restapis//stages/prod", trigger.Tags.Tag("function_trigger.event_source_arn"));
    }

    [Theory]
    [InlineData("sqs", "orders", "orders", "orders")]
    [InlineData("sqs", "", "aws.sqs", null)]
    [InlineData("kinesis", "a/b", "b", "a/b")]
    [InlineData("kinesis", "", "aws.kinesis", null)]
    [InlineData("kinesis", "arn:aws:kinesis:eu-west-1:1:stream/", "aws.kinesis", "arn:aws:kinesis:eu-west-1:1:stream/")]
    [InlineData("dynamodb", "arn:aws:dynamodb:table", "MODIFY", "arn:aws:dynamodb:table")]
    public void A_malformed_ARN_yields_what_there_is(string name, string arn, string resource, string? tag)
    {
        JsonNode json = SourceEvents.Node(name);
        json["Records"]![0]!["eventSourceARN"] = arn;

        Trigger trigger = SourceEvents.Read(json);

        Assert.Equal(resource, trigger.Spans[0].Resource);
        Assert.Equal(tag, trigger.Tags.Tag("function_trigger.event_source_arn"));
    }

    [Fact]
    public void A_text_too_long_for_a_tag_counts_as_missing()
    {
        JsonNode json = SourceEvents.Node("sqs");
        json["Records"]![0]!["receiptHandle"] = new string('x', 25_000);
        Assert.Equal(25_000, SourceEvents.Read(json).Spans[0].Meta.Tag("receipt_handle")!.Length);

        json["Records"]![0]!["receiptHandle"] = new string('x', 25_001);
        Assert.Null(SourceEvents.Read(json).Spans[0].Meta.Tag("receipt_handle"));
    }

    [Fact]
    public void Fallbacks_are_in_the_specifications_order()
    {
        Trigger trigger = SourceEvents.Read("""{"headers":{"x-datadog-trace-id":"333"},"request":{"headers":{"x-datadog-trace-id":"555"}}}""")!;

        Assert.Empty(trigger.Contexts);
        Assert.Equal(["555", "333"], trigger.Fallbacks.Select(static context => context.Carrier!.Find("x-datadog-trace-id")!));
    }

    private static void Check(string name, TriggerKind kind, string path, Action<JsonNode, string> change)
    {
        JsonNode json = SourceEvents.Node(name);
        (JsonNode parent, string key) = Find(json, path);
        change(parent, key);

        Trigger? trigger = SourceEvents.Read(json.ToJsonString());

        Assert.True(trigger?.Kind == kind, $"{path}: {trigger?.Kind}");
        SourceEvents.Complete(trigger!);
    }

    private static IEnumerable<string> PathsOf(JsonNode? node, string prefix)
    {
        IEnumerable<(string Key, JsonNode? Value)> children = node switch
        {
            JsonObject members => members.Select(static member => (member.Key, member.Value)),
            JsonArray elements => elements.Select(static (element, i) => (i.ToString(System.Globalization.CultureInfo.InvariantCulture), element)),
            _ => [],
        };
        foreach ((string key, JsonNode? value) in children)
        {
            yield return prefix + key;
            foreach (string path in PathsOf(value, prefix + key + "/"))
            {
                yield return path;
            }
        }
    }

    private static (JsonNode Parent, string Key) Find(JsonNode root, string path)
    {
        string[] keys = path.Split('/');
        JsonNode node = root;
        foreach (string key in keys[..^1])
        {
            node = node is JsonArray array ? array[int.Parse(key, System.Globalization.CultureInfo.InvariantCulture)]! : node[key]!;
        }

        return (node, keys[^1]);
    }

    private static void Set(JsonNode parent, string key, JsonNode? value)
    {
        if (parent is JsonArray array)
        {
            array[int.Parse(key, System.Globalization.CultureInfo.InvariantCulture)] = value?.DeepClone();
        }
        else
        {
            parent[key] = value?.DeepClone();
        }
    }
}
