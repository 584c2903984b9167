using System.Text;
using System.Text.Json.Nodes;
using Mayfly.Platforms.Lambda.Triggers;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda.Triggers;

/// <summary>docs/spec/02-triggers.md#68-lambda-authorizer-hand-over-js-only, and #12, number 21.</summary>
public class AuthorizerContextTests
{
    private const long RequestNs = 1_700_000_000_000_000_000;
    private const long FinishNs = 1_699_999_999_900_000_000;

    [Theory]
    [InlineData("rest-api", "aws.apigateway")]
    [InlineData("websocket-api", "aws.apigateway")]
    public void D21_Before_a_REST_or_WebSocket_request_there_is_a_span_for_its_authorizer(string name, string request)
    {
        Trigger trigger = SourceEvents.Read(Event(name, latency: 30));
        FinishedSpan[] spans = SourceEvents.Complete(trigger);

        Assert.Equal(
            [(request, 11ul, 12ul, RequestNs + 30_000_000), ("aws.apigateway.authorizer", 12ul, 2002ul, FinishNs)],
            spans.Select(static span => (span.Name, span.SpanId, span.ParentId, span.StartNs)));
        Assert.Equal(130_000_000, spans[1].DurationNs);
        Assert.Equal((spans[0].Service, spans[0].Resource, spans[0].Type), (spans[1].Service, spans[1].Resource, spans[1].Type));
        Assert.Equal("aws.apigateway.authorizer", spans[1].Meta.Tag("operation_name"));
        Assert.Equal((null, null), (spans[0].Meta.Tag("function_trigger.event_source"), spans[1].Meta.Tag("span.kind")));
        Assert.Equal(spans[0].Meta.Tag("_inferred_span.synchronicity"), spans[1].Meta.Tag("_inferred_span.synchronicity"));
        Assert.Equal("7007", trigger.Contexts.Texts().Tag("x-datadog-trace-id"));
    }

    [Fact]
    public void D21_A_request_to_an_HTTP_API_begins_when_its_authorizer_was_done()
    {
        Trigger trigger = SourceEvents.Read(Event("http-api", latency: 30));
        FinishedSpan span = Assert.Single(SourceEvents.Complete(trigger));

        Assert.Equal(("aws.httpapi", FinishNs, 1_350_000_000), (span.Name, span.StartNs, span.DurationNs));
        Assert.Equal("7007", trigger.Contexts.Texts().Tag("x-datadog-trace-id"));
        Assert.Equal("1001", trigger.Fallbacks.Texts().Tag("x-datadog-trace-id"));
    }

    /// <summary>It counts only for the request that the authorizer was asked about.</summary>
    [Theory]
    [InlineData("cached", 0, "other", false)]
    [InlineData("latency is missing", null, "other", false)]
    [InlineData("the same request", 0, "r-1", true)]
    [InlineData("the same request, no latency", null, "r-1", true)]
    [InlineData("asked just now", 1, "other", true)]
    public void A_cached_answer_is_of_another_request(string row, int? latency, string requestId, bool isUsed)
    {
        Trigger trigger = SourceEvents.Read(Event("rest-api", latency, requestId));

        Assert.Equal((row, isUsed ? 2 : 1), (row, trigger.Spans.Count));
        Assert.Equal(isUsed ? "7007" : "1001", trigger.Contexts.Texts().Tag("x-datadog-trace-id"));
    }

    [Fact]
    public void The_authorizer_may_have_been_done_after_the_request_began()
    {
        JsonNode json = Event("rest-api", latency: 1);
        json["requestContext"]!["requestTimeEpoch"] = 1_699_999_999_000;

        FinishedSpan[] spans = SourceEvents.Complete(SourceEvents.Read(json));

        Assert.Equal([(FinishNs, 1_350_000_000L), (FinishNs, 0L)], spans.Select(static span => (span.StartNs, span.DurationNs)));
    }

    [Theory]
    [InlineData("no base64", "%")]
    [InlineData("no JSON", "aGVsbG8=")]
    [InlineData("empty", "")]
    public void What_cannot_be_read_changes_nothing(string row, string text)
    {
        JsonNode json = Event("rest-api", latency: 30);
        json["requestContext"]!["authorizer"]!["_datadog"] = text;

        Trigger trigger = SourceEvents.Read(json);

        Assert.Equal((row, 1, "1001"), (row, trigger.Spans.Count, trigger.Contexts.Texts().Tag("x-datadog-trace-id")));
    }

    [Fact]
    public void Without_a_time_only_the_context_counts()
    {
        JsonNode json = Event("rest-api", latency: 30, finish: "soon");

        Trigger trigger = SourceEvents.Read(json);

        Assert.Equal((1, RequestNs), (trigger.Spans.Count, trigger.Spans[0].StartNs!.Value));
        Assert.Equal("7007", trigger.Contexts.Texts().Tag("x-datadog-trace-id"));
    }

    [Fact]
    public void It_can_be_switched_off()
    {
        Trigger trigger = SourceEvents.Read(Event("rest-api", latency: 30), SourceEvents.Settings with { DecodesAuthorizerContext = false });

        Assert.Equal((1, "1001"), (trigger.Spans.Count, trigger.Contexts.Texts().Tag("x-datadog-trace-id")));
    }

    private static JsonNode Event(string name, int? latency, string requestId = "other", string? finish = null)
    {
        string text = $$"""
            {"x-datadog-trace-id":"7007","x-datadog-parent-id":"8008","x-datadog-parent-span-finish-time":{{(finish is null ? FinishNs : $"\"{finish}\"")}},
            "x-datadog-authorizing-requestid":"{{requestId}}"}
            """;
        var handed = new JsonObject { ["_datadog"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(text)) };
        JsonObject authorizer = name == "http-api" ? new JsonObject { ["lambda"] = handed } : handed;
        if (latency is { } told)
        {
            authorizer["integrationLatency"] = told;
        }

        JsonNode json = SourceEvents.Node(name);
        json["requestContext"]!["authorizer"] = authorizer;
        return json;
    }
}
