using System.Globalization;
using System.Text;

namespace Mayfly.Wire;

/// <summary>
/// Turns JSON that a reader has already accepted into shorter bytes in the same place: escaped text into text, a value into its compact form.
/// </summary>
/// <remarks>The result is never longer than the input, so nothing is allocated. A lone surrogate becomes U+FFFD, as does an escape that is none.</remarks>
internal static class JsonUnescape
{
    /// <summary>Replaces the escapes in the inside of a JSON string by the characters they stand for.</summary>
    /// <returns>The length of the text, which starts where <paramref name="json"/> starts.</returns>
    public static int ToText(Span<byte> json)
    {
        int read = json.IndexOf((byte)'\\');
        if (read < 0)
        {
            return json.Length;
        }

        int written = read;
        while (read < json.Length)
        {
            Rune rune = ReadEscape(json[read..], out int consumed);
            read += consumed;
            written += rune.EncodeToUtf8(json[written..]);
            int plain = json[read..].IndexOf((byte)'\\');
            plain = plain < 0 ? json.Length - read : plain;
            json.Slice(read, plain).CopyTo(json[written..]);
            read += plain;
            written += plain;
        }

        return written;
    }

    /// <summary>Removes the blanks between tokens and the escapes that JSON does not demand. Member order and number texts stay.</summary>
    /// <returns>The length of the compact value, which starts where <paramref name="json"/> starts.</returns>
    public static int ToCompact(Span<byte> json)
    {
        int read = 0;
        int written = 0;
        while (read < json.Length)
        {
            byte value = json[read];
            if (value == '"')
            {
                json[written++] = value;
                read++;
                CompactString(json, ref read, ref written);
                continue;
            }

            read++;
            if (value is not ((byte)' ' or (byte)'\t' or (byte)'\n' or (byte)'\r'))
            {
                json[written++] = value;
            }
        }

        return written;
    }

    /// <summary>Copies a string from behind its opening quote up to and including its closing quote.</summary>
    private static void CompactString(Span<byte> json, ref int read, ref int written)
    {
        while (read < json.Length)
        {
            int plain = json[read..].IndexOfAny((byte)'"', (byte)'\\');
            plain = plain < 0 ? json.Length - read : plain;
            json.Slice(read, plain).CopyTo(json[written..]);
            read += plain;
            written += plain;
            if (read == json.Length)
            {
                return;
            }

            if (json[read] == '"')
            {
                json[written++] = (byte)'"';
                read++;
                return;
            }

            Rune rune = ReadEscape(json[read..], out int consumed);
            read += consumed;
            written += rune.Value is < 0x20 or '"' or '\\'
                ? JsonEscape.WriteEscape(json[written..], (byte)rune.Value)
                : rune.EncodeToUtf8(json[written..]);
        }
    }

    /// <summary>Reads one escape, or a surrogate pair of escapes, at the start of <paramref name="json"/>. It is never shorter than its character.</summary>
    private static Rune ReadEscape(ReadOnlySpan<byte> json, out int consumed)
    {
        consumed = Math.Min(2, json.Length);
        switch (json.Length > 1 ? json[1] : 0)
        {
            case (byte)'n': return new Rune('\n');
            case (byte)'r': return new Rune('\r');
            case (byte)'t': return new Rune('\t');
            case (byte)'b': return new Rune('\b');
            case (byte)'f': return new Rune('\f');
            case (byte)'u': return ReadUnicodeEscape(json, out consumed);
            case < 0x80 and > 0x1f and int other: return new Rune(other);
            default:
                consumed = 1;
                return new Rune('\\');
        }
    }

    private static Rune ReadUnicodeEscape(ReadOnlySpan<byte> json, out int consumed)
    {
        consumed = 2;
        if (!TryReadHex(json, out char first))
        {
            return new Rune('u');
        }

        consumed = 6;
        if (Rune.TryCreate(first, out Rune rune))
        {
            return rune;
        }

        if (TryReadHex(json[6..], out char second) && Rune.TryCreate(first, second, out rune))
        {
            consumed = 12;
            return rune;
        }

        return Rune.ReplacementChar;
    }

    private static bool TryReadHex(ReadOnlySpan<byte> json, out char unit)
    {
        unit = '\0';
        if (json.Length < 6 || json[0] != '\\' || json[1] != 'u' ||
            !ushort.TryParse(json.Slice(2, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ushort value))
        {
            return false;
        }

        unit = (char)value;
        return true;
    }
}
