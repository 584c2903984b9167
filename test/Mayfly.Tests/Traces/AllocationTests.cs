using Mayfly.Diagnostics;
using Mayfly.Intake;
using Mayfly.Testing;
using Mayfly.Traces;
using Mayfly.Wire;
using Xunit;

namespace Mayfly.Tests.Traces;

/// <summary>Steady state: a request allocates nothing, whatever its spans carry, as long as the bodies of the buffer do not grow.</summary>
[Collection(nameof(Alone))]
public class AllocationTests
{
    private const int Rounds = 20;
    private const int Attempts = 5;

    private static readonly TraceHeaders Sender = new()
    {
        Language = "nodejs", LanguageVersion = "v22.1.0", TracerVersion = "5.2.0", ContainerId = "cid", ProcessTags = "a:b", ComputedTopLevel = true,
    };

    [Theory]
    [InlineData(5)]
    [InlineData(200)]
    [InlineData(1000)]
    public void Spans_of_known_shape_allocate_nothing(int spans)
    {
        SampleSpan[] trace = [.. Enumerable.Range(1, spans).Select(static id => new SampleSpan
        {
            SpanId = (ulong)id,
            ParentId = (ulong)id - 1,
            Meta = Enumerable.Range(0, 12).ToDictionary(static i => $"some.tag.key{i}", static i => $"value {i} é"),
            Metrics = Enumerable.Range(0, 4).ToDictionary(static i => $"metric{i}", static i => i * 1.5),
        })];
        Assert.Equal(0, BytesPerRequest<TraceV04>(SampleSpan.V04(trace)));
        Assert.Equal(0, BytesPerRequest<TraceV05>(SampleSpan.V05(trace)));
    }

    /// <summary>A span of each type whose texts are obfuscated, in one request.</summary>
    [Fact]
    public void Obfuscated_spans_allocate_nothing()
    {
        (string Type, string Resource, string Tag, string Value)[] spans =
        [
            ("sql", "SELECT * FROM t WHERE a = 'b' AND c IN (1, 2)", "db.type", "postgresql"), ("redis", "SET k v\nGET k", "redis.raw_command", "SET k \"a b\" EX 1"),
            ("memcached", "set", "memcached.command", "set k 0 0 1\r\nv"), ("mongodb", "find", "mongodb.query", "{\"a\":[1,\"b\",{\"c\":null}]}"),
            ("elasticsearch", "search", "elasticsearch.body", "{\"a\":1}\n{\"b\":2}"), ("web", "GET", "http.url", "http://u:p@h/1?q"),
            ("web", "POST", "card", "4111 1111 1111 1111"),
        ];
        Assert.Equal(0, BytesPerRequest<TraceV04>(SampleSpan.V04([.. spans.Select(static (one, index) => new SampleSpan
        {
            SpanId = (ulong)index + 1,
            Type = one.Type,
            Resource = one.Resource,
            Meta = new Dictionary<string, string> { [one.Tag] = one.Value },
        })])));
    }

    [Theory]
    [InlineData("dd-od1-000-v0.4_traces")]
    [InlineData("net-dd-002-v0.4_traces")]
    public void Recorded_requests_allocate_nothing(string name) => Assert.Equal(0, BytesPerRequest<TraceV04>(Corpus.Named(name).Body));

    /// <summary>Every field that a format has: links, events of all types of attributes, <c>meta_struct</c>, names that are not normal.</summary>
    [Fact]
    public void Spans_with_every_field_allocate_nothing()
    {
        Assert.Equal(0, BytesPerRequest<TraceV04>(RichTraces.V04));
        Assert.Equal(0, BytesPerRequest<TraceV05>(RichTraces.V05));
        Assert.Equal(0, BytesPerRequest<TraceV07>(RichTraces.V07(areChunksFirst: true)));
        Assert.Equal(0, BytesPerRequest<TraceV10>(RichTraces.V10));
    }

    /// <summary>Nothing is kept of a request for the next: texts that were never seen cost no more than known ones.</summary>
    [Fact]
    public void Texts_that_are_new_allocate_nothing() => Assert.Equal(0, BytesPerRequest<TraceV04>([.. Enumerable.Range(100, (1 + Attempts) * Rounds).Select(static number =>
        SampleSpan.V04([.. Enumerable.Range(1, 50).Select(id => new SampleSpan
        {
            TraceId = (ulong)number,
            SpanId = (ulong)((number * 1000) + id),
            Service = $"Web Shop {number}",
            Name = $"name--{number}-{id}",
            Resource = $"GET /{number}",
            Meta = new Dictionary<string, string> { [$"key{number}"] = $"{id} é {number}", ["http.url"] = $"http://u:p@h/{number}" },
            Metrics = new Dictionary<string, double> { [$"metric{number}"] = number },
        })]))]));

    private static long BytesPerRequest<TDecoder>(params byte[][] bodies)
        where TDecoder : struct, ITraceDecoder
    {
        // Arrays that other tests left may be longer than what is asked for, and a buffer counts what it occupies.
        LargeArrays.Shared.Clear();

        // A buffer with room for one request, platform tags included: each drops the one before, and the body stays as large as it is.
        var counters = new SignalCounters();
        var first = new TraceRig();
        first.Send<TDecoder>(bodies[0], Sender);
        int sizeBytes = first.TakeRaw().Sum(static taken => taken.Body.Length) * 5 / 4;
        var pipeline = new TracePipeline(TraceRig.Settings with { BufferBytes = sizeBytes * 3 / 2 }, counters, new TraceRig.KeepsAll(), TimeProvider.System)
        {
            Tags = TraceRig.Platform("lambda", ("functionname", "f"), ("region", "r")),
        };
        for (int round = 0; round < Rounds; round++)
        {
            Assert.NotEqual(0, Accept(round).SpanCount);
        }

        // A collection may empty .NET's pool at any time; not each time.
        long allocated = long.MaxValue;
        for (int attempt = 0; attempt < Attempts && allocated != 0; attempt++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int round = 0; round < Rounds; round++)
            {
                Accept(((attempt + 1) * Rounds) + round);
            }

            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        }

        var kept = new List<IntakePayload>();
        pipeline.TakePayloads(kept);
        Assert.Single(kept).Dispose();
        return allocated / Rounds;

        TraceDecodeResult Accept(int round)
        {
            byte[] body = bodies[round % bodies.Length];
            return pipeline.Accept<TDecoder>(body, body.Length, Sender);
        }
    }
}
