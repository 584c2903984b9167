namespace Mayfly.Patterns;

/// <summary>A part of a parsed pattern.</summary>
internal abstract record PatternNode
{
    /// <summary>True when the part can match the empty text.</summary>
    public abstract bool IsNullable { get; }
}

/// <summary>One code point. <paramref name="Rune"/> is set when only that one will do.</summary>
internal sealed record RuneNode(RuneSet Set, int? Rune) : PatternNode
{
    public override bool IsNullable => false;
}

/// <summary>One part after the other; none of them: the empty text.</summary>
internal sealed record SequenceNode(IReadOnlyList<PatternNode> Parts) : PatternNode
{
    public override bool IsNullable => Parts.All(static part => part.IsNullable);
}

/// <summary>The first part that matches.</summary>
internal sealed record AlternativesNode(IReadOnlyList<PatternNode> Choices) : PatternNode
{
    public override bool IsNullable => Choices.Any(static choice => choice.IsNullable);
}

/// <param name="Most">Null: no end.</param>
internal sealed record RepeatNode(PatternNode Part, int Least, int? Most, bool IsGreedy) : PatternNode
{
    public override bool IsNullable => Least == 0 || Part.IsNullable;
}

/// <param name="Index">From 1.</param>
internal sealed record GroupNode(PatternNode Part, int Index) : PatternNode
{
    public override bool IsNullable => Part.IsNullable;
}

/// <summary>A condition on the place between two code points.</summary>
internal sealed record AssertionNode(PatternAssertion Assertion) : PatternNode
{
    public override bool IsNullable => true;
}

/// <summary>What can be asked of a place in the text.</summary>
internal enum PatternAssertion
{
    TextStart,
    TextEnd,
    LineStart,
    LineEnd,
    WordBoundary,
    NoWordBoundary,
}
