using System.Globalization;

namespace Mayfly.Patterns;

/// <summary>Reads a regular expression as Rust's regex and Go's RE2 do; what only one of them takes is taken as well.</summary>
/// <remarks>
/// Without what a linear-time engine cannot have (look-around, back-references, atomic groups), without script names, and without set operations inside of
/// classes. Recursion is limited by <see cref="DeepestNesting"/>.
/// </remarks>
internal sealed partial class PatternParser(string text)
{
    private const int DeepestNesting = 200;
    private const int MostRepetitions = 1000;

    private int _at;
    private int _depth;
    private PatternFlags _flags;

    /// <summary>Name → index of a group.</summary>
    public Dictionary<string, int> GroupNames { get; } = [];

    public int GroupCount { get; private set; }

    /// <summary>What is wrong, when <see cref="Parse"/> returned null.</summary>
    public string Error { get; private set; } = "";

    private bool IsAtEnd => _at >= text.Length;

    /// <summary>The whole pattern; null: <see cref="Error"/> says why not.</summary>
    public PatternNode? Parse()
    {
        PatternNode? node = ParseAlternatives();
        return node is null ? null : IsAtEnd ? node : Fail("unexpected )");
    }

    private PatternNode? ParseAlternatives()
    {
        if (++_depth > DeepestNesting)
        {
            return Fail("groups are nested too deeply");
        }

        var choices = new List<PatternNode>();
        do
        {
            if (ParseSequence() is not { } choice)
            {
                return null;
            }

            choices.Add(choice);
        }
        while (TryTake('|'));
        _depth--;
        return choices.Count == 1 ? choices[0] : new AlternativesNode(choices);
    }

    private PatternNode? ParseSequence()
    {
        var parts = new List<PatternNode>();
        while (true)
        {
            SkipComments();
            if (IsAtEnd || text[_at] is '|' or ')')
            {
                return parts.Count == 1 ? parts[0] : new SequenceNode(parts);
            }

            PatternNode? atom = TryTake("\\Q") ? TakeQuoted(parts) : ParseAtom();
            if (atom is null || ParseRepetitions(atom) is not { } part)
            {
                return null;
            }

            parts.Add(part);
        }
    }

    /// <summary><c>\Q…\E</c>, the end of which may be missing: the last code point is returned, those before it are added.</summary>
    private PatternNode TakeQuoted(List<PatternNode> parts)
    {
        int end = text.IndexOf("\\E", _at, StringComparison.Ordinal);
        int close = end < 0 ? text.Length : end;
        PatternNode last = new SequenceNode([]);
        while (_at < close)
        {
            parts.Add(last);
            last = Literal(TakeRune());
        }

        _at = end < 0 ? close : close + 2;
        return last;
    }

    private PatternNode? ParseAtom()
    {
        switch (text[_at])
        {
            case '(':
                _at++;
                return ParseGroup();
            case '[':
                _at++;
                return ParseClass() is { } set ? new RuneNode(set, null) : null;
            case '.':
                _at++;
                return new RuneNode(_flags.HasFlag(PatternFlags.DotAll) ? RuneClasses.All : RuneClasses.AllButLineFeed, null);
            case '^':
                _at++;
                return new AssertionNode(_flags.HasFlag(PatternFlags.MultiLine) ? PatternAssertion.LineStart : PatternAssertion.TextStart);
            case '$':
                _at++;
                return new AssertionNode(_flags.HasFlag(PatternFlags.MultiLine) ? PatternAssertion.LineEnd : PatternAssertion.TextEnd);
            case '\\':
                _at++;
                return ParseEscape();
            case '*' or '+' or '?':
                return Fail($"nothing to repeat before {text[_at]}");
            default:
                return Literal(TakeRune());
        }
    }

    private PatternNode? ParseRepetitions(PatternNode atom)
    {
        PatternNode node = atom;
        while (true)
        {
            SkipComments();
            if (TryTake('*'))
            {
                node = Repeat(node, 0, null);
            }
            else if (TryTake('+'))
            {
                node = Repeat(node, 1, null);
            }
            else if (TryTake('?'))
            {
                node = Repeat(node, 0, 1);
            }
            else if (!TryTakeCounts(out int least, out int? most))
            {
                return node;
            }
            else if (least > MostRepetitions || most > MostRepetitions || most < least)
            {
                return Fail($"a repetition is out of range (0 to {MostRepetitions}, least first)");
            }
            else
            {
                node = Repeat(node, least, most);
            }
        }
    }

    private RepeatNode Repeat(PatternNode part, int least, int? most)
    {
        bool isLazy = TryTake('?');
        return new RepeatNode(part, least, most, isLazy == _flags.HasFlag(PatternFlags.SwapGreed));
    }

    /// <summary><c>{n}</c>, <c>{n,}</c>, <c>{n,m}</c>; any other brace is a literal.</summary>
    private bool TryTakeCounts(out int least, out int? most)
    {
        least = 0;
        most = null;
        int close = !IsAtEnd && text[_at] == '{' ? text.IndexOf('}', _at) : -1;
        if (close < 0)
        {
            return false;
        }

        ReadOnlySpan<char> inner = text.AsSpan((_at + 1)..close);
        int comma = inner.IndexOf(',');
        if (!TryParseCount(comma < 0 ? inner : inner[..comma], out least))
        {
            return false;
        }

        int end = least;
        if (comma >= 0 && comma < inner.Length - 1 && !TryParseCount(inner[(comma + 1)..], out end))
        {
            return false;
        }

        most = comma == inner.Length - 1 ? null : end;
        _at = close + 1;
        return true;
    }

