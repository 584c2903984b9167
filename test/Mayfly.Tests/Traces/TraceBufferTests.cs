using Mayfly.Diagnostics;
using Mayfly.Intake;
using Mayfly.Testing;
using Mayfly.Traces;
using Xunit;
using Pb = Mayfly.Local.Intake.Protos;

namespace Mayfly.Tests.Traces;

/// <summary>docs/spec/03-traces.md#53-compression-batching-splitting, column M, with the limit of <see cref="TraceSettings.BufferBytes"/>.</summary>
public class TraceBufferTests
{
    private const int BodyBytes = 3_200_000;

    [Fact]
    public void Requests_share_a_body_up_to_its_limit()
    {
        var rig = new TraceRig();
        for (ulong id = 1; id <= 10; id++)
        {
            rig.Send<TraceV04>(SampleSpan.V04([Sized(id, 900_000)]));
        }

        List<(byte[] Body, long Units)> bodies = rig.TakeRaw();
        Assert.Equal([3L, 3L, 3L, 1L], bodies.Select(static body => body.Units));
        Assert.All(bodies, static body => Assert.InRange(body.Body.Length, 1, BodyBytes));
        Assert.Empty(rig.TakeRaw());
    }

    [Fact]
    public void A_request_larger_than_a_body_is_split_between_its_traces()
    {
        var rig = new TraceRig();
        SampleSpan[][] traces = [.. Enumerable.Range(1, 60).Select(static id => new[] { Sized((ulong)id, 100_000) })];
        rig.Send<TraceV04>(SampleSpan.V04(traces), new TraceHeaders { Language = "go" });
        List<(byte[] Body, long Units)> bodies = rig.TakeRaw();
        Assert.InRange(bodies.Count, 2, 4);
        Assert.All(bodies, static body => Assert.InRange(body.Body.Length, 1, BodyBytes));
        Pb.TracerPayload[] payloads = [.. bodies.SelectMany(static body => Pb.AgentPayload.Parser.ParseFrom(body.Body).TracerPayloads)];
        Assert.All(payloads, static payload => Assert.Equal("go", payload.LanguageName));
        Assert.Equal(
            Enumerable.Range(1, 60).Select(static id => (ulong)id),
            payloads.SelectMany(static payload => payload.Chunks).Select(static chunk => Assert.Single(chunk.Spans).SpanId));
    }

    [Fact]
    public void A_trace_larger_than_a_body_is_split_by_spans_with_the_same_chunk_fields()
    {
        var rig = new TraceRig();
        SampleSpan[] trace = [.. Enumerable.Range(1, 60).Select(static id => Sized((ulong)id, 100_000))];
        trace[^1] = trace[^1] with
        {
            ParentId = 0,
            Meta = new Dictionary<string, string>(trace[^1].Meta) { ["_dd.origin"] = "rum", ["env"] = "prod" },
            Metrics = new Dictionary<string, double> { ["_sampling_priority_v1"] = 2 },
        };
        rig.Send<TraceV04>(SampleSpan.V04(trace));
        List<(byte[] Body, long Units)> bodies = rig.TakeRaw();
        Assert.Equal(2, bodies.Count);
        Assert.All(bodies, static body => Assert.InRange(body.Body.Length, 1, BodyBytes));
        Pb.TracerPayload[] payloads = [.. bodies.Select(static body => Assert.Single(Pb.AgentPayload.Parser.ParseFrom(body.Body).TracerPayloads))];
        Assert.All(
            payloads,
            static payload => Assert.Equal((2, "rum", "prod"), (Assert.Single(payload.Chunks).Priority, payload.Chunks[0].Origin, payload.Env)));
        Assert.Equal(60, payloads.Sum(static payload => payload.Chunks[0].Spans.Count));
    }

    [Fact]
    public void A_single_span_larger_than_a_body_goes_alone()
    {
        var rig = new TraceRig();
        rig.Send<TraceV04>(SampleSpan.V04([Sized(1, 1000)]));
        rig.Send<TraceV04>(SampleSpan.V04([Sized(2, BodyBytes + 1)]));
        rig.Send<TraceV04>(SampleSpan.V04([Sized(3, 1000)]));
        Assert.Equal([1UL, 2UL, 3UL], rig.Take().Select(static body => Assert.Single(body.TracerPayloads).Chunks[0].Spans[0].SpanId));
    }

    [Fact]
    public void When_full_the_oldest_payloads_go_and_are_counted()
    {
        var rig = new TraceRig(TraceRig.Settings with { BufferBytes = 10_000 });
        for (ulong id = 1; id <= 10; id++)
        {
            rig.Send<TraceV04>(SampleSpan.V04([Sized(id, 2_400), new SampleSpan { SpanId = id + 100 }]));
        }

        Assert.Equal((20L, 14L, 6L), (rig.Counters.Accepted, rig.Counters.DroppedFor(DropReason.BufferFull), rig.Counters.Buffered));
        Pb.AgentPayload payload = Assert.Single(rig.Take());
        Assert.Equal([8UL, 9UL, 10UL], payload.TracerPayloads.Select(static tracer => tracer.Chunks[0].Spans[0].SpanId));
    }

