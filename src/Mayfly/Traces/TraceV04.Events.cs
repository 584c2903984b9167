using Mayfly.Wire;

namespace Mayfly.Traces;

public readonly partial struct TraceV04
{
    private static bool TryReadEvents(ref MsgPackReader reader, DecodeScratch scratch)
    {
        Span span = scratch.Span;
        span.Events.Clear();
        span.EventAttributes.Clear();
        span.EventElements.Clear();
        if (!SpanValue.TryReadArray(ref reader, out int count))
        {
            return false;
        }

        for (; count > 0; count--)
        {
            span.Events.Add(default);
            if (!FieldMap.TryReadOrNil<EventFields>(ref reader, scratch))
            {
                return false;
            }
        }

        return true;
    }

    private static bool TryReadEventAttributes(ref MsgPackReader reader, DecodeScratch scratch)
    {
        RecordList<EventAttribute> attributes = scratch.Span.EventAttributes;
        ref SpanEvent spanEvent = ref scratch.Span.Events.Last;
        spanEvent.FirstAttribute = attributes.Count;
        if (!SpanValue.TryReadMap(ref reader, out int count))
        {
            return false;
        }

        for (; count > 0; count--)
        {
            if (!SpanValue.TryReadText(ref reader, scratch, out Utf8Slice key))
            {
                return false;
            }

            attributes.Add(new EventAttribute { Key = key });
            if (!TryReadTyped<AttributeFields>(ref reader, scratch, attributes, EventAttributeType.Array))
            {
                return false;
            }
        }

        spanEvent.AttributeCount = attributes.Count - spanEvent.FirstAttribute;
        return true;
    }

    /// <summary><c>{values: [attribute, …]}</c></summary>
    private static bool TryReadElements(ref MsgPackReader reader, DecodeScratch scratch)
    {
        ref EventAttribute attribute = ref scratch.Span.EventAttributes.Last;
        attribute.FirstElement = scratch.Span.EventElements.Count;
        bool isRead = FieldMap.TryReadOrNil<ArrayFields>(ref reader, scratch);
        attribute.ElementCount = scratch.Span.EventElements.Count - attribute.FirstElement;
        return isRead;
    }

    /// <summary>
    /// <c>{type, string_value | bool_value | int_value | double_value | array_value}</c>, into the last of <paramref name="list"/>. A type that does not
    /// exist or does not belong there, and nil for the whole value, make it unusable: it is left out, its neighbours stay.
    /// </summary>
    private static bool TryReadTyped<TFields>(
        ref MsgPackReader reader, DecodeScratch scratch, RecordList<EventAttribute> list, EventAttributeType lastType)
        where TFields : struct, IFields
    {
        bool isNil = reader.TryTakeNil();
        if (!isNil && !FieldMap.TryRead<TFields>(ref reader, scratch))
        {
            return false;
        }

        EventAttributeType type = list.Last.Type;
        if (isNil || type < 0 || type > lastType)
        {
            list.RemoveLast();
        }

        return true;
    }

    /// <summary>The fields that an attribute and an element of an array have in common.</summary>
    private static bool TryReadScalar(ref MsgPackReader reader, DecodeScratch scratch, ReadOnlySpan<byte> key, ref EventAttribute attribute)
    {
        bool isRead;
        switch (key.Length)
        {
            case 4 when key.SequenceEqual("type"u8):
                isRead = SpanValue.TryReadInt64(ref reader, out long type);
                attribute.Type = type is >= 0 and <= (long)EventAttributeType.Array ? (EventAttributeType)type : EventAttributeType.Unknown;
                return isRead;
            case 12 when key.SequenceEqual("string_value"u8):
                isRead = SpanValue.TryReadText(ref reader, scratch, out Utf8Slice text);
                attribute.Text = text;
                return isRead;
            case 10 when key.SequenceEqual("bool_value"u8):
                isRead = SpanValue.TryReadBoolean(ref reader, out bool flag);
                attribute.Boolean = flag;
                return isRead;
            case 9 when key.SequenceEqual("int_value"u8):
                isRead = SpanValue.TryReadInt64(ref reader, out long integer);
                attribute.Integer = integer;
                return isRead;
            case 12 when key.SequenceEqual("double_value"u8):
                isRead = SpanValue.TryReadMetric(ref reader, out double number);
                attribute.Double = number;
                return isRead;
            default:
                return reader.TrySkip();
        }
    }

    private readonly struct EventFields : IFields
    {
        public static bool TryRead(ref MsgPackReader reader, DecodeScratch scratch, ReadOnlySpan<byte> key)
        {
            ref SpanEvent spanEvent = ref scratch.Span.Events.Last;
            bool isRead;
            switch (key.Length)
            {
                case 14 when key.SequenceEqual("time_unix_nano"u8):
                    isRead = SpanValue.TryReadMoment(ref reader, out ulong timeNs);
                    spanEvent.TimeNs = timeNs;
                    return isRead;
                case 4 when key.SequenceEqual("name"u8):
                    isRead = SpanValue.TryReadText(ref reader, scratch, out Utf8Slice name);
                    spanEvent.Name = name;
                    return isRead;
                case 10 when key.SequenceEqual("attributes"u8):
                    return TryReadEventAttributes(ref reader, scratch);
                default:
                    return reader.TrySkip();
            }
        }
    }

    private readonly struct AttributeFields : IFields
    {
        public static bool TryRead(ref MsgPackReader reader, DecodeScratch scratch, ReadOnlySpan<byte> key) => key.SequenceEqual("array_value"u8)
            ? TryReadElements(ref reader, scratch)
            : TryReadScalar(ref reader, scratch, key, ref scratch.Span.EventAttributes.Last);
    }

    /// <summary>An element is a scalar: nothing nests deeper.</summary>
    private readonly struct ElementFields : IFields
    {
        public static bool TryRead(ref MsgPackReader reader, DecodeScratch scratch, ReadOnlySpan<byte> key) =>
            TryReadScalar(ref reader, scratch, key, ref scratch.Span.EventElements.Last);
    }

    private readonly struct ArrayFields : IFields
    {
        public static bool TryRead(ref MsgPackReader reader, DecodeScratch scratch, ReadOnlySpan<byte> key)
        {
            if (!key.SequenceEqual("values"u8))
            {
                return reader.TrySkip();
            }

            if (!SpanValue.TryReadArray(ref reader, out int count))
            {
                return false;
            }

            RecordList<EventAttribute> elements = scratch.Span.EventElements;
            for (; count > 0; count--)
            {
                elements.Add(default);
                if (!TryReadTyped<ElementFields>(ref reader, scratch, elements, EventAttributeType.Double))
                {
                    return false;
                }
            }

            return true;
        }
    }
}
