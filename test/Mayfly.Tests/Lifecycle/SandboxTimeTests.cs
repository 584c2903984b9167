using Mayfly.Delivery;
using Mayfly.Lifecycle;
using Mayfly.Testing;
using Xunit;

namespace Mayfly.Tests.Lifecycle;

/// <summary>docs/spec/01-lambda-lifecycle.md#16-what-freezing-means: what was frozen counts, whichever clock stood still.</summary>
public class SandboxTimeTests
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    private readonly FakeClock _clock = new();
    private readonly SandboxTime _time;
    private readonly long _start;

    public SandboxTimeTests()
    {
        _time = new SandboxTime(_clock);
        _start = _time.GetTimestamp();
    }

    private TimeSpan Elapsed => _time.GetElapsedTime(_start);

    [Fact]
    public void A_freeze_counts_once_whether_the_monotonic_clock_stood_still_or_not()
    {
        _clock.StepWallClock(Hour);
        Assert.Equal(Hour, Elapsed);
        _clock.Advance(Hour);
        Assert.Equal(2 * Hour, Elapsed);
        Assert.Equal(2 * Hour, Elapsed);
    }

    /// <summary>A host's clock that was set ahead and back again costs the step, not the time until it is caught up with.</summary>
    [Fact]
    public void A_wall_clock_that_is_set_back_changes_nothing()
    {
        _clock.StepWallClock(-Hour);
        Assert.Equal(TimeSpan.Zero, Elapsed);
        _clock.Advance(Hour);
        Assert.Equal(Hour, Elapsed);
        _clock.StepWallClock(24 * Hour);
        Assert.Equal(25 * Hour, Elapsed);
        _clock.StepWallClock(-24 * Hour);
        _clock.Advance(Hour);
        Assert.Equal(26 * Hour, Elapsed);
    }

    /// <summary>The wall clock is slewed, and read later than the other: that is no freeze.</summary>
    [Fact]
    public void Small_differences_do_not_add_up()
    {
        for (int i = 0; i < 1000; i++)
        {
            _clock.StepWallClock(TimeSpan.FromMilliseconds(i % 2 == 0 ? 90 : -90));
            _clock.Advance(TimeSpan.FromMilliseconds(1));
            _ = Elapsed;
        }

        Assert.Equal(TimeSpan.FromSeconds(1), Elapsed);
    }

    /// <summary>An intake that failed before a freeze is tried again after it, and the minute's budget is over.</summary>
    [Fact]
    public void Pauses_and_budgets_end_in_a_freeze()
    {
        var circuit = new Circuit(_time, static () => 0);
        var budget = new RetryBudget(_time);
        circuit.Fail(TimeSpan.FromMinutes(2));
        Assert.True(budget.TrySpend(RetryBudget.BytesPerMinute));
        Assert.Equal((CircuitState.Open, false), (circuit.State, budget.TrySpend(1)));
        _clock.StepWallClock(TimeSpan.FromMinutes(3));
        Assert.Equal((CircuitState.HalfOpen, true), (circuit.State, budget.TrySpend(1)));
    }
}
