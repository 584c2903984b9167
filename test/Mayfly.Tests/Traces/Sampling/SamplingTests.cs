using System.Globalization;
using Mayfly.Config;
using Mayfly.Diagnostics;
using Mayfly.Testing;
using Mayfly.Traces;
using Mayfly.Traces.Sampling;
using Xunit;
using Pb = Mayfly.Local.Intake.Protos;

namespace Mayfly.Tests.Traces.Sampling;

/// <summary>docs/spec/03-traces.md#311-sampling, column M</summary>
public class SamplingTests
{
    private static readonly SamplingSettings Computes = new() { ComputesStats = true };

    [Theory]
    [InlineData("user drop", -1, false)]
    [InlineData("auto drop", 0, false)]
    [InlineData("auto keep", 1, true)]
    [InlineData("user keep", 2, true)]
    [InlineData("none", null, true)]
    public void Priority_decides_where_statistics_are_computed(string row, int? priority, bool isKept)
    {
        TraceRig rig = Rig(Computes);
        rig.Send<TraceV04>(SampleSpan.V04([Span(1, priority), Span(2, null, parent: 1)]));
        Assert.True(isKept == (rig.Take().Count == 1), row);
        Assert.Equal((2, isKept ? 0 : 2), (rig.Counters.Accepted, rig.Counters.DroppedFor(DropReason.Sampled)));
        Assert.Equal(isKept ? 2 : 0, rig.Counters.Buffered);
    }

    /// <summary>Nobody would know that the trace was there.</summary>
    [Theory]
    [InlineData(-1)]
    [InlineData(0)]
    public void Where_nobody_computes_statistics_everything_is_kept(int priority)
    {
        TraceRig rig = Rig(new SamplingSettings());
        rig.Send<TraceV04>(SampleSpan.V04([Span(1, priority)]));
        Assert.Equal(priority, Assert.Single(rig.TakeOne().Chunks).Priority);
    }

    [Fact]
    public void The_tracer_may_compute_statistics()
    {
        TraceRig rig = Rig(new SamplingSettings());
        rig.Send<TraceV04>(SampleSpan.V04([Span(1, 0)]), new TraceHeaders { ComputedStats = true });
        Assert.Empty(rig.TakeRaw());
    }

    [Theory]
    [InlineData("auto drop", 0, true)]
    [InlineData("user drop is final", -1, false)]
    public void A_trace_with_an_error_is_kept(string row, int priority, bool isKept)
    {
        TraceRig rig = Rig(Computes);
        rig.Send<TraceV04>(SampleSpan.V04([Span(1, priority), Span(2, null, parent: 1) with { Error = 1 }]));
        Assert.True(isKept == (rig.Take().Count == 1), row);
    }

    [Fact]
    public void So_many_errors_per_second_and_nothing_saved_up()
    {
        TraceRig rig = Rig(Computes with { ErrorTps = 3 });
        Assert.Equal(3, Kept(10));
        rig.Clock.Advance(TimeSpan.FromMilliseconds(400));
        Assert.Equal(1, Kept(10));
        rig.Clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(3, Kept(10));

        int Kept(int traces)
        {
            for (ulong id = 1; id <= (ulong)traces; id++)
            {
                rig.Send<TraceV04>(SampleSpan.V04([Span(id, 0) with { Error = 1 }]));
            }

            return rig.Take().Sum(static payload => payload.TracerPayloads.Count);
        }
    }

    [Fact]
    public void No_errors_at_0_per_second()
    {
        TraceRig rig = Rig(Computes with { ErrorTps = 0 });
        rig.Send<TraceV04>(SampleSpan.V04([Span(1, 0) with { Error = 1 }]));
        Assert.Empty(rig.TakeRaw());
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(0)]
    public void Spans_sampled_for_themselves_remain(int priority)
    {
        TraceRig rig = Rig(Computes);
        var single = new Dictionary<string, double> { ["_dd.span_sampling.mechanism"] = 8 };
        var other = new Dictionary<string, double> { ["_dd.span_sampling.mechanism"] = 7 };
        rig.Send<TraceV04>(SampleSpan.V04(
            [Span(1, priority), Span(2, null, 1) with { Metrics = single }, Span(3, null, 1) with { Metrics = other }, Span(4, null, 2) with { Metrics = single }]));
        Pb.TracerPayload payload = rig.TakeOne();
        Pb.TraceChunk chunk = Assert.Single(payload.Chunks);
        Assert.Equal([2UL, 4UL], chunk.Spans.Select(static span => span.SpanId));
        Assert.Equal((2, true, "prod"), (chunk.Priority, chunk.DroppedTrace, payload.Env));
        Assert.Equal((4, 2, 2), (rig.Counters.Accepted, rig.Counters.DroppedFor(DropReason.Sampled), rig.Counters.Buffered));
    }

