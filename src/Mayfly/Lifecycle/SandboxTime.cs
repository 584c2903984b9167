namespace Mayfly.Lifecycle;

/// <summary>
/// A clock whose timestamps count the time that a sandbox was frozen: the monotonic clock may or may not, the wall clock does but can be set
/// (docs/spec/01-lambda-lifecycle.md#16-what-freezing-means). For pauses, back-offs and budgets that are over after a freeze of their length.
/// </summary>
/// <remarks>
/// A wall clock that ran ahead of the other between two looks tells of a freeze, once; one that is set back changes nothing. Timers are those of the clock
/// below, which stand still in a freeze as their process does. Thread-safe.
/// </remarks>
public sealed class SandboxTime : TimeProvider
{
    /// <summary>Between two reads of the clocks the process may have had to wait for a CPU; and nothing here cares for less.</summary>
    private static readonly TimeSpan ShortestFreeze = TimeSpan.FromMilliseconds(100);

    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private long _timestamp;
    private DateTimeOffset _wall;
    private TimeSpan _elapsed;

    /// <param name="time">The machine's clocks.</param>
    public SandboxTime(TimeProvider time) => (_time, _timestamp, _wall) = (time, time.GetTimestamp(), time.GetUtcNow());

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override TimeZoneInfo LocalTimeZone => _time.LocalTimeZone;

    public override DateTimeOffset GetUtcNow() => _time.GetUtcNow();

    public override long GetTimestamp()
    {
        lock (_gate)
        {
            long timestamp = _time.GetTimestamp();
            DateTimeOffset wall = _time.GetUtcNow();
            TimeSpan monotonic = _time.GetElapsedTime(_timestamp, timestamp);
            TimeSpan byWall = wall - _wall;
            (_timestamp, _wall) = (timestamp, wall);
            _elapsed += byWall - monotonic >= ShortestFreeze ? byWall : monotonic;
            return _elapsed.Ticks;
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        _time.CreateTimer(callback, state, dueTime, period);
}
