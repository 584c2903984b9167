namespace Mayfly.Platforms.Lambda;

/// <summary>
/// Time since the start of the agent, frozen time included: the monotonic clock may or may not count it, the wall clock does but can be set
/// (docs/spec/01-lambda-lifecycle.md#16-what-freezing-means). The larger of both never runs backwards.
/// </summary>
internal sealed class SandboxClock(TimeProvider time)
{
    private readonly long _start = time.GetTimestamp();
    private readonly DateTimeOffset _wallStart = time.GetUtcNow();
    private TimeSpan _latest;

    public TimeSpan Elapsed
    {
        get
        {
            TimeSpan monotonic = time.GetElapsedTime(_start);
            TimeSpan wall = time.GetUtcNow() - _wallStart;
            TimeSpan now = monotonic >= wall ? monotonic : wall;
            return _latest = now >= _latest ? now : _latest;
        }
    }
}
