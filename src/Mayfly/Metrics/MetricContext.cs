namespace Mayfly.Metrics;

/// <summary>One aggregate: a name, type and canonical tags within one bucket of ten seconds. Its texts lie in the <see cref="ContextTable"/>.</summary>
internal struct MetricContext
{
    /// <summary>Start of the bucket, seconds since the Unix epoch, a multiple of <see cref="BucketSeconds"/>.</summary>
    public long Bucket;

    public MetricType Type;

    /// <summary>Sent by a client: it may get a namespace and tags of its own.</summary>
    public bool IsClients;
    public int NameOffset;
    public int NameLength;
    public int TagsOffset;
    public int TagsLength;

    /// <summary>Samples folded in and not dropped.</summary>
    public long Samples;

    /// <summary>Sum of a count, last value of a gauge.</summary>
    public double Value;

    /// <summary>
    /// <see cref="AgentSketch"/>, <see cref="WeightedSamples"/> or <see cref="DistinctTexts"/>, as the type asks; null for counts and gauges.
    /// </summary>
    public object? State;

    public const int BucketSeconds = 10;

    /// <summary>What a context costs beside its texts and its state: itself and its entry in the table.</summary>
    public const int SizeBytes = 128;
}
