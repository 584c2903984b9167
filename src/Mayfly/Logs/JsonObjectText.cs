using System.Text.Json;
using Mayfly.Wire;

namespace Mayfly.Logs;

/// <summary>
/// Writes a JSON object anew with a member left out: no blanks, member order kept, of a repeated member the last value (in the first one's place).
/// </summary>
/// <remarks>docs/spec/04-metrics-logs.md#c5-json-messages. The slow path of <see cref="JsonMessage"/>: only for objects that carry tags.</remarks>
internal static class JsonObjectText
{
    private const int MaxDepth = 128;

    /// <summary>
    /// Appends <paramref name="json"/>, a valid object, without its member <paramref name="name"/>. If <paramref name="within"/> is not empty, it is the member
    /// (an object) that <paramref name="name"/> is left out of, instead of the object itself.
    /// </summary>
    public static void WriteWithout(PooledBuffer buffer, ReadOnlySpan<byte> json, ReadOnlySpan<byte> name, ReadOnlySpan<byte> within)
    {
        byte[] copy = json.ToArray();
        List<(Utf8Slice Name, Utf8Slice Value)> members = Members(copy);
        buffer.WriteByte((byte)'{');
        bool isFirst = true;
        foreach ((Utf8Slice memberName, Utf8Slice value) in members)
        {
            if (within.IsEmpty && memberName.SequenceEqual(name))
            {
                continue;
            }

            buffer.Write(isFirst ? "\""u8 : ",\""u8);
            isFirst = false;
            JsonEscape.Write(buffer, memberName.Span);
            buffer.Write("\":"u8);
            if (!within.IsEmpty && memberName.SequenceEqual(within))
            {
                WriteWithout(buffer, value.Span, name, within: default);
            }
            else
            {
                buffer.Write(value.Span);
            }
        }

        buffer.WriteByte((byte)'}');
    }

    /// <summary>Names (unescaped) and values (compact) of the object; both are ranges of <paramref name="json"/>, which is changed.</summary>
    private static List<(Utf8Slice Name, Utf8Slice Value)> Members(byte[] json)
    {
        var members = new List<(Utf8Slice Name, Utf8Slice Value)>();
        var places = new Dictionary<Utf8Slice, int>();
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = MaxDepth });
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            int nameStart = (int)reader.TokenStartIndex + 1;
            int nameLength = reader.ValueSpan.Length;
            reader.Read();
            int start = (int)reader.TokenStartIndex;
            reader.Skip();
            int end = (int)reader.BytesConsumed;

            // The reader is behind these bytes already.
            var name = new Utf8Slice(json, nameStart, JsonUnescape.ToText(json.AsSpan(nameStart, nameLength)));
            var value = new Utf8Slice(json, start, JsonUnescape.ToCompact(json.AsSpan(start, end - start)));
            if (places.TryGetValue(name, out int place))
            {
                members[place] = (name, value);
            }
            else
            {
                places.Add(name, members.Count);
                members.Add((name, value));
            }
        }

        return members;
    }
}
