using Mayfly.Testing;
using Mayfly.Traces;
using Xunit;
using Pb = Mayfly.Local.Intake.Protos;

namespace Mayfly.Tests.Traces;

/// <summary>docs/spec/03-traces.md#35-root-chunk-fields-top-level-measured, seen from outside: the root shows in priority and origin.</summary>
public class TraceChunkTests
{
    [Theory]
    [InlineData("the last span without parent", new ulong[] { 1, 0, 2, 0, 3 }, 3)]
    [InlineData("else the last whose parent is not in the chunk", new ulong[] { 99, 1, 98, 3, 1 }, 2)]
    [InlineData("else the last span", new ulong[] { 2, 3, 1 }, 2)]
    [InlineData("a single child", new ulong[] { 77 }, 0)]
    public void Root(string rule, ulong[] parents, int root)
    {
        SampleSpan[] trace = [.. parents.Select(static (parent, i) => new SampleSpan
        {
            SpanId = (ulong)i + 1,
            ParentId = parent,
            Meta = new Dictionary<string, string> { ["_dd.origin"] = $"span {i}" },
            Metrics = new Dictionary<string, double> { ["_sampling_priority_v1"] = i + 10 },
        })];
        Pb.TraceChunk chunk = ChunkOf(trace);
        Assert.True((root + 10, $"span {root}") == (chunk.Priority, chunk.Origin), rule);
    }

    [Fact]
    public void Priority_without_any_is_minus_128() => Assert.Equal(-128, ChunkOf(new SampleSpan()).Priority);

    [Theory]
    [InlineData(-1, -1)]
    [InlineData(0, 0)]
    [InlineData(2, 2)]
    [InlineData(1.9, 1)]
    [InlineData(1e300, int.MaxValue)]
    public void Priority_is_truncated_to_an_int(double sent, int expected) => Assert.Equal(expected, ChunkOf(WithPriority(1, 0, sent)).Priority);

    [Fact]
    public void Priority_of_a_root_without_one_is_that_of_the_first_span_with_one() =>
        Assert.Equal(
            1,
            ChunkOf(new SampleSpan { SpanId = 1, ParentId = 3 }, WithPriority(2, 3, 1), WithPriority(4, 3, 2), new SampleSpan { SpanId = 3 }).Priority);

    [Fact]
    public void Origin_is_the_roots_only()
    {
        var child = new SampleSpan { SpanId = 2, ParentId = 1, Meta = new Dictionary<string, string> { ["_dd.origin"] = "rum" } };
        Assert.Equal("", ChunkOf(new SampleSpan { SpanId = 1 }, child).Origin);
    }

    [Fact]
    public void The_decision_maker_of_the_first_span_that_has_one_is_a_tag_of_the_chunk()
    {
        Pb.TraceChunk chunk = ChunkOf(new SampleSpan { SpanId = 1 }, WithMaker(2, "-4"), WithMaker(3, "-1"));
        Assert.Equal(new Dictionary<string, string> { ["_dd.p.dm"] = "-4" }, chunk.Tags);
        Assert.Equal(["-4", "-1"], chunk.Spans.Skip(1).Select(static span => span.Meta["_dd.p.dm"]));
        Assert.Empty(ChunkOf(new SampleSpan()).Tags);

        static SampleSpan WithMaker(ulong id, string maker) =>
            new() { SpanId = id, ParentId = 1, Meta = new Dictionary<string, string> { ["_dd.p.dm"] = maker } };
    }

    [Fact]
    public void Top_level_is_what_has_no_parent_here_or_one_of_another_service()
    {
        Pb.TraceChunk chunk = ChunkOf(
            new SampleSpan { SpanId = 1, ParentId = 0, Service = "a" },
            new SampleSpan { SpanId = 2, ParentId = 1, Service = "a" },
            new SampleSpan { SpanId = 3, ParentId = 1, Service = "b" },
            new SampleSpan { SpanId = 4, ParentId = 3, Service = "b" },
            new SampleSpan { SpanId = 5, ParentId = 99, Service = "a" });
        Assert.Equal([1UL, 3UL, 5UL], TopLevelOf(chunk));
    }

    [Fact]
    public void Top_level_of_a_tracer_that_computes_it_is_believed()
    {
        var marked = new SampleSpan { SpanId = 2, ParentId = 1, Metrics = new Dictionary<string, double> { ["_dd.top_level"] = 1 } };
        Pb.TraceChunk chunk = ChunkOf(new TraceHeaders { ComputedTopLevel = true }, new SampleSpan { SpanId = 1 }, marked);
        Assert.Equal([2UL], TopLevelOf(chunk));
    }

    [Fact]
    public void Parents_are_found_in_large_traces_too()
    {
        SampleSpan[] trace = [.. Enumerable.Range(1, 5000).Select(static i => new SampleSpan { SpanId = (ulong)i * 4096, ParentId = (ulong)(i - 1) * 4096 })];
        Assert.Equal([4096UL], TopLevelOf(ChunkOf(trace)));
    }

    [Fact]
    public void Payload_fields_come_from_a_root_first_and_then_from_any_span()
    {
        var rig = new TraceRig();
        rig.Send<TraceV04>(SampleSpan.V04(
            [With(1, 0, ("env", "")), With(2, 1, ("env", "child"), ("_dd.hostname", "child-host"), ("version", "child-1"))],
            [With(3, 0, ("env", "root"), ("runtime-id", "abc"))],
            [With(4, 0, ("env", "late root"), ("version", "root-2"))]));
        Pb.TracerPayload payload = rig.TakeOne();
        Assert.Equal(("root", "root-2", "child-host", "abc"), (payload.Env, payload.AppVersion, payload.Hostname, payload.RuntimeId));
    }

    [Fact]
    public void Env_defaults_to_the_agents()
    {
        var rig = new TraceRig(new TraceSettings { Env = "staging", AgentVersion = "1.2.3" });
        rig.Send<TraceV04>(SampleSpan.V04([new SampleSpan()]));
        Pb.AgentPayload payload = Assert.Single(rig.Take());
        Assert.Equal(("", "staging", "1.2.3", 60.0, 60.0), (payload.HostName, payload.Env, payload.AgentVersion, payload.TargetTps, payload.ErrorTps));
        Assert.Equal("staging", payload.TracerPayloads[0].Env);
    }

    private static SampleSpan With(ulong spanId, ulong parentId, params (string Key, string Value)[] meta) => new()
    {
        SpanId = spanId,
        ParentId = parentId,
        Meta = meta.ToDictionary(static tag => tag.Key, static tag => tag.Value),
    };

    private static SampleSpan WithPriority(ulong spanId, ulong parentId, double priority) => new()
    {
        SpanId = spanId,
        ParentId = parentId,
        Metrics = new Dictionary<string, double> { ["_sampling_priority_v1"] = priority },
    };

    private static Pb.TraceChunk ChunkOf(params SampleSpan[] trace) => ChunkOf(default(TraceHeaders), trace);

    private static Pb.TraceChunk ChunkOf(TraceHeaders headers, params SampleSpan[] trace)
    {
        var rig = new TraceRig();
        Assert.Equal(trace.Length, rig.Send<TraceV04>(SampleSpan.V04(trace), headers).SpanCount);
        return Assert.Single(rig.TakeOne().Chunks);
    }

    private static IEnumerable<ulong> TopLevelOf(Pb.TraceChunk chunk) =>
        chunk.Spans.Where(static span => span.Metrics.ContainsKey("_top_level")).Select(static span => span.SpanId);
}
