using System.Globalization;
using System.Text;
using Mayfly.Diagnostics;
using Mayfly.Intake;
using Mayfly.Logs;
using Mayfly.Metrics;
using Mayfly.Tags;
using Mayfly.Testing;
using Mayfly.Traces;

namespace Mayfly.Benchmarks.Intake;

/// <summary>Bodies as a flush takes them, made by the agent's own encoders of what a function sends: identifiers, times and numbers differ, names come again.</summary>
internal static class SampleBodies
{
    private static readonly string[] Routes = ["orders", "customers", "invoices", "basket", "payments"];

    /// <summary>The largest body of <paramref name="kind"/> that <paramref name="items"/> spans, metric contexts or log lines make.</summary>
    public static byte[] Of(IntakeKind kind, int items)
    {
        var random = new Random(items);
        List<IntakePayload> payloads = [];
        switch (kind)
        {
            case IntakeKind.Traces:
                Traces(random, items, payloads);
                break;
            case IntakeKind.Logs:
                Logs(random, items, payloads);
                break;
            default:
                Metrics(random, items, kind == IntakeKind.Sketches ? "d" : "c", payloads);
                break;
        }

        byte[] body = payloads.Where(one => one.Kind == kind).MaxBy(static one => one.Body.Length)!.Body.WrittenSpan.ToArray();
        payloads.ForEach(static one => one.Dispose());
        return body;
    }

    private static void Traces(Random random, int spans, List<IntakePayload> payloads)
    {
        var pipeline = new TracePipeline(new TraceSettings { Env = "prod", AgentVersion = "1.0.0" }, new SignalCounters(), new KeepsAll(), TimeProvider.System);
        string[] names = ["region", "account_id", "aws_account", "functionname", "resource", "executedversion", "function_arn", "init_type", "memorysize", "runtime"];
        pipeline.Tags = new PlatformTags(TagSet.From(names.Select(static name => KeyValuePair.Create(name, name + " value"))), "lambda");
        foreach (SampleSpan[] some in Enumerable.Range(1, spans).Select(id => SpanOf(id, random)).Chunk(100))
        {
            IReadOnlyList<SampleSpan>[] traces = [.. some.Chunk(20)];
            byte[] request = SampleSpan.V04(traces);
            pipeline.Accept<TraceV04>(request, request.Length, default);
        }

        pipeline.TakePayloads(payloads);
    }

    private static SampleSpan SpanOf(int id, Random random) => new()
    {
        Service = id % 3 == 0 ? "orders-db" : "checkout-service",
        Name = id % 3 == 0 ? "postgres.query" : "http.request",
        Resource = $"GET /api/v1/{Routes[random.Next(Routes.Length)]}/?",
        TraceId = (ulong)((id - 1) / 20 + 1) * 0x9E37_79B9_7F4A_7C15,
        SpanId = (ulong)random.NextInt64(),
        ParentId = (ulong)random.NextInt64(),
        Start = 1_700_000_000_000_000_000 + random.NextInt64(60_000_000_000),
        Duration = random.NextInt64(50_000_000),
        Meta = new Dictionary<string, string>
        {
            ["env"] = "prod",
            ["version"] = "1.2.3",
            ["language"] = "javascript",
            ["span.kind"] = "client",
            ["http.method"] = "GET",
            ["http.status_code"] = random.Next(10) == 0 ? "404" : "200",
            ["http.url"] = $"https://orders.example.com/api/v1/{Routes[random.Next(Routes.Length)]}/{random.Next(100_000)}",
            ["request_id"] = Guid(random),
            ["runtime-id"] = "6e95bd47-cd28-41b2-9d2b-24beb1de8503",
        },
        Metrics = new Dictionary<string, double> { ["_dd.measured"] = 1, ["process_id"] = 17, ["db.row_count"] = random.Next(500) },
    };

    private static void Logs(Random random, int lines, List<IntakePayload> payloads)
    {
        var buffer = new LogBuffer(new LogSettings(), new SignalCounters())
        {
            Identity = new LogIdentity("arn:aws:lambda:us-east-1:123456789012:function:orders", "orders", "env:prod,functionname:orders,region:us-east-1"),
        };
        for (int i = 0; i < lines; i++)
        {
            string request = Guid(random);
            string line = (i % 3) switch
            {
                0 => $"2023-01-07T03:23:{i / 1000 % 60:00}.{i % 1000:000}Z\t{request}\tINFO\torder {random.Next(10_000)} of customer {random.Next(1000)} accepted in {random.Next(999)} ms",
                1 => $"{{\"level\":\"INFO\",\"requestId\":\"{request}\",\"message\":{{\"event\":\"payment\",\"id\":{random.Next(100_000)}}}}}",
                _ => $"GET /api/{Routes[random.Next(Routes.Length)]}/{random.Next(10_000)}?expand=items HTTP/1.1 200 {random.Next(5_000)} \"Mozilla/5.0 (X11; Linux x86_64)\" 0.{i % 1000:000}",
            };
            buffer.TryAdd(Encoding.UTF8.GetBytes(line), 1_673_061_827_000 + i, LogStatus.Info, Encoding.UTF8.GetBytes(request));
        }

        buffer.TakePayloads(payloads);
    }

    private static void Metrics(Random random, int contexts, string type, List<IntakePayload> payloads)
    {
        var aggregator = new MetricAggregator(new MetricSettings(), new SignalCounters(), TimeProvider.System);
        for (int i = 0; i < contexts * 4; i++)
        {
            string tags = $"service:checkout,env:prod,version:1.4.2,region:eu-central-1,status:{200 + i % 5},customer:c{i % contexts}";
            string value = (random.NextDouble() * 1000).ToString("F3", CultureInfo.InvariantCulture);
            aggregator.AcceptPacket(Encoding.UTF8.GetBytes($"shop.{Routes[i % Routes.Length]}.duration:{value}|{type}|#{tags}"));
        }

        aggregator.TakeLastPayloads(payloads);
    }

    private static string Guid(Random random)
    {
        byte[] bytes = new byte[16];
        random.NextBytes(bytes);
        return new Guid(bytes).ToString();
    }

    private sealed class KeepsAll : ISpanInspector
    {
        public SpanVerdict Inspect(Span span, in TraceHeaders headers) => SpanVerdict.Keep;
    }
}
