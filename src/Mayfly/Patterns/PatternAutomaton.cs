using System.Buffers;
using System.Text;

namespace Mayfly.Patterns;

/// <summary>
/// Tells whether a text has a match, at one look-up per character: a deterministic automaton whose states are made as texts need them.
/// Not thread-safe; used again and again.
/// </summary>
/// <remarks>
/// A state is the set of steps that are open before the next character, those of a match that would begin right there not counted, and what of the character
/// before matters to assertions. Matches are found, not ordered: where one begins and what its groups are is <see cref="PatternMachine"/>'s work, over the few
/// characters that this leaves. States are bounded; a pattern that needs more is left to the machine.
/// </remarks>
internal sealed class PatternAutomaton
{
    /// <summary>Larger programs have no automaton.</summary>
    private const int MostSteps = 1000;

    /// <summary>Cells of the table: 128 KiB.</summary>
    private const int MostCells = 32 * 1024;

    /// <summary>States without open steps: one for each combination of the flags below.</summary>
    private const int EmptyStates = 8;

    /// <summary>A look for a first byte that skips less than this was not worth it; the next one is made so many bytes later.</summary>
    private const int LeastSkip = 16;
    private const int NextSkip = 64;

    private const int TextStart = 1;
    private const int AfterLineFeed = 2;
    private const int AfterWord = 4;

    /// <summary>In the table: nobody has asked yet.</summary>
    private const int Unasked = -1;

    /// <summary>In the table: a match ends before this character.</summary>
    private const int Match = -2;

    /// <summary>The states do not settle if the table is full again after fewer characters than this, several times.</summary>
    private const int LeastBetweenResets = 64 * 1024;
    private const int MostResets = 4;

    private readonly PatternStep[] _steps;
    private readonly bool _isAnchored;
    private readonly bool _hasAssertions;
    private readonly SearchValues<byte>? _firstBytes;

    private readonly RunePartition _classes;
    private readonly int[] _setOfStep;
    private readonly int _lineFeeds;
    private readonly int _words;
    private readonly int _stride;

    /// <summary>By state: its flags, then its steps in ascending order.</summary>
    private readonly List<string> _states = [];
    private readonly Dictionary<string, int> _stateByKey = [];
    private readonly bool[] _isSeen;
    private readonly bool[] _isNext;
    private readonly Stack<int> _open = new();

    /// <summary>By row (state × stride) and class: the row that follows, <see cref="Match"/> or <see cref="Unasked"/>.</summary>
    private int[] _table = [];
    private long _scanned;
    private int _resets;

    private PatternAutomaton(PatternProgram program, SearchValues<byte>? firstBytes)
    {
        _steps = program.Steps;
        _isAnchored = program.IsAnchored;
        _firstBytes = firstBytes;
        _hasAssertions = _steps.Any(static step => step.Op == PatternOp.Assert);
        _isSeen = new bool[_steps.Length];
        _isNext = new bool[_steps.Length];
        _setOfStep = new int[_steps.Length];

        List<RuneSet> sets = [.. _steps.Where(static step => step.Op == PatternOp.Take).Select(static step => step.Set!).Distinct()];
        for (int i = 0; i < _steps.Length; i++)
        {
            _setOfStep[i] = _steps[i].Set is { } set ? sets.IndexOf(set) : -1;
        }

        // The last two are for the assertions.
        _lineFeeds = sets.Count;
        _words = sets.Count + 1;
        _classes = new RunePartition([.. sets, RuneSet.Of('\n', ignoresCase: false), RuneClasses.Words]);
        _stride = _classes.Limit;
        Reset();
    }

    /// <summary>What an automaton can say about a text.</summary>
    public enum Finding
    {
        None,
        Match,

        /// <summary>Too many states: ask the machine.</summary>
        Unknown,
    }

    /// <summary>Null: the program is too large.</summary>
    public static PatternAutomaton? TryCreate(PatternProgram program, SearchValues<byte>? firstBytes) =>
        program.Steps.Length > MostSteps ? null : new PatternAutomaton(program, firstBytes);

    /// <summary>Looks for a match at or after <paramref name="start"/>.</summary>
    /// <param name="from">No match begins between <paramref name="start"/> and here.</param>
    public Finding Find(ReadOnlySpan<byte> text, int start, out int from)
    {
        from = start;
        if (_resets >= MostResets)
        {
            return Finding.Unknown;
        }

        int at = start;
        int row = FlagsAt(text, at) * _stride;

        // Where looking for a first byte pays again: calls for a few bytes each cost more than the table.
        int skipFrom = _firstBytes is null && !_isAnchored ? int.MaxValue : at;
        while (true)
        {
            if (row < EmptyStates * _stride)
            {
                if (_isAnchored && at > 0)
                {
                    return Finding.None;
                }

                if (_firstBytes is not null && at >= skipFrom)
                {
                    int skipped = text[at..].IndexOfAny(_firstBytes);
                    if (skipped < 0)
                    {
                        _scanned += text.Length - start;
                        return Finding.None;
                    }

                    row = skipped > 0 ? FlagsAt(text, at + skipped) * _stride : row;
                    at += skipped;
                    skipFrom = _isAnchored || skipped >= LeastSkip ? at : at + NextSkip;
                }

                from = at;
            }

            at = SkipKnown(text, at, skipFrom, ref row, ref from);
            if (row < EmptyStates * _stride && at > from)
            {
                continue;
            }

            int @class = _classes.ClassAt(text, at, out int width);
            int next = @class < 0 ? Unasked : _table[row + @class];
            if (next == Unasked && (@class < 0 || !TryMake(row / _stride, @class, out next)))
            {
                _scanned += at - start;
                ResetAndCount();
                return Finding.Unknown;
            }

            if (next == Match || at == text.Length)
            {
                _scanned += at - start;
                return next == Match ? Finding.Match : Finding.None;
            }

            row = next;
            at += width;
        }
    }

