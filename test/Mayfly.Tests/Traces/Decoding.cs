using Google.Protobuf;
using Mayfly.Traces;
using Mayfly.Wire;
using Xunit;
using Pb = Mayfly.Local.Intake.Protos;

namespace Mayfly.Tests.Traces;

/// <summary>What a decoder makes of a body before anything is done with it: as the agent would encode it, read by Google.Protobuf.</summary>
internal sealed record Decoding(MsgPackError Error, int ErrorOffset, Pb.TracerPayload Payload)
{
    public IEnumerable<Pb.Span> Spans => Payload.Chunks.SelectMany(static chunk => chunk.Spans);

    /// <summary>The only span of a good body.</summary>
    public Pb.Span One => Assert.Single(Assert.Single(Good.Payload.Chunks).Spans);

    public Decoding Good
    {
        get
        {
            Assert.Equal(MsgPackError.None, Error);
            return this;
        }
    }

    public static Decoding Of<TDecoder>(byte[] body)
        where TDecoder : struct, ITraceDecoder => Of<TDecoder>(body, new DecodeScratch());

    public static Decoding Of<TDecoder>(byte[] body, DecodeScratch scratch)
        where TDecoder : struct, ITraceDecoder
    {
        var reader = new MsgPackReader(body, body.Length);
        var payload = new Pb.TracerPayload();
        bool isRead = TDecoder.TryReadEnvelope(ref reader, scratch, out int traces);
        for (; isRead && traces > 0; traces--)
        {
            scratch.NextTrace();
            isRead = TDecoder.TryReadTrace(ref reader, scratch);
            payload.Chunks.Add(ChunkOf(scratch));
        }

        Assert.Equal(isRead, reader.Error == MsgPackError.None);
        Describe(payload, scratch.Request);
        var decoding = new Decoding(reader.Error, reader.ErrorOffset, payload);
        scratch.Clear();
        return decoding;
    }

    private static Pb.TraceChunk ChunkOf(DecodeScratch scratch)
    {
        var chunk = new Pb.TraceChunk
        {
            Priority = scratch.Chunk.Priority ?? TraceChunk.NoPriority,
            Origin = scratch.Chunk.Origin.ToString(),
            DroppedTrace = scratch.Chunk.IsDropped,
        };
        foreach (SpanMapEntry<Utf8Slice> tag in scratch.Chunk.Tags.Entries)
        {
            chunk.Tags[tag.Key.ToString()] = tag.Value.ToString();
        }

        using PooledBuffer buffer = PooledBuffer.Rent();
        foreach (Span span in scratch.Batch.Spans)
        {
            SpanWriter.Write(new ProtobufWriter(buffer), Pb.TraceChunk.SpansFieldNumber, span);
        }

        chunk.MergeFrom(buffer.WrittenSpan.ToArray());
        return chunk;
    }

    private static void Describe(Pb.TracerPayload payload, RequestFields request)
    {
        payload.ContainerId = request.ContainerId.ToString();
        payload.LanguageName = request.Language.ToString();
        payload.LanguageVersion = request.LanguageVersion.ToString();
        payload.TracerVersion = request.TracerVersion.ToString();
        payload.RuntimeId = request.RuntimeId.ToString();
        payload.Env = request.Env.ToString();
        payload.Hostname = request.Hostname.ToString();
        payload.AppVersion = request.AppVersion.ToString();
        foreach (SpanMapEntry<Utf8Slice> tag in request.Tags.Entries)
        {
            payload.Tags[tag.Key.ToString()] = tag.Value.ToString();
        }
    }
}
