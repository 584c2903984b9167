using System.Globalization;
using System.Text;

namespace Mayfly.Config.Files;

/// <content>Texts: plain, and in quotes.</content>
internal sealed partial class YamlTree
{
    private void MustBeginPlain()
    {
        char c = Peek();
        bool isSign = IsFlowSign(c) || c is '#' or '&' or '*' or '!' or '|' or '>' or '\'' or '"' or '%' or '@' or '`';
        if (isSign || (c is '-' or '?' or ':' && IsBlankOrEnd(Peek(1))))
        {
            throw Wrong($"a text cannot begin with {c}; put it in quotes");
        }
    }

    private string ReadPlainKey()
    {
        MustBeginPlain();
        int start = _at;
        while (!IsColon(_at))
        {
            _at++;
        }

        return _text[start.._at].TrimEnd(' ', '\t');
    }

    /// <summary>To the end of the line, and of the lines below that stand further right than <paramref name="parent"/>.</summary>
    private string ReadPlain(int parent)
    {
        MustBeginPlain();
        var text = new StringBuilder();
        while (true)
        {
            text.Append(PlainOnLine());
            if (Peek() != '\n')
            {
                return text.ToString();
            }

            (int at, int line, int lineStart) = (_at, _line, _lineStart);
            int breaks = SkipEmptyLines();
            if (IsAtEnd || Column <= parent || Peek() == '#')
            {
                (_at, _line, _lineStart) = (at, line, lineStart);
                return text.ToString();
            }

            AppendBreaks(text, breaks);
        }
    }

    /// <summary>The rest of the line, up to a comment, without the blanks at its end.</summary>
    private ReadOnlySpan<char> PlainOnLine()
    {
        int start = _at;
        for (; _at < _text.Length && _text[_at] != '\n'; _at++)
        {
            if (IsColon(_at))
            {
                throw Wrong("a key is not expected here; put the text in quotes, or the key on a line of its own");
            }

            if (_text[_at] == '#' && _at > start && _text[_at - 1] is ' ' or '\t')
            {
                break;
            }
        }

        ReadOnlySpan<char> text = _text.AsSpan(start, _at - start).TrimEnd(" \t");
        if (Peek() == '#')
        {
            // A comment ends the text, on whatever line it goes on.
            _at = start + text.Length;
        }

        return text;
    }

    private string ReadFlowPlain()
    {
        MustBeginPlain();
        var text = new StringBuilder();
        while (true)
        {
            int start = _at;
            while (_at < _text.Length && _text[_at] != '\n' && !IsFlowSign(_text[_at]) && !IsPlainEndInFlow(start))
            {
                _at++;
            }

            ReadOnlySpan<char> part = _text.AsSpan(start, _at - start).TrimEnd(" \t");
            text.Append(part);
            if (Peek() != '\n')
            {
                return text.ToString();
            }

            int breaks = SkipEmptyLines();
            if (IsAtEnd || IsFlowSign(Peek()) || Peek() == '#' || IsPlainEndInFlow(_at))
            {
                return text.ToString();
            }

            AppendBreaks(text, breaks);
        }
    }

    private bool IsPlainEndInFlow(int start) =>
        (Peek() == ':' && (IsBlankOrEnd(Peek(1)) || IsFlowSign(Peek(1)))) || (Peek() == '#' && _at > start && _text[_at - 1] is ' ' or '\t');

    /// <summary>At the end of a line: goes to the next one that is not empty, behind its indentation. How many ends of lines that were.</summary>
    private int SkipEmptyLines()
    {
        int breaks = 0;
        while (Peek() == '\n')
        {
            BreakLine();
            SkipBlanks();
            breaks++;
        }

        return breaks;
    }

    /// <summary>One end of a line is a blank, more are one less.</summary>
    private static void AppendBreaks(StringBuilder text, int breaks)
    {
        if (breaks == 1)
        {
            text.Append(' ');
        }
        else
        {
            text.Append('\n', breaks - 1);
        }
    }

    private string ReadQuoted()
    {
        char quote = Peek();
        int line = _line;
        var text = new StringBuilder();
        int fixedLength = 0;
        for (_at++; ;)
        {
            char c = Peek();
            if (c == '\0' || IsMarker('-') || IsMarker('.'))
            {
                throw Wrong($"the text that begins in line {line.ToString(CultureInfo.InvariantCulture)} has no {quote} at its end");
            }

            if (c == '\n')
            {
                TrimBlanks(text, fixedLength);
                AppendBreaks(text, SkipEmptyLines());
                fixedLength = text.Length;
            }
            else if (c == quote && quote == '\'' && Peek(1) == '\'')
            {
                text.Append(c);
                _at += 2;
            }
            else if (c == quote)
            {
                _at++;
                return text.ToString();
            }
            else if (c == '\\' && quote == '"')
            {
                ReadEscape(text);
                fixedLength = text.Length;
            }
            else
            {
                text.Append(c);
                _at++;
            }
        }
    }

    private static void TrimBlanks(StringBuilder text, int fixedLength)
    {
        while (text.Length > fixedLength && text[^1] is ' ' or '\t')
        {
            text.Length--;
        }
    }

    private void ReadEscape(StringBuilder text)
    {
        char c = Peek(1);
        _at += 2;
        int digits = c switch { 'x' => 2, 'u' => 4, 'U' => 8, _ => 0 };
        if (digits > 0)
        {
            ReadCode(text, digits);
        }
        else if (c == '\n')
        {
            // The end of the line does not count, nor what indents the next one.
            _at--;
            int breaks = SkipEmptyLines();
            text.Append('\n', breaks - 1);
        }
        else
        {
            int known = "0abt\tnvfre \"/\\N_LP".IndexOf(c, StringComparison.Ordinal);
            text.Append(known >= 0 ? "\0\a\b\t\t\n\v\f\r\u001b \"/\\\u0085\u00a0\u2028\u2029"[known] : throw Wrong($"\\{c} means nothing in a text in quotes"));
        }
    }

    private void ReadCode(StringBuilder text, int digits)
    {
        if (_at + digits > _text.Length
            || !int.TryParse(_text.AsSpan(_at, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int code)
            || code is < 0 or > 0x10FFFF)
        {
            throw Wrong($"{digits} hexadecimal digits of a character are expected behind the backslash");
        }

        _at += digits;
        if (code < 0x10000)
        {
            text.Append((char)code);
        }
        else
        {
            text.Append(new Rune(code).ToString());
        }
    }
}
