namespace Mayfly.Testing;

/// <summary>The machine's time plus what a test adds: hours pass at once, timers run as they do.</summary>
public sealed class JumpingClock : TimeProvider
{
    private long _addedTicks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public void Jump(TimeSpan by) => Interlocked.Add(ref _addedTicks, by.Ticks);

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow().AddTicks(Interlocked.Read(ref _addedTicks));

    public override long GetTimestamp() => System.GetElapsedTime(0).Ticks + Interlocked.Read(ref _addedTicks);
}
