using System.Diagnostics.CodeAnalysis;
using Mayfly.Wire;

namespace Mayfly.Patterns;

/// <summary>
/// A regular expression that a user wrote, over UTF-8 bytes, in time that is linear in the text whatever the expression. Thread-safe.
/// </summary>
/// <remarks>
/// The dialect of Rust's regex and Go's RE2, which users' rules are written for; matches are those that a backtracking engine finds. Why not the one of .NET:
/// docs/decisions/0005-own-regular-expressions.md. What is not there is an error of <see cref="TryParse"/>, never a silent other meaning.
/// </remarks>
public sealed class Pattern
{
    /// <summary>
    /// Finding one match is linear, replacing all need not be: a long way behind each match may be looked at again and again. It ends after the work of so
    /// many passes over the text.
    /// </summary>
    private const int MostPasses = 4;

    /// <summary>No text costs more than this, some 100 ms.</summary>
    private const long LargestBudget = 20_000_000;

    /// <summary>Texts shorter than this get the time of one that long.</summary>
    private const int LeastBytes = 1024;

    private const int MostGroups = 100;

    private readonly PatternProgram _program;
    private readonly Dictionary<string, int> _groupNames;

    /// <summary>A machine that waits for work; null while it has some.</summary>
    private PatternMachine? _machine;

    private Pattern(string text, PatternProgram program, Dictionary<string, int> groupNames)
    {
        Text = text;
        _program = program;
        _groupNames = groupNames;
    }

    /// <summary>The expression as the user wrote it.</summary>
    public string Text { get; }

    /// <summary>Groups that capture, the match itself not counted.</summary>
    public int GroupCount => _program.GroupCount;

    /// <summary>Reads an expression; false: <paramref name="error"/> says what is wrong with it.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out Pattern? pattern, [NotNullWhen(false)] out string? error)
    {
        var parser = new PatternParser(text);
        PatternNode? root = parser.Parse();
        PatternProgram? program = root is null || parser.GroupCount > MostGroups ? null : PatternProgram.Compile(root, parser.GroupCount);
        pattern = program is null ? null : new Pattern(text, program, parser.GroupNames);
        error = root is null ? parser.Error : program is null ? "it is too large: its repetitions and groups need more than 10,000 steps or 100 groups" : null;
        return pattern is not null;
    }

    /// <summary>True when some part of <paramref name="text"/> matches.</summary>
    public bool IsMatch(ReadOnlySpan<byte> text)
    {
        if (!MayMatch(text))
        {
            return false;
        }

        PatternMachine machine = Rent();
        long budget = long.MaxValue;
        PatternAutomaton.Finding finding = machine.Look(text, 0, out int from);
        bool isMatch = finding == PatternAutomaton.Finding.Unknown
            ? machine.TryFind(text, from, [], ref budget)
            : finding == PatternAutomaton.Finding.Match;
        _machine = machine;
        return isMatch;
    }

    /// <summary>Appends <paramref name="text"/> with all matches replaced to <paramref name="output"/>, which stays as it is when there is none.</summary>
    public PatternOutcome Replace(ReadOnlySpan<byte> text, Replacement replacement, PooledBuffer output)
    {
        if (!MayMatch(text))
        {
            return PatternOutcome.NoMatch;
        }

        PatternMachine machine = Rent();
        Span<int> slots = replacement.NeedsGroups ? stackalloc int[(GroupCount + 1) * 2] : stackalloc int[2];
        int mark = output.Length;
        long budget = Math.Min((long)Math.Max(text.Length, LeastBytes) * _program.Steps.Length * MostPasses, LargestBudget);
        PatternOutcome outcome = PatternOutcome.NoMatch;
        int copied = 0;
        for (int at = 0; at <= text.Length;)
        {
            if (machine.Look(text, at, out int from) == PatternAutomaton.Finding.None || !machine.TryFind(text, from, slots, ref budget))
            {
                break;
            }

            (int first, int end) = (slots[0], slots[1]);

            // An empty match right behind another match is none.
            if (end > first || first > copied || outcome == PatternOutcome.NoMatch)
            {
                outcome = PatternOutcome.Replaced;
                output.Write(text[copied..first]);
                replacement.WriteTo(output, text, slots);
                copied = end;
            }

            at = end > first ? end : end + WidthAt(text, end);
            if (at <= text.Length && !MayMatch(text[at..]))
            {
                break;
            }
        }

        _machine = machine;
        if (budget < 0)
        {
            output.Truncate(mark);
            return PatternOutcome.GaveUp;
        }

        if (outcome == PatternOutcome.Replaced)
        {
            output.Write(text[copied..]);
        }

        return outcome;
    }

    internal int? FindGroup(string name) => _groupNames.TryGetValue(name, out int index) ? index : null;

    private bool MayMatch(ReadOnlySpan<byte> text) => _program.Required.Length == 0 || text.IndexOf(_program.Required) >= 0;

    private PatternMachine Rent() => Interlocked.Exchange(ref _machine, null) ?? new PatternMachine(_program);

    /// <summary>Bytes of the code point at <paramref name="at"/>; 1 at the end.</summary>
    private static int WidthAt(ReadOnlySpan<byte> text, int at)
    {
        System.Text.Rune.DecodeFromUtf8(text[at..], out _, out int width);
        return Math.Max(width, 1);
    }
}

/// <summary>What became of a text that a <see cref="Pattern"/> was to change.</summary>
public enum PatternOutcome
{
    NoMatch,
    Replaced,

    /// <summary>It would have taken too long. What the text holds is not known.</summary>
    GaveUp,
}
