using System.Text.Json;

namespace Mayfly.Secrets;

/// <summary>Single texts out of a JSON document; whatever is not there, or no text, is null.</summary>
internal static class JsonTexts
{
    /// <summary>The text at a path of member names.</summary>
    public static string? Find(ReadOnlySpan<byte> json, params ReadOnlySpan<string> path)
    {
        try
        {
            var reader = new Utf8JsonReader(json);
            reader.Read();
            foreach (string name in path)
            {
                if (reader.TokenType != JsonTokenType.StartObject || !TryMoveTo(ref reader, name))
                {
                    return null;
                }
            }

            return reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>Moves from the start of an object to the value of one of its members.</summary>
    private static bool TryMoveTo(ref Utf8JsonReader reader, string name)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isFound = reader.ValueTextEquals(name);
            reader.Read();
            if (isFound)
            {
                return true;
            }

            reader.Skip();
        }

        return false;
    }
}