    /// <summary>
    /// The fast part: ASCII, and transitions that are in the table. It ends where looking for a first byte may be worth it: in a state without open steps,
    /// behind <paramref name="skipFrom"/>; then <paramref name="from"/> is less than the place it returns.
    /// </summary>
    private int SkipKnown(ReadOnlySpan<byte> text, int at, int skipFrom, ref int row, ref int from)
    {
        ReadOnlySpan<int> table = _table;
        ReadOnlySpan<byte> classes = _classes.Ascii;
        int empty = EmptyStates * _stride;
        int now = row;
        while (at < text.Length && text[at] < 0x80)
        {
            int next = table[now + classes[text[at]]];
            if (next < 0)
            {
                break;
            }

            now = next;
            at++;
            if (now < empty)
            {
                if (at >= skipFrom)
                {
                    break;
                }

                from = at;
            }
        }

        row = now;
        return at;
    }

    private int FlagsAt(ReadOnlySpan<byte> text, int at)
    {
        if (at == 0)
        {
            return _hasAssertions || _isAnchored ? TextStart : 0;
        }

        if (!_hasAssertions)
        {
            return 0;
        }

        int before = text[at - 1];
        if (before >= 0x80)
        {
            Rune.DecodeLastFromUtf8(text[..at], out Rune rune, out _);
            before = rune.Value;
        }

        return before == '\n' ? AfterLineFeed : RuneClasses.Words.Contains(before) ? AfterWord : 0;
    }

    /// <summary>Works out one transition. False: there is no room for the state it leads to.</summary>
    private bool TryMake(int state, int @class, out int next)
    {
        string key = _states[state];
        bool isMatch = Follow(key, @class);
        next = Match;
        if (!isMatch)
        {
            if (!TryFindState(NextKey(@class), out int following))
            {
                return false;
            }

            next = following * _stride;
        }

        _table[state * _stride + @class] = next;
        return true;
    }

    /// <summary>Marks the steps that are open behind a character of the class; true when a match ends before it.</summary>
    private bool Follow(string key, int @class)
    {
        Array.Clear(_isSeen);
        Array.Clear(_isNext);
        int flags = key[0];
        foreach (char step in key.AsSpan(1))
        {
            _open.Push(step);
        }

        if (!_isAnchored || (flags & TextStart) != 0)
        {
            _open.Push(0);
        }

        bool isMatch = false;
        while (_open.TryPop(out int at))
        {
            if (_isSeen[at])
            {
                continue;
            }

            _isSeen[at] = true;
            PatternStep step = _steps[at];
            switch (step.Op)
            {
                case PatternOp.Match:
                    isMatch = true;
                    break;
                case PatternOp.Take:
                    _isNext[at + 1] |= _classes.IsIn(@class, _setOfStep[at]);
                    break;
                case PatternOp.Split:
                    _open.Push(step.X);
                    _open.Push(step.Y);
                    break;
                case PatternOp.Assert when !Holds((PatternAssertion)step.X, flags, @class):
                    break;
                default:
                    _open.Push(step.Op == PatternOp.Jump ? step.X : at + 1);
                    break;
            }
        }

        return isMatch;
    }

    private bool Holds(PatternAssertion assertion, int flags, int @class) => assertion switch
    {
        PatternAssertion.TextStart => (flags & TextStart) != 0,
        PatternAssertion.TextEnd => @class == RunePartition.End,
        PatternAssertion.LineStart => (flags & (TextStart | AfterLineFeed)) != 0,
        PatternAssertion.LineEnd => @class == RunePartition.End || _classes.IsIn(@class, _lineFeeds),
        _ => (((flags & AfterWord) != 0) != _classes.IsIn(@class, _words)) == (assertion == PatternAssertion.WordBoundary),
    };

    private string NextKey(int @class)
    {
        var key = new StringBuilder();
        key.Append((char)(!_hasAssertions ? 0 : _classes.IsIn(@class, _lineFeeds) ? AfterLineFeed : _classes.IsIn(@class, _words) ? AfterWord : 0));
        for (int step = 0; step < _isNext.Length; step++)
        {
            if (_isNext[step])
            {
                key.Append((char)step);
            }
        }

        return key.ToString();
    }

    private bool TryFindState(string key, out int state)
    {
        if (_stateByKey.TryGetValue(key, out state))
        {
            return true;
        }

        state = _states.Count;
        if ((state + 1) * _stride > _table.Length)
        {
            if (_table.Length * 2 > MostCells)
            {
                return false;
            }

            int known = _table.Length;
            Array.Resize(ref _table, known * 2);
            Array.Fill(_table, Unasked, known, known);
        }

        _states.Add(key);
        _stateByKey.Add(key, state);
        return true;
    }

    private void ResetAndCount()
    {
        _resets = _scanned < LeastBetweenResets ? _resets + 1 : 0;
        Reset();
    }

    private void Reset()
    {
        _states.Clear();
        _stateByKey.Clear();
        _table = new int[EmptyStates * 2 * _stride];
        Array.Fill(_table, Unasked);
        _scanned = 0;
        for (int flags = 0; flags < EmptyStates; flags++)
        {
            TryFindState(((char)flags).ToString(), out _);
        }
    }
}
