using Mayfly.Config;
using Mayfly.Diagnostics;
using Mayfly.Platforms.Lambda.Propagation;
using Mayfly.Tests.Config;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda.Propagation;

/// <summary>docs/spec/02-triggers.md#63-configuration-and-composition: several styles, and what else comes from the same carrier.</summary>
public class CompositionTests
{
    private const string Tid = "65530000deadbeef";
    private const string Trace = "65530000deadbeef00000000000003e9";
    private const string Datadog = $"x-datadog-trace-id: 1001\nx-datadog-parent-id: 2002\nx-datadog-sampling-priority: 1\nx-datadog-tags: _dd.p.tid={Tid}\n";
    private const string Context = $"{Tid}:1001/2002 p=1 _dd.p.tid={Tid}";
    private const string OtherTrace = "traceparent: 00-11111111111111112222222222222222-00000000000007d2-00";
    private const string B3 = "x-b3-traceid: 65530000deadbeef00000000000003e9\nx-b3-spanid: 0000000000000fa0\nx-b3-sampled: 1\n";

    public static TheoryData<string, string, string, string> Rows => new()
    {
        {
            "vector 14: same trace, other span", "", $"{Datadog}traceparent: 00-{Trace}-0000000000000bbb-01\ntracestate: foo=1",
            $"{Tid}:1001/3003 p=1 _dd.p.tid={Tid} _dd.parent_id=00000000000007d2 tracestate=foo=1"
        },
        {
            "vector 15: tracestate knows the last Datadog span", "", $"{Datadog}traceparent: 00-{Trace}-0000000000000bbb-01\ntracestate: dd=p:0000000000000ccc",
            $"{Tid}:1001/3003 p=1 _dd.p.tid={Tid} _dd.parent_id=0000000000000ccc tracestate=dd=p:0000000000000ccc"
        },
        {
            "vector 16: another trace", "", $"{Datadog}{OtherTrace}",
            $"{Context} -> 1229782938247303441:2459565876494606882/2002 tracecontext flags=0 state=?"
        },
        {
            "a link to W3C keeps its tracestate", "", $"{Datadog}traceparent: 00-11111111111111112222222222222222-00000000000007d2-01\ntracestate: foo=1",
            $"{Context} -> 1229782938247303441:2459565876494606882/2002 tracecontext flags=1 state=foo=1"
        },
        {
            "same trace and span: only tracestate is copied", "", $"{Datadog}traceparent: 00-{Trace}-00000000000007d2-01\ntracestate: foo=1",
            $"{Context} tracestate=foo=1"
        },
        {
            "same trace, other span, no tracestate", "", $"{Datadog}traceparent: 00-{Trace}-0000000000000bbb-01",
            $"{Tid}:1001/3003 p=1 _dd.p.tid={Tid} _dd.parent_id=00000000000007d2"
        },
        { "malformed tracestate is not copied", "", $"{Datadog}traceparent: 00-{Trace}-00000000000007d2-01\ntracestate: foo", Context },
        {
            "trap: Datadog without high bits and a 128-bit traceparent are two traces", "",
            $"x-datadog-trace-id: 1001\nx-datadog-parent-id: 2002\ntraceparent: 00-{Trace}-0000000000000bbb-01",
            "1001/2002 -> 7301179424633634543:1001/3003 tracecontext flags=1 state=?"
        },
        {
            "configured order decides: W3C first", "tracecontext,datadog", $"{Datadog}traceparent: 00-{Trace}-0000000000000bbb-01",
            $"{Tid}:1001/3003 p=1 _dd.p.tid={Tid} traceparent=00-{Trace}-0000000000000bbb-01"
        },
        {
            "W3C first, Datadog names another trace", "tracecontext,datadog",
            $"x-datadog-trace-id: 5\nx-datadog-parent-id: 6\ntraceparent: 00-{Trace}-0000000000000bbb-01",
            $"{Tid}:1001/3003 p=1 _dd.p.tid={Tid} traceparent=00-{Trace}-0000000000000bbb-01 -> 0:5/6 datadog flags=? state=?"
        },
        {
            "another trace without a span id is no link", "tracecontext,datadog", $"x-datadog-trace-id: 5\ntraceparent: 00-{Trace}-0000000000000bbb-01",
            $"{Tid}:1001/3003 p=1 _dd.p.tid={Tid} traceparent=00-{Trace}-0000000000000bbb-01"
        },
        {
            "B3 first, then W3C of the same trace: no Datadog span to name", "b3multi,tracecontext", $"{B3}traceparent: 00-{Trace}-0000000000000bbb-01",
            $"{Tid}:1001/3003 p=1 _dd.p.tid={Tid}"
        },
        {
            "B3 first, then W3C, then Datadog: its span is named", "b3multi,tracecontext,datadog", $"{B3}{Datadog}traceparent: 00-{Trace}-0000000000000bbb-01",
            $"{Tid}:1001/3003 p=1 _dd.p.tid={Tid} _dd.parent_id=00000000000007d2"
        },
        { "same trace in B3 changes nothing", "datadog,b3multi", $"{Datadog}{B3}", Context },
        {
            "all styles, three traces", "datadog,b3,tracecontext,b3multi",
            $"{Datadog}b3: 5-6-0\ntraceparent: 00-{Trace}-00000000000007d2-01\nx-b3-traceid: 7\nx-b3-spanid: 8\nx-b3-flags: 1",
            $"{Context} -> 0:5/6 b3 flags=0 state=? -> 0:7/8 b3multi flags=1 state=?"
        },
        {
            "extract first: the others are not looked at", "DD_TRACE_PROPAGATION_EXTRACT_FIRST=true", $"{Datadog}{OtherTrace}", Context
        },
        {
            "vector 17, §12 #11: extract first means the first that succeeds", "DD_TRACE_PROPAGATION_EXTRACT_FIRST=true",
            $"traceparent: 00-{Trace}-00000000000007d2-01",
            $"{Context} traceparent=00-{Trace}-00000000000007d2-01"
        },
        { "EXTRACT wins over STYLE", "DD_TRACE_PROPAGATION_STYLE=datadog DD_TRACE_PROPAGATION_STYLE_EXTRACT=b3", $"{Datadog}b3: 5-6-1", "5/6 p=1" },
        {
            "baggage", "DD_TRACE_PROPAGATION_HTTP_BAGGAGE_ENABLED=true", $"{Datadog}ot-baggage-User: Ann\nOT-BAGGAGE-b: 2\not-baggage-: x\nbaggage: c=3",
            $"{Tid}:1001/2002 p=1 _dd.p.tid={Tid} b=2 user=Ann"
        },
        { "baggage is off by default", "", $"{Datadog}ot-baggage-user: Ann", Context },
        { "baggage alone is no context", "DD_TRACE_PROPAGATION_HTTP_BAGGAGE_ENABLED=true", "ot-baggage-user: Ann", Contexts.None },
        { "baggage replaces no tag of propagation", "DD_TRACE_PROPAGATION_HTTP_BAGGAGE_ENABLED=true", $"{Datadog}ot-baggage-_dd.p.tid: 1", Context },
        { "§12 #21: W3C baggage is off by default", "", $"{Datadog}baggage: user.id=ann", Context },
        {
            "§12 #21: W3C baggage, default keys", "datadog,baggage", $"{Datadog}Baggage: user.id=a%20b ; p=1 , session.id=2,cart.id=3,account.id=%E2%82%AC",
            $"{Context} baggage.account.id=€ baggage.session.id=2 baggage.user.id=a b"
        },
        {
            "§12 #21: W3C baggage, own keys", "datadog,baggage DD_TRACE_BAGGAGE_TAG_KEYS=cart.id,x", $"{Datadog}baggage: user.id=1,cart.id=3",
            $"{Context} baggage.cart.id=3"
        },
        { "§12 #21: W3C baggage, all keys", "datadog,baggage DD_TRACE_BAGGAGE_TAG_KEYS=*", $"{Datadog}baggage: a=1,b=2", $"{Context} baggage.a=1 baggage.b=2" },
        { "§12 #21: W3C baggage with a member without value", "datadog,baggage", $"{Datadog}baggage: user.id=1,session.id", Context },
        { "§12 #21: W3C baggage with an empty key", "datadog,baggage", $"{Datadog}baggage: user.id=1,=2", Context },
        { "§12 #21: W3C baggage of 8193 characters", "datadog,baggage", $"{Datadog}baggage: user.id={new string('x', 8_185)}", Context },
        { "§12 #21: W3C baggage alone is no context", "datadog,baggage", "baggage: user.id=1", Contexts.None },
        {
            "baggage of a carrier with X-Ray's header", "DD_TRACE_PROPAGATION_HTTP_BAGGAGE_ENABLED=true",
            "x-amzn-trace-id: Root=1-65530000-0000000000000000000003e9;Parent=7d2;Sampled=1\not-baggage-user: Ann", "1001/2002 p=1 user=Ann"
        },
    };

