using Mayfly.Config;

namespace Mayfly.Lifecycle;

/// <summary>What an invocation does about sending.</summary>
public enum FlushDecision
{
    /// <summary>Wait for its end, send, and only then say that we are done.</summary>
    End,

    /// <summary>Send in the background, unless that is going on already; say at once that we are done.</summary>
    Continuous,

    /// <summary>Send now, beside the handler, then say that we are done.</summary>
    Periodic,

    /// <summary>Nothing; say at once that we are done.</summary>
    None,
}

/// <summary>
/// Decides once per invocation, from the user's strategy and from how often the function is invoked: a function that is invoked rarely sends at the end of each
/// invocation, for it may never be thawed again; a busy one need not let anybody wait
/// (docs/spec/01-lambda-lifecycle.md#72-decision-rust-od-once-per-invoke-after-the-invoke-was-handled).
/// </summary>
/// <remarks>A pure function of what it was given: times, which never run backwards. Not thread-safe.</remarks>
/// <param name="strategy">The user's.</param>
/// <param name="flushTimeout">Also what the adaptive strategy calls busy: twenty invocations within it.</param>
public sealed class FlushPolicy(FlushStrategy strategy, TimeSpan flushTimeout)
{
    private const int Remembered = 20;

    /// <summary>A function that is invoked less often, on average, sends at the end of each invocation.</summary>
    private static readonly TimeSpan Rare = TimeSpan.FromSeconds(120);

    private static readonly TimeSpan AdaptiveInterval = TimeSpan.FromSeconds(20);

    private readonly Queue<TimeSpan> _times = new(Remembered + 1);
    private TimeSpan _lastFlush;

    /// <summary>Between two invocations nobody decides, so what came in meanwhile is sent this often; zero = not at all.</summary>
    public TimeSpan IdleInterval => strategy.Mode == FlushMode.Adaptive ? TimeSpan.FromSeconds(60) : TimeSpan.Zero;

    /// <param name="now">Time since the start of the agent.</param>
    /// <param name="isLoaded">So much waits that it had better be sent: in the background, before its time.</param>
    public FlushDecision Decide(TimeSpan now, bool isLoaded = false)
    {
        _times.Enqueue(now);
        if (_times.Count > Remembered)
        {
            _times.Dequeue();
        }

        (FlushMode mode, TimeSpan interval) = strategy.Mode == FlushMode.Adaptive ? Adapt(now) : strategy;
        if (mode == FlushMode.End)
        {
            return FlushDecision.End;
        }

        if (now - _lastFlush <= interval)
        {
            return isLoaded ? FlushDecision.Continuous : FlushDecision.None;
        }

        _lastFlush = now;
        return mode switch
        {
            FlushMode.Continuously => FlushDecision.Continuous,
            FlushMode.Periodically => FlushDecision.Periodic,
            _ => FlushDecision.End,
        };
    }

    private FlushStrategy Adapt(TimeSpan now)
    {
        TimeSpan span = now - _times.Peek();
        if (_times.Count < Remembered || span / (Remembered - 1) >= Rare)
        {
            return new FlushStrategy(FlushMode.End, TimeSpan.Zero);
        }

        return new FlushStrategy(span < flushTimeout ? FlushMode.Continuously : FlushMode.Periodically, AdaptiveInterval);
    }
}
