namespace Mayfly.Platforms.Compat;

/// <summary>Turns readings of used CPU time into the CPU that was used between two of them. Not thread-safe.</summary>
/// <param name="read">CPU time used so far, ns; null where nobody tells.</param>
/// <param name="time">The clock.</param>
public sealed class CpuMeter(Func<long?> read, TimeProvider time)
{
    private long? _lastNs;
    private long _lastAt;

    /// <summary>Nanocores since the last reading that succeeded; null: there was none before, or no sound difference to it.</summary>
    public double? Measure()
    {
        if (read() is not { } now)
        {
            return null;
        }

        long at = time.GetTimestamp();
        double seconds = time.GetElapsedTime(_lastAt, at).TotalSeconds;
        double? used = _lastNs is { } before && now >= before && seconds > 0 ? (now - before) / seconds : null;
        (_lastNs, _lastAt) = (now, at);
        return used;
    }
}