    private static bool TryParseCount(ReadOnlySpan<char> digits, out int count) =>
        int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out count);

    private PatternNode? ParseGroup()
    {
        PatternFlags outer = _flags;
        int index = 0;
        if (!TryTake('?'))
        {
            index = ++GroupCount;
        }
        else if (TryTake("P<") || (Peek() == '<' && Peek(1) is not ('=' or '!') && TryTake('<')))
        {
            index = ++GroupCount;
            if (!TryTakeName(index))
            {
                return Fail("a group needs a name of letters, digits and underscores, used once");
            }
        }
        else if (Peek() is '=' or '!' or '<' or '>' or '(' or '|')
        {
            return Fail("look-around, atomic and conditional groups are not there: they have no linear-time form");
        }
        else if (!TryTakeFlags(out bool isWholeGroup))
        {
            return Fail("unknown flag after (?");
        }
        else if (isWholeGroup)
        {
            // (?i) holds to the end of the group it stands in.
            return new SequenceNode([]);
        }

        PatternNode? part = ParseAlternatives();
        _flags = outer;
        return part is null ? null : !TryTake(')') ? Fail("a ) is missing") : index == 0 ? part : new GroupNode(part, index);
    }

    private bool TryTakeName(int index)
    {
        int end = text.IndexOf('>', _at);
        string name = end < 0 ? "" : text[_at..end];
        if (name.Length == 0 || char.IsAsciiDigit(name[0]) || !name.All(static c => c == '_' || char.IsAsciiLetterOrDigit(c)) || !GroupNames.TryAdd(name, index))
        {
            return false;
        }

        _at = end + 1;
        return true;
    }

    /// <summary><c>ims-U:</c>, <c>i)</c>. <paramref name="isWholeGroup"/>: the group is closed already.</summary>
    private bool TryTakeFlags(out bool isWholeGroup)
    {
        isWholeGroup = false;
        bool isOn = true;
        while (!IsAtEnd)
        {
            char c = text[_at++];
            PatternFlags flag = c switch
            {
                'i' => PatternFlags.IgnoreCase,
                'm' => PatternFlags.MultiLine,
                's' => PatternFlags.DotAll,
                'U' => PatternFlags.SwapGreed,
                'x' => PatternFlags.Extended,
                _ => PatternFlags.None,
            };
            switch (c)
            {
                case '-' when isOn:
                    isOn = false;
                    break;
                case ':' or ')':
                    isWholeGroup = c == ')';
                    return true;
                case 'u' when isOn:
                    break;
                case not 'u' when flag != PatternFlags.None:
                    _flags = isOn ? _flags | flag : _flags & ~flag;
                    break;
                default:
                    return false;
            }
        }

        return false;
    }

    /// <summary>White space and <c>#</c> to the end of the line, where flag x is on.</summary>
    private void SkipComments()
    {
        while (_flags.HasFlag(PatternFlags.Extended) && !IsAtEnd && (char.IsWhiteSpace(text[_at]) || text[_at] == '#'))
        {
            int end = text[_at] == '#' ? text.IndexOf('\n', _at) : _at;
            _at = end < 0 ? text.Length : end + 1;
        }
    }

    private RuneNode Literal(int rune)
    {
        bool ignoresCase = _flags.HasFlag(PatternFlags.IgnoreCase);
        return new RuneNode(RuneSet.Of(rune, ignoresCase), ignoresCase ? null : rune);
    }

    private int TakeRune()
    {
        bool isPair = char.IsHighSurrogate(text[_at]) && _at + 1 < text.Length && char.IsLowSurrogate(text[_at + 1]);
        int rune = isPair ? char.ConvertToUtf32(text, _at) : text[_at];
        _at += isPair ? 2 : 1;
        return rune;
    }

    private char Peek(int ahead = 0) => _at + ahead < text.Length ? text[_at + ahead] : '\0';

    private bool TryTake(char c)
    {
        bool isNext = !IsAtEnd && text[_at] == c;
        _at += isNext ? 1 : 0;
        return isNext;
    }

    private bool TryTake(string s)
    {
        bool isNext = string.CompareOrdinal(text, _at, s, 0, s.Length) == 0;
        _at += isNext ? s.Length : 0;
        return isNext;
    }

    private PatternNode? Fail(string error)
    {
        Error = Error.Length == 0 ? string.Create(CultureInfo.InvariantCulture, $"{error} (at character {Math.Min(_at, text.Length)})") : Error;
        return null;
    }

    /// <summary>What <c>(?flags)</c> can turn on.</summary>
    [Flags]
    private enum PatternFlags
    {
        None = 0,
        IgnoreCase = 1,
        MultiLine = 2,
        DotAll = 4,
        SwapGreed = 8,
        Extended = 16,
    }
}
