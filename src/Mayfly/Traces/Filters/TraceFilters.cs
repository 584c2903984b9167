namespace Mayfly.Traces.Filters;

/// <summary>What the user does not want: traces whose root has a certain resource, has certain tags, or lacks some. Immutable.</summary>
/// <remarks>docs/spec/03-traces.md#36-filters, column M</remarks>
public sealed class TraceFilters
{
    public static TraceFilters None { get; } = new();

    /// <summary>One match of the root suffices, and the trace goes.</summary>
    public IReadOnlyList<TagRule> Reject { get; init; } = [];

    /// <summary>All have to match the root, or the trace goes.</summary>
    public IReadOnlyList<TagRule> Require { get; init; } = [];

    /// <summary>True when the trace of this root is not wanted.</summary>
    public bool Rejects(Span root)
    {
        foreach (TagRule rule in Reject)
        {
            if (rule.Matches(root))
            {
                return true;
            }
        }

        foreach (TagRule rule in Require)
        {
            if (!rule.Matches(root))
            {
                return true;
            }
        }

        return false;
    }
}
