using Google.Protobuf;
using Mayfly.Local.Intake.Protos;

namespace Mayfly.Local.Intake;

/// <summary>
/// MetricPayload and SketchPayload protobuf to metrics (docs/spec/04-metrics-logs.md, B.4, B.5). Malformed bytes throw
/// <see cref="InvalidProtocolBufferException"/>, contradictions in well-formed ones <see cref="InvalidDataException"/>.
/// </summary>
internal static class MetricDecoder
{
    public static List<ReceivedMetric> DecodeSeries(ReadOnlySpan<byte> body) =>
        [.. MetricPayload.Parser.ParseFrom(body).Series.Select(Series)];

    public static List<ReceivedMetric> DecodeSketches(ReadOnlySpan<byte> body) =>
        [.. SketchPayload.Parser.ParseFrom(body).Sketches.Select(Sketches)];

    private static ReceivedMetric Series(MetricSeries series) => new()
    {
        Name = series.Metric,
        Type = series.Type is >= SeriesType.SeriesUnspecified and <= SeriesType.SeriesGauge
            ? (MetricType)series.Type
            : throw new InvalidDataException($"series {series.Metric} has the unknown type {(int)series.Type}"),
        Tags = [.. series.Tags],
        IntervalSeconds = series.Interval,
        Host = series.Resources.FirstOrDefault(r => r.Type == "host")?.Name ?? "",
        Unit = series.Unit,
        Points = [.. series.Points.Select(p => new ReceivedPoint(p.Timestamp, p.Value))],
        Resources = [.. series.Resources.Select(r => $"{r.Type}:{r.Name}")],
        Origin = Origin(series.Metadata),
    };

    private static ReceivedMetric Sketches(Sketch sketch) => new()
    {
        Name = sketch.Metric,
        Type = MetricType.Sketch,
        Tags = [.. sketch.Tags],
        Host = sketch.Host,
        Sketches = [.. sketch.Dogsketches.Select(s => Sketch(sketch.Metric, s))],
        Origin = Origin(sketch.Metadata),
    };

    private static ReceivedSketch Sketch(string metric, Dogsketch sketch)
    {
        if (sketch.K.Count != sketch.N.Count)
        {
            throw new InvalidDataException($"sketch {metric} has {sketch.K.Count} keys and {sketch.N.Count} bin counts");
        }

        return new ReceivedSketch
        {
            TimestampSeconds = sketch.Ts,
            Count = sketch.Cnt,
            Sum = sketch.Sum,
            Min = sketch.Min,
            Max = sketch.Max,
            Avg = sketch.Avg,
            Bins = [.. sketch.K.Select((key, i) => new SketchBin(key, sketch.N[i]))],
        };
    }

    private static ReceivedOrigin? Origin(Metadata? metadata) =>
        metadata?.Origin is { } origin ? new ReceivedOrigin(origin.OriginProduct, origin.OriginCategory, origin.OriginService) : null;
}
