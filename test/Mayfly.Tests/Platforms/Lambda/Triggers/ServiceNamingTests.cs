using System.Text.Json.Nodes;
using Mayfly.Config;
using Mayfly.Platforms.Lambda.Triggers;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda.Triggers;

/// <summary>docs/spec/02-triggers.md#32-service-name, docs/spec/01-lambda-lifecycle.md#412-service-names-and-mapping</summary>
public class ServiceNamingTests
{
    private const string Domain = "abc123.execute-api.eu-west-1.amazonaws.com";

    /// <summary>sample, specific key, generic key, instance, fallback.</summary>
    public static TheoryData<string, string, string, string, string> Sources => new()
    {
        { "rest-api", "abc123", "lambda_api_gateway", Domain, Domain },
        { "http-api", "abc123", "lambda_api_gateway", Domain, Domain },
        { "websocket-api", "abc123", "lambda_api_gateway", Domain, "api_gateway_websocket" },
        { "function-url", "u1", "lambda_url", "u1.lambda-url.eu-west-1.on.aws", "u1.lambda-url.eu-west-1.on.aws" },
        { "sqs", "orders-q", "lambda_sqs", "orders-q", "sqs" },
        { "sns", "orders-topic", "lambda_sns", "orders-topic", "sns" },
        { "eventbridge", "shop-bus", "lambda_eventbridge", "shop-bus", "eventbridge" },
        { "kinesis", "orders-st", "lambda_kinesis", "orders-st", "kinesis" },
        { "dynamodb", "Orders", "lambda_dynamodb", "Orders", "dynamodb" },
        { "s3", "orders-bkt", "lambda_s3", "orders-bkt", "s3" },
        { "kafka", "shop", "lambda_msk", "shop", "msk" },
    };

    [Theory]
    [MemberData(nameof(Sources))]
    public void The_specifications_table(string name, string specific, string generic, string instance, string fallback)
    {
        Assert.Equal(instance, ServiceOf(name, SourceEvents.Settings));
        Assert.Equal(fallback, ServiceOf(name, SourceEvents.Settings with { RepresentsServices = false }));
        Assert.Equal("g", ServiceOf(name, Mapped($"{generic}:g")));
        Assert.Equal("s", ServiceOf(name, Mapped($"{generic}:g,{specific}:s")));
        Assert.Equal("s", ServiceOf(name, Mapped($"{specific}:s") with { RepresentsServices = false, RemovesIntegrationNames = true }));
        Assert.Equal(instance, ServiceOf(name, Mapped($"{specific.ToUpperInvariant()}x:s,{generic.ToUpperInvariant()}:g")));
        Assert.Equal("orders", ServiceOf(name, SourceEvents.Settings with { RemovesIntegrationNames = true }));
        Assert.Equal(instance, ServiceOf(name, SourceEvents.Settings with { RemovesIntegrationNames = true, Service = null }));
    }

    [Theory]
    [InlineData("sqs-sns", "lambda_sns:mapped", "orders-q", "mapped")]
    [InlineData("sqs-eventbridge", "shop-bus:mapped", "orders-q", "mapped")]
    [InlineData("sns-eventbridge", "lambda_sns:mapped", "mapped", "shop-bus")]
    public void Each_span_of_a_chain_is_mapped_by_itself(string name, string mapping, string inner, string wrapped)
    {
        Assert.Equal([inner, wrapped], SourceEvents.ReadFile(name, Mapped(mapping)).Spans.Select(static span => span.Service));
    }

    [Fact]
    public void A_bus_that_did_not_tell_its_name_is_its_source()
    {
        JsonNode json = SourceEvents.Node("eventbridge");
        json["detail"] = null;

        Assert.Equal("s", SourceEvents.Read(json, Mapped("shop.orders:s")).Spans[0].Service);
    }

    [Theory]
    [InlineData("orders", "fn", true, "orders")]
    [InlineData(null, "fn", true, "fn")]
    [InlineData(null, null, true, "aws.lambda")]
    [InlineData("orders", "fn", false, "aws.lambda")]
    public void The_base_service_is_the_functions(string? service, string? function, bool represents, string expected)
    {
        TriggerSettings settings = SourceEvents.Settings with { Service = service, FunctionName = function, RepresentsServices = represents };

        Assert.Equal(expected, ServiceNaming.BaseServiceOf(settings));
        Assert.Equal(expected, SourceEvents.Complete(SourceEvents.ReadFile("sqs", settings), settings: settings)[0].Meta.Tag("_dd.base_service"));
    }

    [Fact]
    public void Without_managed_services_there_are_no_spans_but_everything_else()
    {
        foreach (string name in SourceEvents.Names)
        {
            Trigger with = SourceEvents.ReadFile(name);
            Trigger without = SourceEvents.ReadFile(name, SourceEvents.Settings with { InfersSpans = false });

            Assert.Empty(without.Spans);
            Assert.Equal(with.Tags, without.Tags);
            Assert.Equal(with.Contexts.Count, without.Contexts.Count);
            Assert.Equal(with.Pointers, without.Pointers);
            Assert.Equal(with.IsAsync, without.IsAsync);
            Assert.Empty(SourceEvents.Complete(without));
        }
    }

    private static string ServiceOf(string name, TriggerSettings settings) => SourceEvents.ReadFile(name, settings).Spans[0].Service;

    private static TriggerSettings Mapped(string mapping) => SourceEvents.Settings with { ServiceMapping = ServiceMapping.Parse(mapping) };
}
