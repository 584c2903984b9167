namespace Mayfly.Config;

/// <summary>What trace statistics are keyed by, as the user wants it (docs/spec/03-traces.md#42-eligibility-key-buckets).</summary>
public sealed record StatsKeySettings
{
    /// <summary>More is a mistake: each one multiplies the keys.</summary>
    private const int MostMorePeerTags = 100;

    /// <summary>Peer tags beside the usual ones.</summary>
    public IReadOnlyList<string> MorePeerTags { get; init; } = [];

    /// <summary>False: keys have no peer tags.</summary>
    public bool UsesPeerTags { get; init; } = true;

    /// <summary>False: a span's kind alone does not make it count.</summary>
    public bool CountsSpanKinds { get; init; } = true;

    internal static StatsKeySettings Read(EnvReader env)
    {
        IReadOnlyList<string> more = env.Texts(Keys.PeerTags);
        if (more.Count > MostMorePeerTags)
        {
            env.Warn(Keys.PeerTags, $"{more.Count} tags", $"at most {MostMorePeerTags}, the first ones are used");
            more = [.. more.Take(MostMorePeerTags)];
        }

        return new StatsKeySettings
        {
            MorePeerTags = more,
            UsesPeerTags = env.Bool(Keys.PeerTagsAggregation, @default: true),
            CountsSpanKinds = env.Bool(Keys.ComputeStatsBySpanKind, @default: true),
        };
    }
}
