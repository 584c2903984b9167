using System.Text.Json.Nodes;
using Mayfly.Platforms.Lambda.Propagation;
using Mayfly.Platforms.Lambda.Triggers;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda.Triggers;

/// <summary>docs/spec/02-triggers.md#415-step-functions, #65-step-functions-deterministic-ids</summary>
public class StepFunctionsTests
{
    private const string Plain = "8181955087378018412/_dd.p.tid=7a60f8786065fb3b/3473893433959439612";

    public static TheoryData<string, string> Vectors => new()
    {
        { "step-functions", Plain },
        { "step-functions-payload", Plain },
        { "step-functions-datadog", Plain },
        { "step-functions-nested", "2405546336620384086/_dd.p.tid=588417e246166d74/3473893433959439612" },
        { "step-functions-lambda-root", "1001/_dd.p.tid=65530000deadbeef,_dd.p.dm=-0/3473893433959439612" },
    };

    [Theory]
    [MemberData(nameof(Vectors))]
    public void The_specifications_vectors(string name, string expected)
    {
        Trigger trigger = SourceEvents.ReadFile(name);

        Assert.Equal(expected, Describe(trigger));
        Assert.Empty(trigger.Spans);
        Assert.Equal(
            ["function_trigger.event_source=states", "function_trigger.event_source_arn=arn:aws:states:eu-west-1:111122223333:stateMachine:Flow"],
            trigger.Tags.Select(static tag => $"{tag.Key}={tag.Value}"));
    }

    [Fact]
    public void Retries_and_redrives_count_when_one_of_them_is_not_zero()
    {
        JsonNode json = SourceEvents.Node("step-functions");
        json["State"]!["RetryCount"] = 2;
        json["Execution"]!["RedriveCount"] = 1;

        Assert.Equal("8181955087378018412/_dd.p.tid=7a60f8786065fb3b/8413442851444140031", Describe(SourceEvents.Read(json)));
    }

    [Fact]
    public void The_high_bits_are_padded()
    {
        JsonNode json = SourceEvents.Node("step-functions");
        json["Execution"]!["Id"] = "arn:aws:states:eu-west-1:111122223333:execution:Flow:0";

        Assert.StartsWith("5725690783445629259/_dd.p.tid=0aefc18483a43b00/", Describe(SourceEvents.Read(json)), StringComparison.Ordinal);
    }

    [Fact]
    public void The_references_vector()
    {
        JsonNode json = SourceEvents.Node("step-functions");
        json["Execution"]!["Id"] = "arn:aws:states:us-east-1:425362996713:execution:agocsTestSF:bc9f281c-3daa-4e5a-9a60-471a3810bf44";
        json["State"]!["Name"] = "agocsTest1";
        json["State"]!["EnteredTime"] = "2024-07-30T19:55:53.018Z";

        Assert.Equal("5744042798732701615/_dd.p.tid=1914fe7789eb32be/2902498116043018663", Describe(SourceEvents.Read(json)));
    }

    [Theory]
    [InlineData("RetryCount")]
    [InlineData("RedriveCount")]
    public void Missing_counts_are_zero(string name)
    {
        JsonNode json = SourceEvents.Node("step-functions");
        json["State"]!.AsObject().Remove(name);
        json["Execution"]!.AsObject().Remove(name);

        Assert.Equal(Plain, Describe(SourceEvents.Read(json)));
    }

    [Fact]
    public void Counts_may_be_larger_than_16_bits()
    {
        JsonNode json = SourceEvents.Node("step-functions");
        json["State"]!["RetryCount"] = 70_000;

        Assert.NotEqual(Plain, Describe(SourceEvents.Read(json)));
    }

    [Fact]
    public void Lambda_root_is_stronger_than_the_root_execution()
    {
        JsonNode json = SourceEvents.Node("step-functions-lambda-root");
        json["_datadog"]!["RootExecutionId"] = "arn:root";

        Assert.StartsWith("1001/", Describe(SourceEvents.Read(json)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"x\"")]
    [InlineData("\"0\"")]
    [InlineData("\"18446744073709551616\"")]
    public void An_unreadable_trace_id_of_a_Lambda_root_is_computed(string id)
    {
        JsonNode json = SourceEvents.Node("step-functions-lambda-root");
        json["_datadog"]!["x-datadog-trace-id"] = JsonNode.Parse(id);

        Assert.Equal("8181955087378018412/_dd.p.tid=65530000deadbeef,_dd.p.dm=-0/3473893433959439612", Describe(SourceEvents.Read(json)));
    }

    [Fact]
    public void A_numeric_trace_id_of_a_Lambda_root_counts()
    {
        JsonNode json = SourceEvents.Node("step-functions-lambda-root");
        json["_datadog"]!["x-datadog-trace-id"] = 1001;

        Assert.StartsWith("1001/", Describe(SourceEvents.Read(json)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"Execution":{"Id":1},"State":{"Name":"a","EnteredTime":"b"}}""")]
    [InlineData("""{"Execution":{"Id":"1"},"State":{"Name":null,"EnteredTime":"b"}}""")]
    [InlineData("""{"Execution":{"Id":"1"},"State":{"Name":"a","EnteredTime":[]}}""")]
    public void Names_that_are_no_texts_cost_the_context_not_the_trigger(string json)
    {
        Trigger trigger = SourceEvents.Read(json)!;

        Assert.Equal(TriggerKind.StepFunctions, trigger.Kind);
        Assert.Empty(trigger.Contexts);
        Assert.Null(trigger.Tags.Tag("function_trigger.event_source_arn"));
    }

    /// <summary>trace id/tags/span id, after a check of what is always the same.</summary>
    private static string Describe(Trigger trigger)
    {
        SpanContext context = Assert.Single(trigger.Contexts).Generated!;
        Assert.Equal(1, context.Priority);
        Assert.Equal("states", context.Origin);
        return $"{context.TraceId}/{string.Join(',', context.Tags.Select(static tag => $"{tag.Key}={tag.Value}"))}/{context.SpanId}";
    }
}
