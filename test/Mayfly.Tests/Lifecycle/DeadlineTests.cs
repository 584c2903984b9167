using Mayfly.Lifecycle;
using Mayfly.Testing;
using Xunit;

namespace Mayfly.Tests.Lifecycle;

public class DeadlineTests
{
    private readonly FakeClock _clock = new();

    /// <summary>The platform's number is not trusted: any value gives a deadline that can be waited for.</summary>
    [Theory]
    [InlineData(long.MinValue, true)]
    [InlineData(-1, true)]
    [InlineData(0, true)]
    [InlineData(676051, true)]
    [InlineData(4_102_444_800_000, false)]
    [InlineData(long.MaxValue, false)]
    public void A_wall_clock_deadline_may_lie_anywhere(long unixMs, bool hasPassed)
    {
        var deadline = Deadline.AtUnixMs(_clock, unixMs);
        Assert.Equal(hasPassed, deadline.HasPassed);
        using CancellationTokenSource source = deadline.ToCancellation();
        Assert.Equal(hasPassed, source.IsCancellationRequested);
        Assert.Equal(hasPassed, deadline.Earlier(TimeSpan.FromSeconds(1)).HasPassed);
    }

    [Fact]
    public void It_is_a_point_in_time_and_not_a_span()
    {
        var deadline = Deadline.In(_clock, TimeSpan.FromSeconds(2));
        using CancellationTokenSource source = deadline.ToCancellation();
        _clock.Advance(TimeSpan.FromSeconds(1.5));
        Assert.Equal(TimeSpan.FromSeconds(0.5), deadline.Left);
        Assert.Equal(TimeSpan.FromSeconds(0.25), deadline.Earlier(TimeSpan.FromSeconds(0.25)).Left);
        Assert.False(source.IsCancellationRequested);
        _clock.Advance(TimeSpan.FromSeconds(0.5));
        Assert.True(deadline.HasPassed);
        Assert.Equal(TimeSpan.Zero, deadline.Left);
        Assert.True(source.IsCancellationRequested);
    }

    /// <summary>R5: the wall clock stamps, the monotonic clock measures.</summary>
    [Fact]
    public void A_step_of_the_wall_clock_does_not_move_it()
    {
        var deadline = Deadline.AtUnixMs(_clock, _clock.GetUtcNow().ToUnixTimeMilliseconds() + 1000);
        _clock.StepWallClock(TimeSpan.FromHours(1));
        Assert.Equal(TimeSpan.FromSeconds(1), deadline.Left);
    }

    [Fact]
    public void The_earlier_one_of_two()
    {
        var near = Deadline.In(_clock, TimeSpan.FromSeconds(1));
        var far = Deadline.In(_clock, TimeSpan.FromSeconds(2));
        Assert.Equal(near.Left, Deadline.Min(near, far).Left);
        Assert.Equal(near.Left, Deadline.Min(far, near).Left);
    }

    [Fact]
    public async Task Waiting_ends_with_the_task_or_at_the_deadline()
    {
        var never = new TaskCompletionSource();
        Task waiting = Deadline.In(_clock, TimeSpan.FromSeconds(1)).WaitForAsync(never.Task);
        Assert.False(waiting.IsCompleted);
        _clock.Advance(TimeSpan.FromSeconds(1));
        await waiting;
        await Deadline.In(_clock, TimeSpan.FromSeconds(1)).WaitForAsync(Task.FromException(new InvalidOperationException()));
        await Deadline.In(_clock, TimeSpan.FromSeconds(-1)).WaitForAsync(never.Task);
    }
}
