using Mayfly.Testing;
using Mayfly.Traces;
using Mayfly.Wire;
using Xunit;
using Pb = Mayfly.Local.Intake.Protos;

namespace Mayfly.Tests.Traces;

/// <summary>docs/spec/03-traces.md#22-v05-shared-string-table</summary>
public class TraceV05Tests
{
    [Fact]
    public void Start_and_duration_may_be_floats_and_texts_may_be_bin()
    {
        byte[] body = new MsgPackWriter().Array(2).Array(2).Str("").Bin("svc"u8)
            .Array(1).Array(1).Array(12).Int(1).Int(0).Int(0)
            .Int(1).Int(2).Int(-1)
            .Float64(1.5e18).Float64(0.5).Nil()
            .Nil().Map(1).Int(1).Float64(double.NaN).Int(1)
            .ToArray();
        var expected = new Pb.Span
        {
            Service = "svc",
            Type = "svc",
            TraceId = 1,
            SpanId = 2,
            ParentId = ulong.MaxValue,
            Start = 1_500_000_000_000_000_000,
        };
        Assert.Equal(expected, Decoding.Of<TraceV05>(body).One);
    }

    [Fact]
    public void Index_at_the_end_of_the_table_is_out_of_range() => Rejected(MsgPackError.IndexOutOfRange, static writer => writer.Int(1));

    [Fact]
    public void Index_that_is_negative() => Rejected(MsgPackError.WrongType, static writer => writer.Int(-1));

    [Fact]
    public void Index_that_is_a_text() => Rejected(MsgPackError.WrongType, static writer => writer.Str("web"));

    [Fact]
    public void Index_that_is_a_float() => Rejected(MsgPackError.WrongType, static writer => writer.Float64(0));

    [Theory]
    [InlineData(0)]
    [InlineData(11)]
    [InlineData(13)]
    public void Span_of_another_size(int elements)
    {
        var writer = new MsgPackWriter().Array(2).Array(1).Str("").Array(1).Array(1).Array(elements);
        for (int i = 0; i < elements; i++)
        {
            writer.Int(0);
        }

        Assert.Equal(MsgPackError.WrongElementCount, new TraceRig().Send<TraceV05>(writer.ToArray()).Reason);
    }

    [Theory]
    [InlineData("90")]
    [InlineData("9190")]
    [InlineData("93909090")]
    public void Envelope_of_another_size(string hex) =>
        Assert.Equal(MsgPackError.WrongElementCount, new TraceRig().Send<TraceV05>(Convert.FromHexString(hex)).Reason);

    [Fact]
    public void An_empty_request_is_accepted() => Assert.Equal(TraceOutcome.Accepted, new TraceRig().Send<TraceV05>([0x92, 0x91, 0xa0, 0x90]).Outcome);

    [Fact]
    public void More_strings_than_the_limit_are_too_large()
    {
        byte[] body = new byte[6 + 4_000_001];
        Array.Fill(body, (byte)0xa0);
        Convert.FromHexString("92dd003d0901").CopyTo(body, 0);
        Assert.Equal(TraceOutcome.TooLarge, new TraceRig().Send<TraceV05>(body).Outcome);
    }

    private static void Rejected(MsgPackError reason, Action<MsgPackWriter> service)
    {
        var writer = new MsgPackWriter().Array(2).Array(1).Str("").Array(1).Array(1).Array(12);
        service(writer);
        for (int i = 0; i < 11; i++)
        {
            writer.Int(0);
        }

        TraceDecodeResult result = new TraceRig().Send<TraceV05>(writer.ToArray());
        Assert.Equal((TraceOutcome.Malformed, reason, 6), (result.Outcome, result.Reason, result.Offset));
    }
}
