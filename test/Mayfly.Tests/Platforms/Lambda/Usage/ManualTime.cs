namespace Mayfly.Tests.Platforms.Lambda.Usage;

/// <summary>A clock that moves when told to, and runs the timers that become due on the way, one after the other, at their times.</summary>
internal sealed class ManualTime : TimeProvider
{
    private readonly List<ManualTimer> _timers = [];

    public DateTimeOffset Now { get; private set; } = DateTimeOffset.FromUnixTimeSeconds(1_700_000_000);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>Timers that will fire.</summary>
    public int PendingTimers => _timers.Count(static timer => timer.DueAt is not null);

    public override DateTimeOffset GetUtcNow() => Now;

    public override long GetTimestamp() => Now.Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, () => callback(state));
        timer.Change(dueTime, period);
        _timers.Add(timer);
        return timer;
    }

    public void Advance(double ms)
    {
        DateTimeOffset end = Now.AddMilliseconds(ms);
        while (_timers.Where(timer => timer.DueAt <= end).MinBy(static timer => timer.DueAt) is { DueAt: { } dueAt } due)
        {
            Now = dueAt > Now ? dueAt : Now;
            due.DueAt = null;
            due.Callback();
        }

        Now = end;
    }

    private sealed class ManualTimer(ManualTime time, Action callback) : ITimer
    {
        public DateTimeOffset? DueAt { get; set; }

        public Action Callback => callback;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            DueAt = dueTime == Timeout.InfiniteTimeSpan ? null : time.Now + dueTime;
            return true;
        }

        public void Dispose() => DueAt = null;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
