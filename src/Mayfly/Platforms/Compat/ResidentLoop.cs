using Mayfly.Diagnostics;
using Mayfly.Lifecycle;

namespace Mayfly.Platforms.Compat;

/// <summary>
/// The life of an agent that nobody calls: looks around a few times a second, and has data sent when its time has come, or when so much waits that it had
/// better be sent.
/// </summary>
internal sealed class ResidentLoop
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    /// <summary>One flush takes no longer: while an intake hangs, the others wait for the next one.</summary>
    private static readonly TimeSpan LongestFlush = TimeSpan.FromSeconds(5);

    public required FlushCoordinator Flushes { get; init; }

    public required TimeSpan FlushInterval { get; init; }

    /// <summary>The user's limit for one flush; the shorter of this and the agent's own holds.</summary>
    public required TimeSpan FlushTimeout { get; init; }

    /// <summary>Never fails for long: what it throws is logged once.</summary>
    public required Func<Task> EverySecond { get; init; }

    /// <summary>Adds metrics of the agent's own that are due; null: there are none.</summary>
    public required Action? Collect { get; init; }

    /// <summary>The end of the process that started this one is the end of this one.</summary>
    public required bool WatchesParent { get; init; }

    /// <summary>How long the process may take to end.</summary>
    public required TimeSpan ShutdownBudget { get; init; }

    /// <summary>The first thing that is done when the end has come.</summary>
    public required Action WhenEnding { get; init; }

    public required TimeProvider Time { get; init; }

    public required Log Log { get; init; }

    /// <summary>
    /// Returns when <paramref name="stop"/> is cancelled or the parent has gone: the time by which the process has to end. No flush is going on then.
    /// </summary>
    public async Task<Deadline> RunAsync(CancellationToken stop)
    {
        using var parent = new ParentProcess();
        using var flush = new BackgroundFlush(FlushAsync, Time, Log);
        Task told = Task.Delay(Timeout.InfiniteTimeSpan, Time, stop);
        long flushedAt = Time.GetTimestamp();
        long lookedAt = flushedAt;
        while (!told.IsCompleted)
        {
            await flush.SendWhatPilesUpAsync(Flushes.Demand, told, Deadline.In(Time, Tick));
            if (!told.IsCompleted && WatchesParent && parent.IsGone)
            {
                Log.Info("The process that started the agent has ended: what is left is sent, then the agent ends too.");
                break;
            }

            Collect?.Invoke();
            if (!told.IsCompleted && HasPassed(FlushInterval, ref flushedAt))
            {
                flush.Start();
            }

            if (!told.IsCompleted && HasPassed(Second, ref lookedAt))
            {
                await LookAroundAsync();
            }
        }

        var end = Deadline.In(Time, ShutdownBudget);
        WhenEnding();

        // Half of the budget for answers that are on their way, half for what has come since.
        await flush.StopAsync(ShutdownBudget / 2);
        return end;
    }

    private bool HasPassed(TimeSpan interval, ref long since)
    {
        long now = Time.GetTimestamp();
        if (Time.GetElapsedTime(since, now) < interval)
        {
            return false;
        }

        since = now;
        return true;
    }

    private Task FlushAsync(CancellationToken cut) =>
        Flushes.FlushAsync(Deadline.In(Time, FlushTimeout < LongestFlush ? FlushTimeout : LongestFlush), cut);

    private async Task LookAroundAsync()
    {
        try
        {
            await EverySecond();
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            Log.Once("look around", LogLevel.Error, $"Trying ports again failed inside the agent (said once): {e}");
        }
    }
}
