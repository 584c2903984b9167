using System.Text.Json;
using System.Text.Json.Nodes;

namespace Mayfly.Local.Demo;

/// <summary>What the demo invokes: event files of <c>samples/events</c>, in this order.</summary>
public static class DemoEvents
{
    private static readonly TimeSpan QueueTime = TimeSpan.FromMilliseconds(120);

    public static IReadOnlyList<(string Title, string File)> Steps { get; } =
    [
        ("cold start", "ok.json"),
        ("warm start", "ok.json"),
        ("error: the handler throws", "error.json"),
        ("SQS batch of two messages", "sqs.json"),
        ("API Gateway request", "api-gateway-v2.json"),
        ("API Gateway request answered 500", "api-gateway-v2-broken.json"),
        ("timeout: the sandbox is killed", "timeout.json"),
        ("first invocation after the reset", "ok.json"),
        ("slow", "slow.json"),
    ];

    /// <summary>Sets the times in an event (SQS sent times, API Gateway request time) to a moment ago, as if it had just come in.</summary>
    public static byte[] Refresh(ReadOnlySpan<byte> eventJson, DateTimeOffset now)
    {
        JsonNode root = JsonNode.Parse(eventJson) ?? throw new InvalidDataException("the event is null");
        long sent = (now - QueueTime).ToUnixTimeMilliseconds();
        string text = sent.ToString(System.Globalization.CultureInfo.InvariantCulture);
        if (root["Records"] is JsonArray records)
        {
            foreach (JsonNode? record in records)
            {
                if (record?["attributes"] is JsonObject attributes)
                {
                    attributes["SentTimestamp"] = text;
                    attributes["ApproximateFirstReceiveTimestamp"] = text;
                }
            }
        }

        if (root["requestContext"] is JsonObject context && context.ContainsKey("timeEpoch"))
        {
            context["timeEpoch"] = now.ToUnixTimeMilliseconds();
        }

        return JsonSerializer.SerializeToUtf8Bytes(root);
    }
}
