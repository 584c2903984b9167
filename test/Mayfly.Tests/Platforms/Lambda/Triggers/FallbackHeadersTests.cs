using System.Text;
using Mayfly.Platforms.Lambda.Propagation;
using Mayfly.Platforms.Lambda.Triggers;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda.Triggers;

/// <summary>Headers inside of events that no source claims: docs/spec/02-triggers.md#61-precedence, rows 3 and 4, and #9-missing-fields-malformed-input.</summary>
public class FallbackHeadersTests
{
    private const string Whole = """
        {"request":{"x":[1,{"headers":{"b3":"no"}}],"headers":{"X-Datadog-Trace-Id":["555","556"],"b\u0033":"\u0035-6"}},
        "headers":{"traceparent":"p","ot-baggage-A":"ü"},"tail":[{}]}
        """;

    /// <summary>Row, event, <c>request.headers</c>, <c>headers</c>.</summary>
    public static TheoryData<string, string, string, string> Rows => new()
    {
        { "both, any case, escapes, first element of arrays", Whole, "x-datadog-trace-id=555 b3=5-6", "traceparent=p ot-baggage-a=ü" },
        { "§6.1, §12 #21: any case", """{"headers":{"X-Datadog-Trace-Id":"5"}}""", "", "x-datadog-trace-id=5" },
        {
            "§6.1 AppSync-like", """{"request":{"headers":{"x-datadog-trace-id":"5","x-datadog-parent-id":"6"}}}""",
            "x-datadog-trace-id=5 x-datadog-parent-id=6", ""
        },
        {
            "every header that matters, no other", """
            {"headers":{"accept":"*/*","b3":"1","cookie":"3","host":"4","ot-baggage-x":"5","traceparent":"6","tracestate":"7","x-amzn-trace-id":"8",
            "x-b3-spanid":"9",
            "x-datadog-tags":"10","x-forwarded-for":"11","AWSTraceHeader":"12","x-datadog-":"13","traceparents":"14"}}
            """, "", "b3=1 host=4 ot-baggage-x=5 traceparent=6 tracestate=7 x-amzn-trace-id=8 x-b3-spanid=9 x-datadog-tags=10 awstraceheader=12"
        },
        {
            "values that are no text",
            """{"headers":{"b3":5,"traceparent":null,"tracestate":{"b3":"x"},"x-datadog-tags":[],"x-b3-flags":[["1"]],"x-b3-spanid":"1"}}""",
            "", "x-b3-spanid=1"
        },
        { "§8: of a repeated header the last value", """{"headers":{"b3":"1","b3":"2"}}""", "", "b3=2" },
        { "§8: of repeated headers objects the last", """{"headers":{"b3":"1"},"headers":{"traceparent":"2"}}""", "", "traceparent=2" },
        { "a later null takes them away", """{"headers":{"b3":"1"},"headers":null}""", "", "" },
        { "escaped member names", """{"he\u0061ders":{"b3":"1"},"r\u0065quest":{"headers":{"b3":"2"}}}""", "b3=2", "b3=1" },
        { "headers: null (console test)", """{"headers":null,"multiValueHeaders":null}""", "", "" },
        { "headers is an array", """{"headers":[{"b3":"1"}]}""", "", "" },
        { "request is a text", """{"request":"headers","headers":{"b3":"1"}}""", "", "b3=1" },
        { "request is an array", """{"request":[{"headers":{"b3":"1"}}]}""", "", "" },
        { "a lone surrogate does not throw", """{"headers":{"b3":"\ud800","\udc00":"x"}}""", "", "b3=\uFFFD \uFFFD=x" },
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
        { "§8: 128 levels", """{"headers":{"b3":"1"},"x":""" + Nested(127) + "}", "", "b3=1" },
        { "10,000 levels beside", """{"headers":{"b3":"1"},"x":""" + Nested(10_000) + "}", "", "" },
        { "10,000 levels as a header", """{"headers":{"b3":""" + Nested(10_000) + "}}", "", "" },
    };

    [Theory]
    [MemberData(nameof(Rows))]
    public void Headers_are_found(string row, string eventJson, string request, string headers)
    {
        Trigger? trigger = SourceEvents.Read(eventJson);

        Assert.Equal((row, Joined(request, headers)), (row, Join(trigger)));
        Assert.Equal(request + headers == "", trigger is null);
    }

    [Fact]
    public void An_event_cut_anywhere_has_no_headers()
    {
        byte[] bytes = Encoding.UTF8.GetBytes(Whole);
        Assert.All(Enumerable.Range(0, bytes.Length), length => Assert.Null(TriggerReader.Read(bytes.AsSpan(0, length), SourceEvents.Settings)));
    }

    [Fact]
    public void Bytes_that_are_no_UTF8_are_replaced()
    {
        byte[] bytes = [.. """{"headers":{"b3":" """u8, 0xff, 0xc3, .. """ "}}"""u8];
        Assert.Equal("b3= \uFFFD\uFFFD ", Join(TriggerReader.Read(bytes, SourceEvents.Settings)));
    }

    [Fact]
    public void What_is_kept_is_bounded()
    {
        string names = string.Join(',', Enumerable.Range(0, 5_000).Select(static i => $"\"ot-baggage-{i}\":\"v\""));
        Assert.Equal(HeaderCarrier.Limit, SourceEvents.Read($$$"""{"headers":{ {{{names}}} }}""")!.Fallbacks[0].Carrier!.Entries.Count);
        Assert.Null(SourceEvents.Read($$"""{"headers":{"x-datadog-tags":"{{new string('x', 5_000_000)}}"} }"""));
        Assert.Null(SourceEvents.Read($$"""{"headers":{"ot-baggage-{{new string('x', 5_000_000)}}":"v"} }"""));
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

            Trigger? trigger = TriggerReader.Read(bytes, SourceEvents.Settings);
            Assert.All(trigger?.Fallbacks ?? [], static place => Assert.NotEmpty(place.Carrier!.Entries));
        }
    }

    private static string Joined(string request, string headers) => string.Join(" / ", new[] { request, headers }.Where(static text => text.Length > 0));

    private static string Nested(int levels) => new string('[', levels) + new string(']', levels);

    private static string Join(Trigger? trigger) => string.Join(" / ", (trigger?.Fallbacks ?? []).Select(static place => Join(place.Carrier!)));

    private static string Join(Carrier carrier) => string.Join(' ', carrier.Entries.Select(static entry => $"{entry.Key}={entry.Value}"));
}
