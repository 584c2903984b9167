using System.Security.Cryptography;
using System.Text;
using Mayfly.Platforms.Lambda.Triggers.Json;
using Mayfly.Wire;

namespace Mayfly.Platforms.Lambda.Triggers;

/// <summary>
/// Ties a span that reacts to a change to the span that made it: both hash what was changed (docs/spec/02-triggers.md#7-span-pointers).
/// </summary>
/// <param name="Kind"><c>aws.s3.object</c> or <c>aws.dynamodb.item</c>.</param>
/// <param name="Hash">32 lower-case hex digits.</param>
public sealed record SpanPointer(string Kind, string Hash)
{
    private const int HashBytes = 16;

    /// <summary>Null without a bucket, a key or a tag.</summary>
    /// <param name="key">As it stands in the event, that is URL-encoded; whether the published rule wants it decoded is not known (#12, number 22).</param>
    /// <param name="eTag">Quotes around it do not count.</param>
    public static SpanPointer? ToS3Object(string? bucket, string? key, string? eTag)
    {
        eTag = eTag?.Trim('"');
        return string.IsNullOrEmpty(bucket) || string.IsNullOrEmpty(key) || string.IsNullOrEmpty(eTag)
            ? null
            : new SpanPointer("aws.s3.object", HashOf(Encoding.UTF8.GetBytes($"{bucket}|{key}|{eTag}")));
    }

    /// <summary>Null without a table or a readable key.</summary>
    /// <param name="keys">An object of one or two attributes, each an object with one member <c>S</c>, <c>N</c> or <c>B</c>.</param>
    internal static SpanPointer? ToDynamoDbItem(string? table, JsonView keys)
    {
        if (string.IsNullOrEmpty(table) || !keys.IsObject)
        {
            return null;
        }

        var names = new List<string>();
        foreach (JsonMember key in keys.Members)
        {
            if (JsonText.ToText(key.RawName) is { } name && !names.Contains(name))
            {
                names.Add(name);
            }
        }

        if (names.Count is not (1 or 2))
        {
            return null;
        }

        // Byte order; it differs from that of UTF-16 for supplementary characters.
        names.Sort(static (a, b) => Encoding.UTF8.GetBytes(a).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(b)));
        using PooledBuffer text = PooledBuffer.Rent();
        text.Write(Encoding.UTF8.GetBytes(table));
        foreach (string name in names)
        {
            byte[] nameBytes = Encoding.UTF8.GetBytes(name);
            text.WriteByte((byte)'|');
            text.Write(nameBytes);
            text.WriteByte((byte)'|');
            if (!TryWriteValue(keys.Get(nameBytes).First, keys.Get(nameBytes), text))
            {
                return null;
            }
        }

        if (names.Count == 1)
        {
            text.Write("||"u8);
        }

        return new SpanPointer("aws.dynamodb.item", HashOf(text.WrittenSpan));
    }

    /// <summary>Binary values count as the bytes they are.</summary>
    private static bool TryWriteValue(JsonView value, JsonView attribute, PooledBuffer text)
    {
        if (!value.IsString)
        {
            return false;
        }

        if (attribute.Get("S"u8).IsString || attribute.Get("N"u8).IsString)
        {
            value.CopyTextTo(text);
            return true;
        }

        using PooledBuffer? bytes = attribute.Get("B"u8).IsString ? DatadogMember.DecodeBase64(value) : null;
        if (bytes is null)
        {
            return false;
        }

        text.Write(bytes.WrittenSpan);
        return true;
    }

    private static string HashOf(ReadOnlySpan<byte> text)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(text, digest);
        return Convert.ToHexStringLower(digest[..HashBytes]);
    }
}