    [Theory]
    [MemberData(nameof(Rows))]
    public void Headers_give_a_context(string row, string environment, string headers, string expected) =>
        Assert.Equal((row, expected), (row, Contexts.Describe(Contexts.Propagator(environment).Extract(Contexts.Carrier(headers)))));

    [Fact]
    public void A_link_says_why_it_exists()
    {
        SpanContext? context = Contexts.Propagator().Extract(Contexts.Carrier($"{Datadog}{OtherTrace}"));
        Assert.Equal([new("reason", "terminated_context"), new("context_headers", "tracecontext")], Assert.Single(context!.Links).Attributes);
    }

    [Fact]
    public void Baggage_is_bounded()
    {
        Propagator propagator = Contexts.Propagator("DD_TRACE_PROPAGATION_HTTP_BAGGAGE_ENABLED=true");
        Carrier many = Contexts.Carrier(Datadog);
        for (int i = 0; i < 1_000; i++)
        {
            many.Add($"ot-baggage-k{i}", "v");
        }

        Assert.Equal(1 + 64, propagator.Extract(many)!.Tags.Count);
        var counters = new Counters();
        new Propagator(Environments.Read((Keys.PropagationHttpBaggage, "true")).Propagation, counters).Extract(many);
        Assert.Equal(1_000 - 64, counters.Omitted(Omission.BaggageItem));
        Carrier large = Contexts.Carrier(Datadog);
        large.Add("ot-baggage-a", new string('x', 8_192));
        large.Add("ot-baggage-b", new string('x', 8_000));
        large.Add("ot-baggage-c", new string('x', 192));
        large.Add("ot-baggage-d", new string('x', 190));
        Assert.Equal(["_dd.p.tid", "b", "d"], propagator.Extract(large)!.Tags.Select(static tag => tag.Key));
    }
}
