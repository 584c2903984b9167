using Mayfly.Tags;
using Mayfly.Testing;
using Mayfly.Traces;
using Mayfly.Wire;
using Xunit;
using Pb = Mayfly.Local.Intake.Protos;

namespace Mayfly.Tests.Traces;

public class TracePipelineTests
{
    private const long Start = 1_700_000_000_000_000_000;

    [Fact]
    public void Nothing_accepted_is_nothing_to_send() => Assert.Empty(new TraceRig().TakeRaw());

    [Fact]
    public void Dropped_spans_and_the_chunks_they_leave_empty_disappear_uncounted()
    {
        var rig = new TraceRig(inspector: new DropsResource("internal"));
        TraceDecodeResult result = rig.Send<TraceV04>(SampleSpan.V04(
            [new SampleSpan { SpanId = 1, Resource = "internal" }],
            [new SampleSpan { SpanId = 2 }, new SampleSpan { SpanId = 3, Resource = "internal" }, new SampleSpan { SpanId = 4 }],
            []));
        Assert.Equal(2, result.SpanCount);
        Pb.TraceChunk chunk = Assert.Single(rig.TakeOne().Chunks);
        Assert.Equal([2UL, 4UL], chunk.Spans.Select(static span => span.SpanId));
        Assert.Equal((2L, 0L), (rig.Counters.Accepted, rig.Counters.DroppedInAll));
    }

    [Fact]
    public void A_request_whose_spans_are_all_dropped_leaves_no_payload()
    {
        var rig = new TraceRig(inspector: new DropsResource("internal"));
        Assert.Equal(TraceOutcome.Accepted, rig.Send<TraceV04>(SampleSpan.V04([new SampleSpan { Resource = "internal" }])).Outcome);
        Assert.Empty(rig.TakeRaw());
    }

    [Fact]
    public void Dropping_comes_before_the_root_is_looked_for()
    {
        var rig = new TraceRig(inspector: new DropsResource("internal"));
        rig.Send<TraceV04>(SampleSpan.V04(
            [new SampleSpan { SpanId = 1, ParentId = 9, Meta = Meta(("_dd.origin", "rum")) }, new SampleSpan { SpanId = 9, Resource = "internal" }]));
        Assert.Equal("rum", Assert.Single(rig.TakeOne().Chunks).Origin);
    }

    [Fact]
    public void Platform_tags_overwrite_and_origin_fills_a_gap_only()
    {
        var rig = new TraceRig();
        rig.Pipeline.Tags = TraceRig.Platform("lambda", ("functionname", "f"), ("env", "prod"));
        rig.Send<TraceV04>(SampleSpan.V04(
            [
                new SampleSpan { SpanId = 1, Meta = Meta(("env", "tracer"), ("k", "v")) },
                new SampleSpan { SpanId = 2, Meta = Meta(("_dd.origin", "rum")) },
                new SampleSpan { SpanId = 3, Meta = Meta(("_dd.origin", ""), ("origin", "own")) },
            ]));
        Pb.TracerPayload payload = rig.TakeOne();
        Assert.Equal(
            Meta(("env", "prod"), ("k", "v"), ("functionname", "f"), ("_dd.origin", "lambda"), ("origin", "lambda")), payload.Chunks[0].Spans[0].Meta);
        Assert.Equal(Meta(("_dd.origin", "rum"), ("functionname", "f"), ("env", "prod")), payload.Chunks[0].Spans[1].Meta);
        Assert.Equal(Meta(("_dd.origin", "lambda"), ("origin", "lambda"), ("functionname", "f"), ("env", "prod")), payload.Chunks[0].Spans[2].Meta);
        Assert.Equal("functionname:f,env:prod", payload.Tags["_dd.tags.function"]);
        Assert.Equal("prod", payload.Env);
    }

    [Theory]
    [InlineData("aws.lambda", "checkout", "checkout")]
    [InlineData("aws.lambda", "", "aws.lambda")]
    [InlineData("other", "checkout", "other")]
    public void A_library_that_does_not_know_its_service_gets_the_functions(string service, string functionService, string expected)
    {
        var rig = new TraceRig();
        (string, string)[] tags = functionService.Length > 0 ? [("service", functionService)] : [("region", "r")];
        rig.Pipeline.Tags = new PlatformTags(TagSet.From(tags.Select(static tag => KeyValuePair.Create(tag.Item1, tag.Item2))), "lambda")
        {
            PlaceholderService = Utf8Slice.From("aws.lambda"),
        };
        rig.Send<TraceV04>(SampleSpan.V04([new SampleSpan { Service = service }]));
        Assert.Equal(expected, rig.TakeOne().Chunks[0].Spans[0].Service);
    }

