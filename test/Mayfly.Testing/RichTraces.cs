using System.Text;

namespace Mayfly.Testing;

/// <summary>
/// One request per format that uses every field the format has. The span is the same in all of them, as far as the format can say it:
/// web / http.request / GET / of trace 123, span 456, parent 7.
/// </summary>
public static class RichTraces
{
    public const long StartNs = 1_700_000_000_000_000_000;

    /// <summary>v0.4: links, events with attributes of every type, <c>meta_struct</c>, an unknown field.</summary>
    public static byte[] V04 => new MsgPackWriter().Array(1).Raw(SpansV04()).ToArray();

    /// <summary>v0.5: what its positional spans have room for.</summary>
    public static byte[] V05 => SampleSpan.V05([Sample, Sample with { SpanId = 457, ParentId = 456, Service = "db", Error = 1 }]);

    /// <summary>v0.7: every field of payload and chunk, and one that is unknown.</summary>
    /// <param name="areChunksFirst">The chunks precede what is said about all of them, and the spans the rest of the chunk.</param>
    public static byte[] V07(bool areChunksFirst)
    {
        var body = new MsgPackWriter().Map(11);
        if (areChunksFirst)
        {
            WriteChunksV07(body, areSpansFirst: true);
        }

        foreach ((string key, string value) in new[]
        {
            ("container_id", "cid"), ("language_name", "go"), ("language_version", "1.24"), ("tracer_version", "2.0"), ("runtime_id", "rid"),
            ("env", "Prod EU"), ("hostname", "host"), ("app_version", "9"),
        })
        {
            body.Str(key).Str(value);
        }

        body.Str("tags").Map(2).Str("k").Str("v").Str("n").Int(1).Str("unknown").Map(1).Str("a").Array(1).Nil();
        if (!areChunksFirst)
        {
            WriteChunksV07(body, areSpansFirst: false);
        }

        return body.ToArray();
    }

    /// <summary>v1.0: every field of payload, chunk, span, link and event, attributes of every type.</summary>
    /// <remarks>
    /// Texts by number: 1 cid, 2 go, 3 1.24, 4 2.0, 5 rid, 6 prod, 7 host, 8 9, 9 k, 10 v, 11 flag, 12 n, 13 rum, 14 to 16 the chunk's, 17 web, 18 and 19 name
    /// and resource, 20 text, 21 double, 22 int, 23 bytes, 24 array, 25 a, 26 list …
    /// </remarks>
    public static byte[] V10 => new MsgPackWriter().Map(10)
        .Int(2).Str("cid").Int(3).Str("go").Int(4).Str("1.24").Int(5).Str("2.0").Int(6).Str("rid").Int(7).Str("prod").Int(8).Str("host").Int(9).Str("9")
        .Int(10).Array(9).Str("k").Int(1).Str("v").Str("flag").Int(2).Bool(true).Str("n").Int(4).Int(-7)
        .Int(11).Array(1).Map(7)
        .Int(1).Int(2).Int(2).Str("rum").Int(3).Array(6).Str("chunk.text").Int(1).Str("all").Str("chunk.number").Int(3).Float64(0.5)
        .Int(4).Array(1).Raw(SpanV10()).Int(5).Bool(true)
        .Int(6).Bin(Convert.FromHexString("000000000000abcd000000000000007b")).Int(7).Int(4)
        .ToArray();

    /// <summary>JSON: numbers in all forms, ids as texts and numbers, escapes, links, events, <c>meta_struct</c> in base64.</summary>
    public static byte[] Json => Encoding.UTF8.GetBytes("""
        [[{"service":"web","name":"http.request","resource":"GET \/caf\u00e9","type":"web","trace_id":18446744073709551615,"span_id":"456","parent_id":-1,
        "start":1700000000000000000,"duration":5000000.7,"error":true,"unknown":{"a":[1,{"b":null}]},
        "meta":{"env":"pr\"od","trace_id":"12","count":3,"flag":false,"gone":null,"🐶":"日本"},
        "metrics":{"a":1,"b":-2,"c":0.5,"d":1e3,"e":null},
        "meta_struct":{"s":"AQID","t":"not base64!"},
        "span_links":[{"trace_id":"9","trace_id_high":10,"span_id":11,"tracestate":"x=y","flags":1,"attributes":{"span_id":"7"}}],
        "span_events":[{"time_unix_nano":1700000000000000001,"name":"e","attributes":{"s":{"type":0,"string_value":"v"},"i":{"type":2,"int_value":3},
        "l":{"type":4,"array_value":{"values":[{"type":2,"int_value":1},{"type":1,"bool_value":true}]}}}}]}]]
        """);

    private static SampleSpan Sample { get; } = new()
    {
        TraceId = 123,
        SpanId = 456,
        ParentId = 7,
        Meta = new Dictionary<string, string>
        {
            ["env"] = "Prod EU", ["http.status_code"] = "200", ["peer.service"] = "Other One", ["_dd.p.dm"] = "-4", ["é"] = "日本",
        },
        Metrics = new Dictionary<string, double> { ["_sampling_priority_v1"] = 1, ["n"] = 0.5 },
    };