    [Theory]
    [InlineData("an error", 1, "", true)]
    [InlineData("an exception in an event", 0, "true", true)]
    [InlineData("neither", 0, "false", false)]
    public void Errors_only(string row, int error, string exception, bool isKept)
    {
        TraceRig rig = Rig(new SamplingSettings { KeepsErrorsOnly = true });
        var meta = new Dictionary<string, string> { ["_dd.span_events.has_exception"] = exception };
        rig.Send<TraceV04>(SampleSpan.V04([Span(1, 2) with { Error = error, Meta = meta }]));
        Assert.True(isKept == (rig.Take().Count == 1), row);
    }

    /// <summary>Vector 7.7: seed 0, trace id 123 → 0xc726f504, kept from 82.9 % up.</summary>
    [Theory]
    [InlineData(100, true)]
    [InlineData(82.9, true)]
    [InlineData(82.8, false)]
    [InlineData(0, false)]
    public void Vector_7_7_probabilistic_sampler(double percentage, bool isKept)
    {
        Assert.Equal(0xc726f504, ProbabilisticSampler.Hash(0, [0, 0, 0, 0, 0, 0, 0, 123, 0, 0, 0, 0, 0, 0, 0, 0]));
        TraceRig rig = Rig(new SamplingSettings { Percentage = percentage });
        rig.Send<TraceV04>(SampleSpan.V04([Span(1, priority: -1, trace: 123), Span(2, null, parent: 1, trace: 123)]));
        List<Pb.AgentPayload> taken = rig.Take();
        Assert.Equal(isKept, taken.Count == 1);
        if (isKept)
        {
            Assert.Equal([percentage / 100, 0], taken[0].TracerPayloads[0].Chunks[0].Spans.Select(static span => span.Metrics.GetValueOrDefault("_dd.prob_sr")));
        }
    }

    [Fact]
    public void The_probabilistic_sampler_leaves_errors_to_the_error_sampler()
    {
        TraceRig rig = Rig(new SamplingSettings { Percentage = 0, ErrorTps = 1 });
        rig.Send<TraceV04>(SampleSpan.V04([Span(1, 2)], [Span(2, 2) with { Error = 1 }], [Span(3, 2) with { Error = 1 }]));
        Assert.Equal(2UL, Assert.Single(rig.TakeOne().Chunks).Spans[0].SpanId);
    }

    /// <summary>The same share of ids, not the same ids.</summary>
    [Fact]
    public void The_seed_decides_which_traces_are_kept()
    {
        bool[][] decisions = [.. new uint[] { 0, 22, 22 }.Select(static seed =>
        {
            var sampler = new ProbabilisticSampler(30, seed, hashesFullTraceId: false);
            return Enumerable.Range(1, 5000).Select(id => sampler.Keeps(new Span { TraceId = (ulong)id * 0x9e3779b97f4a7c15 })).ToArray();
        })];
        Assert.All(decisions, static kept => Assert.InRange(kept.Count(static one => one), 1350, 1650));
        Assert.Equal(decisions[1], decisions[2]);
        Assert.NotEqual(decisions[0], decisions[1]);
    }

    [Theory]
    [InlineData("_dd.p.tid", "640cfd8d00000000", "640cfd8d00000000000000000000007b")]
    [InlineData("otel.trace_id", "5b8efff798038103d269b633813fc60c", "5b8efff798038103d269b633813fc60c")]
    [InlineData("other", "", "0000000000000000000000000000007b")]
    [InlineData("_dd.p.tid", "no hex", "0000000000000000000000000000007b")]
    public void The_whole_trace_id_is_hashed_on_request(string tag, string value, string id)
    {
        uint hash = ProbabilisticSampler.Hash(7, Convert.FromHexString(id)) & 0x3fff;
        Assert.True(Keeps((hash + 1.5) / 163.84), id);
        Assert.False(Keeps((hash - 0.5) / 163.84), id);

        bool Keeps(double percentage)
        {
            TraceRig rig = Rig(new SamplingSettings { Percentage = percentage, HashSeed = 7, HashesFullTraceId = true });
            rig.Send<TraceV04>(SampleSpan.V04([Span(1, null, trace: 123) with { Meta = new Dictionary<string, string> { [tag] = value } }]));
            return rig.Take().Count == 1;
        }
    }

    private static TraceRig Rig(SamplingSettings sampling) => new(TraceRig.Settings with { Sampling = sampling });

    private static SampleSpan Span(ulong id, int? priority, ulong parent = 0, ulong trace = 5) => new()
    {
        TraceId = trace,
        SpanId = id,
        ParentId = parent,
        Resource = id.ToString(CultureInfo.InvariantCulture),
        Meta = new Dictionary<string, string> { ["env"] = "prod" },
        Metrics = priority is { } value ? new Dictionary<string, double> { ["_sampling_priority_v1"] = value } : new Dictionary<string, double>(),
    };
}
