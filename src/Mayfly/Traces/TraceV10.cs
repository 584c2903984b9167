using Mayfly.Wire;

namespace Mayfly.Traces;

/// <summary>
/// v1.0: maps with numbers for keys, and a string table that grows while the body is read: a text is written where it is used first, later a number stands
/// for it. What it calls attributes becomes <c>meta</c>, <c>metrics</c> and <c>meta_struct</c>.
/// </summary>
/// <remarks>
/// docs/spec/03-traces.md#23-v07-and-v10. The payload is read to its end first, as in <see cref="TraceV07"/>; that fills the string table, from the values
/// that are skipped too. <see cref="DecodeScratch.StringsSeen"/> tells how much of it precedes the value that is being read.
/// </remarks>
public readonly partial struct TraceV10 : ITraceDecoder, ISpanDecoder
{
    private static readonly Utf8Slice HighTraceId = Utf8Slice.From("_dd.p.tid");
    private static readonly Utf8Slice DecisionMaker = Utf8Slice.From("_dd.p.dm");
    private static readonly Utf8Slice ByDefault = Utf8Slice.From("-0");
    private static readonly Utf8Slice EnvKey = Utf8Slice.From("env");
    private static readonly Utf8Slice VersionKey = Utf8Slice.From("version");
    private static readonly Utf8Slice ComponentKey = Utf8Slice.From("component");
    private static readonly Utf8Slice KindKey = Utf8Slice.From("span.kind");

    /// <summary>Values of <c>span.kind</c>, by number.</summary>
    private static readonly Utf8Slice[] Kinds =
        [default, .. new[] { "internal", "server", "client", "producer", "consumer" }.Select(Utf8Slice.From)];

    /// <inheritdoc/>
    public static bool TryReadEnvelope(ref MsgPackReader reader, DecodeScratch scratch, out int traceCount)
    {
        traceCount = 0;
        scratch.AddString(default);
        scratch.StringsSeen = 1;
        if (!TryReadMap<PayloadFields>(ref reader, scratch))
        {
            return false;
        }

        if (scratch.Request.ChunksAt < 0)
        {
            return true;
        }

        reader.Return(scratch.Request.ChunksAt);
        scratch.StringsSeen = scratch.Request.StringsBeforeChunks;
        return SpanValue.TryReadArray(ref reader, out traceCount);
    }

    /// <inheritdoc/>
    public static bool TryReadTrace(ref MsgPackReader reader, DecodeScratch scratch)
    {
        scratch.ChunkSpan.Clear();
        if (!TryReadMap<TraceFields>(ref reader, scratch))
        {
            return false;
        }

        Distribute(scratch.ChunkSpan, scratch.Batch.Spans);
        return true;
    }

    /// <inheritdoc/>
    public static bool TryReadSpan(ref MsgPackReader reader, DecodeScratch scratch)
    {
        if (!TryReadMap<SpanFields>(ref reader, scratch))
        {
            return false;
        }

        Span span = scratch.Span;
        span.ParentId = span.ParentId == span.SpanId ? 0 : span.ParentId;
        return true;
    }

    /// <summary>What v1.0 says once for all spans: the trace id goes to each of them, the rest to the first, where tracers put it in other formats.</summary>
    private static void Distribute(Span chunk, ReadOnlySpan<Span> spans)
    {
        foreach (Span span in spans)
        {
            span.TraceId = chunk.TraceId;
        }

        if (spans.IsEmpty)
        {
            return;
        }

        Fill(spans[0].Meta, chunk.Meta);
        Fill(spans[0].Metrics, chunk.Metrics);
        Fill(spans[0].MetaStruct, chunk.MetaStruct);
    }

    private static void Fill<TValue>(SpanMap<TValue> map, SpanMap<TValue> from)
        where TValue : struct
    {
        foreach (ref readonly SpanMapEntry<TValue> entry in from.Entries)
        {
            if (!map.Contains(entry.Key.Span))
            {
                map.Add(entry.Key, entry.Value);
            }
        }
    }

    /// <summary>16 bytes, big endian: the low half is the trace id, the high one goes to <c>_dd.p.tid</c> in hex.</summary>
    private static bool TryReadTraceId(ref MsgPackReader reader, DecodeScratch scratch)
    {
        int start = reader.Position;
        if (!TryReadId128(ref reader, out ulong high, out ulong low))
        {
            return false;
        }

        scratch.ChunkSpan.TraceId = low;
        if (high == 0)
        {
            return true;
        }

        if (!scratch.Arena.TryAllocate(16, out Utf8Slice hex, out Span<byte> text))
        {
            return reader.Fail(MsgPackError.LimitExceeded, start);
        }

        high.TryFormat(text, out _, "x16", System.Globalization.CultureInfo.InvariantCulture);
        scratch.ChunkSpan.Meta.Set(HighTraceId, hex);
        return true;
    }

    /// <summary>How the trace was sampled: 4 becomes <c>_dd.p.dm</c> = <c>-4</c>.</summary>
    private static bool TryReadMechanism(ref MsgPackReader reader, DecodeScratch scratch)
    {
        int start = reader.Position;
        if (!SpanValue.TryReadUInt32(ref reader, out uint mechanism))
        {
            return false;
        }

        Utf8Slice text = ByDefault;
        if (mechanism != 0 && !scratch.Arena.TryFormat(MsgPackNumber.FromSigned(-(long)mechanism), out text))
        {
            return reader.Fail(MsgPackError.LimitExceeded, start);
        }

        scratch.ChunkSpan.Meta.Set(DecisionMaker, text);
        return true;
    }

    private readonly struct PayloadFields : INumberedFields
    {
        public static bool TryRead(ref MsgPackReader reader, DecodeScratch scratch, ulong key)
        {
            RequestFields request = scratch.Request;
            Utf8Slice text;
            bool isRead;
            switch (key)
            {
                case 2:
                    isRead = TryReadText(ref reader, scratch, out text);
                    request.ContainerId = text;
                    return isRead;
                case 3:
                    isRead = TryReadText(ref reader, scratch, out text);
                    request.Language = text;
                    return isRead;
                case 4:
                    isRead = TryReadText(ref reader, scratch, out text);
                    request.LanguageVersion = text;
                    return isRead;
                case 5:
                    isRead = TryReadText(ref reader, scratch, out text);
                    request.TracerVersion = text;
                    return isRead;
                case 6:
                    isRead = TryReadText(ref reader, scratch, out text);
                    request.RuntimeId = text;
                    return isRead;
                case 7:
                    isRead = TryReadText(ref reader, scratch, out text);
                    request.Env = text;
                    return isRead;
                case 8:
                    isRead = TryReadText(ref reader, scratch, out text);
                    request.Hostname = text;
                    return isRead;
                case 9:
                    isRead = TryReadText(ref reader, scratch, out text);
                    request.AppVersion = text;
                    return isRead;
                case 10:
                    return TryReadAttributes<PayloadTags>(ref reader, scratch);
                case 11:
                    request.ChunksAt = reader.Position;
                    request.StringsBeforeChunks = scratch.StringsSeen;
                    return TryStepOver(ref reader, scratch);
                default:
                    return TryStepOver(ref reader, scratch);
            }
        }
    }

    private readonly struct TraceFields : INumberedFields
    {
        public static bool TryRead(ref MsgPackReader reader, DecodeScratch scratch, ulong key)
        {
            ChunkFields chunk = scratch.Chunk;
            bool isRead;
            switch (key)
            {
                case 1:
                    isRead = SpanValue.TryReadInt32(ref reader, out int priority);
                    chunk.Priority = priority;
                    return isRead;
                case 2:
                    isRead = TryReadText(ref reader, scratch, out Utf8Slice origin);
                    chunk.Origin = origin;
                    return isRead;
                case 3:
                    return TryReadAttributes<ChunkAttributes>(ref reader, scratch);
                case 4:
                    scratch.Batch.Clear();
                    return SpanArray.TryRead<TraceV10>(ref reader, scratch);
                case 5:
                    isRead = SpanValue.TryReadBoolean(ref reader, out bool isDropped);
                    chunk.IsDropped = isDropped;
                    return isRead;
                case 6:
                    return TryReadTraceId(ref reader, scratch);
                case 7:
                    return TryReadMechanism(ref reader, scratch);
                default:
                    return TryStepOver(ref reader, scratch);
            }
        }
    }
}
