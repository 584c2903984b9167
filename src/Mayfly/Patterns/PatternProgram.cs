using System.Text;

namespace Mayfly.Patterns;

/// <summary>One step of a <see cref="PatternProgram"/>.</summary>
/// <param name="X">Next step, of a split the preferred one; of <see cref="PatternOp.Save"/> the slot; of <see cref="PatternOp.Assert"/> the assertion.</param>
/// <param name="Y">Of a split the other next step.</param>
internal readonly record struct PatternStep(PatternOp Op, int X = 0, int Y = 0, RuneSet? Set = null);

/// <summary>What a step does. All but <see cref="Match"/>, <see cref="Jump"/> and <see cref="Split"/> go on to the step after.</summary>
internal enum PatternOp
{
    /// <summary>Takes one code point of a set.</summary>
    Take,

    /// <summary>Goes on at X, else at Y.</summary>
    Split,
    Jump,

    /// <summary>Writes the position into a slot.</summary>
    Save,
    Assert,
    Match,
}

/// <summary>A pattern as steps for <see cref="PatternMachine"/>, and what all of its matches have in common.</summary>
internal sealed class PatternProgram
{
    /// <summary>A match costs at most this much work per byte of text.</summary>
    private const int MostSteps = 10_000;

    private readonly List<PatternStep> _steps = [];

    private PatternProgram(int groupCount) => GroupCount = groupCount;

    public PatternStep[] Steps { get; private set; } = [];

    public int GroupCount { get; }

    /// <summary>UTF-8 that each match contains; empty = nothing is known.</summary>
    public byte[] Required { get; private set; } = [];

    /// <summary>Each match starts where the text starts.</summary>
    public bool IsAnchored { get; private set; }

    /// <summary>Null: too large.</summary>
    public static PatternProgram? Compile(PatternNode root, int groupCount)
    {
        var program = new PatternProgram(groupCount);
        program.Emit(PatternOp.Save, 0);
        program.Emit(root);
        program.Emit(PatternOp.Save, 1);
        program.Emit(PatternOp.Match);
        program.Steps = [.. program._steps];
        program.Required = LongestRequired(root);
        program.IsAnchored = StartsAtTextStart(root);
        return program.Steps.Length > MostSteps ? null : program;
    }

    private void Emit(PatternNode node)
    {
        if (_steps.Count > MostSteps)
        {
            return;
        }

        switch (node)
        {
            case RuneNode rune:
                _steps.Add(new PatternStep(PatternOp.Take, Set: rune.Set));
                break;
            case AssertionNode assertion:
                Emit(PatternOp.Assert, (int)assertion.Assertion);
                break;
            case SequenceNode sequence:
                foreach (PatternNode part in sequence.Parts)
                {
                    Emit(part);
                }

                break;
            case GroupNode group:
                Emit(PatternOp.Save, group.Index * 2);
                Emit(group.Part);
                Emit(PatternOp.Save, group.Index * 2 + 1);
                break;
            case AlternativesNode alternatives:
                EmitAlternatives(alternatives);
                break;
            case RepeatNode repeat:
                EmitRepeat(repeat);
                break;
        }
    }

    private void EmitAlternatives(AlternativesNode node)
    {
        var exits = new List<int>();
        for (int i = 0; i < node.Choices.Count; i++)
        {
            bool isLast = i == node.Choices.Count - 1;
            int split = isLast ? -1 : Emit(PatternOp.Split);
            Emit(node.Choices[i]);
            if (!isLast)
            {
                exits.Add(Emit(PatternOp.Jump));
                Point(split, split + 1, _steps.Count, isGreedy: true);
            }
        }

        foreach (int exit in exits)
        {
            _steps[exit] = new PatternStep(PatternOp.Jump, _steps.Count);
        }
    }

    private void EmitRepeat(RepeatNode node)
    {
        // x* of something that may be empty is (x+)?, as in RE2: else the empty round would hide what follows it.
        bool isNullableStar = node is { Least: 0, Most: null, Part.IsNullable: true };
        int least = isNullableStar ? 1 : node.Least;
        int skip = isNullableStar ? Emit(PatternOp.Split) : -1;
        int start = _steps.Count;
        for (int i = 0; i < least && _steps.Count <= MostSteps; i++)
        {
            start = _steps.Count;
            Emit(node.Part);
        }

        if (node.Most is { } most)
        {
            EmitOptional(node, most - least);
        }
        else if (least > 0)
        {
            int split = Emit(PatternOp.Split);
            Point(split, start, split + 1, node.IsGreedy);
        }
        else
        {
            int split = Emit(PatternOp.Split);
            Emit(node.Part);
            Emit(PatternOp.Jump, split);
            Point(split, split + 1, _steps.Count, node.IsGreedy);
        }

        if (skip >= 0)
        {
            Point(skip, skip + 1, _steps.Count, node.IsGreedy);
        }
    }

    /// <summary>x?x?x?, each of which leads to the end of all.</summary>
    private void EmitOptional(RepeatNode node, int count)
    {
        var splits = new List<int>();
        for (; count > 0 && _steps.Count <= MostSteps; count--)
        {
            splits.Add(Emit(PatternOp.Split));
            Emit(node.Part);
        }

        foreach (int split in splits)
        {
            Point(split, split + 1, _steps.Count, node.IsGreedy);
        }
    }

    private int Emit(PatternOp op, int x = 0)
    {
        _steps.Add(new PatternStep(op, x));
        return _steps.Count - 1;
    }

    private void Point(int split, int into, int past, bool isGreedy) =>
        _steps[split] = isGreedy ? new PatternStep(PatternOp.Split, into, past) : new PatternStep(PatternOp.Split, past, into);

    /// <summary>The longest run of literals on the way that each match takes.</summary>
    private static byte[] LongestRequired(PatternNode node)
    {
        switch (node)
        {
            case RuneNode { Rune: { } rune } when Rune.IsValid(rune):
                return Encoding.UTF8.GetBytes(new Rune(rune).ToString());
            case GroupNode group:
                return LongestRequired(group.Part);
            case RepeatNode { Least: > 0 } repeat:
                return LongestRequired(repeat.Part);
            case SequenceNode sequence:
                byte[] longest = [];
                byte[] run = [];
                foreach (PatternNode part in sequence.Parts)
                {
                    byte[] own = LongestRequired(part);
                    run = part is RuneNode ? own.Length == 0 ? [] : [.. run, .. own] : part is AssertionNode ? run : [];
                    longest = run.Length > longest.Length ? run : own.Length > longest.Length ? own : longest;
                }

                return longest;
            default:
                return [];
        }
    }

    private static bool StartsAtTextStart(PatternNode node) => node switch
    {
        AssertionNode assertion => assertion.Assertion == PatternAssertion.TextStart,
        GroupNode group => StartsAtTextStart(group.Part),
        SequenceNode sequence => sequence.Parts.Count > 0 && StartsAtTextStart(sequence.Parts[0]),
        AlternativesNode alternatives => alternatives.Choices.All(StartsAtTextStart),
        _ => false,
    };
}
