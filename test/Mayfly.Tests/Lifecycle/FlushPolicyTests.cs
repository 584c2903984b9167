using Mayfly.Config;
using Mayfly.Lifecycle;
using Xunit;

namespace Mayfly.Tests.Lifecycle;

/// <summary>docs/spec/01-lambda-lifecycle.md 7.2; vector TV18.</summary>
public class FlushPolicyTests
{
    /// <summary>TV18: seconds between invocations, how many of them, the flush time-out, and the last decision.</summary>
    [Theory]
    [InlineData(1, 21, 60, FlushDecision.Continuous)]
    [InlineData(1, 21, 1, FlushDecision.Periodic)]
    [InlineData(100, 20, 60, FlushDecision.Periodic)]
    [InlineData(130, 20, 60, FlushDecision.End)]
    [InlineData(1, 19, 60, FlushDecision.End)]
    public void Tv18(double everySeconds, int count, double timeoutSeconds, FlushDecision expected)
    {
        var policy = new FlushPolicy(default, TimeSpan.FromSeconds(timeoutSeconds));
        FlushDecision last = FlushDecision.None;
        for (int i = 1; i <= count; i++)
        {
            last = policy.Decide(TimeSpan.FromSeconds(i * everySeconds));
        }

        Assert.Equal(expected, last);
    }

    /// <summary>The table of 7.2: what a strategy decides before and after its interval has passed.</summary>
    [Theory]
    [InlineData(FlushMode.End, FlushDecision.End, FlushDecision.End)]
    [InlineData(FlushMode.EndPeriodically, FlushDecision.None, FlushDecision.End)]
    [InlineData(FlushMode.Periodically, FlushDecision.None, FlushDecision.Periodic)]
    [InlineData(FlushMode.Continuously, FlushDecision.None, FlushDecision.Continuous)]
    public void A_strategy_waits_for_its_interval(FlushMode mode, FlushDecision before, FlushDecision after)
    {
        var policy = new FlushPolicy(new FlushStrategy(mode, TimeSpan.FromSeconds(10)), TimeSpan.FromSeconds(30));
        Assert.Equal(
            [before, after, before, before, after],
            new[] { 10, 10.001, 15, 20.001, 20.002 }.Select(seconds => policy.Decide(TimeSpan.FromSeconds(seconds))));
    }

    /// <summary>7.2, Mayfly: what a busy function makes must not pile up until the interval is over; nobody waits, and the interval goes on as before.</summary>
    [Theory]
    [InlineData(FlushMode.End, FlushDecision.End, FlushDecision.End)]
    [InlineData(FlushMode.EndPeriodically, FlushDecision.Continuous, FlushDecision.End)]
    [InlineData(FlushMode.Periodically, FlushDecision.Continuous, FlushDecision.Periodic)]
    [InlineData(FlushMode.Continuously, FlushDecision.Continuous, FlushDecision.Continuous)]
    public void A_load_does_not_wait(FlushMode mode, FlushDecision before, FlushDecision after)
    {
        var policy = new FlushPolicy(new FlushStrategy(mode, TimeSpan.FromSeconds(10)), TimeSpan.FromSeconds(30));
        Assert.Equal([before, before, after], new[] { 9, 10, 10.001 }.Select(seconds => policy.Decide(TimeSpan.FromSeconds(seconds), isLoaded: true)));
    }

    /// <summary>"End decisions do not touch last_flush": a function that becomes busy is flushed at once, then once per interval.</summary>
    [Fact]
    public void The_adaptive_strategy_leaves_End_with_the_twentieth_invocation()
    {
        var policy = new FlushPolicy(default, TimeSpan.FromSeconds(60));
        FlushDecision[] decisions = [.. Enumerable.Range(1, 60).Select(i => policy.Decide(TimeSpan.FromSeconds(30 + i)))];
        Assert.All(decisions.Take(19), static decision => Assert.Equal(FlushDecision.End, decision));
        Assert.Equal([20, 41], Enumerable.Range(1, 60).Where(i => decisions[i - 1] == FlushDecision.Continuous));
        Assert.Equal(39, decisions.Count(static decision => decision == FlushDecision.None));
    }

