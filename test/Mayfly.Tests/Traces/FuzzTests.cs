using System.Globalization;
using Mayfly.Config;
using Mayfly.Testing;
using Mayfly.Tests.Config;
using Mayfly.Traces;
using Mayfly.Wire;
using Xunit;

namespace Mayfly.Tests.Traces;

/// <summary>
/// Damaged requests of every format: each has a status, within bounds of time and memory, and what becomes of it can be read by the intake.
/// </summary>
/// <remarks>
/// <c>MAYFLY_MUTATIONS</c> sets their number for a longer run, <c>MAYFLY_MUTATION_SEED</c> another seed. The same through the port of an agent process:
/// <c>MutationTests</c> of the end-to-end tests.
/// </remarks>
public class FuzzTests
{
    private const int DefaultMutations = 100_000;
    private const int DefaultSeed = 20261128;
    private const int CheckedEvery = 500;

    /// <summary>Beyond what is kept: exceptions and what they say, for JSON; new arrays where a body asks for more than any before.</summary>
    private const long MostBytesPerRequest = 8 * 1024;

    private static readonly TimeSpan LongestRequest = TimeSpan.FromMilliseconds(100);

    private static readonly TraceFilterSettings Filters = Environments.Read(
        (Keys.IgnoreResources, "(a|b)+[^x]{3,9}$"), (Keys.FilterTagsRegexReject, "env:(.*)*q resource:^G{9}"), (Keys.FilterTagsReject, "unwanted")).TraceFilters;

    private static readonly TraceHeaders[] Senders = [default, new() { Language = "nodejs", ComputedStats = true }, new() { Language = ".NET", ComputedTopLevel = true }];

    [Fact]
    public void V01() => Mutate(Accept<TraceV01>, RichTraces.V04[1..]);

    [Fact]
    public void V04() => Mutate(Accept<TraceV04>, RichTraces.V04, Corpus.Named("dd-od1-002-v0.4_traces").Body, SampleSpan.V04([new SampleSpan()]));

    [Fact]
    public void V05() => Mutate(Accept<TraceV05>, RichTraces.V05, SampleSpan.V05([new SampleSpan()], [new SampleSpan { SpanId = 1 }]));

    [Fact]
    public void V07() => Mutate(Accept<TraceV07>, RichTraces.V07(areChunksFirst: true), RichTraces.V07(areChunksFirst: false));

    [Fact]
    public void V10() => Mutate(Accept<TraceV10>, RichTraces.V10);

    [Fact]
    public void JSON() => Mutate(AcceptJson, RichTraces.Json);

    private static void Mutate(Func<TracePipeline, byte[], TraceHeaders, TraceDecodeResult> accept, params byte[][] bodies)
    {
        int mutations = Read("MAYFLY_MUTATIONS", DefaultMutations);
        int seed = Read("MAYFLY_MUTATION_SEED", DefaultSeed);
        TraceRig rig = NewRig();
        var mutator = new Mutator(seed);
        var outcomes = new Dictionary<TraceOutcome, int>();
        long allocatedBytes = 0;
        long taken = 0;
        for (int i = 0; i < mutations; i++)
        {
            byte[] mutant = mutator.Mutate(bodies[i % bodies.Length]);
            string what = $"mutant {i} of seed {seed}";
            TimeSpan start = ThreadClock.Now;
            long earlier = GC.GetAllocatedBytesForCurrentThread();
            TraceDecodeResult result = accept(rig.Pipeline, mutant, Senders[i % Senders.Length]);
            allocatedBytes += GC.GetAllocatedBytesForCurrentThread() - earlier;
            if (ThreadClock.Now - start >= LongestRequest)
            {
                // A collection of what other tests left may fall into any request: this one shows its own time when it comes again.
                TraceRig another = NewRig();
                TraceHeaders sender = Senders[i % Senders.Length];
                Timing.AssertBestUnder(LongestRequest, () => accept(another.Pipeline, mutant, sender), $"{what}, {Convert.ToHexString(mutant)},");
            }

            Assert.True(result.Outcome != TraceOutcome.Malformed || (uint)result.Offset <= (uint)mutant.Length, $"{what}: {result.Message}");
            outcomes[result.Outcome] = outcomes.GetValueOrDefault(result.Outcome) + 1;
            if (i % CheckedEvery == 0)
            {
                taken += rig.Take().Sum(static body => body.TracerPayloads.Sum(static one => one.Chunks.Sum(static chunk => chunk.Spans.Count)));
                Assert.Equal(taken, rig.Counters.Buffered);
            }
        }

        Assert.Equal(mutations, outcomes.Values.Sum());
        Assert.True(outcomes.GetValueOrDefault(TraceOutcome.Accepted) > mutations / 50 && outcomes.GetValueOrDefault(TraceOutcome.Malformed) > mutations / 10);
        Assert.InRange(allocatedBytes / mutations, 0, MostBytesPerRequest);
    }

    private static TraceRig NewRig()
    {
        var rig = new TraceRig(TraceRig.Settings with
        {
            BufferBytes = 64 * 1024, Env = "test", AsksIntakeForStats = true, Filters = Filters, Sampling = new SamplingSettings { ComputesStats = true, Percentage = 80 },
        });
        rig.Pipeline.Tags = TraceRig.Platform("lambda", ("functionname", "f"), ("service", "s"));
        return rig;
    }

    private static TraceDecodeResult Accept<TDecoder>(TracePipeline pipeline, byte[] body, TraceHeaders headers)
        where TDecoder : struct, ITraceDecoder => pipeline.Accept<TDecoder>(body, body.Length, headers);

    private static TraceDecodeResult AcceptJson(TracePipeline pipeline, byte[] body, TraceHeaders headers)
    {
        using PooledBuffer msgPack = PooledBuffer.Rent(body.Length);
        if (!JsonTraces.TryConvert(body, msgPack, out int offset))
        {
            return TraceDecodeResult.Rejected(MsgPackError.InvalidJson, offset);
        }

        Assert.True(msgPack.Length <= JsonTraces.MostBytes(body.Length), $"{msgPack.Length} bytes of {body.Length}: {Convert.ToHexString(body)}");
        TraceDecodeResult result = pipeline.Accept<TraceV04>(msgPack, headers);
        return result.Outcome == TraceOutcome.Accepted ? result : result with { Offset = JsonTraces.OffsetOf(body, result.Offset) };
    }

    private static int Read(string variable, int @default) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value : @default;
}
