using Xunit;

namespace Mayfly.Tests.Platforms.Lambda.Propagation;

/// <summary>docs/spec/02-triggers.md#64-styles and 01-lambda-lifecycle.md#410-trace-context-extraction, style by style.</summary>
public class StyleTests
{
    private const string Tid = "65530000deadbeef";
    private const string Trace = "65530000deadbeef00000000000003e9";
    private const string Parent = $"traceparent: 00-{Trace}-00000000000007d2";
    private const string ParentTag = $"traceparent=00-{Trace}-00000000000007d2";

    /// <summary>Row, styles, headers, context.</summary>
    public static TheoryData<string, string, string, string> Datadog => new()
    {
        {
            "vector 1", "", "x-datadog-trace-id: 1001\nx-datadog-parent-id: 2002\nx-datadog-sampling-priority: 1\nx-datadog-origin: rum\n" +
            $"x-datadog-tags: _dd.p.tid={Tid},_dd.p.dm=-4,other=x", $"{Tid}:1001/2002 p=1 o=rum _dd.p.dm=-4 _dd.p.tid={Tid}"
        },
        {
            "vector 2: malformed tid", "", "x-datadog-trace-id: 1001\nx-datadog-parent-id: 2002\nx-datadog-tags: _dd.p.tid=123567890,_dd.p.dm=-1",
            "1001/2002 _dd.p.dm=-1 _dd.propagation_error=malformed_tid 123567890"
        },
        { "vector 3: decision maker above 0", "", "x-datadog-trace-id: 1001\nx-datadog-tags: _dd.p.dm=4", "1001/0 _dd.propagation_error=decoding_error" },
        { "vector 4: trace id 0", "", "x-datadog-trace-id: 0", Contexts.None },
        { "vector 4: trace id over 64 bits", "", "x-datadog-trace-id: 18446744073709551616", Contexts.None },
        { "vector 4, §12 #21: any case of the name", "", "X-Datadog-Trace-Id: 1001", "1001/0" },
        { "vector 5: blank before the parent id", "", "x-datadog-trace-id: 1001\nx-datadog-parent-id:  2002", "1001/0" },
        { "trace id absent", "", "x-datadog-parent-id: 2002\nx-datadog-sampling-priority: 1", Contexts.None },
        { "trace id empty", "", "x-datadog-trace-id: ", Contexts.None },
        { "trace id invalid", "", "x-datadog-trace-id: abc", Contexts.None },
        { "trace id with blank", "", "x-datadog-trace-id:  1001", Contexts.None },
        { "trace id negative", "", "x-datadog-trace-id: -1", Contexts.None },
        { "trace id hex", "", "x-datadog-trace-id: 0x3e9", Contexts.None },
        { "trace id ends in NUL", "", "x-datadog-trace-id: 1001\0", Contexts.None },
        { "leading plus", "", "x-datadog-trace-id: +1001\nx-datadog-parent-id: +2002", "1001/2002" },
        { "two signs", "", "x-datadog-trace-id: ++1001", Contexts.None },
        {
            "largest ids", "", "x-datadog-trace-id: 18446744073709551615\nx-datadog-parent-id: 18446744073709551615",
            "18446744073709551615/18446744073709551615"
        },
        { "parent id overflows", "", "x-datadog-trace-id: 1001\nx-datadog-parent-id: 18446744073709551616", "1001/0" },
        { "priority 1.0 is unknown", "", "x-datadog-trace-id: 1001\nx-datadog-sampling-priority: 1.0", "1001/0" },
        { "priority 300 is unknown", "", "x-datadog-trace-id: 1001\nx-datadog-sampling-priority: 300", "1001/0" },
        { "priority -128", "", "x-datadog-trace-id: 1001\nx-datadog-sampling-priority: -128", "1001/0 p=-128" },
        { "priority 127", "", "x-datadog-trace-id: 1001\nx-datadog-sampling-priority: 127", "1001/0 p=127" },
        { "priority 128", "", "x-datadog-trace-id: 1001\nx-datadog-sampling-priority: 128", "1001/0" },
        { "origin verbatim", "", "x-datadog-trace-id: 1001\nx-datadog-origin: a b;=ü ", "1001/0 o=a b;=ü " },
        { "tags of 512 bytes", "", $"x-datadog-trace-id: 1001\nx-datadog-tags: _dd.p.x={new string('y', 504)}", $"1001/0 _dd.p.x={new string('y', 504)}" },
        {
            "tags of 513 bytes", "", $"x-datadog-trace-id: 1001\nx-datadog-tags: _dd.p.tid={Tid},_dd.p.x={new string('y', 478)}",
            "1001/0 _dd.propagation_error=extract_max_size"
        },
        {
            "tags of 513 bytes in 512 characters", "", $"x-datadog-trace-id: 1001\nx-datadog-tags: _dd.p.x={new string('y', 503)}ü",
            "1001/0 _dd.propagation_error=extract_max_size"
        },
        {
            "split at the first equals sign", "", "x-datadog-trace-id: 1001\nx-datadog-tags: _dd.p.usr.id=YQ==,_dd.p.e=,_dd.p.=v,=,x,_dd.p.n",
            "1001/0 _dd.p.e= _dd.p.usr.id=YQ=="
        },
        { "of a repeated tag the last", "", "x-datadog-trace-id: 1001\nx-datadog-tags: _dd.p.a=1,_dd.p.a=2", "1001/0 _dd.p.a=2" },
        { "tid of 17 digits", "", $"x-datadog-trace-id: 1001\nx-datadog-tags: _dd.p.tid=0{Tid}", $"1001/0 _dd.propagation_error=malformed_tid 0{Tid}" },
        {
            "tid with a letter", "", "x-datadog-trace-id: 1001\nx-datadog-tags: _dd.p.tid=65530000deadbeeg",
            "1001/0 _dd.propagation_error=malformed_tid 65530000deadbeeg"
        },
        { "tid empty", "", "x-datadog-trace-id: 1001\nx-datadog-tags: _dd.p.tid=", "1001/0 _dd.propagation_error=malformed_tid " },
        { "tid in upper case", "", "x-datadog-trace-id: 1001\nx-datadog-tags: _dd.p.tid=65530000DEADBEEF", $"{Tid}:1001/0 _dd.p.tid=65530000DEADBEEF" },
        { "decision maker -0", "", "x-datadog-trace-id: 1001\nx-datadog-tags: _dd.p.dm=-0", "1001/0 _dd.p.dm=-0" },
        { "decision maker -128", "", "x-datadog-trace-id: 1001\nx-datadog-tags: _dd.p.dm=-128", "1001/0 _dd.p.dm=-128" },
        { "decision maker -129", "", "x-datadog-trace-id: 1001\nx-datadog-tags: _dd.p.dm=-129", "1001/0 _dd.propagation_error=decoding_error" },
        { "decision maker is no number", "", "x-datadog-trace-id: 1001\nx-datadog-tags: _dd.p.dm=x", "1001/0 _dd.propagation_error=decoding_error" },
        { "of two names that differ in case the first", "", "X-DATADOG-TRACE-ID: 5\nx-datadog-trace-id: 6", "5/0" },
    };

