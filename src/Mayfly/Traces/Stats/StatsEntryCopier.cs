using System.Text;
using System.Text.Unicode;
using Mayfly.Wire;

namespace Mayfly.Traces.Stats;

/// <summary>Copies the entries of a tracer's statistics, each as its field demands; what nobody knows goes on as it is.</summary>
/// <remarks>
/// A nil is left out: it means nothing to a tracer, and to the intake's reader it is an error. Summaries stay opaque, for the sketches of some tracers have
/// another grid (docs/spec/03-traces.md#24-stats-payload-v06stats-msgpack-clientstatspayload).
/// </remarks>
internal sealed class StatsEntryCopier(byte[] body) : IDisposable
{
    private static readonly byte[][] Texts = Names(
        "Service", "Name", "Resource", "Type", "DBType", "SpanKind", "GRPCStatusCode", "HTTPMethod", "HTTPEndpoint", "srv_src",
        "Hostname", "Env", "Version", "Lang", "TracerVersion", "RuntimeID", "AgentAggregation", "ContainerID", "GitCommitSha", "ImageTag", "ProcessTags");

    private static readonly byte[][] Counts = Names(
        "HTTPStatusCode", "Hits", "Errors", "Duration", "TopLevelHits", "IsTraceRoot", "Start", "Sequence", "ProcessTagsHash");

    private static readonly byte[][] Summaries = Names("OkSummary", "ErrorSummary");
    private static readonly byte[][] TextLists = Names("PeerTags", "SpanDerivedPrimaryTags", "AdditionalMetricTags", "Tags");

    private readonly DecodeScratch _scratch = new();

    /// <summary>The last text that was copied.</summary>
    public Utf8Slice Text { get; private set; }

    /// <summary>The last count that was copied.</summary>
    public ulong Number { get; private set; }

    /// <summary>
    /// Copies the entry whose <paramref name="key"/> was just read. False: the value is not what the field takes, and <paramref name="reader"/> says so.
    /// </summary>
    public bool TryCopy(ref MsgPackReader reader, ReadOnlySpan<byte> key, EncodedMap map)
    {
        if (reader.TryTakeNil())
        {
            (Text, Number) = (default, 0);
            map.Remove(key);
            return true;
        }

        return Contains(Texts, key) ? TryCopyText(ref reader, key, map)
            : Contains(Counts, key) ? TryCopyCount(ref reader, key, map)
            : Contains(Summaries, key) ? TryCopySummary(ref reader, key, map)
            : Contains(TextLists, key) ? TryCopyTextList(ref reader, key, map)
            : key.SequenceEqual("Synthetics"u8) ? TryCopyFlag(ref reader, key, map)
            : TryCopyUnknown(ref reader, key, map);
    }

    public void Dispose() => _scratch.Clear();

    /// <summary>A text; bytes, numbers and booleans become one.</summary>
    private bool TryCopyText(ref MsgPackReader reader, ReadOnlySpan<byte> key, EncodedMap map)
    {
        int start = reader.Position;
        bool isText = reader.Peek() == MsgPackKind.Text;
        if (!SpanValue.TryReadTag(ref reader, _scratch, out Utf8Slice text, out _))
        {
            return false;
        }

        Text = text;

        // The bytes of a text end where the reader stands; a repaired one has others.
        if (isText && body.AsSpan(0, reader.Position).EndsWith(text.Span))
        {
            return CopyAsIs(ref reader, start, key, map);
        }

        map.AddText(key, text.Span);
        return true;
    }

    /// <summary>An integer that is not negative; some tracers send a rounded float.</summary>
    private bool TryCopyCount(ref MsgPackReader reader, ReadOnlySpan<byte> key, EncodedMap map)
    {
        int start = reader.Position;
        if (!reader.TryReadNumber(out MsgPackNumber number))
        {
            return false;
        }

        if (number.TryGetUnsigned(out ulong value))
        {
            Number = value;
            return CopyAsIs(ref reader, start, key, map);
        }

        // The conversion saturates: what is negative or no number is 0.
        Number = (ulong)Math.Floor(number.ToDouble() + 0.5);
        map.Add(key).UInt(Number);
        return true;
    }

    private bool TryCopyFlag(ref MsgPackReader reader, ReadOnlySpan<byte> key, EncodedMap map)
    {
        int start = reader.Position;
        if (reader.Peek() == MsgPackKind.Number)
        {
            bool isRead = reader.TryReadNumber(out MsgPackNumber number);
            map.Add(key).Bool(number.ToDouble() != 0);
            return isRead;
        }

        return reader.TryReadBoolean(out _) && CopyAsIs(ref reader, start, key, map);
    }

    /// <summary>Bytes, as msgpack bin; also as str, or as an array of numbers.</summary>
    private bool TryCopySummary(ref MsgPackReader reader, ReadOnlySpan<byte> key, EncodedMap map)
    {
        int start = reader.Position;
        MsgPackKind kind = reader.Peek();
        if (kind == MsgPackKind.Array)
        {
            return TryCopyByteArray(ref reader, key, map);
        }

        if (!reader.TryReadBytes(out Utf8Slice bytes))
        {
            return false;
        }

        if (kind == MsgPackKind.Binary)
        {
            return CopyAsIs(ref reader, start, key, map);
        }

        map.Add(key).BinaryHead(bytes.Length);
        map.Bytes.Write(bytes.Span);
        return true;
    }

    private static bool TryCopyByteArray(ref MsgPackReader reader, ReadOnlySpan<byte> key, EncodedMap map)
    {
        if (!reader.TryReadArrayHeader(out int count))
        {
            return false;
        }

        map.Add(key).BinaryHead(count);
        for (; count > 0; count--)
        {
            int start = reader.Position;
            if (!reader.TryReadNumber(out MsgPackNumber number))
            {
                return false;
            }

            if (!number.TryGetInteger(byte.MinValue, byte.MaxValue, out long value))
            {
                return reader.Fail(MsgPackError.NumberOutOfRange, start);
            }

            map.Bytes.WriteByte((byte)value);
        }

        return true;
    }

    private bool TryCopyTextList(ref MsgPackReader reader, ReadOnlySpan<byte> key, EncodedMap map)
    {
        if (!reader.TryReadArrayHeader(out int count))
        {
            return false;
        }

        MsgPackEncoder encoder = map.Add(key);
        encoder.ArrayHead(count);
        for (; count > 0; count--)
        {
            if (!SpanValue.TryReadTag(ref reader, _scratch, out Utf8Slice text, out _))
            {
                return false;
            }

            encoder.Text(text.Span);
        }

        return true;
    }

    /// <summary>Whatever a newer tracer has to say; a key that is no text says nothing.</summary>
    private bool TryCopyUnknown(ref MsgPackReader reader, ReadOnlySpan<byte> key, EncodedMap map)
    {
        int start = reader.Position;
        return reader.TrySkip() && (!Utf8.IsValid(key) || CopyAsIs(ref reader, start, key, map));
    }

    /// <summary>Copies the value from <paramref name="start"/> to where the reader stands.</summary>
    private bool CopyAsIs(ref MsgPackReader reader, int start, ReadOnlySpan<byte> key, EncodedMap map)
    {
        map.Add(key);
        map.Bytes.Write(body.AsSpan(start, reader.Position - start));
        return true;
    }

    private static bool Contains(byte[][] names, ReadOnlySpan<byte> key)
    {
        foreach (byte[] name in names)
        {
            if (key.SequenceEqual(name))
            {
                return true;
            }
        }

        return false;
    }

    private static byte[][] Names(params string[] names) => [.. names.Select(Encoding.ASCII.GetBytes)];
}
