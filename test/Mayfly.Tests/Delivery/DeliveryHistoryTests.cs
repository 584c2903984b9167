using Mayfly.Delivery;
using Mayfly.Intake;
using Mayfly.Local.Intake;
using Mayfly.Testing;
using Mayfly.Tests.Lifecycle;
using Xunit;

namespace Mayfly.Tests.Delivery;

/// <summary>What holds over random histories of an intake and a clock: docs/spec/01-lambda-lifecycle.md 7.2, 04-metrics-logs.md B.11.</summary>
public class DeliveryHistoryTests
{
    private const int Histories = 10_000;

    /// <summary>In no minute, wherever it begins, is more sent again than the budget; and what is old enough is there again.</summary>
    [Fact]
    public void No_minute_sees_more_than_the_budget()
    {
        const long Budget = 1000;
        var random = new Random(61);
        for (int history = 0; history < Histories; history++)
        {
            var clock = new FakeClock();
            var budget = new RetryBudget(clock, Budget);
            var spent = new List<(TimeSpan At, long Bytes)>();
            TimeSpan now = TimeSpan.Zero;
            double scale = Math.Pow(10, (random.NextDouble() * 4) - 2);
            for (int i = 0; i < 60; i++)
            {
                var step = TimeSpan.FromSeconds(random.Next(10) == 0 ? random.NextDouble() * 1000 : random.NextDouble() * scale);
                clock.Advance(step);
                now += step;
                long bytes = random.Next(1, 600);
                long lately = spent.Where(one => one.At > now - TimeSpan.FromMinutes(1)).Sum(static one => one.Bytes);
                long longer = spent.Where(one => one.At > now - TimeSpan.FromSeconds(62)).Sum(static one => one.Bytes);
                bool isSpent = budget.TrySpend(bytes);
                Assert.True(!isSpent || lately + bytes <= Budget, $"history {history}, {now}: {lately} B in the last minute, and {bytes} more");
                Assert.True(isSpent || longer + bytes > Budget, $"history {history}, {now}: {bytes} refused though only {longer} B are young");
                if (isSpent)
                {
                    spent.Add((now, bytes));
                }
            }
        }
    }

    [Fact]
    public void A_body_larger_than_the_budget_takes_all_of_it()
    {
        var clock = new FakeClock();
        var budget = new RetryBudget(clock, 1000);
        Assert.True(budget.TrySpend(5000));
        Assert.False(budget.TrySpend(1));
        clock.Advance(TimeSpan.FromDays(3000));
        Assert.True(budget.TrySpend(1000));
        Assert.False(budget.TrySpend(1));
    }

    /// <summary>
    /// The time between two failed probes: at least what the intake asked for and 2^(n-1) s, up to five minutes, which is never exceeded by more than the jitter.
    /// </summary>
    [Fact]
    public void Probes_keep_their_distance()
    {
        var random = new Random(62);
        for (int history = 0; history < Histories; history++)
        {
            var clock = new FakeClock();
            double jitter = random.NextDouble();
            var circuit = new Circuit(clock, () => jitter);
            int failures = 0;
            double due = 0;
            double now = 0;
            double scale = Math.Pow(10, (random.NextDouble() * 4) - 1);
            for (int i = 0; i < 40; i++)
            {
                double step = Math.Round(random.NextDouble() * scale, 3);
                clock.Advance(TimeSpan.FromSeconds(step));
                now += step;
                CircuitState expected = failures == 0 ? CircuitState.Closed : now < due - 1e-6 ? CircuitState.Open : CircuitState.HalfOpen;
                if (failures > 0 && Math.Abs(now - due) < 1e-3)
                {
                    continue;
                }

                Assert.Equal(expected, circuit.State);
                if (expected == CircuitState.Open)
                {
                    continue;
                }

                if (random.Next(4) == 0)
                {
                    circuit.Succeed();
                    failures = 0;
                    continue;
                }

                double? asked = random.Next(3) == 0 ? random.NextDouble() * 600 : null;
                circuit.Fail(asked is { } seconds ? TimeSpan.FromSeconds(seconds) : null);
                failures++;
                double pause = Math.Clamp(Math.Max(Math.Pow(2, failures - 1) + jitter, asked ?? 0), 1, 300);
                due = now + pause;
            }
        }
    }

    /// <summary>An intake that hangs, an open circuit whose pause is over, and flushes one upon another: one request is under way, never two.</summary>
    [Fact]
    public async Task There_are_never_two_probes_at_once()
    {
        await using var rig = await FlushRig.StartHurriedAsync();
        rig.Intake.SetFault("*", IntakeFault.Status(503));
        rig.Put(IntakeKind.Traces);
        await rig.FlushAsync();
        int before = rig.Intake.Requests.Count;
        rig.Intake.SetFault("*", IntakeFault.Hang);
        rig.Time.Jump(TimeSpan.FromSeconds(400));
        for (int i = 0; i < 20; i++)
        {
            rig.Put(IntakeKind.Traces);
            await Task.WhenAll(rig.FlushAsync(), rig.FlushAsync(), rig.FlushAsync());
        }

        // A hanging request is on the list once the intake has read it.
        await rig.Intake.WaitUntilAsync(intake => intake.Requests.Count > before, TimeSpan.FromSeconds(20));
        Assert.Equal(before + 1, rig.Intake.Requests.Count);
    }
}
