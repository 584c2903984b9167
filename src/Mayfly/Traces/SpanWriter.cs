using System.Buffers.Binary;
using Mayfly.Wire;

namespace Mayfly.Traces;

/// <summary>Writes a <see cref="Span"/> as the protobuf message of docs/spec/03-traces.md#51-protobuf-numbers.</summary>
internal static class SpanWriter
{
    private const int MetaField = 10;
    private const int MetricsField = 11;
    private const int MetaStructField = 13;
    private const byte KeyTag = 1 << 3 | 2;
    private const byte TextValueTag = 2 << 3 | 2;
    private const byte DoubleValueTag = 2 << 3 | 1;
    private const int LongestVarint = 10;

    public static void Write(ProtobufWriter writer, int field, Span span)
    {
        int mark = writer.BeginMessage(field);
        writer.Bytes(1, span.Service.Span);
        writer.Bytes(2, span.Name.Span);
        writer.Bytes(3, span.Resource.Span);
        writer.Varint(4, span.TraceId);
        writer.Varint(5, span.SpanId);
        writer.Varint(6, span.ParentId);
        writer.Varint(7, span.StartNs);
        writer.Varint(8, span.DurationNs);
        writer.Varint(9, (long)span.Error);
        WriteTexts(writer.Buffer, MetaField, span.Meta.Entries);
        WriteDoubles(writer.Buffer, MetricsField, span.Metrics.Entries);
        writer.Bytes(12, span.Type.Span);
        WriteTexts(writer.Buffer, MetaStructField, span.MetaStruct.Entries);
        WriteLinks(writer, span);
        WriteEvents(writer, span);
        writer.EndMessage(mark);
    }

    /// <summary>
    /// map&lt;string, string or bytes&gt;; key and value are written even when empty. Sized first, then written in one go: these are most of a span's
    /// bytes.
    /// </summary>
    internal static void WriteTexts(PooledBuffer buffer, int field, ReadOnlySpan<SpanMapEntry<Utf8Slice>> entries)
    {
        byte tag = (byte)(field << 3 | 2);
        foreach (ref readonly SpanMapEntry<Utf8Slice> entry in entries)
        {
            ReadOnlySpan<byte> key = entry.Key.Span;
            ReadOnlySpan<byte> value = entry.Value.Span;
            int content = 2 + ProtobufWriter.VarintSize((ulong)key.Length) + key.Length + ProtobufWriter.VarintSize((ulong)value.Length) + value.Length;
            Span<byte> free = buffer.GetSpan(1 + LongestVarint + content);
            free[0] = tag;
            int at = 1 + ProtobufWriter.WriteVarint(free[1..], (ulong)content);
            at += WriteText(free[at..], KeyTag, key);
            at += WriteText(free[at..], TextValueTag, value);
            buffer.Advance(at);
        }
    }

    private static void WriteDoubles(PooledBuffer buffer, int field, ReadOnlySpan<SpanMapEntry<double>> entries)
    {
        byte tag = (byte)(field << 3 | 2);
        foreach (ref readonly SpanMapEntry<double> entry in entries)
        {
            ReadOnlySpan<byte> key = entry.Key.Span;
            int content = 1 + ProtobufWriter.VarintSize((ulong)key.Length) + key.Length + 1 + sizeof(double);
            Span<byte> free = buffer.GetSpan(1 + LongestVarint + content);
            free[0] = tag;
            int at = 1 + ProtobufWriter.WriteVarint(free[1..], (ulong)content);
            at += WriteText(free[at..], KeyTag, key);
            free[at++] = DoubleValueTag;
            BinaryPrimitives.WriteDoubleLittleEndian(free[at..], entry.Value);
            buffer.Advance(at + sizeof(double));
        }
    }

    private static int WriteText(Span<byte> destination, byte tag, ReadOnlySpan<byte> text)
    {
        destination[0] = tag;
        int at = 1 + ProtobufWriter.WriteVarint(destination[1..], (ulong)text.Length);
        text.CopyTo(destination[at..]);
        return at + text.Length;
    }

    private static void WriteLinks(ProtobufWriter writer, Span span)
    {
        foreach (ref readonly SpanLink link in span.Links.Items)
        {
            int mark = writer.BeginMessage(14);
            writer.Varint(1, link.TraceId);
            writer.Varint(2, link.TraceIdHigh);
            writer.Varint(3, link.SpanId);
            WriteTexts(writer.Buffer, 4, span.LinkAttributes.Items.Slice(link.FirstAttribute, link.AttributeCount));
            writer.Bytes(5, link.TraceState.Span);
            writer.Varint(6, (ulong)link.Flags);
            writer.EndMessage(mark);
        }
    }

    private static void WriteEvents(ProtobufWriter writer, Span span)
    {
        foreach (ref readonly SpanEvent spanEvent in span.Events.Items)
        {
            int mark = writer.BeginMessage(15);
            if (spanEvent.TimeNs != 0)
            {
                writer.Fixed64(1, spanEvent.TimeNs);
            }

            writer.Bytes(2, spanEvent.Name.Span);
            foreach (ref readonly EventAttribute attribute in span.EventAttributes.Items.Slice(spanEvent.FirstAttribute, spanEvent.AttributeCount))
            {
                int entry = writer.BeginMessage(3);
                writer.BytesEvenEmpty(1, attribute.Key.Span);
                int value = writer.BeginMessage(2);
                WriteAttribute(writer, attribute, span.EventElements.Items);
                writer.EndMessage(value);
                writer.EndMessage(entry);
            }

            writer.EndMessage(mark);
        }
    }

    private static void WriteAttribute(ProtobufWriter writer, in EventAttribute attribute, ReadOnlySpan<EventAttribute> elements)
    {
        writer.Varint(1, (ulong)attribute.Type);
        switch (attribute.Type)
        {
            case EventAttributeType.Text:
                writer.Bytes(2, attribute.Text.Span);
                break;
            case EventAttributeType.Boolean:
                writer.Bool(3, attribute.Boolean);
                break;
            case EventAttributeType.Integer:
                writer.Varint(4, attribute.Integer);
                break;
            case EventAttributeType.Double:
                writer.Double(5, attribute.Double);
                break;
            default:
                int array = writer.BeginMessage(6);
                foreach (ref readonly EventAttribute element in elements.Slice(attribute.FirstElement, attribute.ElementCount))
                {
                    int mark = writer.BeginMessage(1);
                    WriteAttribute(writer, element, []);
                    writer.EndMessage(mark);
                }

                writer.EndMessage(array);
                break;
        }
    }
}
