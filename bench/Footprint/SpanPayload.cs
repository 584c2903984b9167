using System.Buffers.Binary;
using System.Text;

namespace Mayfly.Footprint;

/// <summary>
/// A v0.4 trace request body as a Java tracer sends it, whose root stands for <c>aws.lambda</c> or is an ordinary one:
/// array of traces, each an array of spans, each a map
/// (docs/spec/03-traces.md#21-v04-and-v03-array-of-traces-trace--array-of-span-maps). About 435 bytes per span.
/// </summary>
internal sealed class SpanPayload
{
    private const string Placeholder = "dd-tracer-serverless-span";

    private readonly MemoryStream _body = new();

    /// <param name="root">Name, resource and service of the root span.</param>
    public static byte[] Write(int spans, ulong traceId, long startNs, string requestId, string root = Placeholder)
    {
        var payload = new SpanPayload();
        payload.ArrayHeader(1);
        payload.ArrayHeader(spans);
        for (var i = 0; i < spans; i++)
        {
            payload.Span(i, traceId, startNs + (i * 1000), requestId, root);
        }

        return payload._body.ToArray();
    }

    private void Span(int index, ulong traceId, long startNs, string requestId, string root)
    {
        var isRoot = index == 0;
        MapHeader(12);
        Field("trace_id").Number(traceId);
        Field("span_id").Number(traceId + (ulong)index);
        Field("parent_id").Number(isRoot ? 0 : traceId);
        Field("name").Text(isRoot ? root : "postgres.query");
        Field("resource").Text(isRoot ? root : $"SELECT * FROM orders WHERE id = {index} AND state = 'open'");
        Field("service").Text(isRoot ? root : "orders-db");
        Field("type").Text(isRoot ? "serverless" : "sql");
        Field("error").Number(0);
        Field("start").Number((ulong)startNs);
        Field("duration").Number(1_250_000);
        Field("meta");
        MapHeader(7);
        Field("_dd.origin").Text("lambda");
        Field("language").Text("jvm");
        Field("runtime-id").Text("0f1c0ad9-9ad2-4a53-9b3c-0d5b6f1d2c11");
        Field("env").Text("dev");
        Field("version").Text("1");
        Field("span.kind").Text(isRoot ? "server" : "client");
        Field(isRoot ? "request_id" : "db.name").Text(isRoot ? requestId : "orders");
        Field("metrics");
        MapHeader(2);
        Field("_sampling_priority_v1").Number(1);
        Field("process_id").Number(17);
    }

    private SpanPayload Field(string name)
    {
        Text(name);
        return this;
    }

    private void ArrayHeader(int count)
    {
        _body.WriteByte(0xdc);
        _body.Write([(byte)(count >> 8), (byte)count]);
    }

    private void MapHeader(int count) => _body.WriteByte((byte)(0x80 | count));

    private void Text(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        _body.WriteByte(0xd9);
        _body.WriteByte((byte)bytes.Length);
        _body.Write(bytes);
    }

    private void Number(ulong value)
    {
        Span<byte> bytes = stackalloc byte[9];
        bytes[0] = 0xcf;
        BinaryPrimitives.WriteUInt64BigEndian(bytes[1..], value);
        _body.Write(bytes);
    }
}
