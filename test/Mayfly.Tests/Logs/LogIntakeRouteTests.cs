using System.Text;
using System.Text.Json;
using Mayfly.Config;
using Mayfly.Diagnostics;
using Mayfly.Logs;
using Mayfly.Tests.Config;
using Mayfly.Tests.Http;
using Xunit;

namespace Mayfly.Tests.Logs;

/// <summary>docs/spec/04-metrics-logs.md#c12-log-agent-of-the-compat-layer-azuregcplambda-lite, over a real connection; known defect 22.</summary>
public class LogIntakeRouteTests
{
    private readonly SignalCounters _counters = new();

    /// <summary>Row, body, the events.</summary>
    public static TheoryData<string, string, string> Good => new()
    {
        { "least", """[{"message":"hello","timestamp":1700000000000}]""", """[{"message":"hello","timestamp":1700000000000,"ddtags":"env:dev"}]""" },
        {
            "all members, in their order", """[{"status":"warn","ddtags":"a:1","x":[1, {"y" : "é\u00e9"}],"ddsource":"azure","service":"s","hostname":"h","timestamp":-1,"message":"m\n\u0041","z":null}]""",
            """[{"message":"m\nA","timestamp":-1,"hostname":"h","service":"s","ddsource":"azure","ddtags":"a:1","status":"warn","x":[1,{"y":"éé"}],"z":null}]"""
        },
        { "a single object", """ {"message":"m","timestamp":1} """, """[{"message":"m","timestamp":1,"ddtags":"env:dev"}]""" },
        { "several", """[{"message":"a","timestamp":1},{"message":"b","timestamp":2,"ddtags":"x"}]""", """[{"message":"a","timestamp":1,"ddtags":"env:dev"},{"message":"b","timestamp":2,"ddtags":"x"}]""" },
        { "null is absent", """[{"message":"a","timestamp":1,"ddtags":null,"service":null}]""", """[{"message":"a","timestamp":1,"ddtags":"env:dev"}]""" },
        { "empty tags are absent", """[{"message":"a","timestamp":1,"ddtags":""}]""", """[{"message":"a","timestamp":1,"ddtags":"env:dev"}]""" },
        { "the last of a repeated member", """[{"message":"a","message":"b","timestamp":1,"timestamp":2}]""", """[{"message":"b","timestamp":2,"ddtags":"env:dev"}]""" },
        { "escaped names are others", """[{"message":"a","timestamp":1,"stat\u0075s":"x"}]""", """[{"message":"a","timestamp":1,"ddtags":"env:dev","status":"x"}]""" },
        { "quotes and other letters", """[{"message":"\"\\é🎉","timestamp":1,"service":"\"\u00e9"}]""", """[{"message":"\"\\é🎉","timestamp":1,"service":"\"\u00e9","ddtags":"env:dev"}]""" },
        { "empty array", "[]", "" },
        { "rules", """[{"message":"a secret","timestamp":1},{"message":"healthcheck","timestamp":1}]""", """[{"message":"a ***","timestamp":1,"ddtags":"env:dev"}]""" },
    };

    /// <summary>Row, body, what the answer says.</summary>
    public static TheoryData<string, string, string> Bad => new()
    {
        { "empty", "", "invalid JSON: no JSON at line 1 column 1" },
        { "text", "hello", "invalid JSON: no JSON at line 1 column 1" },
        { "number", "5", "invalid JSON: entry 1: expected an object" },
        { "cut off", """[{"message":"a","timestamp":1}""", "invalid JSON: no JSON at line 1" },
        { "something behind", """[{"message":"a","timestamp":1}] x""", "invalid JSON: no JSON at line 1" },
        { "one bad entry rejects all", """[{"message":"a","timestamp":1},{"message":"b"}]""", "invalid JSON: entry 2: timestamp is missing" },
        { "no message", """[{"timestamp":1}]""", "invalid JSON: entry 1: message is missing" },
        { "message is no text", """[{"message":{},"timestamp":1}]""", "invalid JSON: entry 1: message is not a text" },
        { "message is null", """[{"message":null,"timestamp":1}]""", "invalid JSON: entry 1: message is not a text" },
        { "timestamp is text", """[{"message":"a","timestamp":"1"}]""", "invalid JSON: entry 1: timestamp is not a whole number of milliseconds" },
        { "timestamp is no integer", """[{"message":"a","timestamp":1.5}]""", "invalid JSON: entry 1: timestamp is not a whole number of milliseconds" },
        { "status is no text", """[{"message":"a","timestamp":1,"status":3}]""", "invalid JSON: entry 1: status is not a text" },
        { "entry is no object", "[[]]", "invalid JSON: entry 1: expected an object" },
        { "too deep", "[{\"message\":\"a\",\"timestamp\":1,\"x\":" + new string('[', 200) + new string(']', 200) + "}]", "invalid JSON: no JSON at line 1" },
    };

    [Theory]
    [MemberData(nameof(Good))]
    public async Task C12_entries_become_events(string row, string body, string expected)
    {
        LogBuffer buffer = Buffer();
        Assert.Equal((row, 200, "ok"), (row, await PostAsync(buffer, body) is var answer ? answer.Status : 0, answer.Text));
        Assert.Equal((row, expected), (row, string.Concat(LogEvents.TakeBodies(buffer))));
    }

