using Mayfly.Wire;

namespace Mayfly.Traces.Stats;

/// <summary>What one span adds to the statistics; its key is a range of the <see cref="SpanStatsBatch"/>.</summary>
internal readonly record struct SpanStats
{
    public required ulong KeyHash { get; init; }

    public required int KeyStart { get; init; }

    /// <summary>0 = the key is too long to be kept.</summary>
    public required int KeyLength { get; init; }

    /// <summary>Position of the trace's service among the batch's.</summary>
    public required int Service { get; init; }

    public required long EndNs { get; init; }

    /// <summary>Not negative.</summary>
    public required long DurationNs { get; init; }

    /// <summary>How many spans this one stands for: the tracer kept one of them and dropped the others.</summary>
    public required double Weight { get; init; }

    public required bool IsError { get; init; }

    public required bool IsTopLevel { get; init; }
}

/// <summary>The spans of one request that are to be counted, keys and all; reused, so that a request allocates nothing. Not thread-safe.</summary>
/// <remarks>Collected before the request is known to be good; what a <see cref="Concentrator"/> has taken is gone.</remarks>
internal sealed class SpanStatsBatch(GroupKeyWriter keys, bool countsSpanKinds, ulong seed) : IDisposable
{
    private const int FullAtBytes = 256 * 1024;
    private const int FullAtSpans = 4096;

    /// <summary>Weights beyond this are cut: no tracer samples one span in four billion.</summary>
    private const double LargestWeight = uint.MaxValue;

    private readonly PooledBuffer _bytes = PooledBuffer.Rent(4096);
    private SpanStats[] _spans = new SpanStats[64];
    private (int Start, int Length)[] _services = new (int, int)[8];
    private int _serviceCount;

    public int Count { get; private set; }

    public ReadOnlySpan<SpanStats> Spans => _spans.AsSpan(0, Count);

    /// <summary>
    /// Time to hand the batch over, although the request has not been read to its end: so much of a request that turns out to be malformed is counted.
    /// </summary>
    public bool IsFull => Count >= FullAtSpans || _bytes.Length >= FullAtBytes;

    public ReadOnlySpan<byte> KeyOf(in SpanStats span) => span.KeyLength == 0 ? GroupKey.Overflow : _bytes.WrittenSpan.Slice(span.KeyStart, span.KeyLength);

    public ReadOnlySpan<byte> ServiceOf(in SpanStats span) => _bytes.WrittenSpan.Slice(_services[span.Service].Start, _services[span.Service].Length);

    /// <summary>Adds the spans of a trace that count, as they are now.</summary>
    public void Add(in TraceChunk chunk)
    {
        int service = -1;
        double weight = 1;
        foreach (Span span in chunk.Spans)
        {
            bool isTopLevel = IsOne(span, "_top_level"u8) || IsOne(span, "_dd.top_level"u8);
            if (!Counts(span, isTopLevel))
            {
                continue;
            }

            if (service < 0)
            {
                service = AddService(chunk.Root);
                weight = WeightOf(chunk.Root);
            }

            Add(span, isTopLevel, service, weight);
        }
    }

    public void Clear()
    {
        _bytes.Clear();
        Count = 0;
        _serviceCount = 0;
    }

    public void Dispose() => _bytes.Dispose();

    private bool Counts(Span span, bool isTopLevel) =>
        (isTopLevel || IsOne(span, "_dd.measured"u8) || (countsSpanKinds && CrossesServices(span)))
        && !(span.Metrics.TryFind("_dd.partial_version"u8, out double version) && version >= 0);

    private static bool CrossesServices(Span span) => span.Meta.TryFind("span.kind"u8, out Utf8Slice kind) && SpanKind.CrossesServices(kind.Span);

    private static bool IsOne(Span span, ReadOnlySpan<byte> metric) => span.Metrics.TryFind(metric, out double value) && value == 1;

    private static double WeightOf(Span root) =>
        root.Metrics.TryFind("_sample_rate"u8, out double rate) && rate is > 0 and <= 1 ? Math.Min(1 / rate, LargestWeight) : 1;

    private int AddService(Span root)
    {
        if (_serviceCount == _services.Length)
        {
            Array.Resize(ref _services, _serviceCount * 2);
        }

        int start = _bytes.Length;
        if (root.Meta.TryFind("_dd.base_service"u8, out Utf8Slice service))
        {
            _bytes.Write(service.Span);
        }

        _services[_serviceCount] = (start, _bytes.Length - start);
        return _serviceCount++;
    }

    private void Add(Span span, bool isTopLevel, int service, double weight)
    {
        int start = _bytes.Length;
        keys.Write(_bytes, span);
        int length = _bytes.Length - start;
        if (length > GroupKeyWriter.LongestBytes)
        {
            _bytes.Truncate(start);
            length = 0;
        }

        if (Count == _spans.Length)
        {
            Array.Resize(ref _spans, Count * 2);
        }

        long duration = Math.Max(span.DurationNs, 0);
        _spans[Count++] = new SpanStats
        {
            KeyHash = BytesHash.Of(length == 0 ? GroupKey.Overflow : _bytes.WrittenSpan[start..], seed),
            KeyStart = start,
            KeyLength = length,
            Service = service,
            EndNs = span.StartNs > long.MaxValue - duration ? span.StartNs : span.StartNs + duration,
            DurationNs = duration,
            Weight = weight,
            IsError = span.Error != 0,
            IsTopLevel = isTopLevel,
        };
    }
}
