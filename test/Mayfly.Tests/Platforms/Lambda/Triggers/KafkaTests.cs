using System.Text.Json.Nodes;
using Mayfly.Platforms.Lambda.Triggers;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda.Triggers;

/// <summary>docs/spec/02-triggers.md#414-msk--kafka</summary>
public class KafkaTests
{
    [Theory]
    [InlineData("numbers", "[49,48]", "10")]
    [InlineData("texts", """["49","48"]""", "10")]
    [InlineData("both", """[49,"48"]""", "10")]
    [InlineData("object", """{"0":"49","1":"48"}""", "10")]
    [InlineData("object in any order", """{"10":"50","9":"49","1":"48"}""", "012")]
    [InlineData("object: unreadable members are skipped", """{"0":"49","a":"48","1":"x","2":"50"}""", "12")]
    [InlineData("object of numbers", """{"0":49}""", "1")]
    [InlineData("empty", "[]", "")]
    [InlineData("one bad element drops the header", "[49,256]", null)]
    [InlineData("negative", "[-1]", null)]
    [InlineData("fraction", "[49.5]", null)]
    [InlineData("invalid UTF-8", "[255]", null)]
    [InlineData("UTF-8", "[195,164]", "ä")]
    [InlineData("text", "\"49\"", null)]
    [InlineData("null", "null", null)]
    public void Encodings_of_a_headers_value(string row, string value, string? expected)
    {
        Assert.NotEmpty(row);
        Trigger trigger = SourceEvents.Read($$$"""{"records":{"t-0":[{"topic":"t","headers":[{"B3":{{{value}}}}]}]}}""")!;

        Assert.Equal(expected, trigger.Contexts.Texts().Tag("b3"));
    }

    [Fact]
    public void Of_headers_with_one_name_the_last_wins()
    {
        Trigger trigger = SourceEvents.Read("""{"records":{"t-0":[{"topic":"t","headers":[{"B3":[49]},{"x-b3-flags":[50],"h":[53]},{"b3":[51],"tracestate":[52]},7]}]}}""")!;

        Assert.Equal(["b3=3", "x-b3-flags=2", "tracestate=4"], trigger.Contexts.Texts().Select(static text => $"{text.Key}={text.Value}"));
    }

    [Theory]
    [InlineData("X-DATADOG-TRACE-ID")]
    [InlineData("TraceParent")]
    public void The_first_record_with_a_context_is_chosen_in_document_order(string name)
    {
        Trigger trigger = SourceEvents.Read(
            $$$"""
            {"records":{
              "z-0":[{"topic":"none"},{"topic":"z","headers":{"0":{"other":[49]} } }],
              "a-0":{"0":{"topic":"a","partition":4,"timestamp":1700000000000,"headers":[{"{{{name}}}":[49]}]}},
              "b-0":[{"topic":"b","headers":[{"traceparent":[50]}]},{"topic":"c","headers":[]}]}}
            """)!;

        Assert.Equal("a", trigger.Spans[0].Resource);
        Assert.Equal("4", trigger.Spans[0].Meta.Tag("partition"));
        Assert.Equal("1", trigger.Contexts.Texts().Tag(name.ToLowerInvariant()));
        Assert.Equal(2, trigger.Contexts.Count);
        Assert.Equal("2", trigger.Contexts[1].Carrier!.Find("traceparent"));
    }

    [Fact]
    public void Without_any_context_it_is_the_very_first_record()
    {
        Trigger trigger = SourceEvents.Read("""{"records":{"z-0":[{"topic":"z","headers":[{"h":[48],"b3":[49]}]}],"a-0":[{"topic":"a"}]}}""")!;

        Assert.Equal("z", trigger.Spans[0].Resource);
        Assert.Equal("1", trigger.Contexts.Texts().Tag("b3"));
        Assert.Single(trigger.Contexts);
    }

    [Fact]
    public void Records_far_behind_the_chosen_one_are_counted_not_read()
    {
        var group = new JsonArray();
        foreach (int _ in Enumerable.Range(0, 300))
        {
            group.Add(JsonNode.Parse("""{"topic":"t","headers":[{"traceparent":[49]}]}"""));
        }

        Trigger trigger = SourceEvents.Read(new JsonObject { ["records"] = new JsonObject { ["t-0"] = group } });

        Assert.Equal(Batch.RecordLimit, trigger.Contexts.Count);
        Assert.Equal(300 - Batch.RecordLimit, trigger.SkippedRecords);
    }

    [Theory]
    [InlineData("0", "0")]
    [InlineData("2147483647", "2147483647")]
    [InlineData("2147483648", null)]
    [InlineData("\"1\"", null)]
    [InlineData("1.5", null)]
    public void A_partition_has_32_bits(string partition, string? expected)
    {
        Trigger trigger = SourceEvents.Read($$$"""{"records":{"t-0":[{"topic":"t","partition":{{{partition}}}}]}}""")!;

        Assert.Equal(expected, trigger.Spans[0].Meta.Tag("partition"));
    }
}
