namespace Mayfly.Traces.Sampling;

/// <summary>Keeps traces with an error, so many per second; what a quiet second leaves over is not saved. Thread-safe.</summary>
internal sealed class ErrorSampler(double tracesPerSecond, TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly double _most = Math.Max(1, tracesPerSecond);
    private double _left = Math.Max(1, tracesPerSecond);
    private long _lastLook = time.GetTimestamp();

    /// <summary>True: this one is kept.</summary>
    public bool TryTake()
    {
        if (tracesPerSecond <= 0)
        {
            return false;
        }

        lock (_gate)
        {
            long now = time.GetTimestamp();
            _left = Math.Min(_most, _left + time.GetElapsedTime(_lastLook, now).TotalSeconds * tracesPerSecond);
            _lastLook = now;
            if (_left < 1)
            {
                return false;
            }

            _left--;
            return true;
        }
    }
}
