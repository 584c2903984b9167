using Mayfly.Testing;
using Mayfly.Traces;
using Mayfly.Wire;
using Xunit;
using Pb = Mayfly.Local.Intake.Protos;

namespace Mayfly.Tests.Traces;

/// <summary>docs/spec/03-traces.md#21-v04-and-v03-array-of-traces-trace--array-of-span-maps: a test per row, its cases are column M.</summary>
public class TraceV04Tests
{
    [Theory]
    [InlineData("service")]
    [InlineData("name")]
    [InlineData("resource")]
    [InlineData("type")]
    public void Row_texts_str_bin_nil(string field)
    {
        Assert.Equal("abc", TextOf(field, static writer => writer.Str("abc")));
        Assert.Equal("abc", TextOf(field, static writer => writer.Bin("abc"u8)));
        Assert.Equal("", TextOf(field, static writer => writer.Nil()));
        Rejected(field, static writer => writer.Int(1), MsgPackError.WrongType);
        Rejected(field, static writer => writer.Map(0), MsgPackError.WrongType);
    }

    [Theory]
    [InlineData("parent_id")]
    [InlineData("span_id")]
    [InlineData("trace_id")]
    public void Row_ids_uint_int_nil(string field)
    {
        Assert.Equal(ulong.MaxValue, IdOf(field, static writer => writer.UInt64(ulong.MaxValue)));
        Assert.Equal(7UL, IdOf(field, static writer => writer.Int(7)));
        Assert.Equal(7UL, IdOf(field, static writer => writer.Int64(7)));
        Assert.Equal(unchecked((ulong)-2L), IdOf(field, static writer => writer.Int(-2)));
        Rejected(field, static writer => writer.Float64(7), MsgPackError.WrongType);
        Rejected(field, static writer => writer.Str("7"), MsgPackError.WrongType);
    }

    [Fact]
    public void Row_ids_nil_is_zero() => Assert.Equal(0UL, IdOf("parent_id", static writer => writer.Nil()));

    [Fact]
    public void Row_start_int_uint_nil_float_rounded()
    {
        Assert.Equal(5, One("start", static writer => writer.Int(5)).Start);
        Assert.Equal(long.MaxValue, One("start", static writer => writer.UInt64(long.MaxValue)).Start);
        Assert.Equal(0, One("start", static writer => writer.Nil()).Start);
        Assert.Equal(3, One("start", static writer => writer.Float64(2.6)).Start);
        Assert.Equal(1_700_000_000_000_499_968, One("start", static writer => writer.Float64(1.7000000000005e18)).Start);
        Assert.Equal(0, One("start", static writer => writer.Float64(double.NaN)).Start);
        Rejected("start", static writer => writer.UInt64(1UL << 63), MsgPackError.NumberOutOfRange);
        Rejected("start", static writer => writer.Str("5"), MsgPackError.WrongType);
    }

    [Fact]
    public void Row_duration_int_uint_nil_float_truncated()
    {
        Assert.Equal(-5, One("duration", static writer => writer.Int(-5)).Duration);
        Assert.Equal(5, One("duration", static writer => writer.UInt64(5)).Duration);
        Assert.Equal(0, One("duration", static writer => writer.Nil()).Duration);
        Assert.Equal(2, One("duration", static writer => writer.Float64(2.9)).Duration);
        Assert.Equal(0, One("duration", static writer => writer.Float64(double.NaN)).Duration);
        Assert.Equal(0, One("duration", static writer => writer.Float64(1e30)).Duration);
        Rejected("duration", static writer => writer.UInt64(ulong.MaxValue), MsgPackError.NumberOutOfRange);
    }

    [Fact]
    public void Row_error_int_uint_nil_bool()
    {
        Assert.Equal(1, One("error", static writer => writer.Int(1)).Error);
        Assert.Equal(int.MaxValue, One("error", static writer => writer.UInt64(int.MaxValue)).Error);
        Assert.Equal(0, One("error", static writer => writer.Nil()).Error);
        Assert.Equal(1, One("error", static writer => writer.Bool(true)).Error);
        Assert.Equal(0, One("error", static writer => writer.Bool(false)).Error);
        Rejected("error", static writer => writer.UInt64(1UL << 31), MsgPackError.NumberOutOfRange);
    }

    [Fact]
    public void Row_meta_nil_values_are_dropped_and_numbers_and_booleans_become_text()
    {
        Pb.Span span = One("meta", static writer => writer.Map(9)
            .Str("str").Str("a")
            .Str("bin").Bin("b"u8)
            .Str("nil").Nil()
            .Str("int").Int(-42)
            .Str("uint").UInt64(ulong.MaxValue)
            .Str("float").Float64(0.5)
            .Str("yes").Bool(true)
            .Str("no").Bool(false)
            .Str("").Str(""));
        var expected = new Dictionary<string, string>
        {
            ["str"] = "a",
            ["bin"] = "b",
            ["int"] = "-42",
            ["uint"] = "18446744073709551615",
            ["float"] = "0.5",
            ["yes"] = "true",
            ["no"] = "false",
            [""] = "",
        };
        Assert.Equal(expected, span.Meta);
        Assert.Empty(One("meta", static writer => writer.Nil()).Meta);
        Rejected("meta", static writer => writer.Map(1).Str("k").Map(0), MsgPackError.WrongType);
        Rejected("meta", static writer => writer.Array(0), MsgPackError.WrongType);
    }

