using System.Text;
using System.Text.Json;
using Mayfly.Intake;
using Mayfly.Logs;

namespace Mayfly.Tests.Logs;

/// <summary>Takes what a buffer holds and reads it back with the framework's JSON document, which shares nothing with the writers under test.</summary>
internal static class LogEvents
{
    public static LogIdentity Identity { get; } = new("test-arn", "test-service", "T");

    public static List<string> TakeBodies(LogBuffer buffer)
    {
        var payloads = new List<IntakePayload>();
        buffer.TakePayloads(payloads);
        var bodies = new List<string>();
        foreach (IntakePayload payload in payloads)
        {
            using (payload)
            {
                // Strict: a byte that is no UTF-8 fails the test.
                bodies.Add(new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(payload.Body.WrittenSpan));
            }
        }

        return bodies;
    }

    public static List<JsonElement> Take(LogBuffer buffer) =>
        [.. TakeBodies(buffer).SelectMany(static body => JsonDocument.Parse(body).RootElement.EnumerateArray())];

    public static string Text(this JsonElement log) => log.GetProperty("message").GetProperty("message").GetString()!;

    public static string? RequestId(this JsonElement log) => log.GetProperty("message").GetProperty("lambda").GetProperty("request_id").GetString();

    public static string Status(this JsonElement log) => log.GetProperty("message").GetProperty("status").GetString()!;

    public static string Tags(this JsonElement log) => log.GetProperty("ddtags").GetString()!;

    public static bool TryAdd(this LogBuffer buffer, string message, string requestId = "") =>
        buffer.TryAdd(Encoding.UTF8.GetBytes(message), 1673061827000, LogStatus.Info, Encoding.UTF8.GetBytes(requestId));
}
