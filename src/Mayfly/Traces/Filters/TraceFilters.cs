using Mayfly.Config;
using Mayfly.Patterns;
using Mayfly.Wire;

namespace Mayfly.Traces.Filters;

/// <summary>What the user does not want: traces whose root has a certain resource, has certain tags, or lacks some. Immutable, thread-safe.</summary>
/// <remarks>docs/spec/03-traces.md#36-filters, column M. Expressions are compiled once, when the settings are read.</remarks>
internal sealed class TraceFilters(TraceFilterSettings settings)
{
    /// <summary>As much of a text as leaves the agent at most (docs/spec/03-traces.md#39-truncation-go-lib-none): what is behind is not matched.</summary>
    private const int LongestMatchedBytes = 25_000;

    private readonly Pattern[] _ignoredResources = [.. settings.IgnoredResources];
    private readonly TagRule[] _reject = [.. settings.Reject.Select(static condition => new TagRule(condition))];
    private readonly TagRule[] _require = [.. settings.Require.Select(static condition => new TagRule(condition))];

    /// <summary>True when the trace of this root is not wanted.</summary>
    public bool Rejects(Span root)
    {
        foreach (Pattern resource in _ignoredResources)
        {
            if (IsMatch(resource, root.Resource))
            {
                return true;
            }
        }

        foreach (TagRule rule in _reject)
        {
            if (rule.Matches(root))
            {
                return true;
            }
        }

        foreach (TagRule rule in _require)
        {
            if (!rule.Matches(root))
            {
                return true;
            }
        }

        return false;
    }

    internal static bool IsMatch(Pattern pattern, Utf8Slice text) => pattern.IsMatch(text.Span[..Math.Min(text.Length, LongestMatchedBytes)]);
}
