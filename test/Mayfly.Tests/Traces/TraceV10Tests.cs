using Mayfly.Testing;
using Mayfly.Traces;
using Mayfly.Wire;
using Xunit;
using DropReason = Mayfly.Diagnostics.DropReason;
using Pb = Mayfly.Local.Intake.Protos;

namespace Mayfly.Tests.Traces;

/// <summary>docs/spec/03-traces.md#23-v07-and-v10 (v1.0)</summary>
public class TraceV10Tests
{
    [Fact]
    public void Every_field_arrives_in_its_place()
    {
        var rig = new TraceRig();
        Assert.Equal(TraceOutcome.Accepted, rig.Send<TraceV10>(RichTraces.V10, new TraceHeaders { Language = "header" }).Outcome);
        Pb.TracerPayload payload = rig.TakeOne();
        Assert.Equal(("cid", "go", "1.24", "2.0"), (payload.ContainerId, payload.LanguageName, payload.LanguageVersion, payload.TracerVersion));
        Assert.Equal(("rid", "prod", "host", "9"), (payload.RuntimeId, payload.Env, payload.Hostname, payload.AppVersion));
        Assert.Equal(new Dictionary<string, string> { ["k"] = "v", ["flag"] = "true", ["n"] = "-7" }, payload.Tags);
        Pb.TraceChunk chunk = Assert.Single(payload.Chunks);
        Assert.Equal((2, "rum", true), (chunk.Priority, chunk.Origin, chunk.DroppedTrace));
        Assert.Equal(new Dictionary<string, string> { ["_dd.p.dm"] = "-4" }, chunk.Tags);
        Pb.Span span = Assert.Single(chunk.Spans);
        Assert.Equal(("web", "http.request", "GET /", "cid"), (span.Service, span.Name, span.Resource, span.Type));
        Assert.Equal((123UL, 456UL, 7UL), (span.TraceId, span.SpanId, span.ParentId));
        Assert.Equal((1_700_000_000_000_000_000, 5_000_000, 1), (span.Start, span.Duration, span.Error));
        var meta = new Dictionary<string, string>
        {
            ["text"] = "web", ["flag"] = "false", ["array"] = """["a",2,true,[0.5]]""", ["list"] = """{"k":"é\"","bytes":"AQI="}""", ["env"] = "prod",
            ["version"] = "9", ["component"] = "http", ["span.kind"] = "consumer", ["_dd.p.dm"] = "-4", ["_dd.p.tid"] = "000000000000abcd", ["chunk.text"] = "all",
        };
        Assert.Equal(meta, span.Meta);
        Assert.Equal(new Dictionary<string, double> { ["double"] = 0.25, ["int"] = 12, ["_top_level"] = 1, ["chunk.number"] = 0.5 }, span.Metrics);
        Assert.Equal([1, 2, 3], Assert.Single(span.MetaStruct).Value.ToByteArray());
        Pb.SpanLink link = Assert.Single(span.SpanLinks);
        Assert.Equal((0x1122334455667788UL, 0x99aabbccddeeff00UL, 9UL), (link.TraceIdHigh, link.TraceId, link.SpanId));
        Assert.Equal(("a=b", 3U), (link.Tracestate, link.Flags));
        Assert.Equal(new Dictionary<string, string> { ["k"] = "v", ["n"] = "1.5" }, link.Attributes);
        Pb.SpanEvent spanEvent = Assert.Single(span.SpanEvents);
        Assert.Equal((1_700_000_000_000_000_001UL, "exception"), (spanEvent.TimeUnixNano, spanEvent.Name));
        Assert.Equal("t", spanEvent.Attributes["s"].StringValue);
        Assert.True(spanEvent.Attributes["b"].BoolValue);
        Assert.Equal(Pb.AttributeValueType.AttributeBool, spanEvent.Attributes["b"].Type);
        Assert.Equal(4, spanEvent.Attributes["i"].IntValue);
        Assert.Equal(0.5, spanEvent.Attributes["d"].DoubleValue);
        Assert.Equal(["x", ""], spanEvent.Attributes["a"].ArrayValue.Values.Select(static value => value.StringValue));
        Assert.Equal("AQ==", spanEvent.Attributes["y"].StringValue);
    }

    /// <summary>Unknown keys, and keys that are no numbers, are skipped; the texts in them count all the same.</summary>
    [Fact]
    public void Texts_in_skipped_values_get_numbers()
    {
        // 1 skipped, 2 deep, 3 key, 4 svc, 5 skipped too, 6 op
        byte[] body = new MsgPackWriter().Map(3)
            .Int(99).Array(2).Str("skipped").Map(1).Str("deep").Int(3)
            .Str("key").Nil()
            .Int(11).Array(1).Map(2).Int(6).Bin(Convert.FromHexString("0000000000000000000000000000007b"))
            .Int(4).Array(2)
            .Map(4).Int(4).Int(1).Int(1).Str("svc").Int(77).Array(1).Str("skipped too").Int(2).Str("op")
            .Map(4).Int(4).Int(2).Int(1).Int(4).Int(2).Int(6).Int(3).Int(2)
            .ToArray();
        Pb.Span[] spans = [.. Decoding.Of<TraceV10>(body).Good.Spans];
        Assert.Equal([("svc", "op", ""), ("svc", "op", "deep")], spans.Select(static span => (span.Service, span.Name, span.Resource)));
    }

    [Fact]
    public void Fields_of_the_payload_may_follow_the_chunks()
    {
        byte[] body = new MsgPackWriter().Map(2)
            .Int(11).Array(1).Map(2).Int(6).Bin(Convert.FromHexString("0000000000000000000000000000007b"))
            .Int(4).Array(1).Map(3).Int(4).Int(1).Int(1).Str("svc").Int(2).Str("op")
            .Int(3).Int(2).ToArray();
        Assert.Equal("op", Decoding.Of<TraceV10>(body).Good.Payload.LanguageName);
    }