    public static TheoryData<string, string, string, string> TraceContext => new()
    {
        { "vector 6", "", $"{Parent}-01", $"{Tid}:1001/2002 p=1 _dd.p.tid={Tid} {ParentTag}-01" },
        {
            "vector 7: Datadog's member", "", $"{Parent}-01\ntracestate: dd=s:2;o:rum;p:00000000000007d3;t.dm:-4;t.usr.id:baz64~,congo=t61",
            $"{Tid}:1001/2002 p=2 o=rum _dd.p.dm=-4 _dd.p.tid={Tid} _dd.p.usr.id=baz64= _dd.parent_id=00000000000007d3 {ParentTag}-01 " +
            "tracestate=dd=s:2;o:rum;p:00000000000007d3;t.dm:-4;t.usr.id:baz64~,congo=t61"
        },
        {
            "vector 8: flags say drop", "", $"{Parent}-00\ntracestate: dd=s:2;t.dm:-4",
            $"{Tid}:1001/2002 p=0 _dd.p.tid={Tid} {ParentTag}-00 tracestate=dd=s:2;t.dm:-4"
        },
        {
            "vector 9: flags say keep", "", $"{Parent}-01\ntracestate: dd=s:-1;t.dm:-4",
            $"{Tid}:1001/2002 p=1 _dd.p.dm=-0 _dd.p.tid={Tid} {ParentTag}-01 tracestate=dd=s:-1;t.dm:-4"
        },
        {
            "vector 10, §12 #11: blank after the comma", "", $"{Parent}-01\ntracestate: dd=s:2, foo=1",
            $"{Tid}:1001/2002 p=2 _dd.p.tid={Tid} {ParentTag}-01 tracestate=dd=s:2, foo=1"
        },
        {
            "vector 10, §12 #11: equals sign in a foreign value", "", $"{Parent}-01\ntracestate: dd=s:2,foo=YQ==",
            $"{Tid}:1001/2002 p=2 _dd.p.tid={Tid} {ParentTag}-01 tracestate=dd=s:2,foo=YQ=="
        },
        { "vector 11: flags 02", "", $"{Parent}-02", $"{Tid}:1001/2002 p=0 _dd.p.tid={Tid} {ParentTag}-02" },
        { "vector 12, §12 #11: flags 03", "", $"{Parent}-03", $"{Tid}:1001/2002 p=1 _dd.p.tid={Tid} {ParentTag}-03" },
        { "vector 12: version 00 with a tail", "", $"{Parent}-01-zz", Contexts.None },
        { "vector 12: version ff", "", $"traceparent: ff-{Trace}-00000000000007d2-01", Contexts.None },
        { "vector 12: upper-case hex", "", $"traceparent: 00-{Trace.ToUpperInvariant()}-00000000000007d2-01", Contexts.None },
        {
            "vector 13: version 01 with a tail", "", $"traceparent: 01-{Trace}-00000000000007d2-01-zz",
            $"{Tid}:1001/2002 p=1 _dd.p.tid={Tid} traceparent=01-{Trace}-00000000000007d2-01-zz"
        },
        { "vector 13: blanks around", "", $"traceparent:  00-{Trace}-00000000000007d2-01\t ", $"{Tid}:1001/2002 p=1 _dd.p.tid={Tid} {ParentTag}-01" },
        { "version 01, tail without a dash", "", $"traceparent: 01-{Trace}-00000000000007d2-01zz", Contexts.None },
        { "version fe", "", $"traceparent: fe-{Trace}-00000000000007d2-01", $"{Tid}:1001/2002 p=1 _dd.p.tid={Tid} traceparent=fe-{Trace}-00000000000007d2-01" },
        { "version of letters", "", $"traceparent: 0g-{Trace}-00000000000007d2-01", Contexts.None },
        { "trace id 0", "", "traceparent: 00-00000000000000000000000000000000-00000000000007d2-01", Contexts.None },
        { "low half 0", "", $"traceparent: 00-{Tid}0000000000000000-00000000000007d2-01", Contexts.None },
        { "span id 0", "", $"traceparent: 00-{Trace}-0000000000000000-01", Contexts.None },
        {
            "64-bit id", "", "traceparent: 00-000000000000000000000000000003e9-00000000000007d2-01",
            "1001/2002 p=1 traceparent=00-000000000000000000000000000003e9-00000000000007d2-01"
        },
        { "too short", "", $"traceparent: 00-{Trace}-00000000000007d2-1", Contexts.None },
        { "other separators", "", $"traceparent: 00_{Trace}_00000000000007d2_01", Contexts.None },
        { "any case of the name", "", $"TraceParent: 00-{Trace}-00000000000007d2-01", $"{Tid}:1001/2002 p=1 _dd.p.tid={Tid} {ParentTag}-01" },
        { "tracestate alone", "", "tracestate: dd=s:2;p:00000000000007d3", Contexts.None },
        {
            "tracestate without dd", "", $"{Parent}-01\ntracestate: congo=t61",
            $"{Tid}:1001/2002 p=1 _dd.p.dm=-0 _dd.p.tid={Tid} {ParentTag}-01 tracestate=congo=t61"
        },
        {
            "dd without priority", "", $"{Parent}-00\ntracestate: dd=t.dm:-4;o:rum",
            $"{Tid}:1001/2002 p=0 o=rum _dd.p.tid={Tid} {ParentTag}-00 tracestate=dd=t.dm:-4;o:rum"
        },
        {
            "both say drop", "", $"{Parent}-00\ntracestate: dd=s:-1;t.dm:-4",
            $"{Tid}:1001/2002 p=-1 _dd.p.dm=-4 _dd.p.tid={Tid} {ParentTag}-00 tracestate=dd=s:-1;t.dm:-4"
        },
        {
            "priority beyond 8 bits", "", $"{Parent}-01\ntracestate: dd=s:300",
            $"{Tid}:1001/2002 p=1 _dd.p.dm=-0 _dd.p.tid={Tid} {ParentTag}-01 tracestate=dd=s:300"
        },
        {
            "items without colon, or not printable, are skipped", "",
            $"{Parent}-01\ntracestate: dd=s:1;x;o:r\u0001m;t.a:ü;t.:v;t.b:1:2;t.tid:1111111111111111",
            $"{Tid}:1001/2002 p=1 _dd.p.b=1:2 _dd.p.tid={Tid} {ParentTag}-01 tracestate=dd=s:1;x;o:r\u0001m;t.a:ü;t.:v;t.b:1:2;t.tid:1111111111111111"
        },
        { "a member without value discards all", "", $"{Parent}-01\ntracestate: dd=s:2,foo=", $"{Tid}:1001/2002 p=1 _dd.p.tid={Tid} {ParentTag}-01" },
        { "a member without equals sign discards all", "", $"{Parent}-01\ntracestate: dd=s:2,foo", $"{Tid}:1001/2002 p=1 _dd.p.tid={Tid} {ParentTag}-01" },
        { "a key in upper case discards all", "", $"{Parent}-01\ntracestate: dd=s:2,Foo=1", $"{Tid}:1001/2002 p=1 _dd.p.tid={Tid} {ParentTag}-01" },
        { "a key that starts with a dash discards all", "", $"{Parent}-01\ntracestate: dd=s:2,-f=1", $"{Tid}:1001/2002 p=1 _dd.p.tid={Tid} {ParentTag}-01" },
        { "a key with two @ discards all", "", $"{Parent}-01\ntracestate: dd=s:2,a@b@c=1", $"{Tid}:1001/2002 p=1 _dd.p.tid={Tid} {ParentTag}-01" },
        {
            "a key with one @ and all signs", "", $"{Parent}-01\ntracestate: dd=s:2,0a_-*/@b=1",
            $"{Tid}:1001/2002 p=2 _dd.p.tid={Tid} {ParentTag}-01 tracestate=dd=s:2,0a_-*/@b=1"
        },
        { "an empty key passes", "", $"{Parent}-01\ntracestate: dd=s:2,=1", $"{Tid}:1001/2002 p=2 _dd.p.tid={Tid} {ParentTag}-01 tracestate=dd=s:2,=1" },
        { "a key of 257 discards all", "", $"{Parent}-01\ntracestate: dd=s:2,{new string('k', 257)}=1", $"{Tid}:1001/2002 p=1 _dd.p.tid={Tid} {ParentTag}-01" },
        {
            "a value of 257 discards all", "", $"{Parent}-01\ntracestate: dd=s:2,k={new string('v', 257)}",
            $"{Tid}:1001/2002 p=1 _dd.p.tid={Tid} {ParentTag}-01"
        },
        {
            "key and value of 256", "", $"{Parent}-01\ntracestate: dd=s:2,{new string('k', 256)}={new string('v', 256)}",
            $"{Tid}:1001/2002 p=2 _dd.p.tid={Tid} {ParentTag}-01 tracestate=dd=s:2,{new string('k', 256)}={new string('v', 256)}"
        },
        {
            "empty members are none", "", $"{Parent}-01\ntracestate: ,dd=s:2,, foo=1,",
            $"{Tid}:1001/2002 p=2 _dd.p.tid={Tid} {ParentTag}-01 tracestate=dd=s:2,, foo=1"
        },
        { "empty tracestate", "", $"{Parent}-01\ntracestate: ", $"{Tid}:1001/2002 p=1 _dd.p.tid={Tid} {ParentTag}-01" },
        {
            "the 33rd member is not looked at", "", $"{Parent}-01\ntracestate: {Members(32)},dd=s:2,Bad",
            $"{Tid}:1001/2002 p=1 _dd.p.dm=-0 _dd.p.tid={Tid} {ParentTag}-01 tracestate={Members(32)}"
        },
        {
            "the 32nd member is", "", $"{Parent}-01\ntracestate: {Members(31)},dd=s:2",
            $"{Tid}:1001/2002 p=2 _dd.p.tid={Tid} {ParentTag}-01 tracestate={Members(31)},dd=s:2"
        },
    };

