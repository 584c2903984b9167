namespace Mayfly.Lifecycle;

/// <summary>A point in monotonic time by which something has to be over. Never a span: passing it on does not restart it.</summary>
public readonly struct Deadline
{
    /// <summary>A deadline further away is as good as none, and beyond what timers take (49 days).</summary>
    private static readonly TimeSpan Furthest = TimeSpan.FromDays(40);

    private readonly TimeProvider _time;
    private readonly long _at;

    private Deadline(TimeProvider time, long at)
    {
        _time = time;
        _at = at;
    }

    /// <summary>The deadline that lies <paramref name="span"/> from now; a negative span has passed already, one of more than 40 days counts as 40.</summary>
    public static Deadline In(TimeProvider time, TimeSpan span)
    {
        double seconds = Math.Clamp(span.TotalSeconds, -Furthest.TotalSeconds, Furthest.TotalSeconds);
        return new(time, time.GetTimestamp() + (long)(seconds * time.TimestampFrequency));
    }

    /// <summary>The deadline at a wall-clock time (ms since the Unix epoch), as platforms state it.</summary>
    public static Deadline AtUnixMs(TimeProvider time, long unixMs)
    {
        double leftMs = (double)unixMs - time.GetUtcNow().ToUnixTimeMilliseconds();
        return In(time, TimeSpan.FromMilliseconds(Math.Clamp(leftMs, -Furthest.TotalMilliseconds, Furthest.TotalMilliseconds)));
    }

    public static Deadline Min(Deadline a, Deadline b) => a._at <= b._at ? a : b;

    /// <summary>Time left, zero when passed.</summary>
    public TimeSpan Left
    {
        get
        {
            long ticks = _at - _time.GetTimestamp();
            return ticks <= 0 ? TimeSpan.Zero : TimeSpan.FromSeconds((double)ticks / _time.TimestampFrequency);
        }
    }

    public bool HasPassed => _at <= _time.GetTimestamp();

    /// <summary>This deadline, <paramref name="span"/> earlier.</summary>
    public Deadline Earlier(TimeSpan span) => new(_time, _at - (long)(span.TotalSeconds * _time.TimestampFrequency));

    /// <summary>This deadline, or <paramref name="span"/> from now, whichever comes first.</summary>
    public Deadline Within(TimeSpan span) => Min(this, In(_time, span));

    /// <summary>A source that is cancelled at the deadline; the caller disposes it.</summary>
    public CancellationTokenSource ToCancellation()
    {
        TimeSpan left = Left;
        return left == TimeSpan.Zero ? Cancelled() : new CancellationTokenSource(left, _time);
    }

    /// <summary>Returns when <paramref name="task"/> has ended, however it did, or at the deadline; never throws.</summary>
    public async Task WaitForAsync(Task task)
    {
        if (!task.IsCompleted)
        {
            using CancellationTokenSource over = ToCancellation();
            await Task.WhenAny(task, Task.Delay(Timeout.InfiniteTimeSpan, _time, over.Token));
        }
    }

    private static CancellationTokenSource Cancelled()
    {
        var source = new CancellationTokenSource();
        source.Cancel();
        return source;
    }
}
