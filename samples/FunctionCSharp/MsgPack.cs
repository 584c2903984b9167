using System.Buffers.Binary;
using System.Text;

namespace FunctionCSharp;

/// <summary>Just enough msgpack for v0.4 traces (docs/spec/03-traces.md, 2.1).</summary>
internal sealed class MsgPack
{
    private readonly MemoryStream _bytes = new();

    public MsgPack Array(int count) => Head((byte)0x90, 0xdc, count);

    public MsgPack Map(int count) => Head((byte)0x80, 0xde, count);

    public MsgPack Text(string value)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(value);
        Sized(0xdb, utf8.Length);
        _bytes.Write(utf8);
        return this;
    }

    public MsgPack Number(ulong value)
    {
        Span<byte> bytes = stackalloc byte[9];
        bytes[0] = 0xcf;
        BinaryPrimitives.WriteUInt64BigEndian(bytes[1..], value);
        _bytes.Write(bytes);
        return this;
    }

    public MsgPack Number(double value)
    {
        Span<byte> bytes = stackalloc byte[9];
        bytes[0] = 0xcb;
        BinaryPrimitives.WriteDoubleBigEndian(bytes[1..], value);
        _bytes.Write(bytes);
        return this;
    }

    public byte[] ToArray() => _bytes.ToArray();

    /// <summary>One payload with one trace; no spans = an empty payload, as the tracer's first probe sends it.</summary>
    public static byte[] Traces(IReadOnlyList<Span> spans)
    {
        var body = new MsgPack();
        if (spans.Count == 0)
        {
            return body.Array(0).ToArray();
        }

        body.Array(1).Array(spans.Count);
        foreach (Span span in spans)
        {
            body.Map(12)
                .Text("type").Text(span.Type)
                .Text("trace_id").Number(span.TraceId)
                .Text("span_id").Number(span.SpanId)
                .Text("parent_id").Number(span.ParentId)
                .Text("name").Text(span.Name)
                .Text("resource").Text(span.Resource)
                .Text("service").Text(span.Service)
                .Text("start").Number((ulong)span.StartNs)
                .Text("duration").Number((ulong)span.DurationNs)
                .Text("error").Number((ulong)span.Error)
                .Text("meta").Map(span.Meta.Count);
            foreach ((string key, string value) in span.Meta)
            {
                body.Text(key).Text(value);
            }

            body.Text("metrics").Map(span.Metrics.Count);
            foreach ((string key, double value) in span.Metrics)
            {
                body.Text(key).Number(value);
            }
        }

        return body.ToArray();
    }

    private MsgPack Head(byte small, byte large, int count)
    {
        if (count < 16)
        {
            _bytes.WriteByte((byte)(small | count));
        }
        else
        {
            _bytes.WriteByte(large);
            _bytes.WriteByte((byte)(count >> 8));
            _bytes.WriteByte((byte)count);
        }

        return this;
    }

    private void Sized(byte type, int length)
    {
        Span<byte> bytes = stackalloc byte[5];
        bytes[0] = type;
        BinaryPrimitives.WriteInt32BigEndian(bytes[1..], length);
        _bytes.Write(bytes);
    }
}