    [Fact]
    public void The_empty_text_is_number_0_wherever_it_stands()
    {
        byte[] body = new MsgPackWriter().Map(4).Int(2).Str("").Int(3).Str("go").Int(4).Int(0).Int(5).Int(1).ToArray();
        Pb.TracerPayload payload = Decoding.Of<TraceV10>(body).Good.Payload;
        Assert.Equal(("", "go", "", "go"), (payload.ContainerId, payload.LanguageName, payload.LanguageVersion, payload.TracerVersion));
    }

    [Theory]
    [InlineData(0, null)]
    [InlineData(1, "internal")]
    [InlineData(2, "server")]
    [InlineData(3, "client")]
    [InlineData(4, "producer")]
    [InlineData(5, "consumer")]
    [InlineData(6, null)]
    public void Kind(int number, string? kind)
    {
        Pb.Span span = Decoding.Of<TraceV10>(ChunkWith(TraceRig.Hex($"82 04 01 10 0{number}"))).One;
        Assert.Equal(kind, span.Meta.GetValueOrDefault("span.kind"));
    }

    /// <summary>Mechanism 0 is a decision too.</summary>
    [Theory]
    [InlineData(0, "-0")]
    [InlineData(8, "-8")]
    [InlineData(3_000_000_000, "-3000000000")]
    public void Sampling_mechanism(long mechanism, string decisionMaker)
    {
        byte[] body = new MsgPackWriter().Map(1).Int(11).Array(1).Map(2).Int(7).Int(mechanism).Int(4).Array(2).Map(1).Int(4).Int(1).Map(1).Int(4).Int(2).ToArray();
        Pb.Span[] spans = [.. Decoding.Of<TraceV10>(body).Good.Spans];
        Assert.Equal(decisionMaker, spans[0].Meta["_dd.p.dm"]);
        Assert.Empty(spans[1].Meta);
    }

    [Fact]
    public void A_span_that_is_its_own_parent_is_a_root() =>
        Assert.Equal(0UL, Decoding.Of<TraceV10>(ChunkWith(TraceRig.Hex("82 04 09 05 09"))).One.ParentId);

    [Fact]
    public void A_trace_without_id_is_dropped_and_counted()
    {
        var rig = new TraceRig();
        byte[] body = new MsgPackWriter().Map(1).Int(11).Array(1).Map(1).Int(4).Array(1).Map(1).Int(4).Int(1).ToArray();
        Assert.Equal((TraceOutcome.Accepted, 0), (rig.Send<TraceV10>(body).Outcome, rig.Send<TraceV10>(body).SpanCount));
        Assert.Empty(rig.TakeRaw());
        Assert.Equal(2, rig.Counters.DroppedFor(DropReason.Malformed));
    }

    [Theory]
    [InlineData("an array", "90", MsgPackError.WrongType)]
    [InlineData("a text that was never sent", "81 03 01", MsgPackError.IndexOutOfRange)]
    [InlineData("a text that comes later", "82 03 01 04 a161", MsgPackError.IndexOutOfRange)]
    [InlineData("a negative number for a text", "81 03 ff", MsgPackError.WrongType)]
    [InlineData("attributes that are not triples", "81 0a 92 a161 01", MsgPackError.WrongElementCount)]
    [InlineData("an attribute type that does not exist", "81 0a 93 a161 08 01", MsgPackError.WrongType)]
    [InlineData("a trace id of 8 bytes", "81 0b 91 81 06 c408 0000000000000000", MsgPackError.WrongElementCount)]
    [InlineData("a trace id that is a text", "81 0b 91 81 06 b0 30303030303030303030303030303030", MsgPackError.WrongType)]
    [InlineData("bytes that are a text", "81 0b 91 81 04 91 81 09 93 a161 05 a162", MsgPackError.WrongType)]
    [InlineData("an array of one and a half", "81 0b 91 81 04 91 81 09 93 a161 06 93 04 01 04", MsgPackError.WrongElementCount)]
    [InlineData("a cut text", "81 03 a5 6162", MsgPackError.Truncated)]
    [InlineData("an event time that is negative", "81 0b 91 81 04 91 81 0c 91 81 01 ff", MsgPackError.NumberOutOfRange)]
    public void Malformed(string row, string hex, MsgPackError reason)
    {
        TraceDecodeResult result = new TraceRig().Send<TraceV10>(TraceRig.Hex(hex));
        Assert.True((TraceOutcome.Malformed, reason) == (result.Outcome, result.Reason), $"{row}: {result}");
    }

    [Theory]
    [InlineData("91")]
    [InlineData("8101")]
    public void Nesting_is_limited_in_what_is_skipped(string level)
    {
        byte[] body = [0x81, 0x63, .. Enumerable.Repeat(Convert.FromHexString(level), 70).SelectMany(static bytes => bytes), 0xc0];
        Assert.Equal(MsgPackError.TooDeep, Decoding.Of<TraceV10>(body).Error);
    }

    [Fact]
    public void Nesting_is_limited_in_attributes()
    {
        byte[] array = [.. Enumerable.Repeat(new byte[] { 0x92, 0x06 }, 70).SelectMany(static bytes => bytes), 0x90];
        byte[] body = [0x81, 0x0a, 0x93, 0xa1, 0x61, 0x06, .. array];
        Assert.Equal(MsgPackError.TooDeep, Decoding.Of<TraceV10>(body).Error);
    }

    private static byte[] ChunkWith(byte[] span) => new MsgPackWriter().Map(1).Int(11).Array(1).Map(1).Int(4).Array(1).Raw(span).ToArray();
}