    [Fact]
    public void Inferred_spans_name_the_service_that_they_call()
    {
        var rig = new TraceRig();
        rig.Pipeline.Tags = new PlatformTags(TagSet.Empty, "") { BaseService = Utf8Slice.From("checkout") };
        rig.Send<TraceV04>(SampleSpan.V04(
        [
            new SampleSpan { SpanId = 1, Meta = Meta(("_inferred_span.tag_source", "self")) },
            new SampleSpan { SpanId = 2, Meta = Meta(("_inferred_span.tag_source", "self"), ("_dd.base_service", "own")) },
            new SampleSpan { SpanId = 3 },
        ]));
        Assert.Equal(
            ["checkout", "own", null],
            rig.TakeOne().Chunks[0].Spans.Select(static span => span.Meta.GetValueOrDefault("_dd.base_service")));
    }

    [Fact]
    public void Process_tags_and_container_of_the_request_stand_in_the_payload()
    {
        var rig = new TraceRig();
        var headers = new TraceHeaders { ProcessTags = "a:b,c:é", ContainerId = "cid", Language = "go", LanguageVersion = "1.24", TracerVersion = "2" };
        rig.Send<TraceV04>(SampleSpan.V04([new SampleSpan()]), headers);
        Pb.TracerPayload payload = rig.TakeOne();
        Assert.Equal(Meta(("_dd.tags.process", "a:b,c:é")), payload.Tags);
        Assert.Equal(("cid", "go", "1.24", "2"), (payload.ContainerId, payload.LanguageName, payload.LanguageVersion, payload.TracerVersion));
    }

    [Theory]
    [InlineData(true, false, true)]
    [InlineData(true, true, false)]
    [InlineData(false, false, false)]
    public void The_intake_is_asked_for_stats_when_nobody_else_computes_them(bool asks, bool isComputedByTracer, bool isExpected)
    {
        var rig = new TraceRig(TraceRig.Settings with { AsksIntakeForStats = asks });
        rig.Send<TraceV04>(SampleSpan.V04([new SampleSpan()]), new TraceHeaders { ComputedStats = isComputedByTracer });
        Assert.Equal(isExpected, rig.TakeOne().Chunks[0].Spans[0].Meta.ContainsKey("_dd.compute_stats"));
    }

    [Fact]
    public void Spans_of_the_agent_are_one_chunk_and_not_inspected()
    {
        var rig = new TraceRig(inspector: new DropsResource("function"));
        rig.Pipeline.Tags = TraceRig.Platform("lambda", ("region", "eu-west-1"));
        Utf8Slice function = Utf8Slice.From("function");
        var invocation = new Span { TraceId = 7, SpanId = 8, Name = Utf8Slice.From("aws.lambda"), Resource = function, StartNs = Start, DurationNs = 6 };
        var coldStart = new Span { TraceId = 7, SpanId = 9, ParentId = 8, Name = Utf8Slice.From("aws.lambda.cold_start"), Resource = function };
        rig.Pipeline.Add([invocation, coldStart], priority: 2, new TraceHeaders { Language = ".NET" });
        rig.Pipeline.Add([]);
        Pb.TracerPayload payload = rig.TakeOne();
        Assert.Equal(".NET", payload.LanguageName);
        Pb.TraceChunk chunk = Assert.Single(payload.Chunks);
        Assert.Equal(2, chunk.Priority);
        Assert.Equal(["aws.lambda", "aws.lambda.cold_start"], chunk.Spans.Select(static span => span.Name));
        Assert.Equal(Meta(("region", "eu-west-1"), ("_dd.origin", "lambda"), ("origin", "lambda")), chunk.Spans[1].Meta);
        Assert.Equal((Start, 6L), (chunk.Spans[0].Start, chunk.Spans[0].Duration));
        Assert.Equal(2, rig.Counters.Accepted);
    }

    [Fact]
    public void Requests_from_many_threads_all_arrive()
    {
        var rig = new TraceRig();
        byte[] body = SampleSpan.V04([new SampleSpan { SpanId = 1 }, new SampleSpan { SpanId = 2, ParentId = 1 }]);
        Parallel.For(0, 500, _ => Assert.Equal(2, rig.Send<TraceV04>(body).SpanCount));
        Assert.Equal(500, rig.Take().Sum(static payload => payload.TracerPayloads.Count));
        Assert.Equal(1000, rig.Counters.Accepted);
    }

    [Fact]
    public void A_body_in_a_pooled_buffer_is_free_again_when_accepted()
    {
        var rig = new TraceRig();
        using PooledBuffer body = PooledBuffer.Rent();
        body.Write(SampleSpan.V04([new SampleSpan { Name = "kept" }]));
        rig.Pipeline.Accept<TraceV04>(body, default);
        body.Array.AsSpan().Clear();
        Assert.Equal("kept", rig.TakeOne().Chunks[0].Spans[0].Name);
    }

    private static Dictionary<string, string> Meta(params (string Key, string Value)[] tags) =>
        tags.ToDictionary(static tag => tag.Key, static tag => tag.Value);

    private sealed class DropsResource(string resource) : ISpanInspector
    {
        public SpanVerdict Inspect(Span span, in TraceHeaders headers) => span.Resource.ToString() == resource ? SpanVerdict.Drop : SpanVerdict.Keep;
    }
}
