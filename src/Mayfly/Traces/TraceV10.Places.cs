using Mayfly.Wire;

namespace Mayfly.Traces;

/// <content>Where attributes go: of a span and of a chunk, to <c>meta</c>, <c>metrics</c> and <c>meta_struct</c>; of links and payloads, to texts.</content>
public readonly partial struct TraceV10
{
    private static bool TryAddToSpan(ref MsgPackReader reader, DecodeScratch scratch, Span span, Utf8Slice key, AttributeKind kind)
    {
        if (!TryReadValue(ref reader, scratch, kind, out AttributeValue value))
        {
            return false;
        }

        switch (kind)
        {
            case AttributeKind.Boolean:
                span.Meta.Add(key, TextArena.Format(value.Boolean));
                break;
            case AttributeKind.Double when double.IsFinite(value.Double):
                span.Metrics.Add(key, value.Double);
                break;
            case AttributeKind.Double:
                break;
            case AttributeKind.Integer:
                span.Metrics.Add(key, value.Integer);
                break;
            case AttributeKind.Bytes:
                span.MetaStruct.Add(key, value.Text);
                break;
            default:
                span.Meta.Add(key, value.Text);
                break;
        }

        return true;
    }

    private readonly struct SpanAttributes : IAttributes
    {
        public static bool TryAdd(ref MsgPackReader reader, DecodeScratch scratch, Utf8Slice key, AttributeKind kind) =>
            TryAddToSpan(ref reader, scratch, scratch.Span, key, kind);
    }

    private readonly struct ChunkAttributes : IAttributes
    {
        public static bool TryAdd(ref MsgPackReader reader, DecodeScratch scratch, Utf8Slice key, AttributeKind kind) =>
            TryAddToSpan(ref reader, scratch, scratch.ChunkSpan, key, kind);
    }

    private readonly struct PayloadTags : IAttributes
    {
        public static bool TryAdd(ref MsgPackReader reader, DecodeScratch scratch, Utf8Slice key, AttributeKind kind)
        {
            bool isRead = TryReadAsText(ref reader, scratch, kind, out Utf8Slice text);
            scratch.Request.Tags.Set(key, text);
            return isRead;
        }
    }

    private readonly struct LinkAttributes : IAttributes
    {
        public static bool TryAdd(ref MsgPackReader reader, DecodeScratch scratch, Utf8Slice key, AttributeKind kind)
        {
            bool isRead = TryReadAsText(ref reader, scratch, kind, out Utf8Slice text);
            scratch.Span.LinkAttributes.Add(new SpanMapEntry<Utf8Slice>(key, text));
            scratch.Span.Links.Last.AttributeCount++;
            return isRead;
        }
    }

    private readonly struct EventAttributes : IAttributes
    {
        public static bool TryAdd(ref MsgPackReader reader, DecodeScratch scratch, Utf8Slice key, AttributeKind kind)
        {
            Span span = scratch.Span;
            EventAttribute attribute = new() { Key = key, FirstElement = span.EventElements.Count };
            bool isRead = kind == AttributeKind.Array
                ? TryReadElements(ref reader, scratch, ref attribute)
                : TryReadTyped(ref reader, scratch, kind, ref attribute);
            span.EventAttributes.Add(attribute);
            span.Events.Last.AttributeCount++;
            return isRead;
        }

        private static bool TryReadElements(ref MsgPackReader reader, DecodeScratch scratch, ref EventAttribute array)
        {
            array.Type = EventAttributeType.Array;
            if (!TryReadGroups(ref reader, 2, out int count))
            {
                return false;
            }

            for (; count > 0; count--)
            {
                EventAttribute element = default;
                if (!TryReadKind(ref reader, out AttributeKind kind) || !TryReadTyped(ref reader, scratch, kind, ref element))
                {
                    return false;
                }

                scratch.Span.EventElements.Add(element);
                array.ElementCount++;
            }

            return true;
        }

        /// <summary>A value that an event attribute has a type for stays what it is; any other becomes text.</summary>
        private static bool TryReadTyped(ref MsgPackReader reader, DecodeScratch scratch, AttributeKind kind, ref EventAttribute attribute)
        {
            bool isRead;
            switch (kind)
            {
                case AttributeKind.Boolean or AttributeKind.Double or AttributeKind.Integer:
                    isRead = TryReadValue(ref reader, scratch, kind, out AttributeValue value);
                    attribute.Type = kind == AttributeKind.Boolean ? EventAttributeType.Boolean
                        : kind == AttributeKind.Double ? EventAttributeType.Double : EventAttributeType.Integer;
                    attribute.Boolean = value.Boolean;
                    attribute.Double = value.Double;
                    attribute.Integer = value.Integer;
                    return isRead;
                default:
                    isRead = TryReadAsText(ref reader, scratch, kind, out Utf8Slice text);
                    attribute.Type = EventAttributeType.Text;
                    attribute.Text = text;
                    return isRead;
            }
        }
    }
}