    public static TheoryData<string, string, string, string> B3 => new()
    {
        {
            "TV4: b3, 128 bits", "b3", "b3: 80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1",
            "80f198ee56343ba8:7277407061855694839/16453819474850114513 p=1 _dd.p.tid=80f198ee56343ba8"
        },
        { "TV4: b3, 64 bits", "b3", "b3: 80f198ee56343ba8-e457b5a2e4d86bd1-1", "9291375655657946024/16453819474850114513 p=1" },
        { "vector 17: b3, debug", "b3", $"b3: {Trace}-00000000000007d2-d", $"{Tid}:1001/2002 p=2 _dd.p.tid={Tid}" },
        { "b3, drop", "b3", "b3: 3e9-7d2-0", "1001/2002 p=0" },
        { "b3, no decision", "b3", "b3: 3e9-7d2", "1001/2002" },
        { "b3, then anything", "b3", "b3: 3e9-7d2-1-0000000000000001-x", "1001/2002 p=1" },
        { "b3, unknown decision", "b3", "b3: 3e9-7d2-x", "1001/2002" },
        { "b3, upper case", "B3", "B3: 3E9-7D2-1", "1001/2002 p=1" },
        { "b3, trace id 0", "b3", "b3: 0-7d2-1", Contexts.None },
        { "b3, low half 0", "b3", $"b3: {Tid}0000000000000000-7d2-1", Contexts.None },
        { "b3, span id 0", "b3", "b3: 3e9-0-1", "1001/0 p=1" },
        { "b3, 33 digits", "b3", $"b3: 0{Trace}-7d2-1", Contexts.None },
        { "b3, span of 17 digits", "b3", "b3: 3e9-000000000000007d2-1", Contexts.None },
        { "b3, no span", "b3", "b3: 3e9", Contexts.None },
        { "b3, no hex", "b3", "b3: xyz-7d2", Contexts.None },
        { "b3, empty", "b3", "b3: ", Contexts.None },
        { "§12 #11: a lone decision is no context", "b3", "b3: 1", Contexts.None },
        { "§12 #11: a lone decision shadows nothing", "b3,datadog", "b3: d\nx-datadog-trace-id: 1001\nx-datadog-parent-id: 2002", "1001/2002" },
        { "b3multi, keep", "b3multi", $"x-b3-traceid: {Trace}\nx-b3-spanid: 00000000000007d2\nx-b3-sampled: 1", $"{Tid}:1001/2002 p=1 _dd.p.tid={Tid}" },
        { "b3multi, drop", "b3multi", "X-B3-TraceId: 3e9\nX-B3-SpanId: 7d2\nX-B3-Sampled: 0", "1001/2002 p=0" },
        { "b3multi, flags win", "b3multi", "x-b3-traceid: 3e9\nx-b3-spanid: 7d2\nx-b3-sampled: 0\nx-b3-flags: 1", "1001/2002 p=2" },
        { "b3multi, flags other than 1", "b3multi", "x-b3-traceid: 3e9\nx-b3-spanid: 7d2\nx-b3-sampled: 1\nx-b3-flags: 0", "1001/2002 p=1" },
        { "b3multi, unknown decision", "b3multi", "x-b3-traceid: 3e9\nx-b3-spanid: 7d2\nx-b3-sampled: true", "1001/2002" },
        { "b3multi, no span id", "b3multi", "x-b3-traceid: 3e9", "1001/0" },
        { "b3multi, span id 0", "b3multi", "x-b3-traceid: 3e9\nx-b3-spanid: 0", "1001/0" },
        { "b3multi, malformed span id", "b3multi", "x-b3-traceid: 3e9\nx-b3-spanid: xyz", Contexts.None },
        { "b3multi, span id of 17 digits", "b3multi", "x-b3-traceid: 3e9\nx-b3-spanid: 000000000000007d2", Contexts.None },
        { "b3multi, trace id of 33 digits", "b3multi", $"x-b3-traceid: 0{Trace}\nx-b3-spanid: 7d2", Contexts.None },
        { "b3multi, trace id 0", "b3multi", "x-b3-traceid: 00000000000000000000000000000000\nx-b3-spanid: 7d2", Contexts.None },
        { "b3multi, trace id empty", "b3multi", "x-b3-traceid: \nx-b3-spanid: 7d2", Contexts.None },
        { "b3 headers are not read by other styles", "", "b3: 3e9-7d2-1\nx-b3-traceid: 3e9\nx-b3-spanid: 7d2", Contexts.None },
    };

