namespace Mayfly.Platforms.Lambda.Usage;

/// <summary>
/// How often may be looked: every 10 ms in the first 100 ms of activity, every 100 ms after that, and in the long run never for more than 1/400 of a core,
/// however many processes there are and however short invocations are. Rest earns a small credit, so the usual lone invocation has its dense samples.
/// </summary>
/// <remarks>
/// A look counts as the cheaper one of itself and the one before: one outlier (cold caches, a page fault) slows nothing down, lasting cost does.
/// Not thread-safe. docs/spec/01-lambda-lifecycle.md#5-enhanced-metrics, usage sampling.
/// </remarks>
internal sealed class SamplingPace(TimeProvider time)
{
    /// <summary>Each nanosecond of CPU time takes this many of rest.</summary>
    internal const int RestPerCost = 400;

    /// <summary>CPU time that can be spent at once after a long rest; ns.</summary>
    internal const long CreditNs = 4_000_000;

    /// <summary>CPU time of being woken by a timer, which a look cannot measure itself; ns, mostly the thread pool's.</summary>
    internal const long WakeCostNs = 150_000;

    private static readonly TimeSpan FastInterval = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan SlowInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan FastFor = TimeSpan.FromMilliseconds(100);

    private long _updatedAt = time.GetTimestamp();
    private long _costBeforeNs;
    private long _owedNs;

    /// <summary>The time until the next look is allowed; zero = now.</summary>
    public TimeSpan Rest
    {
        get
        {
            Update();
            long excessNs = _owedNs - CreditNs;
            return excessNs <= 0 ? TimeSpan.Zero : TimeSpan.FromMicroseconds(excessNs * RestPerCost / 1000.0);
        }
    }

    /// <summary>The usual time between looks.</summary>
    /// <param name="active">Time since activity began.</param>
    public static TimeSpan Interval(TimeSpan active) => active < FastFor ? FastInterval : SlowInterval;

    /// <summary>Takes note of what a look cost; ns of CPU time.</summary>
    public void Spend(long costNs)
    {
        Update();
        _owedNs += Math.Min(costNs, _costBeforeNs);
        _costBeforeNs = costNs;
    }

    /// <summary>Takes note of having been woken for a look.</summary>
    public void SpendWake()
    {
        Update();
        _owedNs += WakeCostNs;
    }

    private void Update()
    {
        long now = time.GetTimestamp();
        double paidNs = time.GetElapsedTime(_updatedAt, now).TotalNanoseconds / RestPerCost;
        _owedNs = paidNs >= _owedNs ? 0 : _owedNs - (long)paidNs;
        _updatedAt = now;
    }
}
