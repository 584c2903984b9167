using System.Buffers.Binary;
using System.Buffers.Text;
using System.Text.Json;
using Mayfly.Wire;

namespace Mayfly.Traces;

/// <summary>
/// Traces in JSON, which old and hand-made clients send, turned into the msgpack of v0.4: decoder, limits and coercions are the same for both.
/// </summary>
/// <remarks>
/// docs/spec/03-traces.md#14-request-headers-that-are-read (Content-Type). Names are those of v0.4; an id may be a text; a value of <c>meta_struct</c> is
/// base64. A text with an escape that stands for nothing (half a surrogate pair) stays as it is written.
/// </remarks>
public static class JsonTraces
{
    /// <summary>The largest body that is taken.</summary>
    public const int LimitBytes = 16 * 1024 * 1024;

    private const byte Array32 = 0xdd;
    private const byte Map32 = 0xdf;
    private const byte Text32 = 0xdb;
    private const byte Binary32 = 0xc6;
    private const byte Unsigned64 = 0xcf;
    private const byte Signed64 = 0xd3;
    private const byte Float64 = 0xcb;
    private const byte ShortText = 0xa0;
    private const byte Nil = 0xc0;

    /// <summary>Where a value stands, as far as that changes how it is read.</summary>
    private enum Place
    {
        Other,

        /// <summary>An array of spans, or of such arrays.</summary>
        Traces,
        Span,
        Links,
        Link,
        MetaStruct,
        Id,
    }

    /// <summary>True when a body without a content type must be JSON: msgpack traces never begin with this byte.</summary>
    public static bool IsJson(ReadOnlySpan<byte> body)
    {
        int first = body.IndexOfAnyExcept(" \t\r\n"u8);
        return first >= 0 && body[first] == '[';
    }

    /// <summary>Most bytes that the msgpack form of a JSON body takes: <c>[]</c> becomes five.</summary>
    public static long MostBytes(int jsonBytes) => jsonBytes * 5L / 2 + 64;

    /// <summary>Appends the msgpack form of <paramref name="json"/> to <paramref name="msgPack"/>, which is empty.</summary>
    /// <param name="errorOffset">Where in <paramref name="json"/> it is malformed.</param>
    public static bool TryConvert(ReadOnlySpan<byte> json, PooledBuffer msgPack, out int errorOffset) =>
        TryConvert(json, msgPack, int.MaxValue, out errorOffset);

    /// <summary>Where in <paramref name="json"/> the value stands whose msgpack form holds the byte at <paramref name="msgPackOffset"/>.</summary>
    public static int OffsetOf(ReadOnlySpan<byte> json, int msgPackOffset)
    {
        using PooledBuffer again = PooledBuffer.Rent();
        TryConvert(json, again, msgPackOffset, out int offset);
        return offset;
    }

