namespace Mayfly.Delivery;

/// <summary>What an intake's recent behaviour allows.</summary>
public enum CircuitState
{
    /// <summary>The last attempt went well: send.</summary>
    Closed,

    /// <summary>It failed not long ago: do not even try.</summary>
    Open,

    /// <summary>It failed, but that is long enough ago for one attempt.</summary>
    HalfOpen,
}

/// <summary>
/// Keeps a dead intake from costing anything: after a failure it is left alone for a time that doubles with each further one
/// (docs/spec/01-lambda-lifecycle.md#72-decision-rust-od-once-per-invoke-after-the-invoke-was-handled, back-off).
/// </summary>
/// <remarks>Thread-safe.</remarks>
/// <param name="time">Counts what a freeze takes, so that the first flush after a long one may try again.</param>
/// <param name="jitter">A number from 0 to 1, so that many sandboxes do not come back together.</param>
public sealed class Circuit(TimeProvider time, Func<double> jitter)
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(300);

    /// <summary>2 to the power of this many seconds is beyond the longest pause.</summary>
    private const int MostDoublings = 10;

    private readonly Lock _gate = new();
    private int _failures;
    private long _failedAt;
    private TimeSpan _pause;

    public CircuitState State
    {
        get
        {
            lock (_gate)
            {
                if (_failures == 0)
                {
                    return CircuitState.Closed;
                }

                return time.GetElapsedTime(_failedAt) < _pause ? CircuitState.Open : CircuitState.HalfOpen;
            }
        }
    }

    /// <summary>
    /// How long a flush waits for an attempt of a half-open circuit, which goes on without it: a hiccup is worth half a second of billed time,
    /// an outage is not.
    /// </summary>
    public TimeSpan LongestWait
    {
        get
        {
            lock (_gate)
            {
                return _failures <= 1 ? TimeSpan.FromMilliseconds(500) : TimeSpan.FromMilliseconds(30);
            }
        }
    }

    /// <summary>The intake took something, or refused it with a reason: it is there.</summary>
    public void Succeed()
    {
        lock (_gate)
        {
            _failures = 0;
        }
    }

    /// <param name="retryAfter">What the intake asked for; null = nothing. Counts up to the longest pause.</param>
    public void Fail(TimeSpan? retryAfter = null)
    {
        lock (_gate)
        {
            bool isOpen = _failures > 0 && time.GetElapsedTime(_failedAt) < _pause;

            // Several failures of one flush are one.
            _failures += isOpen ? 0 : 1;
            double seconds = Math.Pow(2, Math.Min(_failures - 1, MostDoublings)) + jitter();
            TimeSpan pause = TimeSpan.FromSeconds(Math.Max(seconds, retryAfter?.TotalSeconds ?? 0));
            _pause = pause < LongestPause ? pause : LongestPause;
            _failedAt = time.GetTimestamp();
        }
    }
}