    public static TheoryData<string, string, string, string> Others => new()
    {
        { "baggage extracts nothing", "baggage", "baggage: a=b\nx-datadog-trace-id: 1001", Contexts.None },
        { "baggage beside another style", "baggage,datadog", "baggage: a=b\nx-datadog-trace-id: 1001", "1001/0" },
        {
            "none: never any context", "none",
            $"x-datadog-trace-id: 1001\n{Parent}-01\nx-amzn-trace-id: Root=1-65530000-0000000000000000000003e9;Parent=00000000000007d2", Contexts.None
        },
        { "none is removed from a list", "none,datadog", "x-datadog-trace-id: 1001", "1001/0" },
        { "no headers", "", "", Contexts.None },
        {
            "X-Ray with Datadog's ids, where no style finds anything", "",
            "X-Amzn-Trace-Id: Root=1-65530000-0000000000000000000003e9;Parent=00000000000007d2;Sampled=1",
            "1001/2002 p=1"
        },
        {
            "X-Ray is weaker than every style", "",
            "x-amzn-trace-id: Root=1-65530000-0000000000000000000003e9;Parent=00000000000007d2;Sampled=1\nx-datadog-trace-id: 5",
            "5/0"
        },
        { "AWSTraceHeader as a carrier", "", "AWSTraceHeader: Root=1-65530000-0000000000000000000003e9;Parent=00000000000007d2;Sampled=0", "1001/2002 p=0" },
        { "X-Ray of others is no context", "", "x-amzn-trace-id: Root=1-64cc2edd-112fbf1701d1355973a11d57;Parent=7d5a9776024b2d42;Sampled=0", Contexts.None },
    };

    [Theory]
    [MemberData(nameof(Datadog))]
    [MemberData(nameof(TraceContext))]
    [MemberData(nameof(B3))]
    [MemberData(nameof(Others))]
    public void Headers_give_a_context(string row, string styles, string headers, string expected) =>
        Assert.Equal((row, expected), (row, Contexts.Describe(Contexts.Propagator(styles).Extract(Contexts.Carrier(headers)))));

    private static string Members(int count) => string.Join(',', Enumerable.Range(0, count).Select(static i => $"k{i}=v"));
}
