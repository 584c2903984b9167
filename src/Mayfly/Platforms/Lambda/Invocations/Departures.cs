using Mayfly.Tags;

namespace Mayfly.Platforms.Lambda.Invocations;

/// <summary>
/// What one change of the tracker lets go: decided under its lock, sent outside of it. Metrics first: whoever sees the span finds them counted.
/// </summary>
internal sealed class Departures(Action<ExecutionSpan> sendSpan, Action<InitSpan> sendInitSpan)
{
    private readonly List<(TagSet Tags, Action<TagSet> Emission)> _metrics = [];
    private readonly List<ExecutionSpan> _spans = [];
    private InitSpan? _init;

    public void Add(ExecutionSpan span) => _spans.Add(span);

    /// <summary>The sandbox's only one, when it does not go with an <see cref="ExecutionSpan"/>; null adds nothing.</summary>
    public void Add(InitSpan? span) => _init ??= span;

    public void Add(TagSet tags, Action<TagSet> emission) => _metrics.Add((tags, emission));

    /// <summary>Takes the emissions out of <paramref name="held"/>.</summary>
    public void Add(TagSet tags, List<Action<TagSet>> held)
    {
        held.ForEach(emission => _metrics.Add((tags, emission)));
        held.Clear();
    }

    public void Send()
    {
        _metrics.ForEach(static metric => metric.Emission(metric.Tags));
        _spans.ForEach(sendSpan);
        if (_init is not null)
        {
            sendInitSpan(_init);
        }
    }
}
