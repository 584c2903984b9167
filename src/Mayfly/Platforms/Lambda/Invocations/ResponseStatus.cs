using System.Globalization;
using System.Text.Json;

namespace Mayfly.Platforms.Lambda.Invocations;

/// <summary>The HTTP status in a handler's response (docs/spec/01-lambda-lifecycle.md#45-end-invocation-details).</summary>
internal static class ResponseStatus
{
    /// <summary>Top-level <c>statusCode</c>, a number or a text; null when the response is no object or has none.</summary>
    public static string? Read(ReadOnlySpan<byte> response)
    {
        try
        {
            var reader = new Utf8JsonReader(response);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                return null;
            }

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                bool isStatus = reader.ValueTextEquals("statusCode"u8);
                reader.Read();
                if (!isStatus)
                {
                    reader.Skip();
                    continue;
                }

                return reader.TokenType switch
                {
                    JsonTokenType.Number => reader.TryGetInt64(out long code) ? code.ToString(CultureInfo.InvariantCulture) : null,
                    JsonTokenType.String => reader.GetString(),
                    _ => null,
                };
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Not JSON, or cut off: a response without a status.
        }

        return null;
    }

    /// <summary>Three digits that start with 5.</summary>
    public static bool IsServerError(string? statusCode) =>
        statusCode is ['5', >= '0' and <= '9', >= '0' and <= '9'];
}
