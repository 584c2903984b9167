using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace Mayfly.Wire;

/// <summary>
/// Writes UTF-8 text as the inside of a JSON string. Only what JSON demands is escaped: quote, backslash, bytes below 0x20; everything else is copied.
/// </summary>
/// <remarks>Bytes that are no UTF-8 become U+FFFD: one bad byte would make the intake refuse the whole body.</remarks>
internal static class JsonEscape
{
    private static readonly SearchValues<byte> Escaped = SearchValues.Create(
        "\u0000\u0001\u0002\u0003\u0004\u0005\u0006\u0007\u0008\u0009\u000a\u000b\u000c\u000d\u000e\u000f"u8 +
        "\u0010\u0011\u0012\u0013\u0014\u0015\u0016\u0017\u0018\u0019\u001a\u001b\u001c\u001d\u001e\u001f\"\\"u8);

    /// <summary>Appends <paramref name="text"/>, escaped, without the quotes around it.</summary>
    public static void Write(PooledBuffer buffer, ReadOnlySpan<byte> text)
    {
        if (!Utf8.IsValid(text))
        {
            WriteRepaired(buffer, text);
            return;
        }

        while (true)
        {
            int next = text.IndexOfAny(Escaped);
            if (next < 0)
            {
                buffer.Write(text);
                return;
            }

            buffer.Write(text[..next]);
            WriteEscape(buffer, text[next]);
            text = text[(next + 1)..];
        }
    }

    /// <summary>Length of the longest prefix that ends between two characters and takes at most <paramref name="budgetBytes"/> when escaped.</summary>
    public static int PrefixThatFits(ReadOnlySpan<byte> text, int budgetBytes)
    {
        // A byte of invalid UTF-8 may become the three bytes of U+FFFD.
        int nonAsciiBytes = Utf8.IsValid(text) ? 1 : 3;
        int used = 0;
        int length = 0;
        while (length < text.Length)
        {
            byte value = text[length];
            used += value >= 0x80 ? nonAsciiBytes : EscapedSize(value);
            if (used > budgetBytes)
            {
                break;
            }

            length++;
        }

        return length == text.Length ? length : CharacterStart(text, length);
    }

    /// <summary>The start of the UTF-8 character that the byte at <paramref name="index"/> belongs to.</summary>
    public static int CharacterStart(ReadOnlySpan<byte> text, int index)
    {
        int start = index;
        while (start > 0 && index - start < 3 && (text[start] & 0xC0) == 0x80)
        {
            start--;
        }

        return start;
    }

    /// <summary>Appends the escape of one byte below 0x20, of a quote or of a backslash.</summary>
    public static void WriteEscape(PooledBuffer buffer, byte value)
    {
        Span<byte> destination = buffer.GetSpan(6);
        buffer.Advance(WriteEscape(destination, value));
    }

    /// <inheritdoc cref="WriteEscape(PooledBuffer, byte)"/>
    /// <returns>2 or 6: the bytes written.</returns>
    public static int WriteEscape(Span<byte> destination, byte value)
    {
        destination[0] = (byte)'\\';
        byte letter = ShortEscape(value);
        if (letter != 0)
        {
            destination[1] = letter;
            return 2;
        }

        "u00"u8.CopyTo(destination[1..]);
        destination[4] = (byte)('0' + (value >> 4));
        destination[5] = "0123456789abcdef"u8[value & 0xF];
        return 6;
    }

    /// <summary>Bytes that an ASCII byte takes when escaped: 1, 2 or 6.</summary>
    private static int EscapedSize(byte value) => ShortEscape(value) != 0 ? 2 : value < 0x20 ? 6 : 1;

    /// <summary>The letter after the backslash, or 0 where there is no two-character escape.</summary>
    private static byte ShortEscape(byte value) => value switch
    {
        (byte)'"' or (byte)'\\' => value,
        (byte)'\n' => (byte)'n',
        (byte)'\r' => (byte)'r',
        (byte)'\t' => (byte)'t',
        (byte)'\b' => (byte)'b',
        (byte)'\f' => (byte)'f',
        _ => 0,
    };

    private static void WriteRepaired(PooledBuffer buffer, ReadOnlySpan<byte> text)
    {
        while (!text.IsEmpty)
        {
            OperationStatus status = Rune.DecodeFromUtf8(text, out _, out int consumed);
            if (status != OperationStatus.Done)
            {
                buffer.Write("\uFFFD"u8);
            }
            else if (consumed == 1 && EscapedSize(text[0]) > 1)
            {
                WriteEscape(buffer, text[0]);
            }
            else
            {
                buffer.Write(text[..consumed]);
            }

            text = text[consumed..];
        }
    }
}