    [Fact]
    public void Row_metrics_any_number_nil_is_zero_and_what_is_not_finite_is_dropped()
    {
        Pb.Span span = One("metrics", static writer => writer.Map(8)
            .Str("int").Int(-3)
            .Str("uint").UInt(7)
            .Str("f64").Float64(0.1)
            .Str("f32").Float32(0.25f)
            .Str("nil").Nil()
            .Str("nan").Float64(double.NaN)
            .Str("inf").Float64(double.PositiveInfinity)
            .Str("-inf").Float32(float.NegativeInfinity));
        var expected = new Dictionary<string, double> { ["int"] = -3, ["uint"] = 7, ["f64"] = 0.1, ["f32"] = 0.25, ["nil"] = 0 };
        Assert.Equal(expected, span.Metrics);
        Assert.Empty(One("metrics", static writer => writer.Nil()).Metrics);
        Rejected("metrics", static writer => writer.Map(1).Str("k").Str("1"), MsgPackError.WrongType);
    }

    [Fact]
    public void Row_meta_struct_bin_str_array_of_bytes_nil()
    {
        Pb.Span span = One("meta_struct", static writer => writer.Map(4)
            .Str("bin").Bin(0xff, 0x00)
            .Str("str").Str("x")
            .Str("array").Array(3).Int(1).Int(127).UInt(255)
            .Str("nil").Nil());
        Assert.Equal(3, span.MetaStruct.Count);
        Assert.Equal([0xff, 0x00], span.MetaStruct["bin"].ToByteArray());
        Assert.Equal("x"u8.ToArray(), span.MetaStruct["str"].ToByteArray());
        Assert.Equal([1, 127, 255], span.MetaStruct["array"].ToByteArray());
        Assert.Empty(One("meta_struct", static writer => writer.Nil()).MetaStruct);
        Rejected("meta_struct", static writer => writer.Map(1).Str("k").Array(1).Int(256), MsgPackError.NumberOutOfRange);
    }

    [Fact]
    public void Row_span_links()
    {
        Pb.Span span = One("span_links", static writer => writer.Array(2)
            .Map(7)
            .Str("trace_id").UInt64(1)
            .Str("trace_id_high").Int(-1)
            .Str("span_id").UInt64(3)
            .Str("attributes").Map(2).Str("a").Str("b").Str("n").Int(1)
            .Str("tracestate").Str("dd=s:1")
            .Str("flags").UInt(0x80000001)
            .Str("else").Array(1).Map(0)
            .Map(2)
            .Str("span_id").Nil()
            .Str("attributes").Map(1).Str("c").Str("d"));
        Assert.Equal(2, span.SpanLinks.Count);
        Pb.SpanLink first = span.SpanLinks[0];
        Assert.Equal((1UL, ulong.MaxValue, 3UL, "dd=s:1", 0x80000001U), (first.TraceId, first.TraceIdHigh, first.SpanId, first.Tracestate, first.Flags));
        Assert.Equal(new Dictionary<string, string> { ["a"] = "b", ["n"] = "1" }, first.Attributes);
        Assert.Equal(new Dictionary<string, string> { ["c"] = "d" }, span.SpanLinks[1].Attributes);
        Assert.Empty(One("span_links", static writer => writer.Nil()).SpanLinks);
        Rejected("span_links", static writer => writer.Array(1).Map(1).Str("flags").Int(-1), MsgPackError.NumberOutOfRange);
        Rejected("span_links", static writer => writer.Array(1).Int(1), MsgPackError.WrongType);
    }

    [Fact]
    public void Row_span_events_with_time_as_uint_or_float()
    {
        Pb.Span span = One("span_events", static writer => writer.Array(3)
            .Map(1).Str("time_unix_nano").UInt64(ulong.MaxValue)
            .Map(1).Str("time_unix_nano").Float64(1.7e18)
            .Map(2).Str("time_unix_nano").Float64(-1).Str("else").Nil());
        Assert.Equal([ulong.MaxValue, 1_700_000_000_000_000_000, 0], span.SpanEvents.Select(static e => e.TimeUnixNano));
        Rejected("span_events", static writer => writer.Array(1).Map(1).Str("time_unix_nano").Int(-1), MsgPackError.NumberOutOfRange);
    }

