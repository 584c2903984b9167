using System.Globalization;
using System.Text.Json;

namespace Mayfly.Platforms.Lambda.Triggers;

/// <summary>The HTTP status in a handler's response, whatever triggered it (docs/spec/02-triggers.md#36-status-code-and-errors).</summary>
public static class ResponseStatusCode
{
    private const int Lowest = 100;
    private const int Highest = 599;

    /// <summary>
    /// The top-level <c>statusCode</c>: a whole number, also as <c>200.0</c> or <c>"200"</c>, from 100 to 599. Null for anything else, and for a response that
    /// is no object.
    /// </summary>
    public static string? Read(ReadOnlySpan<byte> response)
    {
        try
        {
            var reader = new Utf8JsonReader(response, new JsonReaderOptions { MaxDepth = Json.JsonFields.DepthLimit });
            if (response.IndexOf("statusCode"u8) < 0 || !reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                return null;
            }

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                bool isStatus = reader.ValueTextEquals("statusCode"u8);
                reader.Read();
                if (isStatus)
                {
                    return reader.TokenType is JsonTokenType.Number or JsonTokenType.String ? CodeOf(reader.ValueSpan) : null;
                }

                reader.Skip();
            }
        }
        catch (JsonException)
        {
            // Not JSON, or cut off: a response without a status.
        }

        return null;
    }

    /// <summary>An error of the function's own: 500 to 599.</summary>
    public static bool IsServerError(string? statusCode) => statusCode is ['5', _, _];

    private static string? CodeOf(ReadOnlySpan<byte> text) =>
        decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal code)
        && code is >= Lowest and <= Highest
        && code == decimal.Truncate(code)
            ? ((int)code).ToString(CultureInfo.InvariantCulture)
            : null;
}