    [Fact]
    public void When_full_whole_bodies_go_too()
    {
        var rig = new TraceRig(TraceRig.Settings with { BufferBytes = 7_000_000 });
        for (ulong id = 1; id <= 20; id++)
        {
            rig.Send<TraceV04>(SampleSpan.V04([Sized(id, 1_000_000)]));
        }

        Assert.Equal(14, rig.Counters.DroppedFor(DropReason.BufferFull));
        Assert.Equal(
            Enumerable.Range(15, 6).Select(static id => (ulong)id),
            rig.Take().SelectMany(static body => body.TracerPayloads).Select(static tracer => tracer.Chunks[0].Spans[0].SpanId));
    }

    [Fact]
    public void A_payload_larger_than_the_buffer_is_dropped_and_spares_what_is_there()
    {
        var rig = new TraceRig(TraceRig.Settings with { BufferBytes = 10_000 });
        rig.Send<TraceV04>(SampleSpan.V04([Sized(1, 1000)]));
        Assert.Equal(2, rig.Send<TraceV04>(SampleSpan.V04([Sized(2, 20_000), Sized(3, 1000)])).SpanCount);
        Assert.Equal((3L, 2L), (rig.Counters.Accepted, rig.Counters.DroppedFor(DropReason.BufferFull)));
        Assert.Equal(1UL, Assert.Single(rig.TakeOne().Chunks).Spans[0].SpanId);
        Assert.Equal(1, rig.Counters.Buffered);
    }

    [Fact]
    public void After_a_flush_the_whole_buffer_is_free_again()
    {
        var rig = new TraceRig(TraceRig.Settings with { BufferBytes = 10_000 });
        for (ulong id = 1; id <= 5; id++)
        {
            rig.Send<TraceV04>(SampleSpan.V04([Sized(id, 9_000)]));
            rig.TakeOne();
        }

        Assert.Equal(0, rig.Counters.DroppedInAll);
    }

    /// <summary>5.3: "drop oldest chunk with priority ≤0 first".</summary>
    [Fact]
    public void When_full_traces_that_were_sampled_out_go_first()
    {
        var rig = new TraceRig(TraceRig.Settings with { BufferBytes = 10_000 });
        rig.Send<TraceV04>(SampleSpan.V04([WithPriority(1, 1)]));
        rig.Send<TraceV04>(SampleSpan.V04([WithPriority(2, 0)]));
        rig.Send<TraceV04>(SampleSpan.V04([WithPriority(3, -1)]));
        rig.Send<TraceV04>(SampleSpan.V04([WithPriority(4, 0)], [WithPriority(5, 2)]));
        Assert.Equal((5, 0), (rig.Counters.Accepted, rig.Counters.DroppedFor(DropReason.BufferFull)));
        rig.Send<TraceV04>(SampleSpan.V04([WithPriority(6, 0)]));
        rig.Send<TraceV04>(SampleSpan.V04([WithPriority(7, 1)], [WithPriority(8, 1)]));
        rig.Send<TraceV04>(SampleSpan.V04([WithPriority(9, 0)]));
        ulong[] left = [.. rig.Take().SelectMany(static body => body.TracerPayloads).SelectMany(static p => p.Chunks).Select(static c => c.Spans[0].SpanId)];
        Assert.Equal([1UL, 4, 5, 7, 8], left);
        Assert.Equal((9, 4, 5), (rig.Counters.Accepted, rig.Counters.DroppedFor(DropReason.BufferFull), rig.Counters.Buffered));

        static SampleSpan WithPriority(ulong id, int priority) =>
            Sized(id, 1_850) with { Metrics = new Dictionary<string, double> { ["_sampling_priority_v1"] = priority } };
    }

    /// <summary>5.2, column M: the header <c>X-Datadog-Reported-Languages</c>.</summary>
    [Theory]
    [InlineData("nodejs", "nodejs", "nodejs")]
    [InlineData("nodejs", ".NET", "nodejs|.NET")]
    [InlineData(null, "", null)]
    [InlineData("line\nbreak", "é", null)]
    [InlineData("a|b", "go", "go")]
    public void Languages_are_reported(string? first, string? second, string? reported)
    {
        var rig = new TraceRig();
        rig.Send<TraceV04>(SampleSpan.V04([Sized(1, 100)]), new TraceHeaders { Language = first });
        rig.Send<TraceV04>(SampleSpan.V04([Sized(2, 100)]), new TraceHeaders { Language = second });
        var payloads = new List<IntakePayload>();
        rig.Pipeline.TakePayloads(payloads);
        KeyValuePair<string, string>[] expected = reported is null ? [] : [new("X-Datadog-Reported-Languages", reported)];
        Assert.Equal(expected, Assert.Single(payloads).Headers);
        payloads[0].Dispose();
    }

    /// <summary>A child span with about this many bytes, in a tag that is not cut.</summary>
    private static SampleSpan Sized(ulong id, int sizeBytes) => new()
    {
        SpanId = id,
        ParentId = 1_000_000,
        Meta = new Dictionary<string, string> { ["_dd.text.json"] = new('x', sizeBytes) },
    };
}
