namespace Mayfly.Metrics;

/// <summary>What tells one context from another (docs/spec/04-metrics-logs.md#a7-tags-contexts-limits).</summary>
/// <param name="name">As it was sent.</param>
/// <param name="tags">Joined by commas; as sent, or canonical.</param>
/// <param name="type">The type.</param>
/// <param name="bucket">Start of the bucket, Unix seconds.</param>
/// <param name="isClients">Sent by a client; false also where that makes no difference.</param>
internal readonly ref struct ContextKey(ReadOnlySpan<byte> name, ReadOnlySpan<byte> tags, MetricType type, long bucket, bool isClients)
{
    public ReadOnlySpan<byte> Name { get; } = name;

    public ReadOnlySpan<byte> Tags { get; } = tags;

    public MetricType Type { get; } = type;

    public long Bucket { get; } = bucket;

    public bool IsClients { get; } = isClients;

    /// <summary>The same context with another spelling of its tags.</summary>
    public ContextKey WithTags(ReadOnlySpan<byte> tags) => new(Name, tags, Type, Bucket, IsClients);
}
