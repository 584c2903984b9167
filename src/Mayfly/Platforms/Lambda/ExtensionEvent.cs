using System.Text.Json;

namespace Mayfly.Platforms.Lambda;

/// <summary>What <c>GET /event/next</c> answered (docs/spec/01-lambda-lifecycle.md#12-extensions-api).</summary>
public enum ExtensionEventKind
{
    /// <summary>An event type this agent does not know: it asks for the next one.</summary>
    Unknown,
    Invoke,
    Shutdown,
}

/// <summary>One event of the Extensions API.</summary>
/// <param name="Kind">Which fields are set.</param>
/// <param name="RequestId">INVOKE: the invocation's id; empty when the platform sent none.</param>
/// <param name="DeadlineMs">ms since the Unix epoch; 0 when the platform sent none.</param>
/// <param name="InvokedFunctionArn">INVOKE: may carry a qualifier.</param>
/// <param name="ShutdownReason">SHUTDOWN: in lower case.</param>
public readonly record struct ExtensionEvent(
    ExtensionEventKind Kind,
    string RequestId,
    long DeadlineMs,
    string InvokedFunctionArn,
    string ShutdownReason)
{
    /// <summary>
    /// Parses a body, whatever its content type says. A field that is missing or oddly typed costs that field; bytes that are no JSON object are
    /// <c>Unknown</c>.
    /// </summary>
    public static ExtensionEvent Parse(ReadOnlySpan<byte> body)
    {
        var kind = ExtensionEventKind.Unknown;
        string requestId = "", arn = "", reason = "";
        long deadlineMs = 0;
        try
        {
            var reader = new Utf8JsonReader(body);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                return default;
            }

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("eventType"u8))
                {
                    kind = KindOf(Text(ref reader));
                }
                else if (reader.ValueTextEquals("requestId"u8))
                {
                    requestId = Text(ref reader);
                }
                else if (reader.ValueTextEquals("deadlineMs"u8))
                {
                    deadlineMs = Number(ref reader);
                }
                else if (reader.ValueTextEquals("invokedFunctionArn"u8))
                {
                    arn = Text(ref reader);
                }
                else if (reader.ValueTextEquals("shutdownReason"u8))
                {
                    reason = Text(ref reader).ToLowerInvariant();
                }
                else
                {
                    reader.Skip();
                }
            }
        }
        catch (JsonException)
        {
            // What was read before the damage stands; without a kind it is an unknown event.
        }

        return new ExtensionEvent(kind, requestId, deadlineMs, arn, reason);
    }

    private static ExtensionEventKind KindOf(string text) => text.ToUpperInvariant() switch
    {
        "INVOKE" => ExtensionEventKind.Invoke,
        "SHUTDOWN" => ExtensionEventKind.Shutdown,
        _ => ExtensionEventKind.Unknown,
    };

    private static string Text(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.String)
        {
            reader.Skip();
            return "";
        }

        try
        {
            return reader.GetString() ?? "";
        }
        catch (InvalidOperationException)
        {
            // The reader lets bytes through that are no UTF-8, and so are no text.
            return "";
        }
    }

    private static long Number(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.Number)
        {
            return reader.TryGetInt64(out long whole) ? whole : reader.TryGetDouble(out double real) && Math.Abs(real) < long.MaxValue ? (long)real : 0;
        }

        reader.Skip();
        return 0;
    }
}
