using System.Text.Json.Nodes;
using Mayfly.Platforms.Lambda.Triggers;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda.Triggers;

/// <summary>docs/spec/02-triggers.md#34-wrapped-two-level-inferred-span, #35-completion-at-platformruntimedone</summary>
public class InferredSpansTests
{
    [Theory]
    [InlineData("sqs-sns", "aws.sqs", "aws.sns", "sns")]
    [InlineData("sqs-eventbridge", "aws.sqs", "aws.eventbridge", "eventbridge")]
    [InlineData("sns-eventbridge", "aws.sns", "aws.eventbridge", "eventbridge")]
    public void The_chain_goes_from_upstream_over_the_wrapped_span_to_the_function(string name, string inner, string wrapped, string source)
    {
        Trigger trigger = SourceEvents.ReadFile(name);

        FinishedSpan[] spans = SourceEvents.Complete(trigger);

        Assert.Equal([(inner, 11ul, 12ul), (wrapped, 12ul, 2002ul)], spans.Select(static span => (span.Name, span.SpanId, span.ParentId)));
        Assert.Equal(source, spans[0].Meta.Tag("function_trigger.event_source"));
        Assert.Null(spans[1].Meta.Tag("function_trigger.event_source"));
        Assert.NotEqual(source, trigger.Tags.Tag("function_trigger.event_source"));
        Assert.Equal(("orders", "server"), (spans[0].Meta.Tag("peer.service"), spans[0].Meta.Tag("span.kind")));
        Assert.Equal((spans[0].Service, null), (spans[1].Meta.Tag("peer.service"), spans[1].Meta.Tag("span.kind")));
        Assert.Equal(spans[0].StartNs, spans[1].StartNs + spans[1].DurationNs);
    }

    [Fact]
    public void Completion_may_run_twice()
    {
        Trigger trigger = SourceEvents.ReadFile("sqs-sns");

        FinishedSpan[] first = SourceEvents.Complete(trigger);
        FinishedSpan[] second = SourceEvents.Complete(trigger);

        Assert.Equal(first.Select(Describe), second.Select(Describe));
    }

    [Fact]
    public void Tags_of_the_context_are_on_the_local_root()
    {
        InvocationOutcome outcome = SourceEvents.Outcome with { ContextTags = [new("_dd.p.tid", "65530000deadbeef"), new("span.kind", "client")] };

        FinishedSpan[] chain = SourceEvents.Complete(SourceEvents.ReadFile("sqs-sns"), outcome);
        FinishedSpan[] single = SourceEvents.Complete(SourceEvents.ReadFile("sqs"), outcome);

        Assert.Null(chain[0].Meta.Tag("_dd.p.tid"));
        Assert.Equal("65530000deadbeef", chain[1].Meta.Tag("_dd.p.tid"));
        Assert.Equal("65530000deadbeef", single[0].Meta.Tag("_dd.p.tid"));
        Assert.Equal("client", single[0].Meta.Tag("span.kind"));
    }

    [Fact]
    public void Trace_id_error_and_appsec_are_those_of_the_invocation()
    {
        InvocationOutcome outcome = SourceEvents.Outcome with { TraceId = 7, Error = 1, AppSecEnabled = 1, AppSecJson = "{}" };

        Assert.All(SourceEvents.Complete(SourceEvents.ReadFile("sqs-sns"), outcome), static span =>
        {
            Assert.Equal((7ul, 1), (span.TraceId, span.Error));
            Assert.Equal([new("_dd.appsec.enabled", 1)], span.Metrics);
            Assert.Equal("{}", span.Meta.Tag("_dd.appsec.json"));
        });
    }

    [Fact]
    public void The_status_is_on_the_inner_span_only()
    {
        FinishedSpan[] spans = SourceEvents.Complete(SourceEvents.ReadFile("sqs-sns"), SourceEvents.Outcome with { StatusCode = "503" });

        Assert.Equal(["503", null], spans.Select(static span => span.Meta.Tag("http.status_code")));
    }

    [Fact]
    public void Without_an_upstream_the_outermost_span_has_no_parent()
    {
        FinishedSpan[] spans = SourceEvents.Complete(SourceEvents.ReadFile("sqs-sns"), SourceEvents.Outcome with { UpstreamSpanId = 0 });

        Assert.Equal([12ul, 0ul], spans.Select(static span => span.ParentId));
    }

    [Theory]
    [InlineData("rest-api", "null", 1_700_000_001_000_000_000, 250_000_000)] // Missing.
    [InlineData("rest-api", "0", 1_700_000_001_000_000_000, 250_000_000)] // Before the year 2000.
    [InlineData("rest-api", "946684799999", 1_700_000_001_000_000_000, 250_000_000)]
    [InlineData("rest-api", "946684800000", 946_684_800_000_000_000, 753_315_201_250_000_000)]
    [InlineData("rest-api", "1700000001100", 1_700_000_001_100_000_000, 150_000_000)] // After the start: clock skew.
    [InlineData("rest-api", "1700000009000", 1_700_000_009_000_000_000, 0)] // After the end.
    [InlineData("rest-api", "1e300", long.MaxValue, 0)]
    [InlineData("websocket-api", "null", 1_700_000_001_000_000_000, 0)]
    [InlineData("websocket-api", "1700000009000", 1_700_000_009_000_000_000, 0)]
    public void Times_that_are_missing_or_wrong(string name, string timeMs, long startNs, long durationNs)
    {
        JsonNode json = SourceEvents.Node(name);
        json["requestContext"]!["requestTimeEpoch"] = JsonNode.Parse(timeMs);

        FinishedSpan span = SourceEvents.Complete(SourceEvents.Read(json))[0];

        Assert.Equal((startNs, durationNs), (span.StartNs, span.DurationNs));
    }

    [Fact]
    public void A_wrapped_span_without_a_time_ends_where_it_begins()
    {
        JsonNode json = SourceEvents.Node("sqs-sns");
        json["Records"]![0]!["body"] = ((string)json["Records"]![0]!["body"]!).Replace("2023-11-14T22:13:19.750Z", "?", StringComparison.Ordinal);

        FinishedSpan[] spans = SourceEvents.Complete(SourceEvents.Read(json));

        Assert.Equal((spans[0].StartNs, 0), (spans[1].StartNs, spans[1].DurationNs));
    }

    [Fact]
    public void Each_span_needs_an_id()
    {
        Trigger trigger = SourceEvents.ReadFile("sqs-sns");

        Assert.Throws<ArgumentOutOfRangeException>(() => InferredSpans.Complete(trigger, SourceEvents.Outcome, SourceEvents.Settings, [1]));
    }

    [Fact]
    public void No_key_is_twice_in_the_tags_of_a_span()
    {
        InvocationOutcome outcome = SourceEvents.Outcome with { StatusCode = "200", ContextTags = [new("peer.service", "x"), new("_dd.span_links", "y")] };
        foreach (string name in SourceEvents.Names)
        {
            Assert.All(SourceEvents.Complete(SourceEvents.ReadFile(name), outcome), static span =>
                Assert.Equal(span.Meta.Count, span.Meta.DistinctBy(static tag => tag.Key).Count()));
        }
    }

    private static string Describe(FinishedSpan span) =>
        $"{span.Name} {span.SpanId} {span.ParentId} {span.StartNs} {span.DurationNs} {string.Join(',', span.Meta)}";
}
