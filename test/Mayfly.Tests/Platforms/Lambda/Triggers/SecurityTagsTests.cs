using System.Text.Json.Nodes;
using Mayfly.Config;
using Mayfly.Platforms.Lambda;
using Mayfly.Platforms.Lambda.Invocations;
using Mayfly.Platforms.Lambda.Propagation;
using Mayfly.Platforms.Lambda.Triggers;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda.Triggers;

/// <summary>docs/spec/02-triggers.md#10-appsec-view-of-the-triggers, a row for each datum of each source, and known defect 19.</summary>
public class SecurityTagsTests
{
    private static readonly TriggerSettings Settings = SourceEvents.Settings with { AddsSecurityTags = true };

    /// <summary>Source file, JSON merged into it, tag, value; an empty value = no such tag.</summary>
    public static TheoryData<string, string, string, string, string> Rows => new()
    {
        { "HTTP v2: raw URI", "http-api", "{}", "http.url", "https://abc123.execute-api.eu-west-1.amazonaws.com/orders/42" },
        { "HTTP v2: method", "http-api", "{}", "http.method", "GET" },
        { "HTTP v2: route", "http-api", """{"routeKey":"GET /o/{id}"}""", "http.route", "GET /o/{id}" },
        { "HTTP v2: client IP", "http-api", """{"requestContext":{"http":{"sourceIp":"203.0.113.7"}}}""", "network.client.ip", "203.0.113.7" },
        { "HTTP v2: headers", "http-api", """{"headers":{"CF-Ray":"r1","cookie":"secret"}}""", "http.request.headers.cf-ray", "r1" },
        { "HTTP v2: no cookie", "http-api", """{"headers":{"cookie":"secret"}}""", "http.request.headers.cookie", "" },
        {
            "HTTP v2: query", "http-api", """{"queryStringParameters":{"q":"a,b"}}""",
            "http.url", "https://abc123.execute-api.eu-west-1.amazonaws.com/orders/42?q=?"
        },
        { "REST: method", "rest-api", """{"requestContext":{"httpMethod":"PUT"}}""", "http.method", "PUT" },
        { "REST: route", "rest-api", """{"requestContext":{"httpMethod":"PUT","resourcePath":"/o/{id}"}}""", "http.route", "PUT /o/{id}" },
        { "REST: client IP", "rest-api", """{"requestContext":{"identity":{"sourceIp":"203.0.113.8"}}}""", "network.client.ip", "203.0.113.8" },
        { "REST: headers of several values", "rest-api", """{"multiValueHeaders":{"Accept":["a/b","c/d"]}}""", "http.request.headers.accept", "a/b,c/d" },
        {
            "REST: raw URI with the query", "rest-api",
            """{"requestContext":{"domainName":"d.example","path":"/dev/o"},"multiValueQueryStringParameters":{"a b":["1","2"],"c":["3"]}}""",
            "http.url", "https://d.example/dev/o?a%20b=?&c=?"
        },
        { "D19 WebSocket: the stage stands in the address", "websocket-api", "{}", "http.url", "wss://abc123.execute-api.eu-west-1.amazonaws.com/dev" },
        {
            "D19 WebSocket: no literal $, the path behind the stage", "websocket-api", """{"path":"/chat"}""",
            "http.url", "wss://abc123.execute-api.eu-west-1.amazonaws.com/dev/chat"
        },
        {
            "WebSocket: the default stage", "websocket-api", """{"path":"/chat","requestContext":{"stage":"$default"}}""",
            "http.url", "wss://abc123.execute-api.eu-west-1.amazonaws.com/chat"
        },
        { "WebSocket: route", "websocket-api", "{}", "http.route", "sendmsg" },
        { "WebSocket: client IP", "websocket-api", """{"requestContext":{"identity":{"sourceIp":"203.0.113.9"}}}""", "network.client.ip", "203.0.113.9" },
        { "WebSocket: method is optional", "websocket-api", "{}", "http.method", "" },
        { "ALB: method", "load-balancer", "{}", "http.method", "POST" },
        { "ALB: route", "load-balancer", "{}", "http.route", "POST /pay" },
        {
            "D19 ALB: the query as AWS names it", "load-balancer", """{"headers":{"host":"shop.example"},"queryStringParameters":{"card%20no":"4111"}}""",
            "http.url", "https://shop.example/pay?card%20no=?"
        },
        {
            "D19 ALB: the query of several values", "load-balancer-multi-value",
            """{"multiValueHeaders":{"Host":["shop.example"],"X-Forwarded-Proto":["http"]},"multiValueQueryStringParameters":{"a":["1","2"]}}""",
            "http.url", "http://shop.example/pay?a=?"
        },
        {
            "D19 ALB: the client is the last one, which the load balancer saw", "load-balancer",
            """{"headers":{"X-Forwarded-For":"10.0.0.1, 203.0.113.10"}}""", "network.client.ip", "203.0.113.10"
        },
        { "ALB: nothing without headers", "load-balancer", """{"headers":{"x-forwarded-for":""}}""", "network.client.ip", "" },
        { "Function URL: method and route", "function-url", "{}", "http.route", "GET /orders/42" },
        { "Function URL: client IP", "function-url", """{"requestContext":{"http":{"sourceIp":"203.0.113.11"}}}""", "network.client.ip", "203.0.113.11" },
        { "every other trigger yields nothing", "sqs", """{"headers":{"user-agent":"x"}}""", "http.request.headers.user-agent", "" },
    };

    [Theory]
    [MemberData(nameof(Rows))]
    public void A_datum_is_a_tag(string row, string source, string merged, string tag, string value)
    {
        JsonNode json = SourceEvents.Node(source);
        Merge(json.AsObject(), JsonNode.Parse(merged)!.AsObject());

        string? found = SourceEvents.Read(json, Settings).Tags.Tag(tag);

        Assert.True((found ?? string.Empty) == value, $"{row}: {found}");
    }

    [Fact]
    public void Nothing_changes_while_AppSec_is_off()
    {
        foreach (string name in SourceEvents.Names)
        {
            Assert.DoesNotContain(SourceEvents.ReadFile(name).Tags, static tag => tag.Key.StartsWith("network.", StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("true", true)]
    [InlineData("1", true)]
    [InlineData("false", false)]
    public void DD_SERVERLESS_APPSEC_ENABLED_turns_it_on(string value, bool isOn)
    {
        Settings settings = Mayfly.Config.Settings.Read(new EnvReader(key => key == "DD_SERVERLESS_APPSEC_ENABLED" ? value : null));
        byte[] json = System.Text.Encoding.UTF8.GetBytes("""{"requestContext":{"elb":{"targetGroupArn":"a"}},"headers":{"x-forwarded-for":"203.0.113.1"}}""");

        StartCall call = new InvocationEvents(settings).Read(json, new Carrier(), 0);

        Assert.Equal(isOn ? "203.0.113.1" : null, call.Trigger!.Tags.Tag("network.client.ip"));
    }

    private static void Merge(JsonObject into, JsonObject from)
    {
        foreach ((string key, JsonNode? value) in from)
        {
            if (into[key] is JsonObject inner && value is JsonObject more)
            {
                Merge(inner, more);
            }
            else
            {
                into[key] = value?.DeepClone();
            }
        }
    }
}
