using Mayfly.Wire;

namespace Mayfly.Traces;

public readonly partial struct TraceV04
{
    private static bool TryReadEvents(ref MsgPackReader reader, DecodeScratch scratch, Span span)
    {
        span.Events.Clear();
        span.EventAttributes.Clear();
        span.EventElements.Clear();
        if (!SpanValue.TryReadArray(ref reader, out int count))
        {
            return false;
        }

        for (; count > 0; count--)
        {
            SpanEvent spanEvent = default;
            if (!TryReadEvent(ref reader, scratch, span, ref spanEvent))
            {
                return false;
            }

            span.Events.Add(spanEvent);
        }

        return true;
    }

    private static bool TryReadEvent(ref MsgPackReader reader, DecodeScratch scratch, Span span, ref SpanEvent spanEvent)
    {
        if (!SpanValue.TryReadMap(ref reader, out int fields))
        {
            return false;
        }

        for (; fields > 0; fields--)
        {
            if (!reader.TryReadBytes(out Utf8Slice key))
            {
                return false;
            }

            bool isRead;
            if (key.SequenceEqual("time_unix_nano"u8))
            {
                isRead = SpanValue.TryReadMoment(ref reader, out ulong timeNs);
                spanEvent.TimeNs = timeNs;
            }
            else if (key.SequenceEqual("name"u8))
            {
                isRead = SpanValue.TryReadText(ref reader, scratch, out Utf8Slice name);
                spanEvent.Name = name;
            }
            else
            {
                isRead = key.SequenceEqual("attributes"u8) ? TryReadEventAttributes(ref reader, scratch, span, ref spanEvent) : reader.TrySkip();
            }

            if (!isRead)
            {
                return false;
            }
        }

        return true;
    }

    private static bool TryReadEventAttributes(ref MsgPackReader reader, DecodeScratch scratch, Span span, ref SpanEvent spanEvent)
    {
        spanEvent.FirstAttribute = span.EventAttributes.Count;
        spanEvent.AttributeCount = 0;
        if (!SpanValue.TryReadMap(ref reader, out int count))
        {
            return false;
        }

        for (; count > 0; count--)
        {
            EventAttribute attribute = default;
            if (!SpanValue.TryReadText(ref reader, scratch, out Utf8Slice key)
                || !TryReadAttribute(ref reader, scratch, span, ref attribute, isElement: false, out bool isUsable))
            {
                return false;
            }

            if (isUsable)
            {
                attribute.Key = key;
                span.EventAttributes.Add(attribute);
                spanEvent.AttributeCount++;
            }
        }

        return true;
    }

    /// <summary>
    /// <c>{type, string_value | bool_value | int_value | double_value | array_value}</c>. A type that does not exist, nil for the whole attribute, and an
    /// array within an array make it unusable: it is left out, its neighbours stay.
    /// </summary>
    private static bool TryReadAttribute(
        ref MsgPackReader reader, DecodeScratch scratch, Span span, ref EventAttribute attribute, bool isElement, out bool isUsable)
    {
        isUsable = false;
        if (reader.TryTakeNil())
        {
            return true;
        }

        if (!reader.TryReadMapHeader(out int fields))
        {
            return false;
        }

        long type = 0;
        long boolean = 0;
        for (; fields > 0; fields--)
        {
            if (!reader.TryReadBytes(out Utf8Slice key))
            {
                return false;
            }

            bool isRead;
            if (key.SequenceEqual("type"u8))
            {
                isRead = SpanValue.TryReadInt64(ref reader, out type);
            }
            else if (key.SequenceEqual("string_value"u8))
            {
                isRead = SpanValue.TryReadText(ref reader, scratch, out Utf8Slice text);
                attribute.Text = text;
            }
            else if (key.SequenceEqual("bool_value"u8))
            {
                isRead = TryReadFlag(ref reader, out boolean);
            }
            else if (key.SequenceEqual("int_value"u8))
            {
                isRead = SpanValue.TryReadInt64(ref reader, out long integer);
                attribute.Integer = integer;
            }
            else if (key.SequenceEqual("double_value"u8))
            {
                isRead = SpanValue.TryReadMetric(ref reader, out double number);
                attribute.Double = number;
            }
            else
            {
                isRead = !isElement && key.SequenceEqual("array_value"u8)
                    ? TryReadElements(ref reader, scratch, span, ref attribute)
                    : reader.TrySkip();
            }

            if (!isRead)
            {
                return false;
            }
        }

        attribute.Type = (EventAttributeType)type;
        if (attribute.Type == EventAttributeType.Boolean)
        {
            attribute.Integer = boolean;
        }

        isUsable = type >= 0 && type <= (isElement ? (long)EventAttributeType.Double : (long)EventAttributeType.Array);
        return true;
    }

    /// <summary><c>{values: [attribute, …]}</c></summary>
    private static bool TryReadElements(ref MsgPackReader reader, DecodeScratch scratch, Span span, ref EventAttribute attribute)
    {
        attribute.FirstElement = span.EventElements.Count;
        attribute.ElementCount = 0;
        if (!SpanValue.TryReadMap(ref reader, out int fields))
        {
            return false;
        }

        for (; fields > 0; fields--)
        {
            if (!reader.TryReadBytes(out Utf8Slice key))
            {
                return false;
            }

            if (!key.SequenceEqual("values"u8))
            {
                if (!reader.TrySkip())
                {
                    return false;
                }

                continue;
            }

            if (!SpanValue.TryReadArray(ref reader, out int count))
            {
                return false;
            }

            for (; count > 0; count--)
            {
                EventAttribute element = default;
                if (!TryReadAttribute(ref reader, scratch, span, ref element, isElement: true, out bool isUsable))
                {
                    return false;
                }

                if (isUsable)
                {
                    span.EventElements.Add(element);
                    attribute.ElementCount++;
                }
            }
        }

        return true;
    }

    private static bool TryReadFlag(ref MsgPackReader reader, out long flag)
    {
        flag = 0;
        if (reader.TryTakeNil())
        {
            return true;
        }

        bool isRead = reader.TryReadBoolean(out bool value);
        flag = value ? 1 : 0;
        return isRead;
    }
}
