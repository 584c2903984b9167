using Mayfly.Traces;
using Mayfly.Wire;
using Xunit;
using Pb = Mayfly.Local.Intake.Protos;

namespace Mayfly.Tests.Traces;

/// <summary>docs/spec/03-traces.md#7-test-vectors, byte for byte.</summary>
public class VectorTests
{
    private const string V04 = """
        dd00000001 dd00000001 8c
        a474797065 a3776562
        a874726163655f6964 cf000000000000007b
        a77370616e5f6964 cf00000000000001c8
        a9706172656e745f6964 cf0000000000000000
        a46e616d65 ac687474702e72657175657374
        a87265736f75726365 a5474554202f
        a773657276696365 a3776562
        a56572726f72 00
        a57374617274 cf17979cfe362a0000
        a86475726174696f6e ce004c4b40
        a46d657461 df00000001 a3656e76 a470726f64
        a76d657472696373 df00000001 b55f73616d706c696e675f7072696f726974795f7631 01
        """;

    private const string V05 = """
        92 dd00000007 a0 a3776562 ac687474702e72657175657374 a5474554202f a3656e76 a470726f64
           b55f73616d706c696e675f7072696f726974795f7631
           dd00000001 dd00000001 9c ce00000001 ce00000002 ce00000003
           cf000000000000007b cf00000000000001c8 cf0000000000000000
           cf17979cfe362a0000 ce004c4b40 00
           df00000001 ce00000004 ce00000005
           df00000001 ce00000006 01
        """;

    private const string SpanBytes = """
        0a03776562 120c687474702e72657175657374 1a05474554202f 207b 28c803
        388080a8b1e39fe7cb17 40c096b102 520b0a03656e76120470726f64
        5a200a155f73616d706c696e675f7072696f726974795f763111000000000000f03f
        5a150a0a5f746f705f6c6576656c11000000000000f03f 6203776562
        """;

    private const string PayloadBytes =
        "2a9601 12066e6f64656a73 2207352e3133322e30 327d 0801 1a79 " + SpanBytes + " 420470726f64 410000000000004e40 490000000000004e40";

    private static readonly TraceHeaders Node = new() { Language = "nodejs", TracerVersion = "5.132.0" };

    [Fact]
    public void Vector_7_1_v04_one_span_gives_the_exact_payload()
    {
        var rig = new TraceRig();
        TraceDecodeResult result = rig.Send<TraceV04>(TraceRig.Hex(V04), Node);
        Assert.Equal(new TraceDecodeResult(TraceOutcome.Accepted, 1, MsgPackError.None, 0), result);
        (byte[] body, long units) = Assert.Single(rig.TakeRaw());
        Assert.Equal(171, body.Length);
        Assert.Equal(Convert.ToHexString(TraceRig.Hex(PayloadBytes)), Convert.ToHexString(body));
        Assert.Equal(1, units);
    }

    [Fact]
    public void Vector_7_2_v05_the_same_span_gives_the_same_payload()
    {
        var rig = new TraceRig();
        Assert.Equal(TraceOutcome.Accepted, rig.Send<TraceV05>(TraceRig.Hex(V05 + " ce00000001"), Node).Outcome);
        (byte[] body, _) = Assert.Single(rig.TakeRaw());
        Assert.Equal(Convert.ToHexString(TraceRig.Hex(PayloadBytes)), Convert.ToHexString(body));
    }

    [Fact]
    public void Vector_7_2_an_index_beyond_the_table_rejects_the_request()
    {
        var rig = new TraceRig();
        byte[] body = TraceRig.Hex(V05 + " ce00000009");
        TraceDecodeResult result = rig.Send<TraceV05>(body, Node);
        Assert.Equal(new TraceDecodeResult(TraceOutcome.Malformed, 0, MsgPackError.IndexOutOfRange, body.Length - 5), result);
        Assert.Equal($"cannot decode traces: string index out of range at byte {body.Length - 5}", result.Message);
        Assert.Empty(rig.TakeRaw());
        Assert.Equal(0, rig.Counters.Accepted);
    }

