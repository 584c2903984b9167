using Mayfly.Testing;
using Mayfly.Traces;
using Mayfly.Wire;
using Xunit;
using Pb = Mayfly.Local.Intake.Protos;

namespace Mayfly.Tests.Traces;

/// <summary>docs/spec/03-traces.md#23-v07-and-v10 (v0.7)</summary>
public class TraceV07Tests
{
    private static readonly TraceHeaders Headers = new()
    {
        ContainerId = "header", Language = "header", LanguageVersion = "header", TracerVersion = "header",
    };

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Every_field_of_the_payload_and_of_its_chunks_arrives_in_any_order(bool areChunksFirst)
    {
        var rig = new TraceRig();
        Assert.Equal(TraceOutcome.Accepted, rig.Send<TraceV07>(RichTraces.V07(areChunksFirst), Headers).Outcome);
        Pb.TracerPayload payload = rig.TakeOne();
        Assert.Equal(("cid", "go", "1.24", "2.0"), (payload.ContainerId, payload.LanguageName, payload.LanguageVersion, payload.TracerVersion));
        Assert.Equal(("rid", "prod_eu", "host", "9"), (payload.RuntimeId, payload.Env, payload.Hostname, payload.AppVersion));
        Assert.Equal(new Dictionary<string, string> { ["k"] = "v", ["n"] = "1" }, payload.Tags);
        Pb.TraceChunk chunk = Assert.Single(payload.Chunks);
        Assert.Equal((2, "rum", true), (chunk.Priority, chunk.Origin, chunk.DroppedTrace));
        Assert.Equal(new Dictionary<string, string> { ["t"] = "u", ["_dd.p.dm"] = "-4" }, chunk.Tags);
        Assert.Equal([1UL, 2UL], chunk.Spans.Select(static span => span.SpanId));
    }

    /// <summary>Header values do not override fields, and fill those that are empty.</summary>
    [Fact]
    public void What_the_body_leaves_open_the_headers_and_the_spans_say()
    {
        byte[] body = new MsgPackWriter().Map(3).Str("language_name").Str("").Str("tracer_version").Nil()
            .Str("chunks").Array(1).Map(1).Str("spans").Raw(SpansOf(new SampleSpan
            {
                Meta = new Dictionary<string, string> { ["env"] = "span", ["_dd.origin"] = "lambda" },
                Metrics = new Dictionary<string, double> { ["_sampling_priority_v1"] = 1 },
            })).ToArray();
        var rig = new TraceRig();
        rig.Send<TraceV07>(body, Headers);
        Pb.TracerPayload payload = rig.TakeOne();
        Assert.Equal(("header", "header", "header", "span"), (payload.LanguageName, payload.TracerVersion, payload.ContainerId, payload.Env));
        Assert.Equal((1, "lambda", false), (payload.Chunks[0].Priority, payload.Chunks[0].Origin, payload.Chunks[0].DroppedTrace));
    }

    [Theory]
    [InlineData("no fields", "80")]
    [InlineData("chunks that are nil", "81 a66368756e6b73 c0")]
    [InlineData("a chunk without spans", "81 a66368756e6b73 91 81 a57370616e73 c0")]
    [InlineData("unknown fields", "82 a178 93 01 80 c0 a179 c3")]
    public void Nothing_to_send(string row, string hex)
    {
        var rig = new TraceRig();
        Assert.True(rig.Send<TraceV07>(TraceRig.Hex(hex)).Outcome == TraceOutcome.Accepted, row);
        Assert.Empty(rig.TakeRaw());
    }

    [Theory]
    [InlineData("an array", "90", MsgPackError.WrongType, 0)]
    [InlineData("chunks that are a map", "81 a66368756e6b73 80", MsgPackError.WrongType, 8)]
    [InlineData("a chunk that is nil", "81 a66368756e6b73 91 c0", MsgPackError.WrongType, 9)]
    [InlineData("priority that is a text", "81 a66368756e6b73 91 81 a87072696f72697479 a131", MsgPackError.WrongType, 19)]
    [InlineData("a field after the chunks is cut", "82 a66368756e6b73 90 a3656e76", MsgPackError.Truncated, 13)]
    public void Malformed(string row, string hex, MsgPackError reason, int offset)
    {
        TraceDecodeResult result = new TraceRig().Send<TraceV07>(TraceRig.Hex(hex));
        Assert.True((TraceOutcome.Malformed, reason, offset) == (result.Outcome, result.Reason, result.Offset), $"{row}: {result}");
    }

    /// <summary>The array of spans of a v0.4 trace.</summary>
    private static byte[] SpansOf(params SampleSpan[] trace) => SampleSpan.V04(trace)[1..];
}
