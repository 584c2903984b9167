using System.Text;
using Mayfly.Platforms.Lambda.Propagation;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda.Propagation;

/// <summary>docs/spec/02-triggers.md#61-precedence, rows 3 and 4, and #9-missing-fields-malformed-input.</summary>
public class EventHeadersTests
{
    private const string Whole = """
        {"request":{"x":[1,{"headers":{"b3":"no"}}],"headers":{"X-Datadog-Trace-Id":["555","556"],"b\u0033":"\u0035-6"}},
        "headers":{"traceparent":"p","ot-baggage-A":"ü"},"tail":[{}]}
        """;

    /// <summary>Row, event, <c>request.headers</c>, <c>headers</c>.</summary>
    public static TheoryData<string, string, string, string> Rows => new()
    {
        { "both, any case, escapes, first element of arrays", Whole, "X-Datadog-Trace-Id=555 b3=5-6", "traceparent=p ot-baggage-A=ü" },
        { "§6.1 case", """{"headers":{"X-Datadog-Trace-Id":"5"}}""", "", "X-Datadog-Trace-Id=5" },
        {
            "§6.1 AppSync-like", """{"request":{"headers":{"x-datadog-trace-id":"5","x-datadog-parent-id":"6"}}}""",
            "x-datadog-trace-id=5 x-datadog-parent-id=6", ""
        },
        {
            "every header that matters, no other", """
            {"headers":{"accept":"*/*","b3":"1","baggage":"2","cookie":"3","host":"4","ot-baggage-x":"5","traceparent":"6","tracestate":"7","x-amzn-trace-id":"8",
            "x-b3-spanid":"9",
            "x-datadog-tags":"10","x-forwarded-for":"11","AWSTraceHeader":"12","x-datadog-":"13","traceparents":"14"}}
            """, "", "b3=1 ot-baggage-x=5 traceparent=6 tracestate=7 x-amzn-trace-id=8 x-b3-spanid=9 x-datadog-tags=10 AWSTraceHeader=12"
        },
        {
            "values that are no text",
            """{"headers":{"b3":5,"traceparent":null,"tracestate":{"b3":"x"},"x-datadog-tags":[],"x-b3-flags":[["1"]],"x-b3-spanid":"1"}}""",
            "", "x-b3-spanid=1"
        },
        { "a repeated header keeps its last value", """{"headers":{"b3":"1","b3":"2","B3":"3"}}""", "", "b3=2 B3=3" },
        { "of repeated headers objects the last counts", """{"headers":{"b3":"1"},"headers":{"traceparent":"2"}}""", "", "traceparent=2" },
        { "a later null takes them away", """{"headers":{"b3":"1"},"headers":null}""", "", "" },
        { "escaped member names", """{"he\u0061ders":{"b3":"1"},"r\u0065quest":{"headers":{"b3":"2"}}}""", "b3=2", "b3=1" },
        { "headers: null (console test)", """{"headers":null,"multiValueHeaders":null}""", "", "" },
        { "headers is an array", """{"headers":[{"b3":"1"}]}""", "", "" },
        { "request is a text", """{"request":"headers","headers":{"b3":"1"}}""", "", "b3=1" },
        { "request is an array", """{"request":[{"headers":{"b3":"1"}}]}""", "", "" },
        { "a lone surrogate does not throw", """{"headers":{"b3":"\ud800","\udc00":"x"}}""", "", "b3=\uFFFD" },
        { "an empty name", """{"headers":{"":"x","b3":""}}""", "", "b3=" },
        { "array", "[]", "", "" },
        { "text", "\"x\"", "", "" },
        { "null", "null", "", "" },
        { "number", "7", "", "" },
        { "empty object", "{}", "", "" },
        { "empty", "", "", "" },
        { "blanks", " \n", "", "" },
        { "Records as an object", """{"Records":{}}""", "", "" },
        { "not json", "not json", "", "" },
        { "something behind the object", """{"headers":{"b3":"1"}} x""", "", "" },
        { "two objects", """{"headers":{"b3":"1"}}{}""", "", "" },
        { "trailing comma", """{"headers":{"b3":"1"},}""", "", "" },
        { "comment", """{"headers":{"b3":"1"}/**/}""", "", "" },
        { "127 levels beside", """{"headers":{"b3":"1"},"x":""" + Nested(127) + "}", "", "b3=1" },
        { "128 levels beside", """{"headers":{"b3":"1"},"x":""" + Nested(128) + "}", "", "" },
        { "10,000 levels beside", """{"headers":{"b3":"1"},"x":""" + Nested(10_000) + "}", "", "" },
        { "10,000 levels as a header", """{"headers":{"b3":""" + Nested(10_000) + "}}", "", "" },
    };

