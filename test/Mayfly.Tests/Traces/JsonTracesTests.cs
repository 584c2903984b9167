using System.Text;
using Mayfly.Testing;
using Mayfly.Traces;
using Mayfly.Wire;
using Xunit;
using Pb = Mayfly.Local.Intake.Protos;

namespace Mayfly.Tests.Traces;

/// <summary>docs/spec/03-traces.md#25-malformed-input-and-decoder-limits (JSON bodies) and 1.4 (Content-Type): the decoder is that of v0.4.</summary>
public class JsonTracesTests
{
    [Fact]
    public void Every_field_of_a_span()
    {
        Pb.Span span = Decoding.Of<TraceV04>(MsgPackOf(RichTraces.Json)).One;
        Assert.Equal(("web", "http.request", "GET /café", "web"), (span.Service, span.Name, span.Resource, span.Type));
        Assert.Equal((ulong.MaxValue, 456UL, ulong.MaxValue), (span.TraceId, span.SpanId, span.ParentId));
        Assert.Equal((1_700_000_000_000_000_000, 5_000_000, 1), (span.Start, span.Duration, span.Error));
        var meta = new Dictionary<string, string> { ["env"] = "pr\"od", ["trace_id"] = "12", ["count"] = "3", ["flag"] = "false", ["🐶"] = "日本" };
        Assert.Equal(meta, span.Meta);
        Assert.Equal(new Dictionary<string, double> { ["a"] = 1, ["b"] = -2, ["c"] = 0.5, ["d"] = 1000, ["e"] = 0 }, span.Metrics);
        Assert.Equal([1, 2, 3], span.MetaStruct["s"].ToByteArray());
        Assert.Equal("not base64!", span.MetaStruct["t"].ToStringUtf8());
        Pb.SpanLink link = Assert.Single(span.SpanLinks);
        Assert.Equal((9UL, 10UL, 11UL, "x=y", 1U), (link.TraceId, link.TraceIdHigh, link.SpanId, link.Tracestate, link.Flags));
        Assert.Equal("7", link.Attributes["span_id"]);
        Pb.SpanEvent spanEvent = Assert.Single(span.SpanEvents);
        Assert.Equal((1_700_000_000_000_000_001UL, "e"), (spanEvent.TimeUnixNano, spanEvent.Name));
        Assert.Equal(("v", 3), (spanEvent.Attributes["s"].StringValue, spanEvent.Attributes["i"].IntValue));
        Assert.Equal([1, 0], spanEvent.Attributes["l"].ArrayValue.Values.Select(static value => value.IntValue));
    }

    [Theory]
    [InlineData("[", true)]
    [InlineData(" \r\n\t[{", true)]
    [InlineData("", false)]
    [InlineData("{", false)]
    [InlineData("\u0090", false)]
    public void A_body_without_content_type(string text, bool isJson) => Assert.Equal(isJson, JsonTraces.IsJson(Encoding.Latin1.GetBytes(text)));

    [Theory]
    [InlineData("half a surrogate pair", """{"resource":"a\ud83d!"}""", @"a\ud83d!")]
    [InlineData("a surrogate pair", """{"resource":"a\ud83d\udc36!"}""", "a🐶!")]
    [InlineData("a long escaped text", """{"resource":"\u0061bcdefghijklmnopqrstuvwxyz0123456789"}""", "abcdefghijklmnopqrstuvwxyz0123456789")]
    [InlineData("an id that is no number", """{"resource":"x","parent_id":18446744073709551615}""", "x")]
    public void Texts(string row, string span, string resource) => Assert.True(resource == One($"[[{span}]]").Resource, row);

    [Fact]
    public void Invalid_utf8_is_repaired()
    {
        byte[] json = [.. "[[{\"resource\":\"a"u8, 0xff, .. "b\"}]]"u8];
        Assert.Equal("a\ufffdb", Decoding.Of<TraceV04>(MsgPackOf(json)).One.Resource);
    }

