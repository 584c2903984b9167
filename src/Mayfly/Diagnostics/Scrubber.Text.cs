using System.Buffers;
using System.Text;

namespace Mayfly.Diagnostics;

/// <content>Where things in the text begin and end. All positions are offsets in it; none of these moves anything.</content>
public ref partial struct Scrubber
{
    private static bool EndsWithBearer(ReadOnlySpan<byte> name) =>
        name.Length >= 6 && Ascii.EqualsIgnoreCase(name[^6..], "bearer"u8) && (name.Length == 6 || name[^7] == '-');

    private readonly bool TryFindBlanks(int start, out int end)
    {
        end = SkipBlanks(start);
        return end > start && end < _text.Length;
    }

    /// <summary>A character that belongs to a value, but to no key.</summary>
    private readonly bool IsToken(int index) => index < _text.Length && !ValueEnds.Contains(_text[index]);

    private readonly int SkipBlanks(int index)
    {
        while (index < _text.Length && _text[index] is (byte)' ' or (byte)'\t')
        {
            index++;
        }

        return index;
    }

    /// <summary>Behind a quote, or an escaped one as texts in JSON have it; <paramref name="index"/> itself where there is none.</summary>
    private readonly int SkipQuote(int index)
    {
        int quote = index < _text.Length && _text[index] == '\\' ? index + 1 : index;
        return quote < _text.Length && _text[quote] is (byte)'"' or (byte)'\'' ? quote + 1 : index;
    }

    /// <summary>The end of a quoted value: its closing quote, which looks like the opening one, or the end of the text.</summary>
    private readonly int EndOfQuoted(int open, int first)
    {
        ReadOnlySpan<byte> quote = _text[open..first];
        int end = first;
        while (end < _text.Length)
        {
            int found = _text[end..].IndexOf(quote);
            if (found < 0)
            {
                return _text.Length;
            }

            end += found;
            int slashes = 0;
            while (end - slashes > first && _text[end - slashes - 1] == '\\')
            {
                slashes++;
            }

            if (slashes % 2 == 0)
            {
                return end;
            }

            end++;
        }

        return _text.Length;
    }

    /// <summary>Only blanks, quotes and list marks stand before it.</summary>
    private readonly bool IsFirstOnLine(int index)
    {
        int at = index;
        while (at > 0 && _text[at - 1] is (byte)' ' or (byte)'\t' or (byte)'"' or (byte)'\'' or (byte)'-')
        {
            at--;
        }

        return at == 0 || _text[at - 1] is (byte)'\n' or (byte)'\r';
    }

    private readonly int EndOfLine(int start)
    {
        int end = _text[start..].IndexOfAny((byte)'\n', (byte)'\r');
        return end < 0 ? _text.Length : start + end;
    }

    /// <summary>Where the bytes of a set end (or, with <paramref name="isExcept"/>, those that are not in it) from <paramref name="start"/> on.</summary>
    private readonly int EndOf(SearchValues<byte> set, int start, bool isExcept = false)
    {
        int end = isExcept ? _text[start..].IndexOfAny(set) : _text[start..].IndexOfAnyExcept(set);
        return end < 0 ? _text.Length : start + end;
    }
}
