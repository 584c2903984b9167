using System.Text;
using Mayfly.Platforms.Lambda.Propagation;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda.Propagation;

/// <summary>docs/spec/02-triggers.md#61-precedence and TV4 of 01-lambda-lifecycle.md#10-test-vectors.</summary>
public class PrecedenceTests
{
    private const string StartCall = "x-datadog-trace-id: 111\nx-datadog-parent-id: 222";
    private const string Event = """
        {"headers":{"x-datadog-trace-id":"333","x-datadog-parent-id":"444"},
        "request":{"headers":{"x-datadog-trace-id":"555","x-datadog-parent-id":"666"}}}
        """;
    private const string XRay = "Root=1-65530000-0000000000000000000003e9;Parent=00000000000007d2;Sampled=1";

    private static readonly SpanContext Generated = new(77, 78, null, []);

    /// <summary>Row, styles, headers of the call, event, headers of the answer.</summary>
    public static TheoryData<string, string, string, string, string> Tv4 => new()
    {
        { "TV4.1", "", "", "{}", "" },
        { "TV4.2", "", "", "not json", "" },
        { "TV4.3", "", "", """{"headers":{"x-datadog-trace-id":"2222","x-datadog-parent-id":"3333"}}""", "x-datadog-trace-id: 2222" },
        {
            "TV4.4", "", "", """
            {"headers":{"x-datadog-trace-id":"2222","x-datadog-parent-id":"3333","x-datadog-sampling-priority":"-1",
            "x-datadog-tags":"_dd.p.tid=80f198ee56343ba8,_dd.p.dm=-4"}}
            """, "x-datadog-trace-id: 2222\nx-datadog-sampling-priority: -1\nx-datadog-tags: _dd.p.tid=80f198ee56343ba8"
        },
        {
            "TV4.5", "", "", """{"headers":{"traceparent":"00-80f198ee56343ba864fe8b2a57d3eff7-00f067aa0ba902b7-01"}}""",
            "x-datadog-trace-id: 7277407061855694839\nx-datadog-sampling-priority: 1\nx-datadog-tags: _dd.p.tid=80f198ee56343ba8"
        },
        { "TV4.6", "", StartCall, Event, "x-datadog-trace-id: 555" },
        { "TV4.7: 0", "", "x-datadog-trace-id: 0", "{}", "" },
        { "TV4.7: abc", "", "x-datadog-trace-id: abc", "{}", "" },
        {
            "TV4.8", "b3", "b3: 80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1", "{}",
            "x-datadog-trace-id: 7277407061855694839\nx-datadog-sampling-priority: 1\nx-datadog-tags: _dd.p.tid=80f198ee56343ba8"
        },
        { "TV4.9", "b3", "b3: 80f198ee56343ba8-e457b5a2e4d86bd1-1", "{}", "x-datadog-trace-id: 9291375655657946024\nx-datadog-sampling-priority: 1" },
        { "TV4.10", "", "", Padded(Event, 6_291_457), "" },
        { "one byte less is an event", "", "", Padded(Event, 6_291_456), "x-datadog-trace-id: 555" },
        { "a malformed tid is not told", "", "x-datadog-trace-id: 5\nx-datadog-tags: _dd.p.tid=zz", "{}", "x-datadog-trace-id: 5" },
        { "headers of the call alone", "", StartCall, "", "x-datadog-trace-id: 111" },
        { "an event beyond the limit leaves the headers of the call", "", StartCall, Padded(Event, 6_291_457), "x-datadog-trace-id: 111" },
    };

    [Theory]
    [MemberData(nameof(Tv4))]
    public void Start_invocation_is_answered(string row, string styles, string headers, string eventJson, string expected)
    {
        var sources = new UpstreamSources { StartCall = Contexts.Carrier(headers) };
        SpanContext? context = Contexts.Propagator(styles).Find(sources, Encoding.UTF8.GetBytes(eventJson));
        Assert.Equal((row, expected), (row, string.Join('\n', StartInvocationHeaders.Of(context).Select(static h => $"{h.Key}: {h.Value}"))));
    }

    [Fact]
    public void The_parent_of_TV4_5_is_the_one_in_traceparent()
    {
        SpanContext? context = Contexts.Propagator().Find(
            new UpstreamSources(), """{"headers":{"traceparent":"00-80f198ee56343ba864fe8b2a57d3eff7-00f067aa0ba902b7-01"}}"""u8);
        Assert.Equal(67667974448284343u, context!.SpanId);
    }

    /// <summary>Each source is stronger than all behind it.</summary>
    [Fact]
    public void The_strongest_source_wins()
    {
        Propagator propagator = Contexts.Propagator();
        var sources = new UpstreamSources
        {
            Trigger = Contexts.Carrier("x-datadog-trace-id: 9\nx-datadog-parent-id: 10"),
            Generated = Generated,
            AwsTraceHeader = XRay,
            StartCall = Contexts.Carrier(StartCall),
        };
        byte[] eventJson = Encoding.UTF8.GetBytes(Event);
        Assert.Equal("9/10", Contexts.Describe(propagator.Find(sources, eventJson)));
        sources = sources with { Trigger = Contexts.Carrier("x-datadog-trace-id: 0") };
        Assert.Equal("77/78", Contexts.Describe(propagator.Find(sources, eventJson)));
        sources = sources with { Generated = null };
        Assert.Equal("1001/2002 p=1", Contexts.Describe(propagator.Find(sources, eventJson)));
        sources = sources with { AwsTraceHeader = "Root=1-64cc2edd-112fbf1701d1355973a11d57;Parent=7d5a9776024b2d42;Sampled=0" };
        Assert.Equal("555/666", Contexts.Describe(propagator.Find(sources, eventJson)));
        Assert.Equal("333/444", Contexts.Describe(propagator.Find(sources, Encoding.UTF8.GetBytes(Event.Replace("555", "0")))));
        Assert.Equal("111/222", Contexts.Describe(propagator.Find(sources, "{}"u8)));
        Assert.Null(propagator.Find(new UpstreamSources(), "{}"u8));
    }

    /// <summary>With active tracing every message carries an AWSTraceHeader: taking it first would cut off the sender.</summary>
    [Fact]
    public void A_messages_attributes_win_over_its_AWSTraceHeader()
    {
        var sources = new UpstreamSources { Trigger = Contexts.Carrier("x-datadog-trace-id: 9"), AwsTraceHeader = XRay };
        Assert.Equal("9/0", Contexts.Describe(Contexts.Propagator().Find(sources, "{}"u8)));
    }

    [Fact]
    public void None_means_no_context_from_any_source()
    {
        Carrier headers = Contexts.Carrier(StartCall);
        var sources = new UpstreamSources { Trigger = headers, Generated = Generated, AwsTraceHeader = XRay, StartCall = headers };
        Assert.Null(Contexts.Propagator("none").Find(sources, Encoding.UTF8.GetBytes(Event)));
    }

    private static string Padded(string json, int length) => json + new string(' ', length - json.Length);
}
