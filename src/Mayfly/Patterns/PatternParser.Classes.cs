using System.Globalization;

namespace Mayfly.Patterns;

/// <content>Escapes and bracketed classes.</content>
internal sealed partial class PatternParser
{
    /// <summary>After the backslash, outside of a class.</summary>
    private PatternNode? ParseEscape()
    {
        switch (Peek())
        {
            case 'A':
                _at++;
                return new AssertionNode(PatternAssertion.TextStart);
            case 'z':
                _at++;
                return new AssertionNode(PatternAssertion.TextEnd);
            case 'b':
                _at++;
                return new AssertionNode(PatternAssertion.WordBoundary);
            case 'B':
                _at++;
                return new AssertionNode(PatternAssertion.NoWordBoundary);
            case >= '1' and <= '9':
                return Fail("back-references are not there: they have no linear-time form");
        }

        if (TryTakeNamedSet(out RuneSet? set))
        {
            return new RuneNode(set!, null);
        }

        return Error.Length > 0 || !TryTakeEscapedRune(out int rune) ? Fail("unknown escape") : Literal(rune);
    }

    /// <summary><c>\d \D \s \S \w \W \pL \PL \p{Lu} \p{^Lu}</c>, after the backslash.</summary>
    private bool TryTakeNamedSet(out RuneSet? set)
    {
        char name = Peek();
        set = name switch
        {
            'd' => RuneClasses.Digits,
            'D' => RuneSet.Not(RuneClasses.Digits),
            's' => RuneClasses.Spaces,
            'S' => RuneSet.Not(RuneClasses.Spaces),
            'w' => RuneClasses.Words,
            'W' => RuneSet.Not(RuneClasses.Words),
            _ => null,
        };
        if (set is not null)
        {
            _at++;
            return true;
        }

        if (name is not ('p' or 'P') || _at + 1 >= text.Length)
        {
            return false;
        }

        int end = text[_at + 1] == '{' ? text.IndexOf('}', _at) : -1;
        ReadOnlySpan<char> category = text[_at + 1] != '{' ? text.AsSpan(_at + 1, 1) : end < 0 ? "" : text.AsSpan((_at + 2)..end);
        bool isNegated = name == 'P' ^ category.StartsWith("^");
        set = RuneClasses.OfCategory(category.TrimStart('^'));
        if (set is null)
        {
            Fail("only general categories (\\pL, \\p{Lu}) are known");
            return false;
        }

        set = isNegated ? RuneSet.Not(set) : set;
        _at = end < 0 ? _at + 2 : end + 1;
        return true;
    }

    /// <summary>After the backslash: a control character, a number, or punctuation that means itself.</summary>
    private bool TryTakeEscapedRune(out int rune)
    {
        char c = Peek();
        rune = c switch
        {
            'a' => 7,
            'f' => '\f',
            't' => '\t',
            'n' => '\n',
            'r' => '\r',
            'v' => '\v',
            _ => -1,
        };
        if (rune < 0 && c is >= '!' and <= '~' && !char.IsAsciiLetterOrDigit(c))
        {
            rune = c;
        }

        if (rune >= 0)
        {
            _at++;
            return true;
        }

        _at++;
        return c switch
        {
            'x' => TryTakeHex(2, out rune),
            'u' => TryTakeHex(4, out rune),
            'U' => TryTakeHex(8, out rune),
            '0' => TryTakeOctal(out rune),
            _ => false,
        };
    }

    /// <summary><paramref name="length"/> hexadecimal digits, or any number of them in braces.</summary>
    private bool TryTakeHex(int length, out int rune)
    {
        int start = _at;
        int end = start + length;
        int next = end;
        if (TryTake('{'))
        {
            start = _at;
            end = Math.Max(text.IndexOf('}', start), start);
            next = end + 1;
        }

        rune = 0;
        bool isRead = end <= text.Length
            && int.TryParse(text.AsSpan(start..end), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out rune)
            && rune is >= 0 and <= 0x10ffff;
        _at = isRead ? next : _at;
        return isRead;
    }

    private bool TryTakeOctal(out int rune)
    {
        rune = 0;
        for (int digits = 0; digits < 2 && Peek() is >= '0' and <= '7'; digits++)
        {
            rune = rune * 8 + text[_at++] - '0';
        }

        return true;
    }

    /// <summary>After the opening bracket; null: failed.</summary>
    private RuneSet? ParseClass()
    {
        bool isNegated = TryTake('^');
        var ranges = new List<(int First, int Last)>();
        var nested = new List<RuneSet>();
        for (bool isFirst = true; ; isFirst = false)
        {
            if (IsAtEnd)
            {
                return Unset("a ] is missing");
            }

            if (!isFirst && TryTake(']'))
            {
                return new RuneSet([.. ranges], 0, [.. nested], isNegated, _flags.HasFlag(PatternFlags.IgnoreCase));
            }

            if (Peek() == '&' && Peek(1) == '&')
            {
                return Unset("set operations inside of a class are not there");
            }

            if (!TryTakeClassItem(ranges, nested))
            {
                return Unset("a class holds something that is not understood");
            }
        }
    }

    private bool TryTakeClassItem(List<(int First, int Last)> ranges, List<RuneSet> nested)
    {
        if (TryTake("[:"))
        {
            int end = text.IndexOf(":]", _at, StringComparison.Ordinal);
            bool isNegated = TryTake('^');
            if (end < _at || RuneClasses.OfPosix(text.AsSpan(_at..end)) is not { } posix)
            {
                return false;
            }

            nested.Add(isNegated ? RuneSet.Not(posix) : posix);
            _at = end + 2;
            return true;
        }

        if (TryTake('\\'))
        {
            if (TryTakeNamedSet(out RuneSet? set))
            {
                nested.Add(set!);
                return true;
            }

            _at--;
        }

        if (!TryTakeClassRune(out int first))
        {
            return false;
        }

        int last = first;
        if (Peek() == '-' && Peek(1) is not (']' or '\0'))
        {
            _at++;
            if (!TryTakeClassRune(out last) || last < first)
            {
                return false;
            }
        }

        ranges.Add((first, last));
        return true;
    }

    private bool TryTakeClassRune(out int rune)
    {
        if (TryTake('\\'))
        {
            return TryTakeEscapedRune(out rune);
        }

        rune = IsAtEnd ? 0 : TakeRune();
        return rune != 0;
    }

    private RuneSet? Unset(string error)
    {
        Fail(error);
        return null;
    }
}
