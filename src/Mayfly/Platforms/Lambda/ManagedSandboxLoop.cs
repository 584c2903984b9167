using Mayfly.Config;
using Mayfly.Diagnostics;
using Mayfly.Lifecycle;

namespace Mayfly.Platforms.Lambda;

/// <summary>
/// The life of a sandbox on managed instances: never frozen, invocations overlap and are told by telemetry alone, so data is sent in the background until the
/// one event that comes, SHUTDOWN (docs/spec/01-lambda-lifecycle.md#17-lmi-differences-summary).
/// </summary>
/// <param name="strategy">Only <c>continuously</c> means something here: its interval.</param>
/// <param name="shutdown">The end, and what a flush needs too.</param>
public sealed class ManagedSandboxLoop(FlushStrategy strategy, SandboxShutdown shutdown)
{
    private static readonly TimeSpan DefaultInterval = TimeSpan.FromSeconds(30);

    private readonly TimeProvider _time = shutdown.Time;
    private readonly Log _log = shutdown.Log;

    /// <summary>Runs to the end of the sandbox; returns the process's exit code.</summary>
    /// <param name="events">The platform's.</param>
    /// <param name="next">The first <c>next</c>, already on its way.</param>
    /// <param name="subscription">Tells, some time, whether telemetry will come: null, or why not.</param>
    /// <param name="stop">Cancelled on SIGTERM.</param>
    public async Task<int> RunAsync(EventSource events, Task<ExtensionEvent> next, Task<string?> subscription, CancellationToken stop)
    {
        WarnAboutStrategy();
        using var ended = new CancellationTokenSource();
        using BackgroundFlush flush = shutdown.InBackground();
        Task flushing = FlushPeriodicallyAsync(flush, subscription, ended.Token);
        SandboxEvent current = await events.NextAsync(next, stop);
        while (current.Kind == SandboxEventKind.Invoke)
        {
            _log.Once("managed invoke", LogLevel.Warn, "The platform sent an INVOKE event to an extension that did not ask for any; it is ignored.");
            current = await events.NextAsync(pending: null, stop);
        }

        await ended.CancelAsync();
        await flushing;
        await flush.StopAsync(SandboxShutdown.LongestWaitForFlush);
        return await shutdown.RunAsync(current);
    }

    private async Task FlushPeriodicallyAsync(BackgroundFlush flush, Task<string?> subscription, CancellationToken ended)
    {
        try
        {
            if (await subscription.WaitAsync(ended) is { } refusal)
            {
                _log.Warn($"No telemetry from the platform: {refusal.Trim()}. Logs, invocations and enhanced metrics are missing.");
            }

            TimeSpan interval = strategy.Mode == FlushMode.Continuously ? strategy.Interval : DefaultInterval;
            Task over = Task.Delay(Timeout.InfiniteTimeSpan, _time, ended);
            while (!over.IsCompleted)
            {
                await flush.SendWhatPilesUpAsync(shutdown.Flushes.Demand, over, Deadline.In(_time, interval));
                if (!over.IsCompleted)
                {
                    flush.Start();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The final flush takes over.
        }
    }

    private void WarnAboutStrategy()
    {
        if (strategy.Mode is not (FlushMode.Adaptive or FlushMode.Continuously))
        {
            _log.Warn(
                $"{Keys.FlushStrategy} has no effect on managed instances other than continuously,MILLISECONDS: "
                + $"data is sent every {DefaultInterval.TotalSeconds} seconds.");
        }
    }
}
