using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Mayfly.Wire;

namespace Mayfly.Logs;

/// <summary>
/// Reads log entries as a client sends them, <c>{"message":text,"timestamp":ms,…}</c>, and writes them as events: <c>message</c>, <c>timestamp</c>, the
/// optional <c>hostname</c>, <c>service</c>, <c>ddsource</c>, <c>ddtags</c>, <c>status</c>, then all other members as they are.
/// </summary>
/// <remarks>docs/spec/04-metrics-logs.md#c12-log-agent-of-the-compat-layer-azuregcplambda-lite</remarks>
internal static class LogEntries
{
    private const int MaxDepth = 128;
    private const string Message = "message";
    private const string Timestamp = "timestamp";
    private const string Tags = "ddtags";

    /// <summary>Members that are texts, in the order in which events have them.</summary>
    private static readonly string[] Texts = ["hostname", "service", "ddsource", Tags, "status"];

    /// <summary>Adds the entries of an array, or the one entry; false: the body is something else, and nothing was added.</summary>
    public static bool TryAdd(ReadOnlySpan<byte> body, ReadOnlySpan<byte> defaultTags, LogBuffer buffer, [NotNullWhen(false)] out string? error)
    {
        var entries = new List<Entry>();
        try
        {
            // The reader does not look into texts, and one bad byte makes the intake refuse everything that it is sent with.
            error = Utf8.IsValid(body) ? Read(body, entries) : "no UTF-8";
        }
        catch (JsonException e)
        {
            error = string.Create(CultureInfo.InvariantCulture, $"no JSON at line {e.LineNumber + 1} column {e.BytePositionInLine + 1}");
        }

        if (error is not null)
        {
            return false;
        }

        using PooledBuffer message = PooledBuffer.Rent();
        using PooledBuffer rest = PooledBuffer.Rent();
        foreach (Entry entry in entries)
        {
            message.Clear();
            message.Write(body[entry.Known[Message]]);
            message.Truncate(JsonUnescape.ToText(message.Slice(0, message.Length)));
            rest.Clear();
            WriteRest(rest, body, entry, defaultTags);
            buffer.AddEntry(message.WrittenSpan, rest.WrittenSpan);
        }

        return true;
    }

    /// <returns>Null when all is well, else what is not.</returns>
    private static string? Read(ReadOnlySpan<byte> body, List<Entry> entries)
    {
        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = MaxDepth });
        reader.Read();
        bool isArray = reader.TokenType == JsonTokenType.StartArray;
        if (isArray)
        {
            reader.Read();
        }

        for (; reader.TokenType != JsonTokenType.EndArray; reader.Read())
        {
            string? error = ReadEntry(ref reader, entries);
            if (error is not null)
            {
                return string.Create(CultureInfo.InvariantCulture, $"entry {entries.Count + 1}: {error}");
            }

            if (!isArray)
            {
                break;
            }
        }

        // Throws if something other than blanks follows.
        reader.Read();
        return null;
    }

    private static string? ReadEntry(ref Utf8JsonReader reader, List<Entry> entries)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            return "expected an object";
        }

        var entry = new Entry([], []);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            int start = (int)reader.TokenStartIndex;
            string? name = reader.ValueIsEscaped ? null : NameOf(reader.ValueSpan);
            reader.Read();
            if (name is null)
            {
                reader.Skip();
                entry.Others.Add(start..(int)reader.BytesConsumed);
            }
            else if (name == Timestamp ? reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out _) : reader.TokenType == JsonTokenType.String)
            {
                int first = (int)reader.BytesConsumed - reader.ValueSpan.Length - (name == Timestamp ? 0 : 1);
                entry.Known[name] = first..(first + reader.ValueSpan.Length);
            }
            else if (name is Message or Timestamp || reader.TokenType != JsonTokenType.Null)
            {
                return name == Timestamp ? "timestamp is not a whole number of milliseconds" : $"{name} is not a text";
            }
        }

        if (!entry.Known.ContainsKey(Message) || !entry.Known.ContainsKey(Timestamp))
        {
            return entry.Known.ContainsKey(Message) ? "timestamp is missing" : "message is missing";
        }

        entries.Add(entry);
        return null;
    }

    /// <summary>Everything of the event behind the text of its message.</summary>
    private static void WriteRest(PooledBuffer rest, ReadOnlySpan<byte> body, in Entry entry, ReadOnlySpan<byte> defaultTags)
    {
        rest.Write("\",\"timestamp\":"u8);
        rest.Write(body[entry.Known[Timestamp]]);
        foreach (string name in Texts)
        {
            ReadOnlySpan<byte> value = entry.Known.TryGetValue(name, out Range known) ? body[known] : default;
            bool isDefault = value.IsEmpty && name == Tags;
            if (!entry.Known.ContainsKey(name) && !(isDefault && defaultTags.Length > 0))
            {
                continue;
            }

            rest.Write(Encoding.UTF8.GetBytes($",\"{name}\":\""));
            if (isDefault)
            {
                JsonEscape.Write(rest, defaultTags);
            }
            else
            {
                rest.Write(value);
            }

            rest.WriteByte((byte)'"');
        }

        foreach (Range other in entry.Others)
        {
            rest.WriteByte((byte)',');
            int start = rest.Length;
            rest.Write(body[other]);
            rest.Truncate(start + JsonUnescape.ToCompact(rest.Slice(start, rest.Length - start)));
        }

        rest.WriteByte((byte)'}');
    }

    private static string? NameOf(ReadOnlySpan<byte> name)
    {
        if (name.SequenceEqual("message"u8))
        {
            return Message;
        }

        if (name.SequenceEqual("timestamp"u8))
        {
            return Timestamp;
        }

        foreach (string text in Texts)
        {
            if (Ascii.Equals(name, text))
            {
                return text;
            }
        }

        return null;
    }

    /// <summary>Where an entry's members stand in the body: the known ones by name (the inside of texts), the others with their names.</summary>
    private readonly record struct Entry(Dictionary<string, Range> Known, List<Range> Others);
}
