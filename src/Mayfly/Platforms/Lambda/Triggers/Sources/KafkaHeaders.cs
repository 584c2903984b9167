using System.Buffers.Text;
using System.Text;
using System.Text.Unicode;
using Mayfly.Platforms.Lambda.Propagation;
using Mayfly.Platforms.Lambda.Triggers.Json;

namespace Mayfly.Platforms.Lambda.Triggers.Sources;

/// <summary>
/// Headers of a Kafka record: an array, or an object with numeric names, of objects <c>{name: bytes}</c>. Bytes come as <c>[49,48]</c>, <c>["49","48"]</c> or
/// <c>{"0":"49","1":"48"}</c>.
/// </summary>
internal static class KafkaHeaders
{
    /// <summary>True if a header names a trace.</summary>
    public static bool HaveContext(JsonView headers)
    {
        foreach (JsonMember entry in headers.Members)
        {
            if (!entry.Value.IsObject)
            {
                continue;
            }

            foreach (JsonMember header in entry.Value.Members)
            {
                if (Ascii.EqualsIgnoreCase(header.RawName, "x-datadog-trace-id"u8) || Ascii.EqualsIgnoreCase(header.RawName, "traceparent"u8))
                {
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>
    /// Those that a trace context travels in, names in lower case. A value that is no text is skipped; of headers with one name the last counts, as Kafka has
    /// it.
    /// </summary>
    public static Carrier Read(JsonView headers)
    {
        var carrier = new Carrier();
        foreach (JsonMember entry in headers.Members)
        {
            if (!entry.Value.IsObject)
            {
                continue;
            }

            foreach (JsonMember header in entry.Value.Members)
            {
                if (PropagationHeader.IsRelevant(header.RawName) && header.LowerName is { } name && TextOf(header.Value) is { } text)
                {
                    carrier.SetWithin(HeaderCarrier.Limit, name, text);
                }
            }
        }

        return carrier;
    }

    private static string? TextOf(JsonView value)
    {
        // Each byte takes at least two bytes of JSON: `1,`.
        if (value.Raw.Length > JsonText.LimitBytes * 8)
        {
            return null;
        }

        byte[]? bytes = value.IsArray ? BytesOfArray(value) : BytesOfObject(value);
        return bytes is not null && bytes.Length <= JsonText.LimitBytes && Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : null;
    }

    /// <summary>Null if one element is no byte.</summary>
    private static byte[]? BytesOfArray(JsonView array)
    {
        var bytes = new List<byte>();
        foreach (JsonMember element in array.Members)
        {
            if (!TryReadByte(element.Value, out byte value))
            {
                return null;
            }

            bytes.Add(value);
        }

        return [.. bytes];
    }

    /// <summary>In the order of the names as numbers; members that are no bytes are skipped. Null for a value that is no object.</summary>
    private static byte[]? BytesOfObject(JsonView value)
    {
        if (!value.IsObject)
        {
            return null;
        }

        var bytes = new SortedList<uint, byte>();
        foreach (JsonMember member in value.Members)
        {
            if (Utf8Parser.TryParse(member.RawName, out uint index, out int consumed)
                && consumed == member.RawName.Length
                && TryReadByte(member.Value, out byte one))
            {
                bytes[index] = one;
            }
        }

        return [.. bytes.Values];
    }

    /// <summary>A number or its decimal text.</summary>
    private static bool TryReadByte(JsonView element, out byte value)
    {
        ReadOnlySpan<byte> digits = element.IsNumber ? element.Raw : element.RawText;
        return Utf8Parser.TryParse(digits, out value, out int consumed) && consumed == digits.Length;
    }
}
