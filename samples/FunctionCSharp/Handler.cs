using System.Text.Json;
using System.Text.Json.Nodes;

namespace FunctionCSharp;

/// <summary>
/// A coffee shop. The event decides what happens: an SQS batch, an API Gateway (HTTP API, version 2.0) request, or a member <c>scenario</c> =
/// <c>ok</c>, <c>slow</c>, <c>error</c>, <c>timeout</c>, <c>exit</c> (the process ends), <c>memory</c> (takes all there is).
/// </summary>
internal sealed class Handler(DogStatsd metrics, Manifest log)
{
    public async Task<byte[]> HandleAsync(Invocation invocation, TraceContext trace)
    {
        using JsonDocument document = JsonDocument.Parse(invocation.Event);
        JsonElement root = document.RootElement;
        JsonNode response = root.ValueKind != JsonValueKind.Object ? await OrderAsync(invocation, trace, "ok")
            : root.TryGetProperty("Records", out JsonElement records) ? await BatchAsync(invocation, trace, records)
            : root.TryGetProperty("requestContext", out _) ? await RequestAsync(invocation, trace, root)
            : await OrderAsync(invocation, trace, root.TryGetProperty("scenario", out JsonElement scenario) ? scenario.GetString() ?? "ok" : "ok");
        return JsonSerializer.SerializeToUtf8Bytes(response);
    }

    private async Task<JsonNode> OrderAsync(Invocation invocation, TraceContext trace, string scenario)
    {
        log.Log(invocation, $"order received, scenario {scenario}");
        string tag = $"scenario:{scenario}";
        metrics.Count(invocation, "coffee.orders", 1, tag);
        metrics.Gauge(invocation, "coffee.queue_depth", 3, tag);

        await trace.SpanAsync("coffee.order", "POST order", "web", async order =>
        {
            order.Meta["coffee.kind"] = "latte";
            order.Metrics["coffee.price"] = 4.5;
            await trace.SpanAsync("db.query", "SELECT price FROM menu WHERE name = ?", "sql", _ => Task.Delay(5));
            if (scenario == "timeout")
            {
                log.Log(invocation, "the grinder is stuck, waiting for it");
                await Task.Delay(TimeSpan.FromMilliseconds(Math.Max(0, invocation.DeadlineMs - DateTimeOffset.UtcNow.ToUnixTimeMilliseconds()) + 30_000));
            }

            if (scenario == "exit")
            {
                Environment.Exit(3);
            }

            if (scenario == "memory")
            {
                Beans.Hoard();
            }

            await BrewAsync(invocation, trace, tag, scenario == "slow" ? 400 : 20);
            if (scenario == "error")
            {
                log.Log(invocation, "no milk left, giving up");
                throw new InvalidOperationException("no milk left");
            }
        });

        metrics.Distribution(invocation, "coffee.order_value", 4.5, tag);
        log.Log(invocation, "order served");
        return new JsonObject { ["served"] = true, ["scenario"] = scenario };
    }

    private async Task<JsonNode> BatchAsync(Invocation invocation, TraceContext trace, JsonElement records)
    {
        log.Log(invocation, $"batch of {records.GetArrayLength()} messages received");
        foreach (JsonElement record in records.EnumerateArray())
        {
            string id = record.TryGetProperty("messageId", out JsonElement messageId) ? messageId.GetString() ?? "?" : "?";
            await trace.SpanAsync("coffee.message", "process message", "queue", async span =>
            {
                span.Meta["message.id"] = id;
                await BrewAsync(invocation, trace, "scenario:sqs", 10);
            });
            metrics.Count(invocation, "coffee.orders", 1, "scenario:sqs");
            metrics.Distribution(invocation, "coffee.order_value", 2 + id.Length, "scenario:sqs");
        }

        log.Log(invocation, "batch done");
        return new JsonObject { ["batchItemFailures"] = new JsonArray() };
    }

    private async Task<JsonNode> RequestAsync(Invocation invocation, TraceContext trace, JsonElement request)
    {
        string path = request.TryGetProperty("rawPath", out JsonElement rawPath) ? rawPath.GetString() ?? "/" : "/";
        bool fails = path.EndsWith("/broken", StringComparison.Ordinal);
        log.Log(invocation, $"request for {path}");
        await BrewAsync(invocation, trace, "scenario:http", 15);
        metrics.Count(invocation, "coffee.requests", 1, "scenario:http", $"status:{(fails ? 500 : 200)}");
        return new JsonObject
        {
            ["statusCode"] = fails ? 500 : 200,
            ["headers"] = new JsonObject { ["content-type"] = "application/json" },
            ["body"] = fails ? """{"error":"machine broken"}""" : """{"coffee":"latte"}""",
        };
    }

    private Task BrewAsync(Invocation invocation, TraceContext trace, string tag, int milliseconds) =>
        trace.SpanAsync("coffee.brew", "brew latte", "custom", async _ =>
        {
            await Task.Delay(milliseconds);
            metrics.Timer(invocation, "coffee.brew_time", milliseconds, tag);
        });
}
