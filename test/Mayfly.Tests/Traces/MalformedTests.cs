using Mayfly.Testing;
using Mayfly.Traces;
using Mayfly.Wire;
using Xunit;
using DropReason = Mayfly.Diagnostics.DropReason;

namespace Mayfly.Tests.Traces;

/// <summary>docs/spec/03-traces.md#25-malformed-input-and-decoder-limits: its rows, and no exception on any bytes.</summary>
public class MalformedTests
{
    public static TheoryData<string> Recordings => [.. Corpus.Traces.Select(static request => request.Name)];

    [Theory]
    [InlineData("empty body", "", TraceOutcome.Malformed, MsgPackError.Truncated, 0)]
    [InlineData("90", "90", TraceOutcome.Accepted, MsgPackError.None, 0)]
    [InlineData("91 90 one empty trace", "9190", TraceOutcome.Accepted, MsgPackError.None, 0)]
    [InlineData("91 91 80 span without keys", "919180", TraceOutcome.Accepted, MsgPackError.None, 0)]
    [InlineData("c0", "c0", TraceOutcome.Malformed, MsgPackError.WrongType, 0)]
    [InlineData("dd ff ff ff ff", "ddffffffff", TraceOutcome.Malformed, MsgPackError.Truncated, 0)]
    [InlineData("91 91 81 name c1", "919181a46e616d65c1", TraceOutcome.Malformed, MsgPackError.ReservedByte, 8)]
    [InlineData("trace that is nil", "91c0", TraceOutcome.Malformed, MsgPackError.WrongType, 1)]
    [InlineData("span that is nil", "9191c0", TraceOutcome.Malformed, MsgPackError.WrongType, 2)]
    public void Row(string row, string hex, TraceOutcome outcome, MsgPackError reason, int offset)
    {
        var rig = new TraceRig();
        TraceDecodeResult result = rig.Send<TraceV04>(Convert.FromHexString(hex));
        Assert.True(result == new TraceDecodeResult(outcome, 0, reason, offset), $"{row}: {result}");
        Assert.Empty(rig.TakeRaw());
    }

    [Fact]
    public void Row_span_without_ids_drops_its_trace_counted_and_spares_the_neighbours()
    {
        var rig = new TraceRig();
        byte[] body = SampleSpan.V04(
            [new SampleSpan { SpanId = 1 }],
            [new SampleSpan { SpanId = 2 }, new SampleSpan { SpanId = 0 }],
            [new SampleSpan { SpanId = 3, TraceId = 0 }],
            [new SampleSpan { SpanId = 4 }]);
        Assert.Equal(TraceDecodeResultOf(2), rig.Send<TraceV04>(body));
        Assert.Equal([1UL, 4UL], rig.TakeOne().Chunks.SelectMany(static chunk => chunk.Spans).Select(static span => span.SpanId));
        Assert.Equal(2, rig.Counters.Accepted);
        Assert.Equal(3, rig.Counters.DroppedFor(DropReason.Malformed));
        Assert.Equal(2, rig.Counters.Buffered);
    }

    [Fact]
    public void Row_invalid_utf8_is_repaired_wherever_text_stands()
    {
        byte[] body = new MsgPackWriter().Array(1).Array(1).Map(4)
            .Str("trace_id").Int(1).Str("span_id").Int(2)
            .Str("resource").Raw(0xa3, (byte)'a', 0xff, (byte)'b')
            .Str("meta").Map(1).Raw(0xa2, 0xc3, 0x28).Raw(0xa3, 0xe2, 0x82, (byte)'x')
            .ToArray();
        var span = new TraceRig().SendOne(body);
        Assert.Equal("a\ufffdb", span.Resource);
        Assert.Equal("\ufffdx", span.Meta["\ufffd("]);
    }

    [Fact]
    public void Row_invalid_utf8_in_the_string_table_is_repaired()
    {
        byte[] body = new MsgPackWriter().Array(2).Array(1).Raw(0xa1, 0xff).Array(1).Array(1).Array(12)
            .Int(0).Int(0).Int(0).Int(1).Int(2).Int(0).Int(0).Int(0).Int(0).Map(0).Map(0).Int(0).ToArray();
        var rig = new TraceRig();
        Assert.Equal(TraceDecodeResultOf(1), rig.Send<TraceV05>(body));
        Assert.Equal("\ufffd", rig.TakeOne().Chunks[0].Spans[0].Resource);
    }

