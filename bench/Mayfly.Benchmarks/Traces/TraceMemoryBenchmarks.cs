using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using Mayfly.Diagnostics;
using Mayfly.Intake;
using Mayfly.Testing;
using Mayfly.Traces;

namespace Mayfly.Benchmarks.Traces;

/// <summary>
/// What decoding and encoding a v0.4 request allocates (column Allocated) beside what it stores: the bytes of its encoded payload (column Stored). Flushes are
/// part of it: the difference to nothing is the buffers that a flush hands over, never a span's field.
/// </summary>
[MemoryDiagnoser]
[Config(typeof(WithStored))]
public class TraceMemoryBenchmarks
{
    private const int RequestsPerFlush = 100;

    private static readonly TraceHeaders Sender = new() { Language = "nodejs", LanguageVersion = "v22.1.0", TracerVersion = "5.2.0", ContainerId = "cid" };

    private readonly List<IntakePayload> _taken = [];
    private TracePipeline _pipeline = null!;
    private byte[] _body = [];
    private int _requests;

    [Params(5, 200, 1000)]
    public int Spans { get; set; }

    /// <summary>Tags of each span; half as many metrics.</summary>
    [Params(4, 40)]
    public int Tags { get; set; }

    [GlobalSetup]
    public void SetUp()
    {
        _body = SampleSpan.V04([.. Enumerable.Range(1, Spans).Select(id => new SampleSpan
        {
            SpanId = (ulong)id,
            ParentId = (ulong)id - 1,
            Meta = Enumerable.Range(0, Tags).ToDictionary(static i => $"some.tag.key{i}", i => $"value {i} of {id}"),
            Metrics = Enumerable.Range(0, Tags / 2).ToDictionary(static i => $"metric{i}", i => i * 1.5 + id),
        })]);
        _pipeline = new TracePipeline(new TraceSettings { Env = "prod", AgentVersion = "1.0.0" }, new SignalCounters(), new KeepsAll(), TimeProvider.System);
    }

    [GlobalCleanup]
    public void CleanUp() => Flush();

    [Benchmark]
    public TraceDecodeResult DecodeToEncode()
    {
        TraceDecodeResult result = _pipeline.Accept<TraceV04>(_body, _body.Length, Sender);
        if (++_requests % RequestsPerFlush == 0)
        {
            Flush();
        }

        return result;
    }

    private long StoredBytes()
    {
        SetUp();
        _pipeline.Accept<TraceV04>(_body, _body.Length, Sender);
        long storedBytes = _pipeline.WaitingBytes;
        Flush();
        return storedBytes;
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

    private sealed class WithStored : ManualConfig
    {
        public WithStored() => AddColumn(new StoredColumn());
    }

    /// <summary>Bytes that one request leaves in the buffer.</summary>
    private sealed class StoredColumn : IColumn
    {
        public string Id => nameof(StoredColumn);

        public string ColumnName => "Stored";

        public bool AlwaysShow => true;

        public ColumnCategory Category => ColumnCategory.Custom;

        public int PriorityInCategory => 0;

        public bool IsNumeric => true;

        public UnitType UnitType => UnitType.Size;

        public string Legend => "Bytes of the encoded payload of one request";

        public bool IsAvailable(Summary summary) => true;

        public bool IsDefault(Summary summary, BenchmarkCase benchmarkCase) => false;

        public string GetValue(Summary summary, BenchmarkCase benchmarkCase) =>
            $"{new TraceMemoryBenchmarks { Spans = (int)benchmarkCase.Parameters[nameof(Spans)], Tags = (int)benchmarkCase.Parameters[nameof(Tags)] }.StoredBytes()} B";

        public string GetValue(Summary summary, BenchmarkCase benchmarkCase, SummaryStyle style) => GetValue(summary, benchmarkCase);
    }
}
