using System.Text;
using System.Text.Json;
using Mayfly.Diagnostics;
using Mayfly.Logs;
using Mayfly.Wire;

namespace Mayfly.Platforms.Lambda;

/// <summary>
/// Texts of a JSON token without exceptions: the reader's own methods throw for a lone surrogate or for bytes that are no UTF-8, which an event may well
/// contain. Both
/// become U+FFFD here.
/// </summary>
internal static class JsonToken
{
    /// <summary>The text of a string or of a property name, of which at most the first <paramref name="limitBytes"/> bytes of JSON are looked at.</summary>
    public static string Text(in Utf8JsonReader reader, int limitBytes)
    {
        ReadOnlySpan<byte> raw = reader.ValueSpan[..Math.Min(reader.ValueSpan.Length, limitBytes)];
        if (!reader.ValueIsEscaped)
        {
            return Encoding.UTF8.GetString(raw);
        }

        using PooledBuffer buffer = PooledBuffer.Rent(raw.Length);
        AppendText(raw, isEscaped: true, buffer);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>Appends the text that the inside of a JSON string stands for.</summary>
    public static void AppendText(ReadOnlySpan<byte> raw, bool isEscaped, PooledBuffer buffer)
    {
        int start = buffer.Length;
        buffer.Write(raw);
        if (isEscaped)
        {
            buffer.Truncate(start + JsonUnescape.ToText(buffer.Slice(start, raw.Length)));
        }
    }

    /// <summary>As <see cref="AppendText"/>, with what looks like a secret replaced by stars.</summary>
    public static void AppendScrubbed(ReadOnlySpan<byte> raw, bool isEscaped, PooledBuffer buffer)
    {
        if (!isEscaped)
        {
            Scrubber.Scrub(raw, buffer);
            return;
        }

        using PooledBuffer text = PooledBuffer.Rent(raw.Length);
        AppendText(raw, isEscaped, text);
        Scrubber.Scrub(text.WrittenSpan, buffer);
    }

    /// <summary>True if the property name at the reader is <paramref name="name"/>; of a name with escapes only what fits on the stack is compared.</summary>
    public static bool IsName(in Utf8JsonReader reader, ReadOnlySpan<byte> name)
    {
        if (!reader.ValueIsEscaped)
        {
            return reader.ValueSpan.SequenceEqual(name);
        }

        Span<byte> scratch = stackalloc byte[256];
        return Name(reader, scratch).SequenceEqual(name);
    }

    /// <summary>The property name at the reader; empty if its JSON does not fit into <paramref name="scratch"/>.</summary>
    public static ReadOnlySpan<byte> Name(in Utf8JsonReader reader, Span<byte> scratch)
    {
        ReadOnlySpan<byte> raw = reader.ValueSpan;
        if (raw.Length > scratch.Length)
        {
            return default;
        }

        raw.CopyTo(scratch);
        return scratch[..(reader.ValueIsEscaped ? JsonUnescape.ToText(scratch[..raw.Length]) : raw.Length)];
    }
}
