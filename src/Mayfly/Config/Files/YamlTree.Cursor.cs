namespace Mayfly.Config.Files;

/// <content>Where in the text the reader is, and what lies ahead on the line.</content>
internal sealed partial class YamlTree
{
    private int _at;
    private int _line = 1;
    private int _lineStart;

    private int Column => _at - _lineStart;

    /// <summary>Of the text, or of the first document.</summary>
    private bool IsAtEnd => _at >= _text.Length || IsMarker('-') || IsMarker('.');

    /// <summary>A dash with a blank, or nothing, behind it.</summary>
    private bool IsDash => Peek() == '-' && IsBlankOrEnd(Peek(1));

    private static bool IsBlankOrEnd(char c) => c is ' ' or '\t' or '\n' or '\0';

    private static bool IsFlowSign(char c) => c is ',' or '[' or ']' or '{' or '}';

    /// <summary>NUL behind the end; there is none in the text.</summary>
    private char Peek(int ahead = 0) => _at + ahead < _text.Length ? _text[_at + ahead] : '\0';

    /// <summary><c>---</c> or <c>...</c> at the beginning of a line.</summary>
    private bool IsMarker(char sign) => Column == 0 && Peek() == sign && Peek(1) == sign && Peek(2) == sign && IsBlankOrEnd(Peek(3));

    private void RefuseControlCharacters()
    {
        int at = 0;
        while (at < _text.Length && (_text[at] >= ' ' || _text[at] is '\t' or '\n'))
        {
            at++;
        }

        if (at < _text.Length)
        {
            throw Wrong("it holds a character that is none of a text", 1 + _text.AsSpan(0, at).Count('\n'));
        }
    }

    /// <summary>Steps over the end of the line.</summary>
    private void BreakLine()
    {
        _at++;
        _line++;
        _lineStart = _at;
    }

    private void SkipBlanks()
    {
        while (Peek() is ' ' or '\t')
        {
            _at++;
        }
    }

    private void SkipLine()
    {
        int end = _text.IndexOf('\n', _at);
        _at = end < 0 ? _text.Length : end;
    }

    /// <summary>Blanks, comments, and ends of lines. A tab that indents something is an error.</summary>
    private void SkipSeparation()
    {
        while (true)
        {
            int start = _at;
            SkipBlanks();
            bool isIndentation = start == _lineStart;
            if (Peek() == '#' && (_at == _lineStart || _text[_at - 1] is ' ' or '\t'))
            {
                SkipLine();
            }

            if (Peek() != '\n')
            {
                if (isIndentation && _at < _text.Length && _text.AsSpan(start, _at - start).Contains('\t'))
                {
                    throw Wrong("a tab indents it; only blanks can");
                }

                return;
            }

            BreakLine();
        }
    }

    private void MustBeEndOfLine()
    {
        int line = _line;
        SkipSeparation();
        if (_line == line && !IsAtEnd)
        {
            throw Wrong("something stands behind the end of a value");
        }
    }

    private string ReadName()
    {
        int start = _at;
        while (!IsBlankOrEnd(Peek()) && !IsFlowSign(Peek()))
        {
            _at++;
        }

        return _text[start.._at];
    }

    /// <summary>An anchor or a tag, and behind it on the same line a key.</summary>
    private bool IsPropertyOfKey()
    {
        if (Peek() is not ('&' or '!'))
        {
            return false;
        }

        int start = _at;
        for (int properties = 0; properties < MostProperties && Peek() is '&' or '!'; properties++)
        {
            ReadName();
            SkipBlanks();
        }

        bool isKey = Peek() is not ('&' or '!') && IsKeyAhead();
        _at = start;
        return isKey;
    }

    /// <summary>On this line there is a colon with a blank, or nothing, behind it, and before it what can be a key.</summary>
    private bool IsKeyAhead()
    {
        if (Peek() == '?' && IsBlankOrEnd(Peek(1)))
        {
            throw Wrong("keys that begin with a question mark are not understood");
        }

        int at = _at;
        if (Peek() is '"' or '\'')
        {
            at = EndOfQuotedOnLine(at);
            while (at < _text.Length && _text[at] is ' ' or '\t')
            {
                at++;
            }

            return IsColon(at);
        }

        if (IsFlowSign(Peek()) || Peek() is '|' or '>' or '%' or '@' or '`')
        {
            return false;
        }

        for (; at < _text.Length && _text[at] != '\n'; at++)
        {
            if (IsColon(at))
            {
                return true;
            }

            if (_text[at] == '#' && at > _at && _text[at - 1] is ' ' or '\t')
            {
                return false;
            }
        }

        return false;
    }

    private bool IsColon(int at) => at < _text.Length && _text[at] == ':' && IsBlankOrEnd(at + 1 < _text.Length ? _text[at + 1] : '\0');

    private int EndOfQuotedOnLine(int at)
    {
        char quote = _text[at];
        for (at++; at < _text.Length && _text[at] != '\n'; at++)
        {
            if (_text[at] == '\\' && quote == '"')
            {
                at++;
            }
            else if (_text[at] == quote)
            {
                return at + 1;
            }
        }

        return at;
    }
}