    [Fact]
    public void A_structural_error_rejects_what_came_before_it_too()
    {
        byte[] good = SampleSpan.V04([new SampleSpan()]);
        byte[] body = [0x92, .. good.AsSpan(1), 0x91, 0xc1];
        var rig = new TraceRig();
        TraceDecodeResult result = rig.Send<TraceV04>(body);
        Assert.Equal((TraceOutcome.Malformed, MsgPackError.ReservedByte, body.Length - 1), (result.Outcome, result.Reason, result.Offset));
        Assert.Empty(rig.TakeRaw());
        Assert.Equal(0, rig.Counters.Accepted);
    }

    [Fact]
    public void Limits_are_answered_as_too_large()
    {
        byte[] traces = new byte[5 + 100_001];
        Array.Fill(traces, (byte)0x90);
        Convert.FromHexString("dd000186a1").CopyTo(traces, 0);
        Assert.Equal(TraceOutcome.TooLarge, new TraceRig().Send<TraceV04>(traces).Outcome);

        byte[] spans = new byte[6 + 200_001];
        Array.Fill(spans, (byte)0x80);
        Convert.FromHexString("91dd00030d41").CopyTo(spans, 0);
        Assert.Equal(TraceOutcome.TooLarge, new TraceRig().Send<TraceV04>(spans).Outcome);
    }

    [Fact]
    public void Text_to_convert_is_limited()
    {
        byte[] invalid = new byte[6 * 1024 * 1024];
        Array.Fill(invalid, (byte)0xff);
        byte[] body = new MsgPackWriter().Array(1).Array(1).Map(1).Str("name").Bin(invalid).ToArray();
        TraceDecodeResult result = new TraceRig().Send<TraceV04>(body);
        Assert.Equal((TraceOutcome.TooLarge, 8), (result.Outcome, result.Offset));
    }

    [Theory]
    [MemberData(nameof(Recordings))]
    public void Every_truncation_of_a_recording_is_rejected_as_truncated(string name)
    {
        byte[] body = Corpus.Named(name).Body;
        var rig = new TraceRig();
        for (int length = 0; length < body.Length; length++)
        {
            // Right-sized copies: a read past the end leaves the array.
            TraceDecodeResult result = Send(rig, name, body[..length]);
            Assert.Equal((TraceOutcome.Malformed, MsgPackError.Truncated), (result.Outcome, result.Reason));
            Assert.InRange(result.Offset, 0, length);
        }

        Assert.Equal(0, rig.Counters.Accepted);
    }

    [Theory]
    [MemberData(nameof(Recordings))]
    public void Every_single_byte_mutation_of_a_recording_has_a_status(string name)
    {
        byte[] body = Corpus.Named(name).Body.ToArray();
        var rig = new TraceRig();
        for (int at = 0; at < body.Length; at++)
        {
            byte before = body[at];
            foreach (byte mutation in (ReadOnlySpan<byte>)[0x90, 0xc0, 0xc1, 0xdd, 0xff, (byte)(before ^ 1), (byte)(before + 1)])
            {
                body[at] = mutation;
                Assert.True(Enum.IsDefined(Send(rig, name, body).Outcome));
            }

            body[at] = before;
        }

        rig.Take();
    }

    [Theory]
    [InlineData("dd-od1-000-v0.4_traces", 20261)]
    [InlineData("dd-v05-000-v0.5_traces", 20262)]
    public void A_thousand_seeded_mutations_have_a_status_each_and_what_is_accepted_decodes(string name, int seed)
    {
        byte[] original = Corpus.Named(name).Body;
        var random = new Random(seed);
        var outcomes = new Dictionary<TraceOutcome, int>();
        for (int round = 0; round < 1000; round++)
        {
            byte[] body = original.ToArray();
            for (int changes = random.Next(1, 8); changes > 0; changes--)
            {
                body[random.Next(body.Length)] = (byte)random.Next(256);
            }

            var rig = new TraceRig();
            TraceDecodeResult result = Send(rig, name, body);
            outcomes[result.Outcome] = outcomes.GetValueOrDefault(result.Outcome) + 1;
            Assert.Equal(result.SpanCount, rig.Take().Sum(static payload => payload.TracerPayloads.Sum(static t => t.Chunks.Sum(static c => c.Spans.Count))));
            Assert.Equal(result.Outcome == TraceOutcome.Accepted, result.Reason == MsgPackError.None);
        }

        Assert.Equal(1000, outcomes.Values.Sum());
        Assert.True(outcomes.ContainsKey(TraceOutcome.Accepted) && outcomes.ContainsKey(TraceOutcome.Malformed), $"seed {seed}");
    }

    private static TraceDecodeResult Send(TraceRig rig, string name, byte[] body) =>
        name.Contains("v0.5", StringComparison.Ordinal) ? rig.Send<TraceV05>(body) : rig.Send<TraceV04>(body);

    private static TraceDecodeResult TraceDecodeResultOf(int spans) => new(TraceOutcome.Accepted, spans, MsgPackError.None, 0);
}
