using System.Text;
using System.Text.Json;

namespace Mayfly.Platforms.Lambda.Propagation;

/// <summary>
/// The headers inside an event: its member <c>headers</c>, and the member <c>headers</c> of its member <c>request</c>. They carry the trace context of events that no
/// trigger recognises (docs/spec/02-triggers.md#61-precedence).
/// </summary>
/// <remarks>
/// One pass over the bytes; only headers that a context may travel in are copied, each cut at <see cref="MaxValueBytes"/>, at most <see cref="MaxHeaders"/> per object. Names
/// compare without case; a value must be a text, or an array whose first element is one. An event that is no JSON object, is nested deeper than
/// <see cref="MaxDepth"/> or is larger than the platform allows has no headers.
/// </remarks>
/// <param name="Request">From <c>request.headers</c>.</param>
/// <param name="Headers">From <c>headers</c>.</param>
public readonly record struct EventHeaders(Carrier Request, Carrier Headers)
{
    /// <summary>The platform's limit for an event.</summary>
    public const int MaxEventBytes = 6 * 1024 * 1024;

    internal const int MaxDepth = JsonSyntax.MaxDepth;
    internal const int MaxHeaders = 128;
    internal const int MaxNameBytes = 256;

    /// <summary>Beyond what any style reads: a value that is cut here is refused, or discarded, by all of them.</summary>
    internal const int MaxValueBytes = 32 * 1024;

    /// <summary>Nothing: of an event without headers.</summary>
    public static EventHeaders Empty => new(new Carrier(), new Carrier());

    public static EventHeaders Read(ReadOnlySpan<byte> eventJson)
    {
        if (eventJson.Length > MaxEventBytes)
        {
            return Empty;
        }

        try
        {
            return ReadEvent(eventJson);
        }
        catch (JsonException)
        {
            // The reader's only way to say that this is no JSON after all, even at its last byte.
            return Empty;
        }
    }

    private static EventHeaders ReadEvent(ReadOnlySpan<byte> eventJson)
    {
        var reader = new Utf8JsonReader(eventJson, new JsonReaderOptions { MaxDepth = MaxDepth });
        Carrier request = new(), headers = new();
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return Empty;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (JsonToken.IsName(reader, "headers"u8))
            {
                headers = ReadHeaders(ref reader);
            }
            else if (JsonToken.IsName(reader, "request"u8))
            {
                request = ReadRequest(ref reader);
            }
            else
            {
                reader.Skip();
            }
        }

        // Throws if anything but blanks follows.
        reader.Read();
        return new EventHeaders(request, headers);
    }

    /// <summary>From the property name to the end of its value.</summary>
    private static Carrier ReadRequest(ref Utf8JsonReader reader)
    {
        Carrier headers = new();
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return headers;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (JsonToken.IsName(reader, "headers"u8))
            {
                headers = ReadHeaders(ref reader);
            }
            else
            {
                reader.Skip();
            }
        }

        return headers;
    }

    /// <summary>From the property name to the end of its value. A header that is there twice keeps its last value, as in any JSON.</summary>
    private static Carrier ReadHeaders(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return new Carrier();
        }

        var found = new List<KeyValuePair<string, string>>();
        Span<byte> scratch = stackalloc byte[MaxNameBytes];
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            ReadOnlySpan<byte> name = JsonToken.Name(reader, scratch);
            bool isRelevant = PropagationHeader.IsRelevant(name);
            reader.Read();
            if (isRelevant && TextOf(reader) is { } value)
            {
                Set(found, Encoding.UTF8.GetString(name), value);
            }

            reader.Skip();
        }

        var carrier = new Carrier();
        foreach ((string name, string value) in found)
        {
            carrier.Add(name, value);
        }

        return carrier;
    }

    /// <summary>The value at the reader, which stays where it is.</summary>
    private static string? TextOf(Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.StartArray)
        {
            reader.Read();
        }

        return reader.TokenType == JsonTokenType.String ? JsonToken.Text(reader, MaxValueBytes) : null;
    }

    private static void Set(List<KeyValuePair<string, string>> found, string name, string value)
    {
        int index = found.FindIndex(known => known.Key == name);
        if (index >= 0)
        {
            found[index] = new(name, value);
        }
        else if (found.Count < MaxHeaders)
        {
            found.Add(new(name, value));
        }
    }
}
