using Mayfly.Wire;

namespace Mayfly.Metrics;

/// <summary>
/// Writes one element of <c>SketchPayload.sketches</c> with one sketch (docs/spec/04-metrics-logs.md#b4-sketchpayload-protobuf-post-apibetasketches).
/// </summary>
internal static class SketchWriter
{
    private const int PayloadSketches = 1;
    private const int Metric = 1;
    private const int Host = 2;
    private const int Tags = 4;
    private const int Dogsketches = 7;
    private const int Metadata = 8;
    private const int Timestamp = 1;
    private const int Count = 2;
    private const int Min = 3;
    private const int Max = 4;
    private const int Average = 5;
    private const int Sum = 6;
    private const int Keys = 7;
    private const int Counts = 8;

    public static void Write(ProtobufWriter writer, in SeriesHead head, ReadOnlySpan<byte> name, AgentSketch sketch)
    {
        MessageMark message = writer.BeginMessage(PayloadSketches);
        writer.Bytes(Metric, name);
        foreach (EmittedTags.Resource resource in head.Tags.Resources)
        {
            // A sketch has no resources, only a host.
            if (resource.Type.SequenceEqual("host"u8))
            {
                writer.Bytes(Host, resource.Name);
                break;
            }
        }

        foreach (Utf8Slice tag in head.Tags.Tags)
        {
            writer.BytesEvenEmpty(Tags, tag.Span);
        }

        WriteSketch(writer, sketch, head.UnixSeconds);
        OriginWriter.Write(writer, Metadata, head.Origin);
        writer.EndMessage(message);
    }

    private static void WriteSketch(ProtobufWriter writer, AgentSketch sketch, long unixSeconds)
    {
        MessageMark message = writer.BeginMessage(Dogsketches);
        writer.Varint(Timestamp, unixSeconds);
        writer.Varint(Count, sketch.Count);
        writer.Double(Min, sketch.Min);
        writer.Double(Max, sketch.Max);
        writer.Double(Average, sketch.Average);
        writer.Double(Sum, sketch.Sum);
        WriteKeys(writer, sketch);
        WriteCounts(writer, sketch);
        writer.EndMessage(message);
    }

    private static void WriteKeys(ProtobufWriter writer, AgentSketch sketch)
    {
        ReadOnlySpan<short> keys = sketch.Keys;
        ReadOnlySpan<long> counts = sketch.Counts;
        MessageMark packed = writer.BeginMessage(Keys);
        for (int i = 0; i < keys.Length; i++)
        {
            for (long left = counts[i]; left > 0; left -= uint.MaxValue)
            {
                writer.RawVarint(ProtobufWriter.ZigZag(keys[i]));
            }
        }

        writer.EndMessage(packed);
    }

    /// <summary>A count that does not fit the 32 bits of its field goes as several bins with the same key, which every consumer merges.</summary>
    private static void WriteCounts(ProtobufWriter writer, AgentSketch sketch)
    {
        MessageMark packed = writer.BeginMessage(Counts);
        foreach (long count in sketch.Counts)
        {
            for (long left = count; left > 0; left -= uint.MaxValue)
            {
                writer.RawVarint((ulong)Math.Min(left, uint.MaxValue));
            }
        }

        writer.EndMessage(packed);
    }
}
