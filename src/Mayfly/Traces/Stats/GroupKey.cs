using System.Buffers.Binary;
using System.Buffers.Text;
using System.Text;
using Mayfly.Wire;

namespace Mayfly.Traces.Stats;

/// <summary>What spans have to have in common to be counted together, as bytes (docs/spec/03-traces.md#42-eligibility-key-buckets).</summary>
/// <remarks>
/// Layout: flags, gRPC status, HTTP status (4), then a <see cref="TextSequence"/>: service, name, resource, type, span kind, HTTP method, HTTP endpoint,
/// service source, and every peer tag as <c>key:value</c>.
/// </remarks>
internal sealed class GroupKeyWriter
{
    /// <summary>A longer key is not kept: its span counts in the group of those that have no key.</summary>
    public const int LongestBytes = 16 * 1024;

    private const int Kind = 0;
    private const int HttpStatus = 1;
    private const int HttpMethod = 2;
    private const int HttpEndpoint = 3;
    private const int HttpRoute = 4;
    private const int ServiceSource = 5;
    private const int Origin = 6;
    private const int BaseService = 7;
    private const int FirstGrpc = 8;

    private readonly TagSelector _selector;
    private readonly int _grpcKeys = GrpcStatus.Keys.Count;

    /// <summary>Positions of the peer tags among the selector's keys, in the order in which they are written.</summary>
    private readonly int[] _peerTags;

    /// <summary>Shared tags in which there is none of the selector's keys.</summary>
    private SharedEntries<Utf8Slice>? _uncounted;

    public GroupKeyWriter(IReadOnlyList<string> peerTags)
    {
        List<string> keys =
        [
            "span.kind", "http.status_code", "http.method", "http.endpoint", "http.route", "_dd.svc_src", "_dd.origin", "_dd.base_service",
            .. GrpcStatus.Keys,
        ];
        keys.AddRange(peerTags.Except(keys));
        _selector = new TagSelector(keys);
        _peerTags = [.. peerTags.Select(tag => keys.IndexOf(tag))];
    }

    /// <summary>Appends the key of <paramref name="span"/>.</summary>
    public void Write(PooledBuffer buffer, Span span)
    {
        ReadOnlySpan<SpanMapEntry<Utf8Slice>> tags = span.Meta.Shared is { } shared && MayCount(shared) ? span.Meta.Entries : span.Meta.OwnEntries;
        Span<int> found = stackalloc int[_selector.Count];
        found.Clear();
        _selector.Select(tags, found);

        ReadOnlySpan<byte> kind = Value(tags, found, Kind);
        bool isSynthetic = Value(tags, found, Origin).StartsWith("synthetics"u8);
        Span<byte> head = buffer.GetSpan(GroupKey.HeadBytes);
        head[0] = (byte)((int)(span.ParentId == 0 ? TraceRoot.True : TraceRoot.False) << 1 | (isSynthetic ? 1 : 0));
        int grpc = ReadGrpcStatus(span, tags, found);
        head[1] = (byte)(grpc == GrpcStatus.None ? 0 : 1);
        head[2] = (byte)Math.Max(grpc, 0);
        BinaryPrimitives.WriteUInt32LittleEndian(head[3..], ReadHttpStatus(span, Value(tags, found, HttpStatus)));
        buffer.Advance(GroupKey.HeadBytes);

        TextSequence.Append(buffer, span.Service.Span);
        TextSequence.Append(buffer, span.Name.Span);
        TextSequence.Append(buffer, span.Resource.Span);
        TextSequence.Append(buffer, span.Type.Span);
        TextSequence.Append(buffer, kind);
        TextSequence.Append(buffer, Value(tags, found, HttpMethod));
        TextSequence.Append(buffer, Value(tags, found, found[HttpEndpoint] != 0 ? HttpEndpoint : HttpRoute));
        TextSequence.Append(buffer, Value(tags, found, ServiceSource));
        WritePeerTags(buffer, tags, found, SpanKind.HasPeer(kind));
    }

    /// <summary>True when a tag that is part of the key is among those that spans share: nearly never, and known after one look.</summary>
    private bool MayCount(SharedEntries<Utf8Slice> shared)
    {
        if (shared == _uncounted)
        {
            return false;
        }

        for (int key = 0; key < _selector.Count; key++)
        {
            if (shared.Contains(_selector.Key(key)))
            {
                return true;
            }
        }

        _uncounted = shared;
        return false;
    }

    private void WritePeerTags(PooledBuffer buffer, ReadOnlySpan<SpanMapEntry<Utf8Slice>> tags, ReadOnlySpan<int> found, bool hasPeer)
    {
        if (_peerTags.Length == 0)
        {
            return;
        }

        if (!hasPeer)
        {
            if (found[BaseService] != 0)
            {
                WritePeerTag(buffer, _selector.Key(BaseService), Value(tags, found, BaseService), isQuantized: false);
            }

            return;
        }

        foreach (int index in _peerTags)
        {
            if (found[index] != 0)
            {
                WritePeerTag(buffer, _selector.Key(index), Value(tags, found, index), isQuantized: true);
            }
        }
    }

