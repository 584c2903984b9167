using System.Text;

namespace Mayfly.Traces.Obfuscation.Sql;

/// <summary>Cuts SQL, of any database and not quite right either, into tokens. One pass over the text, nothing allocated.</summary>
/// <param name="escapesAreLiteral">A backslash in a quoted text is a backslash, instead of a sign that the next character is meant literally.</param>
/// <remarks>docs/spec/03-traces.md#sql</remarks>
internal ref partial struct SqlLexer(ReadOnlySpan<byte> text, SqlDialect dialect, bool escapesAreLiteral)
{
    private readonly ReadOnlySpan<byte> _text = text;
    private int _at;

    /// <summary>Braces of a statement that is one escape sequence as a whole, such as <c>{call f(1)}</c>, that are open.</summary>
    private int _braces;

    /// <summary>Dollar signs that looked like the begin of a quoted text, and were not.</summary>
    private int _unmatchedTags;

    /// <summary>A quoted text had a backslash in it: read the other way, the text may be another one.</summary>
    public bool HasSeenEscape { get; private set; }

    public SqlToken Next()
    {
        SkipSpace();
        int start = _at;
        if (start >= _text.Length)
        {
            return new SqlToken(SqlTokenKind.End, start, start);
        }

        byte first = _text[start];
        if (first is (byte)'x' or (byte)'X' && Peek(1) == '\'')
        {
            _at += 2;
            return Quoted(SqlTokenKind.String, (byte)'\'');
        }

        if (IsLetterAt(start, out int width))
        {
            _at += width;
            return Word(start);
        }

        if (char.IsAsciiDigit((char)first))
        {
            return Number(start);
        }

        _at++;
        return first switch
        {
            (byte)',' => Of(SqlTokenKind.Comma, start),
            (byte)'=' => Of(SqlTokenKind.Equals, start),
            (byte)'(' => Of(SqlTokenKind.OpenParenthesis, start),
            (byte)')' => Of(SqlTokenKind.CloseParenthesis, start),
            (byte)';' => Of(SqlTokenKind.Semicolon, start),
            (byte)']' => Of(SqlTokenKind.CloseBracket, start),
            (byte)'[' => dialect == SqlDialect.SqlServer ? Bracketed() : Of(SqlTokenKind.OpenBracket, start),
            (byte)'+' or (byte)'*' or (byte)'&' or (byte)'|' or (byte)'^' => Of(SqlTokenKind.Operator, start),
            (byte)'\'' => Quoted(SqlTokenKind.String, first),
            (byte)'"' => Quoted(SqlTokenKind.DoubleQuoted, first),
            (byte)'`' => Quoted(SqlTokenKind.Identifier, first),
            (byte)'.' => char.IsAsciiDigit(Peek()) ? Number(start) : Of(SqlTokenKind.Operator, start),
            (byte)'-' => Minus(start),
            (byte)'/' => Slash(start),
            (byte)'#' => Hash(start),
            (byte)':' => Colon(start),
            (byte)'~' => Either(start, "*"u8),
            (byte)'<' => Less(start),
            (byte)'>' => Either(start, "="u8),
            (byte)'!' => Not(start),
            (byte)'?' => Question(start),
            (byte)'%' => Percent(start),
            (byte)'$' => Dollar(start),
            (byte)'{' => Brace(start),
            (byte)'}' => _braces-- > 0 ? Of(SqlTokenKind.Operator, start) : Error(),
            (byte)'@' => Either(start, ">"u8), // PostgreSQL only: elsewhere it is a letter.
            _ => Error(),
        };
    }

    private SqlToken Word(int start)
    {
        SkipWord(isName: true);
        ReadOnlySpan<byte> word = _text[start.._at];
        return new SqlToken(SqlKeywords.KindOf(word), start, _at);
    }

    /// <summary>Letters, digits, dots, number signs, and in names stars and dollar signs too.</summary>
    private void SkipWord(bool isName)
    {
        while (_at < _text.Length)
        {
            byte next = _text[_at];
            if (IsLetterAt(_at, out int width))
            {
                _at += width;
            }
            else if (char.IsAsciiDigit((char)next) || next is (byte)'.' or (byte)'#' || (isName && next is (byte)'*' or (byte)'$'))
            {
                _at++;
            }
            else
            {
                return;
            }
        }
    }

    private SqlToken Minus(int start)
    {
        if (Peek() == '-')
        {
            return LineComment(start);
        }

        if (Peek() == '>')
        {
            _at++;
            return Either(start, ">"u8);
        }

        bool isNumber = char.IsAsciiDigit(Peek()) || (Peek() == '.' && char.IsAsciiDigit(Peek(1)));
        return isNumber ? Number(start) : Of(SqlTokenKind.Operator, start);
    }

    private SqlToken Slash(int start)
    {
        if (Peek() == '/')
        {
            return LineComment(start);
        }

        if (Peek() != '*')
        {
            return Of(SqlTokenKind.Operator, start);
        }

        int length = _text[(_at + 1)..].IndexOf("*/"u8);
        _at += length + 3;
        return length < 0 ? Error() : Of(SqlTokenKind.Comment, start);
    }

    private SqlToken Hash(int start)
    {
        switch (dialect)
        {
            case SqlDialect.SqlServer:
                return Word(start);
            case SqlDialect.PostgreSql when Peek() == '>':
                _at++;
                return Either(start, ">"u8);
            case SqlDialect.PostgreSql:
                return Either(start, "-"u8);
            default:
                return LineComment(start);
        }
    }

    private SqlToken LineComment(int start)
    {
        int length = _text[_at..].IndexOf((byte)'\n');
        _at = length < 0 ? _text.Length : _at + length + 1;
        return Of(SqlTokenKind.Comment, start);
    }

    private SqlToken Colon(int start)
    {
        switch (Peek())
        {
            case ':':
                _at++;
                return Of(SqlTokenKind.Operator, start);
            case '=':
                return Of(SqlTokenKind.Colon, start);
        }

        if (_at < _text.Length && IsSpaceAt(_at, out _))
        {
            return Of(SqlTokenKind.Colon, start);
        }

        SkipWord(isName: false);
        return _at > start + 1 ? Of(SqlTokenKind.Operator, start) : Error();
    }

    private SqlToken Less(int start)
    {
        switch (Peek())
        {
            case '=':
                _at++;
                return Either(start, ">"u8);
            case '>':
            case '@' when dialect == SqlDialect.PostgreSql:
                _at++;
                break;
        }

        return Of(SqlTokenKind.Operator, start);
    }

    private SqlToken Not(int start)
    {
        switch (Peek())
        {
            case '=':
                _at++;
                return Of(SqlTokenKind.Operator, start);
            case '~':
                _at++;
                return Either(start, "*"u8);
            case '(' or '`' or '\'' or '"' or '+' or '-' or '#' or (>= '0' and <= '9'):
                return Of(SqlTokenKind.Operator, start);
            default:
                bool isFollowed = _at < _text.Length && (IsSpaceAt(_at, out _) || IsLetterAt(_at, out _));
                return isFollowed ? Of(SqlTokenKind.Operator, start) : Error();
        }
    }

    private SqlToken Question(int start)
    {
        return dialect == SqlDialect.PostgreSql ? Either(start, "|&"u8) : Of(SqlTokenKind.Placeholder, start);
    }

    /// <summary>An operator of one character more, if the next one is among <paramref name="more"/>.</summary>
    private SqlToken Either(int start, ReadOnlySpan<byte> more)
    {
        _at += _at < _text.Length && more.Contains(_text[_at]) ? 1 : 0;
        return Of(SqlTokenKind.Operator, start);
    }

    private void SkipSpace()
    {
        while (_at < _text.Length && IsSpaceAt(_at, out int width))
        {
            _at += width;
        }
    }

    private readonly SqlToken Of(SqlTokenKind kind, int start) => new(kind, start, _at);

    private readonly SqlToken Error() => new(SqlTokenKind.Error, _at, _at);

    /// <summary>NUL at the end.</summary>
    private readonly char Peek(int ahead = 0) => _at + ahead < _text.Length ? (char)_text[_at + ahead] : '\0';

    /// <summary>A letter, an underscore, or (not in PostgreSQL) an at sign.</summary>
    private readonly bool IsLetterAt(int at, out int width)
    {
        width = 1;
        byte first = at < _text.Length ? _text[at] : (byte)0;
        if (first < 0x80)
        {
            return char.IsAsciiLetter((char)first) || first == '_' || (first == '@' && dialect != SqlDialect.PostgreSql);
        }

        Rune.DecodeFromUtf8(_text[at..], out Rune rune, out width);
        return Rune.IsLetter(rune);
    }

    private readonly bool IsSpaceAt(int at, out int width) => WhiteSpace.IsSpaceAt(_text, at, out width);
}
