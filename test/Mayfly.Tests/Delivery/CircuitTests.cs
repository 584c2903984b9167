using FsCheck;
using FsCheck.Fluent;
using Mayfly.Delivery;
using Mayfly.Testing;
using Xunit;

namespace Mayfly.Tests.Delivery;

/// <summary>docs/spec/01-lambda-lifecycle.md 7.2: the back-off, and what a minute may cost.</summary>
public class CircuitTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(3, 4)]
    [InlineData(9, 256)]
    [InlineData(10, 300)]
    [InlineData(40, 300)]
    public void The_pause_doubles_up_to_five_minutes(int failures, int seconds)
    {
        var clock = new FakeClock();
        var circuit = new Circuit(clock, static () => 0);
        for (int i = 0; i < failures; i++)
        {
            clock.Advance(TimeSpan.FromSeconds(301));
            circuit.Fail();
        }

        clock.Advance(TimeSpan.FromSeconds(seconds - 0.1));
        Assert.Equal(CircuitState.Open, circuit.State);
        clock.Advance(TimeSpan.FromSeconds(0.2));
        Assert.Equal(CircuitState.HalfOpen, circuit.State);
        circuit.Succeed();
        Assert.Equal(CircuitState.Closed, circuit.State);
    }

    [Theory]
    [InlineData(60, 60)]
    [InlineData(0.5, 1)]
    [InlineData(100_000, 300)]
    [InlineData(-5, 1)]
    public void What_the_intake_asks_for_counts(double asked, double seconds)
    {
        var clock = new FakeClock();
        var circuit = new Circuit(clock, static () => 0);
        circuit.Fail(TimeSpan.FromSeconds(asked));
        clock.Advance(TimeSpan.FromSeconds(seconds - 0.1));
        Assert.Equal(CircuitState.Open, circuit.State);
        clock.Advance(TimeSpan.FromSeconds(0.2));
        Assert.Equal(CircuitState.HalfOpen, circuit.State);
    }

    [Fact]
    public void Failures_of_one_flush_are_one()
    {
        var clock = new FakeClock();
        var circuit = new Circuit(clock, static () => 0);
        circuit.Fail();
        circuit.Fail();
        circuit.Fail();
        clock.Advance(TimeSpan.FromSeconds(1.1));
        Assert.Equal((CircuitState.HalfOpen, TimeSpan.FromMilliseconds(500)), (circuit.State, circuit.LongestWait));
        circuit.Fail();
        Assert.True(circuit.LongestWait < TimeSpan.FromMilliseconds(50));
    }

    /// <summary>Whatever is asked for and however long a sandbox is frozen between: never more than the budget and what a minute refills.</summary>
    [Fact]
    public void The_budget_is_never_exceeded()
    {
        const long BytesPerMinute = 1000;
        Gen<(int Bytes, int Seconds)[]> histories = (
            from bytes in Gen.Choose(0, 1500)
            from seconds in Gen.Choose(0, 90)
            select (bytes, seconds)).ArrayOf(40);
        Prop.ForAll(histories.ToArbitrary(), history =>
        {
            var clock = new FakeClock();
            var budget = new RetryBudget(clock, BytesPerMinute);
            double elapsed = 0;
            long spent = 0;
            foreach ((int bytes, int seconds) in history)
            {
                clock.Advance(TimeSpan.FromSeconds(seconds));
                elapsed += seconds;
                spent += budget.TrySpend(bytes) ? Math.Min(bytes, BytesPerMinute) : 0;
                if (spent > BytesPerMinute + (elapsed / 60 * BytesPerMinute) + 1e-6)
                {
                    return false;
                }
            }

            return true;
        }).QuickCheckThrowOnFailure();
    }
}
