namespace Mayfly.Testing;

/// <summary>A span as a test describes it, and its form in v0.4 and v0.5.</summary>
public sealed record SampleSpan
{
    public string Service { get; init; } = "web";

    public string Name { get; init; } = "http.request";

    public string Resource { get; init; } = "GET /";

    public string Type { get; init; } = "web";

    public ulong TraceId { get; init; } = 123;

    public ulong SpanId { get; init; } = 456;

    public ulong ParentId { get; init; }

    public long Start { get; init; } = 1_700_000_000_000_000_000;

    public long Duration { get; init; } = 5_000_000;

    public int Error { get; init; }

    public IReadOnlyDictionary<string, string> Meta { get; init; } = new Dictionary<string, string>();

    public IReadOnlyDictionary<string, double> Metrics { get; init; } = new Dictionary<string, double>();

    /// <summary>A v0.4 body of these traces.</summary>
    public static byte[] V04(params IReadOnlyList<SampleSpan>[] traces)
    {
        var writer = new MsgPackWriter().Array(traces.Length);
        foreach (IReadOnlyList<SampleSpan> trace in traces)
        {
            writer.Array(trace.Count);
            foreach (SampleSpan span in trace)
            {
                span.WriteV04(writer);
            }
        }

        return writer.ToArray();
    }

    /// <summary>A v0.5 body of these traces.</summary>
    public static byte[] V05(params IReadOnlyList<SampleSpan>[] traces)
    {
        var strings = new List<string> { "" };
        var indices = new Dictionary<string, int> { [""] = 0 };
        var writer = new MsgPackWriter().Array(traces.Length);
        foreach (IReadOnlyList<SampleSpan> trace in traces)
        {
            writer.Array(trace.Count);
            foreach (SampleSpan span in trace)
            {
                span.WriteV05(writer, IndexOf);
            }
        }

        var body = new MsgPackWriter().Array(2).Array(strings.Count);
        strings.ForEach(text => body.Str(text));
        return body.Raw(writer.ToArray()).ToArray();

        int IndexOf(string text)
        {
            if (!indices.TryGetValue(text, out int index))
            {
                index = strings.Count;
                indices[text] = index;
                strings.Add(text);
            }

            return index;
        }
    }

    private void WriteV04(MsgPackWriter writer)
    {
        writer.Map(12)
            .Str("type").Str(Type)
            .Str("trace_id").UInt64(TraceId)
            .Str("span_id").UInt64(SpanId)
            .Str("parent_id").UInt64(ParentId)
            .Str("name").Str(Name)
            .Str("resource").Str(Resource)
            .Str("service").Str(Service)
            .Str("error").Int(Error)
            .Str("start").Int(Start)
            .Str("duration").Int(Duration)
            .Str("meta").Map(Meta.Count);
        foreach ((string key, string value) in Meta)
        {
            writer.Str(key).Str(value);
        }

        writer.Str("metrics").Map(Metrics.Count);
        foreach ((string key, double value) in Metrics)
        {
            writer.Str(key).Float64(value);
        }
    }

    private void WriteV05(MsgPackWriter writer, Func<string, int> indexOf)
    {
        writer.Array(12)
            .Int(indexOf(Service)).Int(indexOf(Name)).Int(indexOf(Resource))
            .UInt64(TraceId).UInt64(SpanId).UInt64(ParentId)
            .Int(Start).Int(Duration).Int(Error)
            .Map(Meta.Count);
        foreach ((string key, string value) in Meta)
        {
            writer.Int(indexOf(key)).Int(indexOf(value));
        }

        writer.Map(Metrics.Count);
        foreach ((string key, double value) in Metrics)
        {
            writer.Int(indexOf(key)).Float64(value);
        }

        writer.Int(indexOf(Type));
    }
}
