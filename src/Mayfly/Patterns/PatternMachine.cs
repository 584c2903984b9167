using System.Buffers;
using System.Text;

namespace Mayfly.Patterns;

/// <summary>
/// Runs a <see cref="PatternProgram"/> over UTF-8: all ways through the program at once, in the order in which a backtracking engine would try them.
/// Time is at most steps × bytes, whatever pattern and text. Not thread-safe; used again and again.
/// </summary>
/// <remarks>Pike's machine (Cox, "Regular Expression Matching: the Virtual Machine Approach"). Invalid UTF-8 reads as U+FFFD.</remarks>
internal sealed class PatternMachine
{
    private readonly PatternStep[] _steps;
    private readonly bool _isAnchored;
    private readonly SearchValues<byte>? _firstBytes;
    private readonly PatternAutomaton? _automaton;

    /// <summary>What is left to do while threads are added: a step, or (negative: complement) a slot to restore.</summary>
    private readonly (int Step, int Value)[] _stack;
    private readonly int[] _work;
    private ThreadList _now;
    private ThreadList _next;

    public PatternMachine(PatternProgram program)
    {
        _steps = program.Steps;
        _isAnchored = program.IsAnchored;
        _firstBytes = FirstBytes();
        _automaton = PatternAutomaton.TryCreate(program, _firstBytes);
        int slots = (program.GroupCount + 1) * 2;
        _stack = new (int, int)[_steps.Length * 2 + 2];
        _work = new int[slots];
        _now = new ThreadList(_steps.Length, slots);
        _next = new ThreadList(_steps.Length, slots);
    }

    /// <summary>Whether there is a match at or after <paramref name="start"/>, and a place before which none begins: quick, and no more than that.</summary>
    public PatternAutomaton.Finding Look(ReadOnlySpan<byte> text, int start, out int from)
    {
        from = start;
        return _automaton?.Find(text, start, out from) ?? PatternAutomaton.Finding.Unknown;
    }

    /// <summary>The leftmost match at or after <paramref name="start"/>, of those the one a backtracking engine finds.</summary>
    /// <param name="slots">Filled with first and end offset of the match and of each group, −1 where a group took no part. Empty: whether, not where.</param>
    /// <param name="budget">Goes down by the steps that are open before each code point; below 0 the search ends without a match.</param>
    public bool TryFind(ReadOnlySpan<byte> text, int start, Span<int> slots, ref long budget)
    {
        bool isMatched = false;
        _now.Clear();
        for (int at = start; ;)
        {
            if (_now.Count == 0)
            {
                int skipped = _firstBytes is null ? 0 : text[at..].IndexOfAny(_firstBytes);
                if (isMatched || skipped < 0 || (_isAnchored && at + skipped > 0))
                {
                    return isMatched;
                }

                at += skipped;
            }

            if (!isMatched && (!_isAnchored || at == 0) && (_firstBytes is null || (at < text.Length && _firstBytes.Contains(text[at]))))
            {
                _work.AsSpan(0, slots.Length).Fill(-1);
                AddThread(_now, 0, text, at, slots.Length);
            }

            int rune = -1;
            int width = 1;
            if (at < text.Length && (rune = text[at]) >= 0x80)
            {
                Rune.DecodeFromUtf8(text[at..], out Rune decoded, out width);
                rune = decoded.Value;
            }

            isMatched |= Step(text, at + width, rune, slots);
            if ((isMatched && slots.IsEmpty) || rune < 0 || (budget -= _now.Count) < 0)
            {
                return isMatched && budget >= 0;
            }

            at += width;
            (_now, _next) = (_next, _now);
        }
    }

    /// <summary>Moves all threads over one code point, −1 at the end; true when one of them was at a match, which ends those of less priority.</summary>
    private bool Step(ReadOnlySpan<byte> text, int end, int rune, Span<int> slots)
    {
        _next.Clear();
        for (int i = 0; i < _now.Count; i++)
        {
            int step = _now.StepAt(i);
            switch (_steps[step].Op)
            {
                case PatternOp.Take when rune >= 0 && _steps[step].Set!.Contains(rune):
                    Copy(_now.SlotsOf(i, slots.Length), _work);
                    AddThread(_next, step + 1, text, end, slots.Length);
                    break;
                case PatternOp.Match:
                    _now.SlotsOf(i, slots.Length).CopyTo(slots);
                    return true;
            }
        }

        return false;
    }

