using Mayfly.Wire;

namespace Mayfly.Traces;

public readonly partial struct TraceV10
{
    private static bool TryReadKind(ref MsgPackReader reader, Span span)
    {
        bool isRead = SpanValue.TryReadUInt32(ref reader, out uint kind);
        if (isRead && kind > 0 && kind < Kinds.Length)
        {
            span.Meta.Set(KindKey, Kinds[kind]);
        }

        return isRead;
    }

    private static bool TryReadMeta(ref MsgPackReader reader, DecodeScratch scratch, Utf8Slice key)
    {
        bool isRead = TryReadText(ref reader, scratch, out Utf8Slice text);
        if (!text.IsEmpty)
        {
            scratch.Span.Meta.Set(key, text);
        }

        return isRead;
    }

    private static bool TryReadLinks(ref MsgPackReader reader, DecodeScratch scratch)
    {
        Span span = scratch.Span;
        span.Links.Clear();
        span.LinkAttributes.Clear();
        if (!SpanValue.TryReadArray(ref reader, out int count))
        {
            return false;
        }

        for (; count > 0; count--)
        {
            span.Links.Add(new SpanLink { FirstAttribute = span.LinkAttributes.Count });
            if (!TryReadMap<LinkFields>(ref reader, scratch))
            {
                return false;
            }
        }

        return true;
    }

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
            span.Events.Add(new SpanEvent { FirstAttribute = span.EventAttributes.Count });
            if (!TryReadMap<EventFields>(ref reader, scratch))
            {
                return false;
            }
        }

        return true;
    }

    private readonly struct SpanFields : INumberedFields
    {
        public static bool TryRead(ref MsgPackReader reader, DecodeScratch scratch, ulong key)
        {
            Span span = scratch.Span;
            bool isRead;
            Utf8Slice text;
            ulong id;
            long time;
            switch (key)
            {
                case 1:
                    isRead = TryReadText(ref reader, scratch, out text);
                    span.Service = text;
                    return isRead;
                case 2:
                    isRead = TryReadText(ref reader, scratch, out text);
                    span.Name = text;
                    return isRead;
                case 3:
                    isRead = TryReadText(ref reader, scratch, out text);
                    span.Resource = text;
                    return isRead;
                case 4:
                    isRead = SpanValue.TryReadId(ref reader, out id);
                    span.SpanId = id;
                    return isRead;
                case 5:
                    isRead = SpanValue.TryReadId(ref reader, out id);
                    span.ParentId = id;
                    return isRead;
                case 6:
                    isRead = SpanValue.TryReadStart(ref reader, out time);
                    span.StartNs = time;
                    return isRead;
                case 7:
                    isRead = SpanValue.TryReadDuration(ref reader, out time);
                    span.DurationNs = time;
                    return isRead;
                case 8:
                    isRead = SpanValue.TryReadError(ref reader, out int error);
                    span.Error = error;
                    return isRead;
                case 9:
                    return TryReadAttributes<SpanAttributes>(ref reader, scratch);
                case 10:
                    isRead = TryReadText(ref reader, scratch, out text);
                    span.Type = text;
                    return isRead;
                case 11:
                    return TryReadLinks(ref reader, scratch);
                case 12:
                    return TryReadEvents(ref reader, scratch);
                case 13:
                    return TryReadMeta(ref reader, scratch, EnvKey);
                case 14:
                    return TryReadMeta(ref reader, scratch, VersionKey);
                case 15:
                    return TryReadMeta(ref reader, scratch, ComponentKey);
                case 16:
                    return TryReadKind(ref reader, span);
                default:
                    return TryStepOver(ref reader, scratch);
            }
        }
    }

    private readonly struct LinkFields : INumberedFields
    {
        public static bool TryRead(ref MsgPackReader reader, DecodeScratch scratch, ulong key)
        {
            ref SpanLink link = ref scratch.Span.Links.Last;
            bool isRead;
            switch (key)
            {
                case 1:
                    isRead = TryReadId128(ref reader, out ulong high, out ulong low);
                    link.TraceId = low;
                    link.TraceIdHigh = high;
                    return isRead;
                case 2:
                    isRead = SpanValue.TryReadId(ref reader, out ulong id);
                    link.SpanId = id;
                    return isRead;
                case 3:
                    return TryReadAttributes<LinkAttributes>(ref reader, scratch);
                case 4:
                    isRead = TryReadText(ref reader, scratch, out Utf8Slice state);
                    link.TraceState = state;
                    return isRead;
                case 5:
                    isRead = SpanValue.TryReadUInt32(ref reader, out uint flags);
                    link.Flags = flags;
                    return isRead;
                default:
                    return TryStepOver(ref reader, scratch);
            }
        }
    }

    private readonly struct EventFields : INumberedFields
    {
        public static bool TryRead(ref MsgPackReader reader, DecodeScratch scratch, ulong key)
        {
            ref SpanEvent spanEvent = ref scratch.Span.Events.Last;
            bool isRead;
            switch (key)
            {
                case 1:
                    isRead = SpanValue.TryReadMoment(ref reader, out ulong timeNs);
                    spanEvent.TimeNs = timeNs;
                    return isRead;
                case 2:
                    isRead = TryReadText(ref reader, scratch, out Utf8Slice name);
                    spanEvent.Name = name;
                    return isRead;
                case 3:
                    return TryReadAttributes<EventAttributes>(ref reader, scratch);
                default:
                    return TryStepOver(ref reader, scratch);
            }
        }
    }
}
