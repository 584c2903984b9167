using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Mayfly.Config;

/// <summary>JSON that stands in an environment variable.</summary>
internal static class JsonTexts
{
    /// <summary>For people: an element of a list.</summary>
    public static string PlaceOf(int index) => string.Create(CultureInfo.InvariantCulture, $"element {index + 1}");

    /// <summary>The texts of a list; what is no list is false, and empty.</summary>
    /// <param name="json">The text.</param>
    /// <param name="wrong">Gets the places of elements that are no texts.</param>
    /// <param name="texts">Empty unless it is true.</param>
    public static bool TryRead(string json, List<string> wrong, out IReadOnlyList<string> texts)
    {
        texts = [];
        var found = new List<string>();
        try
        {
            var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(json));
            bool isList = reader.Read() && reader.TokenType == JsonTokenType.StartArray;
            for (int i = 0; isList && reader.Read() && reader.TokenType != JsonTokenType.EndArray; i++)
            {
                if (reader.TokenType == JsonTokenType.String)
                {
                    found.Add(reader.GetString()!);
                }
                else
                {
                    wrong.Add(PlaceOf(i));
                    reader.Skip();
                }
            }

            if (!isList || reader.Read())
            {
                return false;
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return false;
        }

        texts = found;
        return true;
    }

    /// <summary>
    /// A list of objects, of which the members that are texts are kept, each by name; an element that is no object is empty. Anything else is false.
    /// </summary>
    /// <param name="json">The text.</param>
    /// <param name="objects">Empty unless it is true.</param>
    /// <param name="keepsScalars">Numbers and booleans are kept too, as they are written.</param>
    public static bool TryReadObjects(string json, out IReadOnlyList<Dictionary<string, string>> objects, bool keepsScalars = false)
    {
        objects = [];
        var found = new List<Dictionary<string, string>>();
        try
        {
            var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(json));
            bool isList = reader.Read() && reader.TokenType == JsonTokenType.StartArray;
            while (isList && reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                found.Add(ReadObject(ref reader, keepsScalars));
            }

            if (!isList || reader.Read())
            {
                return false;
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return false;
        }

        objects = found;
        return true;
    }

    private static Dictionary<string, string> ReadObject(ref Utf8JsonReader reader, bool keepsScalars)
    {
        var members = new Dictionary<string, string>();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return members;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = reader.GetString()!;
            reader.Read();
            if (reader.TokenType == JsonTokenType.String)
            {
                members[name] = reader.GetString()!;
            }
            else if (keepsScalars && reader.TokenType is JsonTokenType.Number or JsonTokenType.True or JsonTokenType.False)
            {
                members[name] = Encoding.UTF8.GetString(reader.ValueSpan);
            }
            else
            {
                reader.Skip();
            }
        }

        return members;
    }
}
