using Mayfly.Diagnostics;
using Mayfly.Intake;
using Mayfly.Testing;
using Mayfly.Traces;
using Xunit;

namespace Mayfly.Tests.Traces;

/// <summary>Steady state: a request allocates nothing, whatever its spans carry, as long as the bodies of the buffer do not grow.</summary>
public class AllocationTests
{
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

    private static long BytesPerRequest<TDecoder>(byte[] body)
        where TDecoder : struct, ITraceDecoder
    {
        // A buffer with room for one request, platform tags included: each drops the one before, and the body stays as large as it is.
        var counters = new SignalCounters();
        var first = new TraceRig();
        first.Send<TDecoder>(body);
        int sizeBytes = first.TakeRaw().Sum(static taken => taken.Body.Length) * 5 / 4;
        var pipeline = new TracePipeline(TraceRig.Settings with { BufferBytes = sizeBytes * 3 / 2 }, counters, new TraceRig.KeepsAll(), TimeProvider.System)
        {
            Tags = TraceRig.Platform("lambda", ("functionname", "f"), ("region", "r")),
        };
        const int Rounds = 20;
        for (int round = 0; round < Rounds; round++)
        {
            Assert.NotEqual(0, pipeline.Accept<TDecoder>(body, body.Length, default).SpanCount);
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int round = 0; round < Rounds; round++)
        {
            pipeline.Accept<TDecoder>(body, body.Length, default);
        }

        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        var kept = new List<IntakePayload>();
        pipeline.TakePayloads(kept);
        Assert.Single(kept).Dispose();
        return allocated / Rounds;
    }
}
