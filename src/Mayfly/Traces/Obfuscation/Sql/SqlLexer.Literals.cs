namespace Mayfly.Traces.Obfuscation.Sql;

/// <content>Numbers, quoted texts, and what stands for a value.</content>
internal ref partial struct SqlLexer
{
    /// <summary>The end of a text that begins with a tag is looked for to the end of the statement; not more often than this.</summary>
    private const int MostUnmatchedTags = 16;

    /// <summary>A number from <paramref name="start"/> on, with its sign and its decimal point: decimal, octal or hexadecimal.</summary>
    private SqlToken Number(int start)
    {
        _at = start + (_text[start] == '-' ? 1 : 0);
        if (Peek() == '0' && Peek(1) is 'x' or 'X')
        {
            _at += 2;
            while (char.IsAsciiHexDigit(Peek()))
            {
                _at++;
            }

            return Of(SqlTokenKind.Number, start);
        }

        int digits = _at;
        SkipDigits();
        bool isOctal = _at - digits > 1 && _text[digits] == '0';
        bool isInteger = Peek() is not ('.' or 'e' or 'E');
        if (isOctal && isInteger && _text[digits.._at].IndexOfAny((byte)'8', (byte)'9') >= 0)
        {
            return Error();
        }

        if (Peek() == '.')
        {
            _at++;
            SkipDigits();
        }

        if (Peek() is 'e' or 'E')
        {
            _at++;
            _at += Peek() is '+' or '-' ? 1 : 0;
            SkipDigits();
        }

        return Of(SqlTokenKind.Number, start);
    }

    private void SkipDigits()
    {
        while (char.IsAsciiDigit(Peek()))
        {
            _at++;
        }
    }

    /// <summary>After the opening quote.</summary>
    private SqlToken Quoted(SqlTokenKind kind, byte quote)
    {
        int start = _at;
        bool hasEscapes = false;
        while (true)
        {
            int length = _text[_at..].IndexOfAny(quote, (byte)'\\');
            if (length < 0)
            {
                return Error();
            }

            _at += length + 1;
            if (_text[_at - 1] == '\\')
            {
                HasSeenEscape = true;
                if (escapesAreLiteral)
                {
                    continue;
                }

                // The character after the backslash may be one of several bytes: none of those that follow is a quote.
                _at++;
                if (_at > _text.Length)
                {
                    return Error();
                }
            }
            else if (Peek() == quote)
            {
                _at++;
            }
            else
            {
                return new SqlToken(kind, start, _at - 1, quote, hasEscapes);
            }

            hasEscapes = true;
        }
    }

    /// <summary><c>[name]</c> in SQL Server, after the opening bracket.</summary>
    private SqlToken Bracketed()
    {
        int start = _at;
        int length = _text[_at..].IndexOf((byte)']');
        _at += length + 1;
        return length < 0 ? Error() : new SqlToken(SqlTokenKind.DoubleQuoted, start, _at - 1, (byte)'[');
    }

    /// <summary><c>%(name)s</c>, <c>%s</c>, or the operator.</summary>
    private SqlToken Percent(int start)
    {
        if (Peek() == '(')
        {
            int length = _text[_at..].IndexOf((byte)')');
            _at += length + 1;
            if (length < 0 || !TrySkipFormatLetter())
            {
                return Error();
            }

            return Of(SqlTokenKind.Variable, start);
        }

        return Of(TrySkipFormatLetter() ? SqlTokenKind.Variable : SqlTokenKind.Operator, start);
    }

    private bool TrySkipFormatLetter()
    {
        int width = 1;
        bool isLetter = Peek() == '#' || IsLetterAt(_at, out width);
        _at += isLetter ? width : 0;
        return isLetter;
    }

    /// <summary><c>$1</c>, a text between <c>$tag$</c>, or a name such as SQL Server's <c>$action</c>.</summary>
    private SqlToken Dollar(int start)
    {
        if (Peek() == '?')
        {
            // Somebody has obfuscated $1 already.
            _at++;
            return Of(SqlTokenKind.Parameter, start);
        }

        if (char.IsAsciiDigit(Peek()))
        {
            SqlToken number = Number(_at);
            return number.Kind == SqlTokenKind.Error ? number : Of(SqlTokenKind.Parameter, start);
        }

        int tag = _text[_at..].IndexOf((byte)'$');
        bool isName = IsLetterAt(_at, out _);
        if (tag < 0 || (isName && dialect == SqlDialect.SqlServer))
        {
            return isName ? Word(start) : Error();
        }

        ReadOnlySpan<byte> delimiter = _text.Slice(start, tag + 2);
        int first = start + delimiter.Length;
        int length = _text[first..].IndexOf(delimiter);
        if (length < 0)
        {
            // Between two names with a dollar sign there is a blank; in a tag there is none, and its text is broken off.
            return isName && delimiter.Contains((byte)' ') && _unmatchedTags++ < MostUnmatchedTags ? Word(start) : Error();
        }

        _at = first + length + delimiter.Length;
        SqlTokenKind kind = delimiter.SequenceEqual("$func$"u8) ? SqlTokenKind.DollarQuotedFunction : SqlTokenKind.DollarQuoted;
        return new SqlToken(kind, first, first + length);
    }

    private SqlToken Brace(int start)
    {
        if (start == 0 || _braces > 0)
        {
            _braces++;
            return Of(SqlTokenKind.Operator, start);
        }

        int length = _text[_at..].IndexOf((byte)'}');
        _at += length + 1;
        return length < 0 ? Error() : Of(SqlTokenKind.EscapeSequence, start);
    }
}
