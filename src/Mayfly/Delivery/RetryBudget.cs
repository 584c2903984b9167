namespace Mayfly.Delivery;

/// <summary>
/// How much may be sent again, all intakes together: data that leaves a VPC is billed by the byte, and an intake that fails after it has read a body can make
/// any retry expensive (docs/spec/04-metrics-logs.md#b11-response-handling). A token bucket, refilled evenly. Thread-safe.
/// </summary>
public sealed class RetryBudget(TimeProvider time, long bytesPerMinute = RetryBudget.BytesPerMinute)
{
    public const long BytesPerMinute = 16 * 1024 * 1024;

    private readonly Lock _gate = new();
    private double _left = bytesPerMinute;
    private long _refilledAt = time.GetTimestamp();

    /// <summary>True, and the bytes are spent; a body larger than the whole budget takes all of it.</summary>
    public bool TrySpend(long sizeBytes)
    {
        lock (_gate)
        {
            long now = time.GetTimestamp();
            double refill = time.GetElapsedTime(_refilledAt, now).TotalMinutes * bytesPerMinute;
            _left = Math.Min(bytesPerMinute, _left + refill);
            _refilledAt = now;
            double price = Math.Min(sizeBytes, bytesPerMinute);
            if (price > _left)
            {
                return false;
            }

            _left -= price;
            return true;
        }
    }
}
