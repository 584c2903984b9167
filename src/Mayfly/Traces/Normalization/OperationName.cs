using System.Buffers;

namespace Mayfly.Traces.Normalization;

/// <summary>
/// The form of span names: ASCII letters and digits, <c>_</c> and <c>.</c>, a letter first; one <c>_</c> for any run of other bytes, none beside a <c>.</c> or
/// at the end.
/// </summary>
/// <remarks>docs/spec/03-traces.md#34-normalization (normalize-name). Normalizing twice changes nothing; the result is never longer.</remarks>
internal static class OperationName
{
    private static readonly SearchValues<byte> Plain = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._"u8);

    /// <summary>True for texts that stay as they are.</summary>
    public static bool IsNormal(ReadOnlySpan<byte> text) =>
        !text.IsEmpty && char.IsAsciiLetter((char)text[0]) && text[^1] != '_' && !text.ContainsAnyExcept(Plain) && !HasSeparatorsInARow(text);

    /// <summary>Writes the normal form of <paramref name="text"/> and returns its length; 0: there is no letter in it.</summary>
    /// <param name="destination">As long as <paramref name="text"/>.</param>
    public static int Normalize(ReadOnlySpan<byte> text, Span<byte> destination)
    {
        int read = 0;
        while (read < text.Length && !char.IsAsciiLetter((char)text[read]))
        {
            read++;
        }

        int written = 0;
        for (; read < text.Length; read++)
        {
            byte value = text[read];
            if (char.IsAsciiLetterOrDigit((char)value))
            {
                destination[written++] = value;
            }
            else if (value == '.')
            {
                written -= destination[written - 1] == '_' ? 1 : 0;
                destination[written++] = value;
            }
            else if (destination[written - 1] is not ((byte)'_' or (byte)'.'))
            {
                destination[written++] = (byte)'_';
            }
        }

        return written > 0 && destination[written - 1] == '_' ? written - 1 : written;
    }

    /// <summary><c>__</c>, <c>_.</c> or <c>._</c>; two periods may follow each other.</summary>
    private static bool HasSeparatorsInARow(ReadOnlySpan<byte> text)
    {
        for (int at = text.IndexOf((byte)'_'); at >= 0;)
        {
            if (text[at - 1] == '.' || text[at + 1] is (byte)'_' or (byte)'.')
            {
                return true;
            }

            int next = text[(at + 1)..].IndexOf((byte)'_');
            at = next < 0 ? -1 : at + 1 + next;
        }

        return false;
    }
}
