using System.Buffers;
using System.Globalization;
using System.Text;

namespace Mayfly.Traces.Normalization;

/// <summary>
/// The form that values of tags have everywhere in Datadog, in which digits and <c>. / -</c> may come first: letters in lower case, digits and
/// <c>: . / -</c>, one <c>_</c> for any run of other characters, none at either end.
/// </summary>
/// <remarks>docs/spec/03-traces.md#34-normalization (normalize-tag-value). Normalizing twice changes nothing; the result is never longer.</remarks>
internal static class TagValue
{
    /// <summary>Beyond so many code points or bytes of the input, whatever comes first, nothing is looked at.</summary>
    private const int MostRunes = 200;

    /// <inheritdoc cref="MostRunes"/>
    private const int MostBytes = 2 * MostRunes;

    private const uint Letters = 0b1_1111;

    private static readonly SearchValues<byte> Plain = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789:./-_"u8);

    /// <summary>True for texts that stay as they are; false for those that <see cref="Normalize"/> has to look at.</summary>
    public static bool IsNormal(ReadOnlySpan<byte> text) =>
        text.IsEmpty
        || (text.Length <= MostRunes && !text.ContainsAnyExcept(Plain) && text[0] != '_' && text[^1] != '_' && text.IndexOf("__"u8) < 0);

    /// <summary>Writes the normal form of <paramref name="text"/> and returns its length.</summary>
    /// <param name="text">Valid UTF-8.</param>
    /// <param name="destination">As long as <paramref name="text"/>.</param>
    public static int Normalize(ReadOnlySpan<byte> text, Span<byte> destination)
    {
        int written = 0;
        int read = 0;
        for (int runes = 0; runes < MostRunes && read < MostBytes && read < text.Length; runes++)
        {
            Rune.DecodeFromUtf8(text[read..], out Rune rune, out int consumed);
            read += consumed;
            if (IsKept(rune))
            {
                written += Lower(rune).EncodeToUtf8(destination[written..]);
            }
            else if (written > 0 && destination[written - 1] != '_')
            {
                destination[written++] = (byte)'_';
            }
        }

        return written > 0 && destination[written - 1] == '_' ? written - 1 : written;
    }

    private static bool IsKept(Rune rune)
    {
        if (rune.Value is ':' or '.' or '/' or '-')
        {
            return true;
        }

        UnicodeCategory category = Rune.GetUnicodeCategory(rune);
        return category == UnicodeCategory.DecimalDigitNumber || (Letters >> (int)category & 1) != 0;
    }

    /// <summary>A capital in lower case, unless that takes more bytes.</summary>
    private static Rune Lower(Rune rune)
    {
        if (!Rune.IsUpper(rune))
        {
            return rune;
        }

        Rune lower = Rune.ToLowerInvariant(rune);
        return lower.Utf8SequenceLength <= rune.Utf8SequenceLength ? lower : rune;
    }
}