    /// <summary>Follows the steps that take nothing; threads end up before the next code point, in order of priority.</summary>
    private void AddThread(ThreadList list, int first, ReadOnlySpan<byte> text, int at, int slots)
    {
        int depth = 0;
        for (int step = first; ;)
        {
            while (step >= 0 && list.TryAdd(step, out int thread))
            {
                ref readonly PatternStep now = ref _steps[step];
                switch (now.Op)
                {
                    case PatternOp.Jump:
                        step = now.X;
                        break;
                    case PatternOp.Split:
                        _stack[depth++] = (now.Y, 0);
                        step = now.X;
                        break;
                    case PatternOp.Save:
                        if (now.X < slots)
                        {
                            _stack[depth++] = (~now.X, _work[now.X]);
                            _work[now.X] = at;
                        }

                        step++;
                        break;
                    case PatternOp.Assert:
                        step = Holds((PatternAssertion)now.X, text, at) ? step + 1 : -1;
                        break;
                    default:
                        Copy(_work.AsSpan(0, slots), list.SlotsOf(thread, slots));
                        step = -1;
                        break;
                }
            }

            do
            {
                if (depth == 0)
                {
                    return;
                }

                (step, int value) = _stack[--depth];
                if (step < 0)
                {
                    _work[~step] = value;
                }
            }
            while (step < 0);
        }
    }

    /// <summary>Most threads have two slots: a call costs more than the two.</summary>
    private static void Copy(ReadOnlySpan<int> source, Span<int> destination)
    {
        if (source.Length == 2)
        {
            (destination[0], destination[1]) = (source[0], source[1]);
        }
        else
        {
            source.CopyTo(destination);
        }
    }

    private static bool Holds(PatternAssertion assertion, ReadOnlySpan<byte> text, int at) => assertion switch
    {
        PatternAssertion.TextStart => at == 0,
        PatternAssertion.TextEnd => at == text.Length,
        PatternAssertion.LineStart => at == 0 || text[at - 1] == '\n',
        PatternAssertion.LineEnd => at == text.Length || text[at] == '\n',
        _ => (IsWordBefore(text, at) != IsWordAfter(text, at)) == (assertion == PatternAssertion.WordBoundary),
    };

    private static bool IsWordBefore(ReadOnlySpan<byte> text, int at)
    {
        Rune.DecodeLastFromUtf8(text[..at], out Rune rune, out _);
        return at > 0 && RuneClasses.Words.Contains(rune.Value);
    }

    private static bool IsWordAfter(ReadOnlySpan<byte> text, int at)
    {
        Rune.DecodeFromUtf8(text[at..], out Rune rune, out _);
        return at < text.Length && RuneClasses.Words.Contains(rune.Value);
    }

    /// <summary>The bytes that a match can begin with; null: it can be empty, or nothing is known.</summary>
    private SearchValues<byte>? FirstBytes()
    {
        var isSeen = new bool[_steps.Length];
        var open = new Stack<int>([0]);
        var bytes = new bool[256];
        while (open.TryPop(out int at))
        {
            if (isSeen[at])
            {
                continue;
            }

            isSeen[at] = true;
            PatternStep step = _steps[at];
            switch (step.Op)
            {
                case PatternOp.Match:
                    return null;
                case PatternOp.Take:
                    for (int b = 0; b < bytes.Length; b++)
                    {
                        bytes[b] |= b < 0x80 ? step.Set!.Contains(b) : step.Set!.MayHoldNonAscii;
                    }

                    break;
                case PatternOp.Split:
                    open.Push(step.X);
                    open.Push(step.Y);
                    break;
                default:
                    open.Push(step.Op == PatternOp.Jump ? step.X : at + 1);
                    break;
            }
        }

        byte[] firsts = [.. Enumerable.Range(0, bytes.Length).Where(b => bytes[b]).Select(static b => (byte)b)];
        return firsts.Length == bytes.Length ? null : SearchValues.Create(firsts);
    }

    /// <summary>A set of steps in order of arrival, each with the slots of the thread that waits there.</summary>
    private sealed class ThreadList(int steps, int slots)
    {
        private readonly int[] _dense = new int[steps];
        private readonly int[] _sparse = new int[steps];
        private readonly int[] _slots = new int[steps * slots];

        public int Count { get; private set; }

        public int StepAt(int thread) => _dense[thread];

        public Span<int> SlotsOf(int thread, int count) => _slots.AsSpan(thread * slots, count);

        public bool TryAdd(int step, out int thread)
        {
            thread = _sparse[step];
            if (thread < Count && _dense[thread] == step)
            {
                return false;
            }

            thread = Count++;
            _dense[thread] = step;
            _sparse[step] = thread;
            return true;
        }

        public void Clear() => Count = 0;
    }
}
