using System.Text;
using System.Text.Json;
using Mayfly.Diagnostics;
using Mayfly.Logs;
using Xunit;

namespace Mayfly.Tests.Logs;

/// <summary>docs/spec/04-metrics-logs.md#c5-json-messages and the second table of #c15-test-vectors.</summary>
public class JsonMessageTests
{
    private const string Warning = """{"timestamp":"2025-08-27T10:25:22.244Z","level":"WARN","message":"This is a warning"}""";

    public static TheoryData<string, string, string, string, string> Rows { get; } = new()
    {
        // C.15, second table, in its order. Message null = unchanged.
        {
            "C.15 nested ddtags",
            """{"message":{"custom_details": "my-structured-message","ddtags":"added_tag1:added_value1,added_tag2:added_value2"}}""",
            """{"custom_details":"my-structured-message"}""", "T,added_tag1:added_value1,added_tag2:added_value2", "info"
        },
        {
            "C.15 no ddtags", """{"message":{"custom_details":"my-structured-message"},"my_other_details":"included"}""",
            """{"message":{"custom_details":"my-structured-message"},"my_other_details":"included"}""", "T", "info"
        },
        { "C.15 ddtags in the middle", """{"a":1,"ddtags":"x:y","b":2}""", """{"a":1,"b":2}""", "T,x:y", "info" },
        { "C.15 ddtags first", """{"ddtags":"x:y","a":1,"b":2}""", """{"a":1,"b":2}""", "T,x:y", "info" },
        { "C.15 WARN", Warning, Warning, "T", "warn" },
        { "C.15 ERROR", Warning.Replace("WARN", "ERROR"), Warning.Replace("WARN", "ERROR"), "T", "error" },
        { "C.15 FATAL", Warning.Replace("WARN", "FATAL"), Warning.Replace("WARN", "FATAL"), "T", "critical" },
        { "C.15 DEBUG", Warning.Replace("WARN", "DEBUG"), Warning.Replace("WARN", "DEBUG"), "T", "debug" },
        { "C.15 INFO", Warning.Replace("WARN", "INFO"), Warning.Replace("WARN", "INFO"), "T", "info" },
        { "C.15 unknown level", """{"level":"VERBOSE","message":"x"}""", """{"level":"VERBOSE","message":"x"}""", "T", "info" },
        { "C.15 no level", """{"message":"x"}""", """{"message":"x"}""", "T", "info" },
        {
            "C.15 the reference's own line", """{"status":"ERROR","message":"DD_EXTENSION | ERROR | x"}""",
            """{"status":"ERROR","message":"DD_EXTENSION | ERROR | x"}""", "T", "error"
        },
        { "C.15 array", "[1,2]", "[1,2]", "T", "info" },
        { "C.15 quoted", "\"quoted\"", "\"quoted\"", "T", "info" },
        { "C.15 plain", "plain", "plain", "T", "info" },

        // C.5, first table.
        { "top-level tags win over nested", """{"ddtags":"a:1","message":{"ddtags":"b:2"}}""", """{"message":{"ddtags":"b:2"}}""", "T,a:1", "info" },
        {
            "nested in Lambda's envelope: the inner object alone, the status from outside",
            """{"timestamp":"t","level":"ERROR","requestId":"r","AWSRequestId":"q","message":{"x": 1,"ddtags":"b:2"}}""", """{"x":1}""", "T,b:2", "error"
        },
        {
            "nested with other outer members: kept, tags removed", """{"user":{"ddtags":"no"}, "message":{"x":1,"ddtags":"b:2","y":[ ]},"z":null}""",
            """{"user":{"ddtags":"no"},"message":{"x":1,"y":[]},"z":null}""", "T,b:2", "info"
        },
        {
            "nested, status beside it is no envelope", """{"status":"warn","message":{"ddtags":"b:2"}}""",
            """{"status":"warn","message":{}}""", "T,b:2", "warn"
        },
        { "ddtags alone", """{"ddtags":"a:1"}""", "{}", "T,a:1", "info" },
        { "ddtags is no string", """{"ddtags":["a:1"], "x":1}""", """{"ddtags":["a:1"], "x":1}""", "T", "info" },
        { "nested ddtags is no string", """{"message":{"ddtags":1}}""", """{"message":{"ddtags":1}}""", "T", "info" },
        { "message is an array", """{"message":[{"ddtags":"b:2"}]}""", """{"message":[{"ddtags":"b:2"}]}""", "T", "info" },
        { "ddtags deeper than message", """{"message":{"m":{"ddtags":"b:2"}}}""", """{"message":{"m":{"ddtags":"b:2"}}}""", "T", "info" },
        { "empty ddtags leaves no comma behind", """{"ddtags":"","a":1}""", """{"a":1}""", "T", "info" },
        { "escapes in ddtags", """{"ddtags":"a:\u00e9\"\\","b":1}""", """{"b":1}""", "T,a:é\"\\", "info" },

        // Re-serialization.
        {
            "no blanks, non-ASCII unescaped, numbers as they were",
            "{ \"ddtags\" : \"x:y\" ,\t\"é\\u00e9\" : [ 1.0 , 1e5 , true ] ,\r\n \"s\":\"a \\u0022 \\/ \\n\\u0001\" }",
            """{"éé":[1.0,1e5,true],"s":"a \" / \n\u0001"}""", "T,x:y", "info"
        },
        { "a repeated member keeps the last value", """{"a":1,"ddtags":"x:y","b":2,"a":3}""", """{"a":3,"b":2}""", "T,x:y", "info" },
        { "of repeated ddtags the last counts", """{"ddtags":"x:y","ddtags":"z:w"}""", "{}", "T,z:w", "info" },
        { "blanks around", " \r\n{\"ddtags\":\"x:y\"}\n", "{}", "T,x:y", "info" },
        { "no tags: not re-serialized", "{ \"a\" : \"\\u00e9\" }\n", "{ \"a\" : \"\\u00e9\" }\n", "T", "info" },

        // Status table.
        { "CRITICAL", """{"level":"CRITICAL"}""", """{"level":"CRITICAL"}""", "T", "critical" },
        { "err", """{"level":"err"}""", """{"level":"err"}""", "T", "error" },
        { "Warning", """{"level":"Warning"}""", """{"level":"Warning"}""", "T", "warn" },
        { "Information", """{"level":"Information"}""", """{"level":"Information"}""", "T", "info" },
        { "trace", """{"level":"tRaCe"}""", """{"level":"tRaCe"}""", "T", "trace" },
        { "status where level is absent", """{"status":"debug"}""", """{"status":"debug"}""", "T", "debug" },
        { "level wins over status", """{"status":"debug","level":"error"}""", """{"status":"debug","level":"error"}""", "T", "error" },
        { "status where level is not known", """{"level":"x","status":"debug"}""", """{"level":"x","status":"debug"}""", "T", "debug" },
        { "status where level is no string", """{"level":30,"status":"debug"}""", """{"level":30,"status":"debug"}""", "T", "debug" },
        { "level is an object", """{"level":{"level":"error"}}""", """{"level":{"level":"error"}}""", "T", "info" },
        { "level inside of message", """{"message":{"level":"error"}}""", """{"message":{"level":"error"}}""", "T", "info" },

        // Not JSON after all: plain text.
        { "as JavaScript prints it", "{ level: 'error' }", "{ level: 'error' }", "T", "info" },
        { "not closed", """{"level":"error" """, """{"level":"error" """, "T", "info" },
        { "more after it", """{"level":"error"} {}""", """{"level":"error"} {}""", "T", "info" },
        { "trailing comma", """{"level":"error",}""", """{"level":"error",}""", "T", "info" },
        { "brace alone", "{", "{", "T", "info" },
        { "braces", "{}", "{}", "T", "info" },
        { "empty", "", "", "T", "info" },
    };