    [Theory]
    [MemberData(nameof(Rows))]
    public void Headers_are_found(string row, string eventJson, string request, string headers)
    {
        EventHeaders found = EventHeaders.Read(Encoding.UTF8.GetBytes(eventJson));
        Assert.Equal((row, request, headers), (row, Join(found.Request), Join(found.Headers)));
    }

    [Fact]
    public void An_event_cut_anywhere_has_no_headers()
    {
        byte[] bytes = Encoding.UTF8.GetBytes(Whole);
        for (int length = 0; length < bytes.Length; length++)
        {
            EventHeaders found = EventHeaders.Read(bytes.AsSpan(0, length));
            Assert.Equal((length, "", ""), (length, Join(found.Request), Join(found.Headers)));
        }
    }

    [Fact]
    public void Bytes_that_are_no_UTF8_are_replaced()
    {
        byte[] bytes = [.. """{"headers":{"b3":" """u8, 0xff, 0xc3, .. """ "}}"""u8];
        Assert.Equal("b3= \uFFFD\uFFFD ", Join(EventHeaders.Read(bytes).Headers));
    }

    [Fact]
    public void What_is_kept_is_bounded()
    {
        string names = string.Join(',', Enumerable.Range(0, 5_000).Select(static i => $"\"ot-baggage-{i}\":\"v\""));
        Assert.Equal(EventHeaders.MaxHeaders, EventHeaders.Read(Encoding.UTF8.GetBytes($$$"""{"headers":{ {{{names}}} }}""")).Headers.Entries.Count);
        string longValue = $$"""{"headers":{"x-datadog-tags":"{{new string('x', 5_000_000)}}"} }""";
        Assert.Equal(EventHeaders.MaxValueBytes, EventHeaders.Read(Encoding.UTF8.GetBytes(longValue)).Headers.Find("x-datadog-tags")!.Length);
        string longName = $$"""{"headers":{"ot-baggage-{{new string('x', 5_000_000)}}":"v"} }""";
        Assert.Empty(EventHeaders.Read(Encoding.UTF8.GetBytes(longName)).Headers.Entries);
    }

    [Fact]
    public void An_event_changed_in_any_way_is_read_or_refused()
    {
        const int Seed = 20260301;
        var random = new Random(Seed);
        byte[] structural = [.. "\"\\{}[],:0 u\xff"u8];
        byte[] whole = Encoding.UTF8.GetBytes(Whole);
        for (int round = 0; round < 5_000; round++)
        {
            byte[] bytes = [.. whole];
            for (int change = random.Next(1, 4); change > 0; change--)
            {
                bytes[random.Next(bytes.Length)] = structural[random.Next(structural.Length)];
            }

            // Every outcome but an exception is fine.
            EventHeaders.Read(bytes);
        }
    }

    [Fact]
    public void The_largest_event_is_read_in_time()
    {
        byte[] bytes = Encoding.UTF8.GetBytes($$"""{"body":"{{new string('x', 6_000_000)}}","headers":{"b3":"1"} }""");
        Timing.AssertBestUnder(TimeSpan.FromMilliseconds(50), () => Assert.Equal("b3=1", Join(EventHeaders.Read(bytes).Headers)), "the largest event");
    }

    private static string Nested(int levels) => new string('[', levels) + new string(']', levels);

    private static string Join(Carrier carrier) => string.Join(' ', carrier.Entries.Select(static entry => $"{entry.Key}={entry.Value}"));
}
