using System.Globalization;

namespace Mayfly.Testing;

/// <summary>
/// A clock that stands still until it is moved. Wall clock and monotonic clock move together; timers fire, in order, on the thread that moves it.
/// </summary>
public sealed class FakeClock(DateTimeOffset start) : TimeProvider
{
    private readonly Lock _gate = new();
    private readonly List<Timer> _timers = [];
    private DateTimeOffset _now = start;
    private long _elapsedTicks;

    /// <summary>A clock at the time of the vectors of docs/spec/01-lambda-lifecycle.md#10-test-vectors.</summary>
    public FakeClock()
        : this(DateTimeOffset.Parse("2022-10-21T14:05:03Z", CultureInfo.InvariantCulture))
    {
    }

    /// <summary>Unix time in ns.</summary>
    public long NowNs => (GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * 100;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow()
    {
        lock (_gate)
        {
            return _now;
        }
    }

    public override long GetTimestamp()
    {
        lock (_gate)
        {
            return _elapsedTicks;
        }
    }

    /// <summary>Moves both clocks on and fires what is due.</summary>
    public void Advance(TimeSpan span)
    {
        List<Timer> due;
        lock (_gate)
        {
            _now += span;
            _elapsedTicks += span.Ticks;
            due = [.. _timers.Where(timer => timer.DueTicks <= _elapsedTicks).OrderBy(timer => timer.DueTicks)];
        }

        due.ForEach(timer => timer.Fire());
    }

    /// <summary>Moves the wall clock alone, as a correction of the host's clock does.</summary>
    public void StepWallClock(TimeSpan span)
    {
        lock (_gate)
        {
            _now += span;
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class Timer(FakeClock clock, TimerCallback callback, object? state) : ITimer
    {
        private TimeSpan _period;

        public long DueTicks { get; private set; } = long.MaxValue;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            bool firesNow;
            lock (clock._gate)
            {
                _period = period;
                DueTicks = dueTime < TimeSpan.Zero ? long.MaxValue : clock._elapsedTicks + dueTime.Ticks;
                clock._timers.Remove(this);
                clock._timers.Add(this);
                firesNow = dueTime == TimeSpan.Zero;
            }

            if (firesNow)
            {
                Fire();
            }

            return true;
        }

        public void Fire()
        {
            lock (clock._gate)
            {
                if (!clock._timers.Contains(this))
                {
                    return;
                }

                DueTicks = _period > TimeSpan.Zero ? DueTicks + _period.Ticks : long.MaxValue;
            }

            callback(state);
        }

        public void Dispose()
        {
            lock (clock._gate)
            {
                clock._timers.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
