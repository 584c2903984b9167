using BenchmarkDotNet.Attributes;
using Mayfly.Diagnostics;
using Mayfly.Intake;
using Mayfly.Tags;
using Mayfly.Testing;
using Mayfly.Traces;

namespace Mayfly.Benchmarks.Traces;

/// <summary>
/// One request of spans of some 435 bytes each, from msgpack to encoded payload, with a function's tags added to each span.
/// Divide by <see cref="Spans"/> for the cost of a span. The budget is 3 µs of CPU per span and no allocation.
/// </summary>
[MemoryDiagnoser]
public class TraceBenchmarks
{
    private readonly List<IntakePayload> _taken = [];
    private TracePipeline _pipeline = null!;
    private byte[] _v04 = [];
    private byte[] _v05 = [];
    private int _requests;

    /// <summary>Spans in the request, in traces of at most 20.</summary>
    [Params(5, 200, 1000)]
    public int Spans { get; set; }

    /// <summary>With the function tags of a Lambda platform, or with none.</summary>
    [Params(false, true)]
    public bool Tagged { get; set; }

    [GlobalSetup]
    public void SetUp()
    {
        IReadOnlyList<SampleSpan>[] traces = [.. Enumerable.Range(1, Spans).Select(SpanOf).Chunk(20)];
        _v04 = SampleSpan.V04(traces);
        _v05 = SampleSpan.V05(traces);
        _pipeline = new TracePipeline(new TraceSettings { Env = "prod", AgentVersion = "1.0.0" }, new SignalCounters(), new KeepsAll(), TimeProvider.System);
        if (Tagged)
        {
            string[] names =
            [
                "region", "account_id", "aws_account", "functionname", "resource", "executedversion",
                "function_arn", "init_type", "memorysize", "runtime", "architecture",
            ];
            _pipeline.Tags = new PlatformTags(TagSet.From(names.Select(static name => KeyValuePair.Create(name, name + " value"))), "lambda");
        }

        Console.WriteLine($"bytes per span: {_v04.Length / Spans} in v0.4, {_v05.Length / Spans} in v0.5");
    }

    [GlobalCleanup]
    public void CleanUp() => Flush();

    [Benchmark]
    public TraceDecodeResult V04() => Accept<TraceV04>(_v04);

    [Benchmark]
    public TraceDecodeResult V05() => Accept<TraceV05>(_v05);

    private static SampleSpan SpanOf(int id) => new()
    {
        Service = "checkout-service",
        Name = "http.request",
        Resource = "GET /api/v1/orders/?",
        TraceId = (ulong)(1 + ((id - 1) / 20)),
        SpanId = (ulong)id,
        ParentId = id % 20 == 1 ? 0 : (ulong)id - 1,
        Meta = new Dictionary<string, string>
        {
            ["env"] = "prod",
            ["version"] = "1.2.3",
            ["language"] = "javascript",
            ["span.kind"] = "client",
            ["http.method"] = "GET",
            ["http.status_code"] = "200",
            ["http.url"] = "https://orders.example.com/api/v1/orders/",
            ["runtime-id"] = "6e95bd47-cd28-41b2-9d2b-24beb1de8503",
        },
        Metrics = new Dictionary<string, double> { ["_dd.measured"] = 1, ["process_id"] = 17, ["_sampling_priority_v1"] = 1 },
    };

    /// <summary>A flush every 100 requests keeps the buffer at the size it has in production.</summary>
    private TraceDecodeResult Accept<TDecoder>(byte[] body)
        where TDecoder : struct, ITraceDecoder
    {
        TraceDecodeResult result = _pipeline.Accept<TDecoder>(body, body.Length, default);
        if (++_requests % 100 == 0)
        {
            Flush();
        }

        return result;
    }

    private void Flush()
    {
        _pipeline.TakePayloads(_taken);
        _taken.ForEach(static payload => payload.Dispose());
        _taken.Clear();
    }

    private sealed class KeepsAll : ISpanInspector
    {
        public SpanVerdict Inspect(Span span, in TraceHeaders headers) => SpanVerdict.Keep;
    }
}