    /// <summary>The length comes first and is known last: it is written at its full width.</summary>
    private static void WritePeerTag(PooledBuffer buffer, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, bool isQuantized)
    {
        int mark = buffer.Length;
        buffer.GetSpan(TextSequence.PatchedHeadBytes);
        buffer.Advance(TextSequence.PatchedHeadBytes);
        buffer.Write(key);
        buffer.WriteByte((byte)':');
        if (isQuantized)
        {
            IpQuantizer.Append(buffer, value);
        }
        else
        {
            buffer.Write(value);
        }

        TextSequence.PatchHead(buffer, mark);
    }

    private static ReadOnlySpan<byte> Value(ReadOnlySpan<SpanMapEntry<Utf8Slice>> tags, ReadOnlySpan<int> found, int index) =>
        found[index] == 0 ? default : tags[found[index] - 1].Value.Span;

    private static uint ReadHttpStatus(Span span, ReadOnlySpan<byte> tag)
    {
        if (span.Metrics.TryFind("http.status_code"u8, out double metric))
        {
            return (uint)Math.Clamp(metric, 0, uint.MaxValue);
        }

        return Utf8Parser.TryParse(tag, out uint status, out int consumed) && consumed == tag.Length ? status : 0;
    }

    private int ReadGrpcStatus(Span span, ReadOnlySpan<SpanMapEntry<Utf8Slice>> tags, ReadOnlySpan<int> found)
    {
        for (int i = FirstGrpc; i < FirstGrpc + _grpcKeys; i++)
        {
            if (found[i] != 0 && GrpcStatus.Parse(Value(tags, found, i)) is var code and not GrpcStatus.None)
            {
                return code;
            }
        }

        return GrpcStatus.Of(span.Metrics);
    }
}

/// <summary>Reads a key that a <see cref="GroupKeyWriter"/> wrote.</summary>
internal static class GroupKey
{
    /// <summary>Bytes before the texts.</summary>
    public const int HeadBytes = 7;

    private const int Texts = 8;

    /// <summary>The key of the group that takes the spans for which there is no room: docs/spec/03-traces.md#42-eligibility-key-buckets, last row.</summary>
    public static byte[] Overflow { get; } = MakeOverflow();

    /// <summary>Adds the fields of the key to a group's map.</summary>
    public static void WriteEntries(EncodedMap map, ReadOnlySpan<byte> key)
    {
        var texts = new TextSequence(key[HeadBytes..]);
        map.AddText("Service"u8, texts.Next());
        map.AddText("Name"u8, texts.Next());
        map.AddText("Resource"u8, texts.Next());
        map.Add("HTTPStatusCode"u8).UInt(BinaryPrimitives.ReadUInt32LittleEndian(key[3..]));
        map.AddText("Type"u8, texts.Next());
        map.AddText("DBType"u8, ""u8);
        map.AddText("SpanKind"u8, texts.Next());
        map.AddText("HTTPMethod"u8, texts.Next());
        map.AddText("HTTPEndpoint"u8, texts.Next());
        map.AddText("srv_src"u8, texts.Next());
        map.Add("Synthetics"u8).Bool((key[0] & 1) != 0);
        map.Add("IsTraceRoot"u8).UInt((ulong)key[0] >> 1);
        WriteGrpcStatus(map, key);
        MsgPackEncoder peerTags = map.Add("PeerTags"u8);
        int mark = peerTags.BeginArray();
        int count = 0;
        for (; !texts.IsEmpty; count++)
        {
            peerTags.Text(texts.Next());
        }

        peerTags.SetCount(mark, count);
    }

    private static void WriteGrpcStatus(EncodedMap map, ReadOnlySpan<byte> key)
    {
        Span<byte> digits = stackalloc byte[3];
        int length = 0;
        if (key[1] != 0)
        {
            Utf8Formatter.TryFormat(key[2], digits, out length);
        }

        map.AddText("GRPCStatusCode"u8, digits[..length]);
    }

    private static byte[] MakeOverflow()
    {
        using PooledBuffer buffer = PooledBuffer.Rent();
        buffer.Write(new byte[HeadBytes]);
        for (int i = 0; i < Texts; i++)
        {
            TextSequence.Append(buffer, "tracer_blocked_value"u8);
        }

        TextSequence.Append(buffer, "tracer_blocked_value"u8);
        return buffer.WrittenSpan.ToArray();
    }
}

/// <summary>Whether the spans of a group are roots of their traces.</summary>
internal enum TraceRoot
{
    Unset,
    True,
    False,
}

/// <summary>The span kinds that matter here, in any case.</summary>
internal static class SpanKind
{
    /// <summary>Kinds that call somebody, or are called: they count whether or not they are top-level.</summary>
    public static bool CrossesServices(ReadOnlySpan<byte> kind) => Ascii.EqualsIgnoreCase(kind, "server"u8) || HasPeer(kind);

    /// <summary>Kinds that have somebody at the other end.</summary>
    public static bool HasPeer(ReadOnlySpan<byte> kind) =>
        Ascii.EqualsIgnoreCase(kind, "client"u8) || Ascii.EqualsIgnoreCase(kind, "producer"u8) || Ascii.EqualsIgnoreCase(kind, "consumer"u8);
}
