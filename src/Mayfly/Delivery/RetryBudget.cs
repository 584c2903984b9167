namespace Mayfly.Delivery;

/// <summary>
/// How much may be sent again, all intakes together: data that leaves a VPC is billed by the byte, and an intake that fails after it has read a body can make
/// any retry expensive (docs/spec/04-metrics-logs.md#b11-response-handling). Thread-safe.
/// </summary>
/// <remarks>
/// What was spent is counted by the second, over one second more than a minute: no minute, wherever it begins, sees more than the budget. A bucket that is
/// refilled evenly would let twice as much through in its first minute.
/// </remarks>
public sealed class RetryBudget(TimeProvider time, long bytesPerMinute = RetryBudget.BytesPerMinute)
{
    public const long BytesPerMinute = 16 * 1024 * 1024;

    private const int Seconds = 61;

    private readonly Lock _gate = new();
    private readonly long _start = time.GetTimestamp();
    private readonly long[] _spent = new long[Seconds];
    private long _second;
    private long _total;

    /// <summary>True, and the bytes are spent; a body larger than the whole budget takes all of it.</summary>
    public bool TrySpend(long sizeBytes)
    {
        lock (_gate)
        {
            Forget();
            long price = Math.Min(sizeBytes, bytesPerMinute);
            if (_total + price > bytesPerMinute)
            {
                return false;
            }

            _total += price;
            _spent[_second % Seconds] += price;
            return true;
        }
    }

    /// <summary>Gives back what is old enough. After a freeze that may be all of it.</summary>
    private void Forget()
    {
        long now = (long)time.GetElapsedTime(_start).TotalSeconds;
        if (now - _second >= Seconds)
        {
            Array.Clear(_spent);
            _total = 0;
            _second = now;
        }

        while (_second < now)
        {
            _second++;
            _total -= _spent[_second % Seconds];
            _spent[_second % Seconds] = 0;
        }
    }
}
