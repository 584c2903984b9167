using System.Runtime.InteropServices;

namespace Mayfly.Metrics;

/// <summary>
/// Remembers which points were sent, so that one that has to be sent again (its bucket was still open at an early flush) gets a time of its own:
/// the start of the bucket plus the number of earlier sends, at most <see cref="MaxShiftSeconds"/> (docs/spec/04-metrics-logs.md#a10-time-and-buckets).
/// </summary>
/// <remarks>
/// Identities are 64-bit hashes in two generations; the older one is forgotten as a whole, so memory is bounded by twice the limit. A hash collision costs
/// one second of shift. Not thread-safe.
/// </remarks>
internal sealed class SentPoints(int generationLimit, TimeSpan generationAge, TimeProvider time)
{
    public const int MaxShiftSeconds = MetricContext.BucketSeconds - 1;

    private Dictionary<ulong, Sent> _young = [];
    private Dictionary<ulong, Sent> _old = [];
    private long _youngSince = time.GetTimestamp();

    /// <summary>To be called once per flush: turns the generations when the young one is full or old.</summary>
    public void Age()
    {
        if (_young.Count >= generationLimit || time.GetElapsedTime(_youngSince) >= generationAge)
        {
            (_young, _old) = (_old, _young);
            _young.Clear();
            _youngSince = time.GetTimestamp();
        }
    }

    /// <summary>
    /// The seconds by which the point <paramref name="identity"/> is to be shifted now. At the largest shift the intake keeps the last point only, so an
    /// <paramref name="amount"/> that adds up (a count) is made the total of all that was sent with that time.
    /// </summary>
    public int NextShift(ulong identity, ref double amount)
    {
        ref Sent sent = ref CollectionsMarshal.GetValueRefOrAddDefault(_young, identity, out bool known);
        if (!known && _old.Count > 0)
        {
            _old.Remove(identity, out sent);
        }

        int shift = Math.Min(sent.Times, MaxShiftSeconds);
        if (shift == MaxShiftSeconds)
        {
            sent.AmountAtLargestShift += amount;
            amount = sent.AmountAtLargestShift;
        }

        sent.Times = shift + 1;
        return shift;
    }

    private struct Sent
    {
        public int Times;
        public double AmountAtLargestShift;
    }
}