    [Theory]
    [MemberData(nameof(Rows))]
    public void A_message_gives_its_event(string row, string text, string message, string tags, string status)
    {
        var buffer = new LogBuffer(new LogSettings(), new SignalCounters()) { Identity = LogEvents.Identity };
        Assert.True(buffer.TryAdd(text));
        JsonElement log = Assert.Single(LogEvents.Take(buffer));
        Assert.Equal((row, message, tags, status), (row, log.Text(), log.Tags(), log.Status()));
    }

    [Theory]
    [InlineData("", "a:1", "a:1")]
    [InlineData("env:x", "a:1", "env:x,a:1")]
    public void Tags_are_joined_by_one_comma(string identityTags, string messageTags, string expected)
    {
        var buffer = new LogBuffer(new LogSettings(), new SignalCounters()) { Identity = new LogIdentity("arn", "s", identityTags) };
        buffer.TryAdd($$"""{"ddtags":"{{messageTags}}"}""");
        Assert.Equal(expected, Assert.Single(LogEvents.Take(buffer)).Tags());
    }

    [Theory]
    [InlineData(100, "error")]
    [InlineData(200, "info")]
    [InlineData(100_000, "info")]
    public void Nesting_beyond_the_limit_is_plain_text(int depth, string status)
    {
        string text = "{\"level\":\"error\",\"a\":" + new string('[', depth) + new string(']', depth) + "}";
        var buffer = new LogBuffer(new LogSettings(), new SignalCounters()) { Identity = LogEvents.Identity };
        buffer.TryAdd(text);
        JsonElement log = Assert.Single(LogEvents.Take(buffer));
        Assert.Equal((text, status), (log.Text(), log.Status()));
    }