    [Theory]
    [InlineData("nothing", "", 0)]
    [InlineData("cut", "[[{\"name\":", 10)]
    [InlineData("two documents", "[] []", 3)]
    [InlineData("a comment", "[/**/]", 1)]
    [InlineData("a trailing comma", "[[],]", 4)]
    [InlineData("no JSON", "nonsense", 0)]
    public void Invalid_JSON(string row, string json, int offset)
    {
        using PooledBuffer output = PooledBuffer.Rent();
        Assert.False(JsonTraces.TryConvert(Encoding.UTF8.GetBytes(json), output, out int at), row);
        Assert.True(Math.Abs(offset - at) <= 1, $"{row}: {at}");
    }

    [Fact]
    public void Nesting_is_limited()
    {
        using PooledBuffer output = PooledBuffer.Rent();
        Assert.False(JsonTraces.TryConvert(Encoding.UTF8.GetBytes(new string('[', 65)), output, out _));
    }

    /// <summary>What the decoder finds wrong in the msgpack is found again in the JSON.</summary>
    [Theory]
    [InlineData("""[[{"name":"a"},{"name":"b","span_id":"x1"}]]""", "\"x1\"")]
    [InlineData("""[[{"name":{}}]]""", "{}}")]
    [InlineData("""[[{"meta":[1,2]}]]""", "[1,2]")]
    [InlineData("""[[{"metrics":{"a":0.5,"b":"text"}}]]""", "\"text\"")]
    [InlineData("""[[3]]""", "3")]
    [InlineData("""{"a":1}""", "{")]
    public void Offsets_are_those_of_the_JSON(string json, string found)
    {
        byte[] body = Encoding.UTF8.GetBytes(json);
        Decoding decoding = Decoding.Of<TraceV04>(MsgPackOf(body));
        Assert.Equal(MsgPackError.WrongType, decoding.Error);
        Assert.Equal(json.IndexOf(found, StringComparison.Ordinal), JsonTraces.OffsetOf(body, decoding.ErrorOffset));
    }

    [Theory]
    [InlineData("[[],[],[]]")]
    [InlineData("[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]")]
    [InlineData("[1e1,1e1,128,128,-1,-1,-1]")]
    [InlineData("[{},{},{}]")]
    [InlineData("""["","","aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"]""")]
    public void The_msgpack_is_never_larger_than_promised(string json) =>
        Assert.InRange(MsgPackOf(Encoding.UTF8.GetBytes(json)).Length, 1, JsonTraces.MostBytes(json.Length));

    /// <summary>v0.1: one array of spans of any traces.</summary>
    [Fact]
    public void Spans_of_several_traces_are_sorted()
    {
        byte[] json = Encoding.UTF8.GetBytes("[" + string.Join(',', new[] { (5, 1), (7, 2), (5, 3), (7, 4), (5, 5) }
            .Select(static ids => $$"""{"meta":{"_dd.p.dm":"-{{ids.Item2}}"},"trace_id":{{ids.Item1}},"span_id":{{ids.Item2}},"name":"n"}""")) + "]");
        var rig = new TraceRig();
        Assert.Equal(5, rig.Send<TraceV01>(MsgPackOf(json)).SpanCount);
        Pb.TracerPayload payload = rig.TakeOne();
        Assert.Equal([[1UL, 3, 5], [2UL, 4]], payload.Chunks.Select(static chunk => chunk.Spans.Select(static span => span.SpanId)));
        Assert.Equal(["-1", "-2"], payload.Chunks.Select(static chunk => chunk.Tags["_dd.p.dm"]));
        Assert.Equal(0, rig.Send<TraceV01>(MsgPackOf("[]"u8.ToArray())).SpanCount);
    }

    private static Pb.Span One(string json) => Decoding.Of<TraceV04>(MsgPackOf(Encoding.UTF8.GetBytes(json))).One;

    private static byte[] MsgPackOf(byte[] json)
    {
        using PooledBuffer output = PooledBuffer.Rent();
        Assert.True(JsonTraces.TryConvert(json, output, out int offset), $"at {offset}");
        return output.WrittenSpan.ToArray();
    }
}