    /// <summary>
    /// The same with loads: <c>end</c> always ends, <c>periodically</c> never makes an invocation wait more often than asked, <c>continuously</c> never makes one
    /// wait at all, and a load only ever sends in the background, beside the schedule.
    /// </summary>
    [Fact]
    public void Ten_thousand_histories_with_loads()
    {
        var random = new Random(8);
        for (int history = 0; history < 10_000; history++)
        {
            var strategy = new FlushStrategy((FlushMode)(history % 5), TimeSpan.FromMilliseconds(random.Next(1, 100_000)));
            var timeout = TimeSpan.FromSeconds(random.Next(1, 120));
            var loaded = new FlushPolicy(strategy, timeout);
            var calm = new FlushPolicy(strategy, timeout);
            TimeSpan now = TimeSpan.Zero;
            TimeSpan? waited = null;
            double scale = Math.Pow(10, (random.NextDouble() * 5) - 2);
            for (int i = 1; i <= 60; i++)
            {
                now += TimeSpan.FromSeconds(random.NextDouble() * scale);
                bool isLoaded = random.Next(2) == 0;
                FlushDecision decision = loaded.Decide(now, isLoaded);
                FlushDecision scheduled = calm.Decide(now);
                string where = $"history {history}, invocation {i}, {strategy}, at {now}: {decision}, calm {scheduled}";
                Assert.True(decision == (isLoaded && scheduled == FlushDecision.None ? FlushDecision.Continuous : scheduled), where);
                bool waits = decision is FlushDecision.End or FlushDecision.Periodic;
                switch (strategy.Mode)
                {
                    case FlushMode.End:
                        Assert.True(decision == FlushDecision.End, where);
                        break;
                    case FlushMode.Continuously:
                        Assert.False(waits, where);
                        break;
                    case FlushMode.Periodically or FlushMode.EndPeriodically:
                        Assert.False(waits && now - (waited ?? TimeSpan.MinValue / 2) <= strategy.Interval, where);
                        break;
                }

                waited = waits ? now : waited;
            }
        }
    }

    /// <summary>
    /// Over 10,000 random histories, for every strategy: the interval is kept, no history is left without a flush for longer than the interval allows, and the
    /// first nineteen invocations of an adaptive sandbox are ended one by one.
    /// </summary>
    [Fact]
    public void Ten_thousand_histories()
    {
        var random = new Random(7);
        for (int history = 0; history < 10_000; history++)
        {
            var strategy = new FlushStrategy((FlushMode)(history % 5), TimeSpan.FromMilliseconds(random.Next(1, 100_000)));
            var timeout = TimeSpan.FromSeconds(random.Next(1, 120));
            var policy = new FlushPolicy(strategy, timeout);
            TimeSpan interval = strategy.Mode == FlushMode.Adaptive ? TimeSpan.FromSeconds(20) : strategy.Interval;
            TimeSpan now = TimeSpan.Zero, last = TimeSpan.Zero;
            double scale = Math.Pow(10, (random.NextDouble() * 5) - 2);
            for (int i = 1; i <= 60; i++)
            {
                now += TimeSpan.FromSeconds(random.NextDouble() * scale);
                FlushDecision decision = policy.Decide(now);
                string where = $"history {history}, invocation {i}, {strategy}, at {now}, last {last}: {decision}";
                bool isAlways = strategy.Mode == FlushMode.End || (strategy.Mode == FlushMode.Adaptive && i < 20);
                if (isAlways)
                {
                    Assert.True(decision == FlushDecision.End, where);
                    continue;
                }

                if (strategy.Mode == FlushMode.Adaptive && decision == FlushDecision.End)
                {
                    continue;
                }

                Assert.True((decision != FlushDecision.None) == (now - last > interval), where);
                last = decision == FlushDecision.None ? last : now;
            }
        }
    }
}