    [Fact]
    public void Row_span_event_attributes_of_every_type_and_unusable_ones_left_out()
    {
        Pb.Span span = One("span_events", static writer => writer.Array(1).Map(1).Str("attributes").Map(8)
            .Str("double").Map(2).Str("type").Int(3).Str("double_value").Int(2)
            .Str("default").Map(1).Str("string_value").Str("text")
            .Str("false").Map(2).Str("bool_value").Bool(false).Str("type").Int(1)
            .Str("array").Map(2).Str("type").Int(4).Str("array_value").Map(2)
                .Str("values").Array(4)
                    .Map(2).Str("type").Int(0).Str("string_value").Str("s")
                    .Map(2).Str("type").Int(1).Str("bool_value").Bool(true)
                    .Map(2).Str("type").Int(3).Str("double_value").Float64(0.5)
                    .Map(2).Str("type").Int(4).Str("array_value").Map(0)
                .Str("else").Int(1)
            .Str("empty array").Map(1).Str("type").Int(4)
            .Str("unknown type").Map(2).Str("type").Int(9).Str("string_value").Str("s")
            .Str("nil").Nil()
            .Str("unknown field").Map(2).Str("type").Int(2).Str("other").Array(1).Nil());
        Pb.SpanEvent spanEvent = Assert.Single(span.SpanEvents);
        Assert.Equal(["array", "default", "double", "empty array", "false", "unknown field"], spanEvent.Attributes.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(2.0, spanEvent.Attributes["double"].DoubleValue);
        Assert.Equal("text", spanEvent.Attributes["default"].StringValue);
        Assert.Equal(Pb.AttributeValueType.AttributeBool, spanEvent.Attributes["false"].Type);
        Assert.Equal(3, spanEvent.Attributes["array"].ArrayValue.Values.Count);
        Assert.Equal("s", spanEvent.Attributes["array"].ArrayValue.Values[0].StringValue);
        Assert.True(spanEvent.Attributes["array"].ArrayValue.Values[1].BoolValue);
        Assert.Equal(0.5, spanEvent.Attributes["array"].ArrayValue.Values[2].DoubleValue);
        Assert.Empty(spanEvent.Attributes["empty array"].ArrayValue.Values);
    }

    [Fact]
    public void Row_anything_else_is_skipped()
    {
        Pb.Span span = One("whatever", static writer => writer.Array(2).Map(1).Str("deep").Array(1).Nil().Raw(0xd4, 0x01, 0x02));
        Assert.Equal(456UL, span.SpanId);
    }

    [Fact]
    public void A_positional_span_is_rejected()
    {
        byte[] body = new MsgPackWriter().Array(1).Array(1).Array(3).Str("web").Str("http.request").Str("GET /").ToArray();
        TraceDecodeResult result = new TraceRig().Send<TraceV04>(body);
        Assert.Equal((TraceOutcome.Malformed, MsgPackError.WrongType, 2), (result.Outcome, result.Reason, result.Offset));
    }

    [Fact]
    public void A_span_that_is_used_again_keeps_nothing_of_the_one_before()
    {
        var scratch = new DecodeScratch();
        Decoding.Of<TraceV04>(BodyWith("span_events", static writer => writer.Array(1).Map(1).Str("name").Str("e")), scratch);
        byte[] body = new MsgPackWriter().Array(1).Array(1).Map(2).Str("trace_id").Int(1).Str("span_id").Int(2).ToArray();
        Assert.Equal(new Pb.Span { TraceId = 1, SpanId = 2 }, Decoding.Of<TraceV04>(body, scratch).One);
    }

    private static string TextOf(string field, Action<MsgPackWriter> value)
    {
        Pb.Span span = One(field, value);
        return field switch
        {
            "service" => span.Service,
            "name" => span.Name,
            "resource" => span.Resource,
            _ => span.Type,
        };
    }

    private static ulong IdOf(string field, Action<MsgPackWriter> value)
    {
        Pb.Span span = One(field, value);
        return field switch
        {
            "trace_id" => span.TraceId,
            "span_id" => span.SpanId,
            _ => span.ParentId,
        };
    }

    private static void Rejected(string field, Action<MsgPackWriter> value, MsgPackError reason)
    {
        var rig = new TraceRig();
        TraceDecodeResult result = rig.Send<TraceV04>(BodyWith(field, value));
        Assert.Equal((TraceOutcome.Malformed, reason), (result.Outcome, result.Reason));
        Assert.Empty(rig.TakeRaw());
    }

    private static Pb.Span One(string field, Action<MsgPackWriter> value) => Decoding.Of<TraceV04>(BodyWith(field, value)).One;

    /// <summary>One span with ids and, last, the field under test.</summary>
    private static byte[] BodyWith(string field, Action<MsgPackWriter> value)
    {
        var writer = new MsgPackWriter().Array(1).Array(1).Map(3).Str("trace_id").Int(123).Str("span_id").Int(456).Str(field);
        value(writer);
        return writer.ToArray();
    }
}
