using System.Text.Json;

namespace Mayfly.Platforms.Lambda;

/// <summary>The answer to <c>POST /register</c>: who we are to the platform, and what function we serve.</summary>
/// <param name="ExtensionId">Sent back with every later call.</param>
/// <param name="FunctionName">Empty when the platform did not say.</param>
/// <param name="AccountId">Only when the platform knows the accept-feature <c>accountId</c>.</param>
public sealed record Registration(string ExtensionId, string FunctionName, string FunctionVersion, string? AccountId)
{
    internal static Registration Parse(string extensionId, ReadOnlySpan<byte> body)
    {
        string functionName = "", functionVersion = "";
        string? accountId = null;
        try
        {
            var reader = new Utf8JsonReader(body);
            while (reader.Read())
            {
                if (reader.TokenType != JsonTokenType.PropertyName || reader.CurrentDepth != 1)
                {
                    continue;
                }

                if (reader.ValueTextEquals("functionName"u8))
                {
                    functionName = Text(ref reader) ?? "";
                }
                else if (reader.ValueTextEquals("functionVersion"u8))
                {
                    functionVersion = Text(ref reader) ?? "";
                }
                else if (reader.ValueTextEquals("accountId"u8))
                {
                    accountId = Text(ref reader);
                }
            }
        }
        catch (JsonException)
        {
            // The identifier in the header is what counts; names come from the environment then.
        }

        return new Registration(extensionId, functionName, functionVersion, accountId);
    }

    private static string? Text(ref Utf8JsonReader reader)
    {
        reader.Read();
        try
        {
            return reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            // The reader lets bytes through that are no UTF-8, and so are no text.
            return null;
        }
    }
}
