namespace Mayfly.Platforms.Lambda.Usage;

/// <summary>
/// When the next sample is due: every 10 ms in the first 100 ms of activity, every 100 ms after that, and never so often that samples take more than a fixed
/// share
/// of a core, however many processes there are to look at.
/// </summary>
/// <remarks>
/// The cost that counts is the lower one of the last two samples: one outlier (cold caches, a page fault) does not slow sampling down, lasting cost does.
/// docs/spec/01-lambda-lifecycle.md#5-enhanced-metrics, usage sampling.
/// </remarks>
internal struct SamplingPace
{
    /// <summary>Each nanosecond of CPU time is followed by this many without.</summary>
    internal const int RestPerCost = 400;

    /// <summary>CPU time of waking a thread for a sample, which the sample cannot measure; ns.</summary>
    internal const long WakeCostNs = 20_000;

    private static readonly TimeSpan FastInterval = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan SlowInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan FastFor = TimeSpan.FromMilliseconds(100);

    private long _lastCostNs;
    private long _costBeforeNs;

    /// <summary>Takes note of what a sample cost; ns of CPU time.</summary>
    public void Sampled(long costNs)
    {
        _costBeforeNs = _lastCostNs;
        _lastCostNs = costNs;
    }

    /// <summary>The time that has to pass after a sample, whatever else there is to do.</summary>
    public readonly TimeSpan Rest
    {
        get
        {
            long costNs = Math.Min(_lastCostNs, _costBeforeNs);
            return costNs <= 0 ? TimeSpan.Zero : TimeSpan.FromMicroseconds((costNs + WakeCostNs) * RestPerCost / 1000);
        }
    }

    /// <summary>The usual time between samples.</summary>
    /// <param name="active">Time since activity began.</param>
    public static TimeSpan Interval(TimeSpan active) => active < FastFor ? FastInterval : SlowInterval;
}
