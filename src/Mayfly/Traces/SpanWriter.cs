using System.Buffers.Binary;
using System.Runtime.CompilerServices;
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
    private const int LongestLength = 5;

    /// <summary>Below this a length is one byte.</summary>
    private const int ShortLength = 0x80;

    /// <summary>Nearly all spans have between 128 bytes and 16 KB.</summary>
    private const int SpanLengthBytes = 2;

    /// <summary>The tags and lengths of a key and a value that are short.</summary>
    private const int ShortHeads = 4;

    /// <summary>What an entry of a map takes beside its texts: three lengths and three tags.</summary>
    private const int LongestEntryHead = 3 * (1 + LongestLength);

    /// <summary>What the first nine fields take beside their texts.</summary>
    private const int LongestHead = 3 * (1 + LongestLength) + 6 * (1 + LongestVarint);

    public static void Write(ProtobufWriter writer, int field, Span span)
    {
        MessageMark mark = writer.BeginMessage(field, SpanLengthBytes);
        WriteHead(writer.Buffer, span);
        if (span.Meta.Shared is { } shared)
        {
            writer.Buffer.Write(shared.Encoded);
        }

        WriteTexts(writer.Buffer, MetaField, span.Meta.OwnEntries);
        WriteDoubles(writer.Buffer, MetricsField, span.Metrics.Entries);
        writer.Bytes(12, span.Type.Span);
        if (span.HasExtras)
        {
            WriteTexts(writer.Buffer, MetaStructField, span.MetaStruct.Entries);
            WriteLinks(writer, span);
            WriteEvents(writer, span);
        }

        writer.EndMessage(mark);
    }

    /// <summary>What tags take in a span, for those that are the same in many.</summary>
    public static byte[] EncodeMeta(ReadOnlySpan<SpanMapEntry<Utf8Slice>> tags)
    {
        using PooledBuffer buffer = PooledBuffer.Rent();
        WriteTexts(buffer, MetaField, tags);
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Service, name, resource, the three ids, start, duration and error: fields 1 to 9.</summary>
    private static void WriteHead(PooledBuffer buffer, Span span)
    {
        Span<byte> free = buffer.GetSpan(checked(LongestHead + span.Service.Length + span.Name.Length + span.Resource.Length));
        int at = WriteTextField(free, 1, span.Service.Span);
        at += WriteTextField(free[at..], 2, span.Name.Span);
        at += WriteTextField(free[at..], 3, span.Resource.Span);
        at += WriteNumberField(free[at..], 4, span.TraceId);
        at += WriteNumberField(free[at..], 5, span.SpanId);
        at += WriteNumberField(free[at..], 6, span.ParentId);
        at += WriteNumberField(free[at..], 7, (ulong)span.StartNs);
        at += WriteNumberField(free[at..], 8, (ulong)span.DurationNs);
        at += WriteNumberField(free[at..], 9, (ulong)(long)span.Error);
        buffer.Advance(at);
    }

    private static int WriteTextField(Span<byte> destination, int field, ReadOnlySpan<byte> text) =>
        text.IsEmpty ? 0 : WriteText(destination, (byte)(field << 3 | 2), text);

    private static int WriteNumberField(Span<byte> destination, int field, ulong value)
    {
        if (value == 0)
        {
            return 0;
        }

        destination[0] = (byte)(field << 3);
        return 1 + ProtobufWriter.WriteVarint(destination[1..], value);
    }

    /// <summary>
    /// map&lt;string, string or bytes&gt;; key and value are written even when empty. Sized first, then written in one go: these are most of a span's
    /// bytes.
    /// </summary>
    internal static void WriteTexts(PooledBuffer buffer, int field, ReadOnlySpan<SpanMapEntry<Utf8Slice>> entries)
    {
        long most = 0;
        foreach (ref readonly SpanMapEntry<Utf8Slice> entry in entries)
        {
            most += LongestEntryHead + entry.Key.Length + entry.Value.Length;
        }

        Span<byte> free = buffer.GetSpan(checked((int)most));
        byte tag = (byte)(field << 3 | 2);
        int at = 0;
        foreach (ref readonly SpanMapEntry<Utf8Slice> entry in entries)
        {
            ReadOnlySpan<byte> key = entry.Key.Span;
            ReadOnlySpan<byte> value = entry.Value.Span;
            int content = ShortHeads + key.Length + value.Length;
            if (content < ShortLength)
            {
                // Three lengths of one byte each: nearly all entries.
                free[at + 5 + key.Length] = (byte)value.Length;
                free[at + 4 + key.Length] = TextValueTag;
                free[at + 3] = (byte)key.Length;
                free[at + 2] = KeyTag;
                free[at + 1] = (byte)content;
                free[at] = tag;
                key.CopyTo(free[(at + 4)..]);
                value.CopyTo(free[(at + 6 + key.Length)..]);
                at += 2 + content;
                continue;
            }

            content += ProtobufWriter.VarintSize((ulong)key.Length) + ProtobufWriter.VarintSize((ulong)value.Length) - 2;
            free[at++] = tag;
            at += WriteLength(free[at..], content);
            at += WriteText(free[at..], KeyTag, key);
            at += WriteText(free[at..], TextValueTag, value);
        }

        buffer.Advance(at);
    }

    private static void WriteDoubles(PooledBuffer buffer, int field, ReadOnlySpan<SpanMapEntry<double>> entries)
    {
        long most = 0;
        foreach (ref readonly SpanMapEntry<double> entry in entries)
        {
            most += LongestEntryHead + entry.Key.Length + sizeof(double);
        }

        Span<byte> free = buffer.GetSpan(checked((int)most));
        byte tag = (byte)(field << 3 | 2);
        int at = 0;
        foreach (ref readonly SpanMapEntry<double> entry in entries)
        {
            ReadOnlySpan<byte> key = entry.Key.Span;
            free[at++] = tag;
            at += WriteLength(free[at..], 1 + ProtobufWriter.VarintSize((ulong)key.Length) + key.Length + 1 + sizeof(double));
            at += WriteText(free[at..], KeyTag, key);
            free[at++] = DoubleValueTag;
            BinaryPrimitives.WriteDoubleLittleEndian(free[at..], entry.Value);
            at += sizeof(double);
        }

        buffer.Advance(at);
    }

    private static int WriteText(Span<byte> destination, byte tag, ReadOnlySpan<byte> text)
    {
        destination[0] = tag;
        int at = 1 + WriteLength(destination[1..], text.Length);
        text.CopyTo(destination[at..]);
        return at + text.Length;
    }

    /// <summary>Nearly all lengths are one byte.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int WriteLength(Span<byte> destination, int length)
    {
        if (length >= ShortLength)
        {
            return ProtobufWriter.WriteVarint(destination, (ulong)length);
        }

        destination[0] = (byte)length;
        return 1;
    }

    private static void WriteLinks(ProtobufWriter writer, Span span)
    {
        foreach (ref readonly SpanLink link in span.Links.Items)
        {
            MessageMark mark = writer.BeginMessage(14);
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
            MessageMark mark = writer.BeginMessage(15);
            if (spanEvent.TimeNs != 0)
            {
                writer.Fixed64(1, spanEvent.TimeNs);
            }

            writer.Bytes(2, spanEvent.Name.Span);
            foreach (ref readonly EventAttribute attribute in span.EventAttributes.Items.Slice(spanEvent.FirstAttribute, spanEvent.AttributeCount))
            {
                MessageMark entry = writer.BeginMessage(3);
                writer.BytesEvenEmpty(1, attribute.Key.Span);
                MessageMark value = writer.BeginMessage(2);
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
                MessageMark array = writer.BeginMessage(6);
                foreach (ref readonly EventAttribute element in elements.Slice(attribute.FirstElement, attribute.ElementCount))
                {
                    MessageMark mark = writer.BeginMessage(1);
                    WriteAttribute(writer, element, []);
                    writer.EndMessage(mark);
                }

                writer.EndMessage(array);
                break;
        }
    }
}