    [Theory]
    [MemberData(nameof(Bad))]
    public async Task C12_other_bodies_are_rejected_as_a_whole(string row, string body, string expected)
    {
        LogBuffer buffer = Buffer();
        (int status, string text) = await PostAsync(buffer, body);
        Assert.Equal((row, 400), (row, status));
        Assert.StartsWith(expected, text, StringComparison.Ordinal);
        Assert.Equal(0, _counters.Accepted);
    }

    [Fact]
    public async Task C12_bytes_that_are_no_utf8_are_rejected()
    {
        await using ServerRig rig = await ServerRig.StartAsync(new LogIntakeRoute(Buffer(), "").Table());
        using var client = new RawHttp(rig.Port);
        byte[] body = Encoding.Latin1.GetBytes("""[{"message":"a","timestamp":1,"service":"é"}]""");
        RawAnswer answer = await client.RequestAsync("POST", "/v1/input", body);
        Assert.Equal((400, "invalid JSON: no UTF-8"), (answer.Status, answer.Body));
    }

    [Theory]
    [InlineData("GET", "/v1/input", 405, "method not allowed")]
    [InlineData("PUT", "/nowhere", 405, "method not allowed")]
    [InlineData("POST", "/nowhere", 404, "not found")]
    [InlineData("POST", "/v1/input/", 404, "not found")]
    public async Task C12_method_then_path(string method, string path, int status, string text)
    {
        await using ServerRig rig = await ServerRig.StartAsync(new LogIntakeRoute(Buffer(), "").Table());
        using var client = new RawHttp(rig.Port);
        RawAnswer answer = await client.RequestAsync(method, path, "[]"u8.ToArray());
        Assert.Equal((status, text), (answer.Status, answer.Body));
    }

    /// <summary>The reference counts a chunked body only when all of it is in memory.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task C12_Defect_22_more_than_4_MiB_is_too_much_however_it_is_sent(bool isChunked)
    {
        LogBuffer buffer = Buffer();
        string body = $$"""[{"message":"{{new string('x', LogIntakeRoute.BodyLimitBytes)}}","timestamp":1}]""";
        (int status, string text) = await PostAsync(buffer, body, isChunked);
        Assert.Equal((413, "payload too large", 0L), (status, text, _counters.Accepted));
    }

    [Fact]
    public async Task C10_a_long_message_is_cut_and_marked()
    {
        LogBuffer buffer = Buffer();
        (int status, _) = await PostAsync(buffer, $$"""[{"message":"{{new string('x', 2_000_000)}}","timestamp":1,"k":"v"}]""", isChunked: true);
        string body = Assert.Single(LogEvents.TakeBodies(buffer));
        JsonElement log = JsonDocument.Parse(body).RootElement[0];
        Assert.Equal((200, 1_000_002), (status, body.Length));
        Assert.EndsWith("x...TRUNCATED...", log.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal("v", log.GetProperty("k").GetString());
    }

    /// <summary>Any bytes: an answer, and the connection lives.</summary>
    [Fact]
    public async Task Any_body_gets_an_answer()
    {
        var random = new Random(20261128);
        byte[] template = Encoding.UTF8.GetBytes(Good.ElementAt(1).Data.Item2);
        LogBuffer buffer = Buffer();
        await using ServerRig rig = await ServerRig.StartAsync(new LogIntakeRoute(buffer, "").Table());
        using var client = new RawHttp(rig.Port);
        for (int round = 0; round < 500; round++)
        {
            byte[] body = template[..random.Next(template.Length + 1)];
            for (int change = random.Next(4); change > 0 && body.Length > 0; change--)
            {
                body[random.Next(body.Length)] = (byte)random.Next(256);
            }

            RawAnswer answer = await client.RequestAsync("POST", "/v1/input", body);
            Assert.True(answer.Status is 200 or 400, $"{answer.Status}");
        }

        foreach (string sent in LogEvents.TakeBodies(buffer))
        {
            Assert.Equal(JsonValueKind.Array, JsonDocument.Parse(sent).RootElement.ValueKind);
        }
    }

    private LogBuffer Buffer()
    {
        const string Rules = """
            [{"type":"mask_sequences","name":"m","pattern":"secret","replace_placeholder":"***"},{"type":"exclude_at_match","name":"e","pattern":"^healthcheck$"}]
            """;
        IReadOnlyList<LogRule> rules = Environments.Read((Keys.LogProcessingRules, Rules)).LogRules;
        return new LogBuffer(new LogSettings(), _counters) { Rules = ProcessingRules.From(rules, Log.Silent) };
    }

    private static async Task<(int Status, string Text)> PostAsync(LogBuffer buffer, string body, bool isChunked = false)
    {
        await using ServerRig rig = await ServerRig.StartAsync(new LogIntakeRoute(buffer, "env:dev").Table());
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, $"http://127.0.0.1:{rig.Port}/v1/input") { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)) };
        request.Headers.TransferEncodingChunked = isChunked;
        using HttpResponseMessage response = await client.SendAsync(request);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }
}
