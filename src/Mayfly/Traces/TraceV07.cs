using Mayfly.Wire;

namespace Mayfly.Traces;

/// <summary>v0.7: a TracerPayload as a map by field name; its chunks are maps, their spans those of v0.4. Unknown fields are skipped.</summary>
/// <remarks>
/// docs/spec/03-traces.md#23-v07-and-v10. Fields come in any order, and those of the payload are needed before the first chunk is encoded: the payload is
/// read to its end first, with its chunks stepped over.
/// </remarks>
public readonly struct TraceV07 : ITraceDecoder
{
    /// <inheritdoc/>
    public static bool TryReadEnvelope(ref MsgPackReader reader, DecodeScratch scratch, out int traceCount)
    {
        traceCount = 0;
        if (!FieldMap.TryRead<PayloadFields>(ref reader, scratch))
        {
            return false;
        }

        if (scratch.Request.ChunksAt < 0)
        {
            return true;
        }

        reader.Return(scratch.Request.ChunksAt);
        return SpanValue.TryReadArray(ref reader, out traceCount);
    }

    /// <inheritdoc/>
    public static bool TryReadTrace(ref MsgPackReader reader, DecodeScratch scratch) => FieldMap.TryRead<TraceFields>(ref reader, scratch);

    private readonly struct PayloadFields : IFields
    {
        public static bool TryRead(ref MsgPackReader reader, DecodeScratch scratch, ReadOnlySpan<byte> key)
        {
            RequestFields request = scratch.Request;
            bool isRead;
            Utf8Slice text;
            switch (key.Length)
            {
                case 6 when key.SequenceEqual("chunks"u8):
                    request.ChunksAt = reader.Position;
                    return reader.TrySkip();
                case 4 when key.SequenceEqual("tags"u8):
                    return SpanValue.TryReadTags(ref reader, scratch, request.Tags);
                case 12 when key.SequenceEqual("container_id"u8):
                    isRead = SpanValue.TryReadText(ref reader, scratch, out text);
                    request.ContainerId = text;
                    return isRead;
                case 13 when key.SequenceEqual("language_name"u8):
                    isRead = SpanValue.TryReadText(ref reader, scratch, out text);
                    request.Language = text;
                    return isRead;
                case 16 when key.SequenceEqual("language_version"u8):
                    isRead = SpanValue.TryReadText(ref reader, scratch, out text);
                    request.LanguageVersion = text;
                    return isRead;
                case 14 when key.SequenceEqual("tracer_version"u8):
                    isRead = SpanValue.TryReadText(ref reader, scratch, out text);
                    request.TracerVersion = text;
                    return isRead;
                case 10 when key.SequenceEqual("runtime_id"u8):
                    isRead = SpanValue.TryReadText(ref reader, scratch, out text);
                    request.RuntimeId = text;
                    return isRead;
                case 3 when key.SequenceEqual("env"u8):
                    isRead = SpanValue.TryReadText(ref reader, scratch, out text);
                    request.Env = text;
                    return isRead;
                case 8 when key.SequenceEqual("hostname"u8):
                    isRead = SpanValue.TryReadText(ref reader, scratch, out text);
                    request.Hostname = text;
                    return isRead;
                case 11 when key.SequenceEqual("app_version"u8):
                    isRead = SpanValue.TryReadText(ref reader, scratch, out text);
                    request.AppVersion = text;
                    return isRead;
                default:
                    return reader.TrySkip();
            }
        }
    }

    private readonly struct TraceFields : IFields
    {
        public static bool TryRead(ref MsgPackReader reader, DecodeScratch scratch, ReadOnlySpan<byte> key)
        {
            ChunkFields chunk = scratch.Chunk;
            bool isRead;
            switch (key.Length)
            {
                case 5 when key.SequenceEqual("spans"u8):
                    scratch.Batch.Clear();
                    return reader.TryTakeNil() || SpanArray.TryRead<TraceV04>(ref reader, scratch);
                case 8 when key.SequenceEqual("priority"u8):
                    if (reader.TryTakeNil())
                    {
                        return true;
                    }

                    isRead = SpanValue.TryReadInt32(ref reader, out int priority);
                    chunk.Priority = priority;
                    return isRead;
                case 6 when key.SequenceEqual("origin"u8):
                    isRead = SpanValue.TryReadText(ref reader, scratch, out Utf8Slice origin);
                    chunk.Origin = origin;
                    return isRead;
                case 4 when key.SequenceEqual("tags"u8):
                    return SpanValue.TryReadTags(ref reader, scratch, chunk.Tags);
                case 13 when key.SequenceEqual("dropped_trace"u8):
                    isRead = SpanValue.TryReadBoolean(ref reader, out bool isDropped);
                    chunk.IsDropped = isDropped;
                    return isRead;
                default:
                    return reader.TrySkip();
            }
        }
    }
}
