using Mayfly.Lifecycle;
using Mayfly.Platforms.Lambda;
using Mayfly.Testing;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda;

/// <summary>docs/spec/01-lambda-lifecycle.md 7.2, Mayfly: a flush is bounded by its time-out and by what is left of the invocation.</summary>
public class FlushUntilTests
{
    private static readonly TimeSpan Margin = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(0.01);

    /// <summary>Over 10,000 random invocations: no flush may last until later than the end less the margin, nor longer than the user, or five seconds, allow.</summary>
    [Fact]
    public void A_flush_ends_before_the_invocation_does()
    {
        var random = new Random(9);
        int begun = 0;
        for (int i = 0; i < 10_000; i++)
        {
            var clock = new FakeClock();
            TimeSpan remaining = TimeSpan.FromSeconds((Math.Pow(10, (random.NextDouble() * 6) - 3) - 0.5) * (random.Next(20) == 0 ? -1 : 1));
            TimeSpan timeout = TimeSpan.FromSeconds(Math.Pow(10, (random.NextDouble() * 6) - 3));
            Deadline end = random.Next(2) == 0
                ? Deadline.In(clock, remaining)
                : Deadline.AtUnixMs(clock, clock.GetUtcNow().ToUnixTimeMilliseconds() + (long)remaining.TotalMilliseconds);
            TimeSpan left = end.Left;
            Deadline back = SandboxLoop.BackBefore(end);
            if (SandboxLoop.FlushUntil(back, timeout) is not { } until)
            {
                Assert.InRange(left, TimeSpan.Zero, Margin + TimeSpan.FromMilliseconds(50) + Tick);
                continue;
            }

            begun++;
            Assert.True(until.Left > TimeSpan.Zero);
            Assert.True(until.Left <= left - Margin + Tick, $"{remaining}: {until.Left} with {left} left");
            Assert.True(until.Left <= timeout + Tick && until.Left <= TimeSpan.FromSeconds(5) + Tick, $"{timeout}: {until.Left}");
        }

        Assert.InRange(begun, 3000, 9500);
    }

    [Theory]
    [InlineData(long.MinValue)]
    [InlineData(0)]
    [InlineData(long.MaxValue)]
    public void Any_deadline_of_the_platform_is_one(long unixMs)
    {
        var clock = new FakeClock();
        Deadline? until = SandboxLoop.FlushUntil(SandboxLoop.BackBefore(Deadline.AtUnixMs(clock, unixMs)), TimeSpan.FromSeconds(30));
        Assert.Equal(unixMs == long.MaxValue, until is not null);
    }
}
