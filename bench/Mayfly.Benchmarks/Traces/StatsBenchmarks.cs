using BenchmarkDotNet.Attributes;
using Mayfly.Diagnostics;
using Mayfly.Intake;
using Mayfly.Testing;
using Mayfly.Traces;
using Mayfly.Traces.Stats;

namespace Mayfly.Benchmarks.Traces;

/// <summary>
/// What trace statistics add to a request of spans of some 435 bytes: the same requests with and without a concentrator, all spans counted, all keys known.
/// Divide the difference by <see cref="Spans"/> for the cost of a span.
/// </summary>
[MemoryDiagnoser]
public class StatsBenchmarks
{
    private readonly List<IntakePayload> _taken = [];
    private Concentrator _concentrator = null!;
    private TracePipeline _with = null!;
    private TracePipeline _without = null!;
    private byte[] _body = [];
    private int _requests;

    [Params(5, 200, 1000)]
    public int Spans { get; set; }

    [GlobalSetup]
    public void SetUp()
    {
        long now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() * 1_000_000;
        _body = SampleSpan.V04([.. Enumerable.Range(1, Spans).Select(id => SpanOf(id, now)).Chunk(20)]);
        var settings = new TraceSettings { Env = "prod", AgentVersion = "1.0.0" };
        _concentrator = new Concentrator(new StatsSettings { AgentVersion = "1.0.0" }, new SignalCounters(), TimeProvider.System);
        _with = new TracePipeline(settings, new SignalCounters(), new KeepsAll(), TimeProvider.System, _concentrator);
        _without = new TracePipeline(settings, new SignalCounters(), new KeepsAll(), TimeProvider.System);
    }

    [GlobalCleanup]
    public void CleanUp()
    {
        Flush(_with);
        Flush(_without);
        _concentrator.Dispose();
    }

    [Benchmark(Baseline = true)]
    public TraceDecodeResult Without() => Accept(_without);

    [Benchmark]
    public TraceDecodeResult With() => Accept(_with);

    /// <summary>Every second one is a call to a database, with peer tags; ten resources.</summary>
    private static SampleSpan SpanOf(int id, long now) => new()
    {
        Service = "checkout-service",
        Name = id % 2 == 0 ? "pg.query" : "http.request",
        Resource = $"GET /api/v1/orders/{id % 10}",
        Type = id % 2 == 0 ? "sql" : "web",
        TraceId = (ulong)(1 + ((id - 1) / 20)),
        SpanId = (ulong)id,
        ParentId = id % 20 == 1 ? 0 : (ulong)id - 1,
        Start = now,
        Duration = 1_000_000 + id % 50 * 100_000,
        Meta = id % 2 == 0
            ? new Dictionary<string, string>
            {
                ["env"] = "prod", ["version"] = "1.2.3", ["language"] = "javascript", ["span.kind"] = "client", ["db.name"] = "orders", ["db.type"] = "postgres",
                ["out.host"] = "10.1.2.3", ["runtime-id"] = "6e95bd47-cd28-41b2-9d2b-24beb1de8503",
            }
            : new Dictionary<string, string>
            {
                ["env"] = "prod", ["version"] = "1.2.3", ["language"] = "javascript", ["span.kind"] = "server", ["http.method"] = "GET",
                ["http.status_code"] = "200", ["http.url"] = "https://orders.example.com/api/v1/orders/", ["runtime-id"] = "6e95bd47-cd28-41b2-9d2b-24beb1de8503",
            },
        Metrics = new Dictionary<string, double> { ["_dd.measured"] = 1, ["process_id"] = 17, ["_sampling_priority_v1"] = 1 },
    };

    /// <summary>A flush every 100 requests keeps the buffer at the size it has in production.</summary>
    private TraceDecodeResult Accept(TracePipeline pipeline)
    {
        TraceDecodeResult result = pipeline.Accept<TraceV04>(_body, _body.Length, default);
        if (++_requests % 100 == 0)
        {
            Flush(pipeline);
        }

        return result;
    }

    private void Flush(TracePipeline pipeline)
    {
        pipeline.TakePayloads(_taken);
        _concentrator.TakePayloads(_taken);
        _taken.ForEach(static payload => payload.Dispose());
        _taken.Clear();
    }

    private sealed class KeepsAll : ISpanInspector
    {
        public SpanVerdict Inspect(Span span, in TraceHeaders headers) => SpanVerdict.Keep;
    }
}