    [Fact]
    public void A_list_of_tags_of_unreasonable_length_stays_in_the_text()
    {
        string text = "{\"ddtags\":\"" + new string('x', 70_000) + "\"}";
        var buffer = new LogBuffer(new LogSettings(), new SignalCounters()) { Identity = LogEvents.Identity };
        buffer.TryAdd(text);
        JsonElement log = Assert.Single(LogEvents.Take(buffer));
        Assert.Equal((text, "T"), (log.Text(), log.Tags()));
    }

    [Fact]
    public void A_text_cut_anywhere_is_an_event_all_the_same()
    {
        const string Whole = """{"timestamp":"t","level":"ERROR","message":{"x":"\u00e9\"","ddtags":"b:2"},"ddtags":"a:1"}""";
        var buffer = new LogBuffer(new LogSettings(), new SignalCounters()) { Identity = LogEvents.Identity };
        for (int length = 0; length < Whole.Length; length++)
        {
            buffer.TryAdd(Whole[..length]);
            Assert.Equal(Whole[..length], Assert.Single(LogEvents.Take(buffer)).Text());
        }
    }

    [Fact]
    public void A_text_changed_in_any_way_is_an_event_all_the_same()
    {
        const int Seed = 20260103;
        const string Whole = """{"timestamp":"t","level":"ERROR","message":{"x":"\u00e9\"","ddtags":"b:2","y":[{"z":1.5e3}]},"ddtags":"a:1","ddtags":"c:3"}""";
        byte[] structural = [.. "\"\\{}[],:0 u\xff"u8];
        var random = new Random(Seed);
        var buffer = new LogBuffer(new LogSettings(), new SignalCounters()) { Identity = LogEvents.Identity };
        for (int round = 0; round < 5_000; round++)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(Whole);
            for (int change = random.Next(1, 4); change > 0; change--)
            {
                bytes[random.Next(bytes.Length)] = structural[random.Next(structural.Length)];
            }

            buffer.TryAdd(bytes, 0, LogStatus.Info, default);
            JsonElement log = Assert.Single(LogEvents.Take(buffer));
            string text = Encoding.UTF8.GetString(bytes);
            bool isChanged = log.Text() != text;
            Assert.True(!isChanged || IsObject(log.Text()), $"seed {Seed}, round {round}: {text} became {log.Text()}");
            Assert.Equal(isChanged, log.Tags() != "T");
        }
    }

    private static bool IsObject(string text) => JsonDocument.Parse(text).RootElement.ValueKind == JsonValueKind.Object;
}