    [Fact]
    public void Vector_7_3_float_duration_float_event_time_and_meta_struct()
    {
        const string Body = """
            dd00000001 dd00000001 8e
            a474797065 a3776562
            a874726163655f6964 cf000000000000007b
            a77370616e5f6964 cf00000000000001c8
            a9706172656e745f6964 cf0000000000000000
            a46e616d65 ac687474702e72657175657374
            a87265736f75726365 a5474554202f
            a773657276696365 a3776562
            a56572726f72 00
            a57374617274 cf17979cfe362a0000
            a86475726174696f6e cb3fe0000000000000
            a46d657461 df00000000
            a76d657472696373 df00000001 a166 cb3fd0000000000000
            ab7370616e5f6576656e7473 dd00000001 83
               a46e616d65 a3657863
               ae74696d655f756e69785f6e616e6f cb43b7979cfe3631a1
               aa61747472696275746573 df00000004
                  a161 82 a474797065 00 ac737472696e675f76616c7565 a162
                  a16e 82 a474797065 02 a9696e745f76616c7565 03
                  a26f6b 82 a474797065 01 aa626f6f6c5f76616c7565 c3
                  a3617272 82 a474797065 04 ab61727261795f76616c7565 81 a676616c756573
                      dd00000002 82a47479706502a9696e745f76616c756501 82a47479706502a9696e745f76616c756502
            ab6d6574615f737472756374 df00000001 a178 c600000010 df00000001 a16b cb3ff0000000000000
            """;
        Pb.Span span = new TraceRig().SendOne(TraceRig.Hex(Body));
        Assert.Equal(0, span.Duration);
        Assert.Equal(0.25, span.Metrics["f"]);
        Pb.SpanEvent exception = Assert.Single(span.SpanEvents);
        Assert.Equal("exc", exception.Name);
        Assert.InRange(exception.TimeUnixNano, 1_700_000_000_000_500_000UL - 128, 1_700_000_000_000_500_000UL + 128);
        Assert.Equal(4, exception.Attributes.Count);
        Assert.Equal("b", exception.Attributes["a"].StringValue);
        Assert.Equal(Pb.AttributeValueType.AttributeString, exception.Attributes["a"].Type);
        Assert.Equal(3, exception.Attributes["n"].IntValue);
        Assert.Equal(Pb.AttributeValueType.AttributeInt, exception.Attributes["n"].Type);
        Assert.True(exception.Attributes["ok"].BoolValue);
        Assert.Equal(Pb.AttributeValueType.AttributeBool, exception.Attributes["ok"].Type);
        Assert.Equal(Pb.AttributeValueType.AttributeArray, exception.Attributes["arr"].Type);
        Assert.Equal([1, 2], exception.Attributes["arr"].ArrayValue.Values.Select(static value => value.IntValue));
        Assert.Equal(TraceRig.Hex("df00000001 a16b cb3ff0000000000000"), span.MetaStruct["x"].ToByteArray()[..16]);
    }

    [Fact]
    public void Vector_7_4_v10_the_same_span_with_its_kind()
    {
        const string Body = """
            82 03 a66e6f64656a73
               0b 91 83 01 01
                  04 91 8b 01 a3776562
                           02 ac687474702e72657175657374
                           03 a5474554202f
                           04 cf00000000000001c8 05 00 06 cf17979cfe362a0000 07 ce004c4b40 08 c2
                           09 93 a3656e76 01 a470726f64
                           0a 02
                           10 02
                  06 c410 0000000000000000000000000000007b
            """;
        var rig = new TraceRig();
        Assert.Equal(TraceOutcome.Accepted, rig.Send<TraceV10>(TraceRig.Hex(Body)).Outcome);
        Pb.TracerPayload payload = rig.TakeOne();
        Assert.Equal(("nodejs", "prod"), (payload.LanguageName, payload.Env));
        Pb.TraceChunk chunk = Assert.Single(payload.Chunks);
        Assert.Equal(1, chunk.Priority);
        var expected = new Pb.Span
        {
            Service = "web", Name = "http.request", Resource = "GET /", Type = "web", TraceId = 123, SpanId = 456,
            Start = 1_700_000_000_000_000_000, Duration = 5_000_000,
            Meta = { ["env"] = "prod", ["span.kind"] = "server" },
            Metrics = { ["_top_level"] = 1 },
        };
        Assert.Equal(expected, Assert.Single(chunk.Spans));
    }
}
