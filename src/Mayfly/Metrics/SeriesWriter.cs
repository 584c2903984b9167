using Mayfly.Wire;

namespace Mayfly.Metrics;

/// <summary>The <c>type</c> of a series.</summary>
internal enum SeriesType
{
    Count = 1,
    Rate = 2,
    Gauge = 3,
}

/// <summary>What all series of one context share.</summary>
internal readonly ref struct SeriesHead(EmittedTags tags, MetricOrigin origin, long unixSeconds)
{
    public EmittedTags Tags { get; } = tags;

    public MetricOrigin Origin { get; } = origin;

    public long UnixSeconds { get; } = unixSeconds;
}

/// <summary>Writes one element of <c>MetricPayload.series</c> with one point (docs/spec/04-metrics-logs.md#b5-series-v2-post-apiv2series).</summary>
internal static class SeriesWriter
{
    private const int PayloadSeries = 1;
    private const int Resources = 1;
    private const int ResourceType = 1;
    private const int ResourceName = 2;
    private const int Metric = 2;
    private const int Tags = 3;
    private const int Points = 4;
    private const int PointValue = 1;
    private const int PointTimestamp = 2;
    private const int Type = 5;
    private const int Unit = 6;
    private const int Interval = 8;
    private const int Metadata = 9;

    public static void Write(
        ProtobufWriter writer, in SeriesHead head, ReadOnlySpan<byte> name, SeriesType type, double value, ReadOnlySpan<byte> unit = default)
    {
        MessageMark series = writer.BeginMessage(PayloadSeries);
        foreach (EmittedTags.Resource resource in head.Tags.Resources)
        {
            MessageMark mark = writer.BeginMessage(Resources);
            writer.Bytes(ResourceType, resource.Type);
            writer.Bytes(ResourceName, resource.Name);
            writer.EndMessage(mark);
        }

        writer.Bytes(Metric, name);
        foreach (Utf8Slice tag in head.Tags.Tags)
        {
            writer.BytesEvenEmpty(Tags, tag.Span);
        }

        MessageMark point = writer.BeginMessage(Points);
        writer.Double(PointValue, value);
        writer.Varint(PointTimestamp, head.UnixSeconds);
        writer.EndMessage(point);
        writer.Varint(Type, (long)type);
        writer.Bytes(Unit, unit);
        writer.Varint(Interval, type == SeriesType.Gauge ? 0L : MetricContext.BucketSeconds);
        OriginWriter.Write(writer, Metadata, head.Origin);
        writer.EndMessage(series);
    }
}

/// <summary>Writes the <c>Metadata</c> message that series and sketches share.</summary>
internal static class OriginWriter
{
    private const int Origin = 1;
    private const int Product = 4;
    private const int Category = 5;
    private const int Service = 6;

    public static void Write(ProtobufWriter writer, int field, MetricOrigin origin)
    {
        if (origin.Category == 0)
        {
            return;
        }

        MessageMark metadata = writer.BeginMessage(field);
        MessageMark message = writer.BeginMessage(Origin);
        writer.Varint(Product, (ulong)MetricOrigin.Product);
        writer.Varint(Category, (ulong)origin.Category);
        writer.Varint(Service, (ulong)origin.Service);
        writer.EndMessage(message);
        writer.EndMessage(metadata);
    }
}
