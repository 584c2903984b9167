using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Mayfly.Platforms.Lambda.Triggers;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda.Triggers;

/// <summary>Whatever bytes come as an event: no exception, and an answer in time. The 50 ms that are promised are held to the published agent, end to end.</summary>
public class HostileEventTests
{
    private const int Seed = 20261121;

    /// <summary>Five times what is promised, as this may run on two cores that many others use: what is not linear takes minutes.</summary>
    private static readonly TimeSpan Budget = TimeSpan.FromMilliseconds(250);

    public static TheoryData<string> Names => [.. SourceEvents.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void An_event_cut_off_anywhere_is_no_trigger(string name)
    {
        byte[] json = Encoding.UTF8.GetBytes(SourceEvents.Node(name).ToJsonString());
        foreach (int length in Enumerable.Range(0, json.Length))
        {
            // An array of the right size: an over-read would leave it.
            Assert.Null(TriggerReader.Read(json[..length].AsSpan(), SourceEvents.Settings));
        }
    }

    /// <summary>The texts inside of the event are cut off, not the event.</summary>
    [Theory]
    [InlineData("sqs", "messageAttributes/_datadog/stringValue")]
    [InlineData("sqs-binary-attribute", "messageAttributes/_datadog/binaryValue")]
    [InlineData("sqs-sns", "body")]
    [InlineData("sqs-eventbridge", "body")]
    [InlineData("sqs-sns-eventbridge", "body")]
    [InlineData("sns-eventbridge", "Sns/Message")]
    [InlineData("sns", "Sns/MessageAttributes/_datadog/Value")]
    [InlineData("sns", "Sns/TopicArn")]
    [InlineData("sns", "Sns/Timestamp")]
    [InlineData("kinesis", "kinesis/data")]
    [InlineData("kinesis", "eventSourceARN")]
    [InlineData("sqs", "eventSourceARN")]
    [InlineData("dynamodb", "eventSourceARN")]
    [InlineData("s3", "eventTime")]
    public void An_embedded_text_cut_off_anywhere_is_harmless(string name, string path)
    {
        JsonNode json = SourceEvents.Node(name);
        TriggerKind kind = SourceEvents.Read(json).Kind;
        JsonNode parent = path.Split('/')[..^1].Aggregate(json["Records"]![0]!, static (node, key) => node[key]!);
        string key = path.Split('/')[^1];
        string text = (string)parent[key]!;
        foreach (int length in Enumerable.Range(0, text.Length))
        {
            parent[key] = text[..length];
            Assert.Equal(kind, SourceEvents.Read(json).Kind);
        }
    }

    [Fact]
    public void A_thousand_mutations_never_throw()
    {
        var random = new Random(Seed);
        byte[][] events = [.. SourceEvents.Names.Select(SourceEvents.Bytes)];
        byte[] tokens = "{}[]\",:\\/0123456789-.eEtfnul \n\u0000\u007f"u8.ToArray();
        int recognised = 0;
        foreach (string name in SourceEvents.Names)
        {
            // Compiles what the clock must not measure.
            SourceEvents.Complete(SourceEvents.ReadFile(name));
        }

        foreach (int i in Enumerable.Range(0, 1000))
        {
            byte[] json = [.. events[i % events.Length]];
            foreach (int _ in Enumerable.Range(0, random.Next(1, 6)))
            {
                json = Mutate(json, random, tokens);
            }

            Trigger? trigger = null;
            Timing.AssertBestUnder(
                Budget,
                () =>
                {
                    trigger = TriggerReader.Read(json, SourceEvents.Settings);
                    if (trigger is not null)
                    {
                        SourceEvents.Complete(trigger);
                    }
                },
                $"seed {Seed}, mutation {i}");
            recognised += trigger is null ? 0 : 1;
        }

        // Some mutations must still be JSON, or nothing was tested.
        Assert.InRange(recognised, 50, 999);
    }

    [Theory]
    [InlineData("[", "]")]
    [InlineData("{\"a\":", "}")]
    public void Ten_thousand_levels_are_no_trigger(string open, string close)
    {
        string nested = string.Concat(Enumerable.Repeat(open, 10_000)) + "1" + string.Concat(Enumerable.Repeat(close, 10_000));

        Assert.Null(Timed($$"""{"x":{{nested}},"Records":[{"eventSource":"aws:sqs"}]}"""));
        Assert.Null(Timed($$"""{"Records":[{"eventSource":"aws:sqs","body":{{nested}}}]}""" + nested));
        Assert.Null(Timed(string.Concat(Enumerable.Repeat(open, 10_000))));
    }

    [Theory]
    [InlineData(127)]
    [InlineData(250)]
    public void Levels_that_the_reference_reads_are_read(int levels)
    {
        string nested = new string('[', levels) + new string(']', levels);

        Assert.Equal(TriggerKind.Sqs, Timed($$$"""{"x":{{{nested}}},"Records":[{"eventSource":"aws:sqs"}]}""")?.Kind);
    }

    [Fact]
    public void An_embedded_text_of_ten_thousand_levels_is_harmless()
    {
        JsonNode json = SourceEvents.Node("sqs");
        string deep = """{"detail-type":"a","TopicArn":""" + new string('[', 10_000) + new string(']', 10_000) + "}";
        json["Records"]![0]!["body"] = deep;
        json["Records"]![0]!["messageAttributes"]!["_datadog"]!["stringValue"] = deep;

        Assert.Single(SourceEvents.Read(json).Spans);
    }

    [Theory]
    [MemberData(nameof(LargeEvents.Rows), MemberType = typeof(LargeEvents))]
    public void Events_of_the_largest_size_are_read_in_time(string row, string template)
    {
        string json = LargeEvents.Of(template);
        using (JsonDocument.Parse(json))
        {
            // The event is JSON, as its row means it to be.
        }

        Trigger? trigger = Timed(json, row);

        Assert.NotNull(trigger);
        Assert.NotEqual(TriggerKind.Unknown, trigger.Kind);
    }

    [Theory]
    [InlineData("\\ud800")]
    [InlineData("\\udc00\\ud800")]
    [InlineData("\\u0000")]
    public void Lone_surrogates_are_replaced(string text)
    {
        Trigger trigger = SourceEvents.Read($$"""{"{{text}}":"{{text}}","Records":[{"eventSource":"aws:sqs","receiptHandle":"a{{text}}b","{{text}}":1}]}""")!;

        string value = trigger.Spans[0].Meta.Tag("receipt_handle")!;
        Assert.StartsWith("a", value, StringComparison.Ordinal);
        Assert.EndsWith("b", value, StringComparison.Ordinal);
        Assert.DoesNotContain(value, char.IsSurrogate);
    }

    [Fact]
    public void Invalid_UTF8_is_replaced()
    {
        byte[] json = [.. """{"Records":[{"eventSource":"aws:sqs","receiptHandle":"a"""u8, 0xff, 0xc0, .. "\"}]}"u8];

        Assert.Equal("a\ufffd\ufffd", TriggerReader.Read(json, SourceEvents.Settings)!.Spans[0].Meta.Tag("receipt_handle"));
    }

    /// <summary>The best of some runs: the code may not be compiled yet.</summary>
    private static Trigger? Timed(string json, string row = "")
    {
        byte[] bytes = Encoding.UTF8.GetBytes(json);
        Trigger? trigger = null;
        Timing.AssertBestUnder(Budget, () => trigger = TriggerReader.Read(bytes, SourceEvents.Settings), row);
        return trigger;
    }

    private static byte[] Mutate(byte[] json, Random random, byte[] tokens)
    {
        int at = random.Next(json.Length);
        int length = Math.Min(random.Next(1, 40), json.Length - at);
        switch (random.Next(5))
        {
            case 0: // Another byte.
                json[at] = (byte)random.Next(256);
                return json;
            case 1: // A byte that matters to JSON.
                json[at] = tokens[random.Next(tokens.Length)];
                return json;
            case 2: // A piece less.
                return [.. json[..at], .. json[(at + length)..]];
            case 3: // A piece twice.
                return [.. json[..(at + length)], .. json[at..]];
            default: // A digit or a letter instead of another: still JSON.
                int letter = Array.FindIndex(json, at, static b => char.IsAsciiLetterOrDigit((char)b));
                if (letter >= 0)
                {
                    json[letter] = char.IsAsciiDigit((char)json[letter]) ? (byte)random.Next('1', '9' + 1) : (byte)random.Next('a', 'z' + 1);
                }

                return json;
        }
    }
}
