using System.Text;

namespace Mayfly.Config.Files;

/// <content>Texts in blocks of lines.</content>
internal sealed partial class YamlTree
{
    /// <summary>Behind <c>|</c> its lines as they are, behind <c>&gt;</c> folded.</summary>
    private string ReadBlockText(int parent)
    {
        bool isFolded = Peek() == '>';
        char ending = '\0';
        int indent = -1;
        for (_at++; !IsBlankOrEnd(Peek()); _at++)
        {
            if (Peek() is '+' or '-' && ending == '\0')
            {
                ending = Peek();
            }
            else if (Peek() is >= '1' and <= '9' && indent < 0)
            {
                indent = Math.Max(parent, 0) + Peek() - '0';
            }
            else
            {
                throw Wrong("behind | or > only a digit and + or - may stand");
            }
        }

        SkipBlanks();
        if (Peek() == '#')
        {
            SkipLine();
        }

        if (Peek() is not ('\n' or '\0'))
        {
            throw Wrong("the text begins on the line below | or >");
        }

        List<string> lines = BlockLines(parent, indent, out bool isCutOff);
        int last = lines.FindLastIndex(static line => line.Length > 0);
        int trailing = lines.Count - last - 1;

        // A last line without an end has none here either.
        string end = trailing == 0 && isCutOff ? "" : "\n";
        string text = isFolded ? Fold(lines, last) : string.Join('\n', lines.Take(last + 1));
        return ending switch
        {
            '-' => text,
            '+' => text + (last < 0 ? "" : end) + new string('\n', trailing),
            _ => last < 0 ? "" : text + end,
        };
    }

    /// <summary>Without what indents them. The first line that is not empty says how far that is, where the text does not.</summary>
    private List<string> BlockLines(int parent, int indent, out bool isCutOff)
    {
        var lines = new List<string>();
        isCutOff = false;
        while (Peek() == '\n')
        {
            (int at, int line, int lineStart) = (_at, _line, _lineStart);
            BreakLine();
            while (Peek() == ' ' && (indent < 0 || Column < indent))
            {
                _at++;
            }

            bool isEmpty = Peek() is '\n' or '\0';
            if (!isEmpty && indent < 0 && Column > parent)
            {
                indent = Column;
            }

            if (!isEmpty && (Column < indent || indent < 0 || IsAtEnd))
            {
                (_at, _line, _lineStart) = (at, line, lineStart);
                break;
            }

            if (isEmpty && Peek() == '\0')
            {
                break;
            }

            int start = _at;
            SkipLine();
            lines.Add(_text[start.._at]);
            isCutOff = _at >= _text.Length;
        }

        return lines;
    }

    private static string Fold(List<string> lines, int last)
    {
        var text = new StringBuilder();
        int empty = 0;
        bool wasDeeper = true;
        for (int i = 0; i <= last; i++)
        {
            string line = lines[i];
            if (line.Length == 0)
            {
                empty++;
                continue;
            }

            bool isDeeper = line[0] is ' ' or '\t';
            if (text.Length == 0)
            {
                text.Append('\n', empty);
            }
            else if (isDeeper || wasDeeper)
            {
                text.Append('\n', empty + 1);
            }
            else
            {
                AppendBreaks(text, empty + 1);
            }

            text.Append(line);
            (empty, wasDeeper) = (0, isDeeper);
        }

        return text.ToString();
    }
}
