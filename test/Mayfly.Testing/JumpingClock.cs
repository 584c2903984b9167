namespace Mayfly.Testing;

/// <summary>The machine's time plus what a test adds: hours pass at once, timers run as they do.</summary>
public sealed class JumpingClock : TimeProvider
{
    private long _addedTicks;
    private long _frozenTicks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public void Jump(TimeSpan by) => Interlocked.Add(ref _addedTicks, by.Ticks);

    /// <summary>The wall clock alone goes on, as where the monotonic one stands still with the sandbox.</summary>
    public void Freeze(TimeSpan length) => Interlocked.Add(ref _frozenTicks, length.Ticks);

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow().AddTicks(Interlocked.Read(ref _addedTicks) + Interlocked.Read(ref _frozenTicks));

    public override long GetTimestamp() => System.GetElapsedTime(0).Ticks + Interlocked.Read(ref _addedTicks);
}
