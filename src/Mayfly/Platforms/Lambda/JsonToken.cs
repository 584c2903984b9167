using Mayfly.Diagnostics;
using Mayfly.Wire;

namespace Mayfly.Platforms.Lambda;

/// <summary>
/// Texts of a JSON token without exceptions: the reader's own methods throw for a lone surrogate or for bytes that are no UTF-8, which an event may well
/// contain. Both
/// become U+FFFD here.
/// </summary>
internal static class JsonToken
{
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
}