    private static bool TryConvert(ReadOnlySpan<byte> json, PooledBuffer output, int lastOffset, out int jsonOffset)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = MsgPackReader.MaxDepth });
        Span<Container> open = stackalloc Container[MsgPackReader.MaxDepth + 1];
        open[0] = new Container { Place = Place.Traces };
        int depth = 0;
        jsonOffset = 0;
        try
        {
            while (reader.Read() && output.Length <= lastOffset)
            {
                jsonOffset = (int)reader.TokenStartIndex;
                ref Container container = ref open[depth];
                switch (reader.TokenType)
                {
                    case JsonTokenType.StartArray or JsonTokenType.StartObject:
                        container.Count++;
                        open[++depth] = new Container { Place = PlaceOf(container, reader.TokenType), At = output.Length };
                        Write32(output, reader.TokenType == JsonTokenType.StartArray ? Array32 : Map32, 0);
                        break;
                    case JsonTokenType.EndArray or JsonTokenType.EndObject:
                        BinaryPrimitives.WriteInt32BigEndian(output.Slice(container.At + 1, sizeof(int)), container.Count);
                        depth--;
                        break;
                    case JsonTokenType.PropertyName:
                        container.Next = PlaceOf(container.Place, reader.ValueSpan);
                        WriteText(output, reader);
                        break;
                    default:
                        container.Count++;
                        WriteScalar(output, reader, container.Next);
                        break;
                }
            }

            return true;
        }
        catch (JsonException)
        {
            jsonOffset = (int)reader.BytesConsumed;
            return false;
        }
    }

    /// <summary>What a container within <paramref name="parent"/> is.</summary>
    private static Place PlaceOf(in Container parent, JsonTokenType token) => parent.Place switch
    {
        Place.Traces => token == JsonTokenType.StartArray ? Place.Traces : Place.Span,
        Place.Span => parent.Next,
        Place.Links => token == JsonTokenType.StartObject ? Place.Link : Place.Other,
        _ => Place.Other,
    };

    /// <summary>What the value of a property is.</summary>
    private static Place PlaceOf(Place owner, ReadOnlySpan<byte> name)
    {
        switch (owner)
        {
            case Place.Span or Place.Link when name.EndsWith("_id"u8) || name.SequenceEqual("trace_id_high"u8):
                return Place.Id;
            case Place.Span when name.SequenceEqual("span_links"u8):
                return Place.Links;
            case Place.Span when name.SequenceEqual("meta_struct"u8):
                return Place.MetaStruct;
            default:
                return owner == Place.MetaStruct ? Place.MetaStruct : Place.Other;
        }
    }

    private static void WriteScalar(PooledBuffer output, in Utf8JsonReader reader, Place place)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.String when place == Place.Id && TryReadId(reader.ValueSpan, out ulong id):
                Write64(output, Unsigned64, id);
                break;
            case JsonTokenType.String when place == Place.MetaStruct && Base64.IsValid(reader.ValueSpan, out int decodedBytes):
                Write32(output, Binary32, decodedBytes);
                Base64.DecodeFromUtf8(reader.ValueSpan, output.GetSpan(decodedBytes), out _, out int written);
                output.Advance(written);
                break;
            case JsonTokenType.String:
                WriteText(output, reader);
                break;
            case JsonTokenType.Number when reader.TryGetUInt64(out ulong unsigned):
                if (unsigned <= 0x7f)
                {
                    output.WriteByte((byte)unsigned);
                }
                else
                {
                    Write64(output, Unsigned64, unsigned);
                }

                break;
            case JsonTokenType.Number when reader.TryGetInt64(out long signed):
                Write64(output, Signed64, (ulong)signed);
                break;
            case JsonTokenType.Number:
                Write64(output, Float64, BitConverter.DoubleToUInt64Bits(reader.GetDouble()));
                break;
            case JsonTokenType.Null:
                output.WriteByte(Nil);
                break;
            default:
                output.WriteByte(reader.TokenType == JsonTokenType.True ? (byte)0xc3 : (byte)0xc2);
                break;
        }
    }

    private static bool TryReadId(ReadOnlySpan<byte> text, out ulong id)
    {
        if (Utf8Parser.TryParse(text, out id, out int consumed) && consumed == text.Length)
        {
            return true;
        }

        bool isNegative = Utf8Parser.TryParse(text, out long signed, out consumed) && consumed == text.Length;
        id = (ulong)signed;
        return isNegative;
    }

    private static void WriteText(PooledBuffer output, in Utf8JsonReader reader)
    {
        ReadOnlySpan<byte> text = reader.ValueSpan;
        int head = output.Length;
        if (text.Length < 32 && !reader.ValueIsEscaped)
        {
            output.WriteByte((byte)(ShortText | text.Length));
            output.Write(text);
            return;
        }

        Write32(output, Text32, text.Length);
        if (!reader.ValueIsEscaped)
        {
            output.Write(text);
            return;
        }

        int length = Unescape(reader, output.GetSpan(text.Length));
        output.Advance(length);
        BinaryPrimitives.WriteInt32BigEndian(output.Slice(head + 1, sizeof(int)), length);
    }

    private static int Unescape(in Utf8JsonReader reader, Span<byte> destination)
    {
        try
        {
            return reader.CopyString(destination);
        }
        catch (InvalidOperationException)
        {
            // Half a surrogate pair, or escapes among invalid UTF-8.
            reader.ValueSpan.CopyTo(destination);
            return reader.ValueSpan.Length;
        }
    }

    private static void Write32(PooledBuffer output, byte code, int value)
    {
        Span<byte> bytes = output.GetSpan(1 + sizeof(int));
        bytes[0] = code;
        BinaryPrimitives.WriteInt32BigEndian(bytes[1..], value);
        output.Advance(1 + sizeof(int));
    }

    private static void Write64(PooledBuffer output, byte code, ulong value)
    {
        Span<byte> bytes = output.GetSpan(1 + sizeof(ulong));
        bytes[0] = code;
        BinaryPrimitives.WriteUInt64BigEndian(bytes[1..], value);
        output.Advance(1 + sizeof(ulong));
    }

    /// <summary>An array or an object that is being written.</summary>
    private struct Container
    {
        public Place Place { get; init; }

        /// <summary>Where its head stands in the output.</summary>
        public int At { get; init; }

        /// <summary>Elements or members so far.</summary>
        public int Count { get; set; }

        /// <summary>What the next value is.</summary>
        public Place Next { get; set; }
    }
}