    private static byte[] SpansV04() => new MsgPackWriter().Array(1).Map(15)
        .Str("type").Str("web").Str("trace_id").UInt64(123).Str("span_id").UInt64(456).Str("parent_id").UInt64(7)
        .Str("name").Str("http.request").Str("resource").Str("GET /").Str("service").Bin("web"u8).Str("error").Int(1)
        .Str("start").UInt64(StartNs).Str("duration").Float64(5_000_000.5)
        .Str("meta").Map(3).Str("env").Str("Prod EU").Str("_dd.origin").Str("rum").Str("http.status_code").Str("200")
        .Str("metrics").Map(2).Str("_sampling_priority_v1").Int(1).Str("n").Float32(0.5f)
        .Str("meta_struct").Map(2).Str("x").Bin(1, 2, 3).Str("y").Array(2).Int(4).Int(5)
        .Str("span_links").Array(1).Map(6).Str("trace_id").UInt64(1).Str("trace_id_high").UInt64(2).Str("span_id").UInt64(3).Str("flags").Int(1)
        .Str("tracestate").Str("a=b").Str("attributes").Map(2).Str("link.name").Str("my-link").Str("n").Int(1)
        .Str("span_events").Array(1).Map(3).Str("time_unix_nano").Float64(1.7e18).Str("name").Str("exception").Str("attributes").Map(5)
        .Str("s").Map(2).Str("type").Int(0).Str("string_value").Str("v")
        .Str("b").Map(2).Str("type").Int(1).Str("bool_value").Bool(true)
        .Str("i").Map(2).Str("type").Int(2).Str("int_value").Int(3)
        .Str("d").Map(2).Str("type").Int(3).Str("double_value").Float64(0.25)
        .Str("l").Map(2).Str("type").Int(4).Str("array_value").Map(1).Str("values").Array(2)
        .Map(2).Str("type").Int(2).Str("int_value").Int(1).Map(2).Str("type").Int(0).Str("string_value").Str("w")
        .ToArray();

    private static void WriteChunksV07(MsgPackWriter body, bool areSpansFirst)
    {
        byte[] spans = SampleSpan.V04(
        [
            new SampleSpan { SpanId = 1, Meta = new Dictionary<string, string> { ["env"] = "span", ["_dd.origin"] = "span", ["_dd.p.dm"] = "-1" } },
            new SampleSpan { SpanId = 2, ParentId = 1, Metrics = new Dictionary<string, double> { ["_sampling_priority_v1"] = 1 } },
        ])[1..];
        body.Str("chunks").Array(1).Map(6);
        if (areSpansFirst)
        {
            body.Str("spans").Raw(spans);
        }

        body.Str("priority").Int(2).Str("origin").Str("rum").Str("tags").Map(2).Str("t").Str("u").Str("_dd.p.dm").Str("-4")
            .Str("dropped_trace").Bool(true).Str("x").Nil();
        if (!areSpansFirst)
        {
            body.Str("spans").Raw(spans);
        }
    }

    private static byte[] SpanV10() => new MsgPackWriter().Map(16)
        .Int(1).Str("web").Int(2).Str("http.request").Int(3).Str("GET /").Int(4).Int(456).Int(5).Int(7)
        .Int(6).UInt64(StartNs).Int(7).Int(5_000_000).Int(8).Bool(true)
        .Int(9).Array(21)
        .Str("text").Int(1).Int(17)
        .Int(11).Int(2).Bool(false)
        .Str("double").Int(3).Float64(0.25)
        .Str("int").Int(4).Int(12)
        .Str("bytes").Int(5).Bin(1, 2, 3)
        .Str("array").Int(6).Array(8).Int(1).Str("a").Int(4).Int(2).Int(2).Bool(true).Int(6).Array(2).Int(3).Float64(0.5)
        .Str("list").Int(7).Array(6).Int(9).Int(1).Str("é\"").Int(23).Int(5).Bin(1, 2)
        .Int(10).Int(1)
        .Int(11).Array(1).Map(5)
        .Int(1).Bin(Convert.FromHexString("112233445566778899aabbccddeeff00")).Int(2).Int(9)
        .Int(3).Array(6).Int(9).Int(1).Int(10).Int(12).Int(3).Float64(1.5).Int(4).Str("a=b").Int(5).Int(3)
        .Int(12).Array(1).Map(3)
        .Int(1).UInt64(StartNs + 1).Int(2).Str("exception")
        .Int(3).Array(18).Str("s").Int(1).Str("t").Str("b").Int(2).Bool(true).Str("i").Int(4).Int(4).Str("d").Int(3).Float64(0.5)
        .Int(25).Int(6).Array(4).Int(1).Str("x").Int(1).Int(0).Str("y").Int(5).Bin(1)
        .Int(13).Int(6).Int(14).Int(8).Int(15).Str("http").Int(16).Int(5)
        .ToArray();
}
