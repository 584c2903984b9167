using Mayfly.Diagnostics;
using Mayfly.Lifecycle;
using Mayfly.Platforms.Lambda.Invocations;

namespace Mayfly.Platforms.Lambda;

/// <summary>
/// The life of a sandbox with one invocation at a time, as an extension sees it: next → invocation → next … → SHUTDOWN
/// (docs/spec/01-lambda-lifecycle.md#13-phases-budgets-reset). Nothing in here may keep the agent from <c>next</c>, and nothing but SHUTDOWN, SIGTERM or a
/// platform that refuses <c>next</c> ends it.
/// </summary>
/// <param name="policy">Decides for each invocation when data is sent.</param>
/// <param name="flushTimeout">The user's limit for one flush; the shorter of this and the agent's own holds.</param>
/// <param name="shutdown">The end, and what serving an invocation needs too.</param>
public sealed class SandboxLoop(FlushPolicy policy, TimeSpan flushTimeout, SandboxShutdown shutdown)
{
    /// <summary>
    /// The agent stops waiting and sending this long before an invocation's deadline, whatever happens: enough to be back at <c>next</c> 100 ms before it, also
    /// on a fraction of a CPU.
    /// </summary>
    private static readonly TimeSpan InvocationMargin = TimeSpan.FromMilliseconds(200);

    /// <summary>With less time left than this a flush is not begun: the answers would not be read, and the same data sent again.</summary>
    private static readonly TimeSpan ShortestFlush = TimeSpan.FromMilliseconds(50);

    /// <summary>How long an invocation waits for the platform to answer the subscription; the answer usually is there before the first one.</summary>
    private static readonly TimeSpan LongestWaitForSubscription = TimeSpan.FromMilliseconds(500);

    private const string Consequence = "Logs and most enhanced metrics are missing; traces and custom metrics are sent with the next invocation.";

    private readonly InvocationTracker _invocations = shutdown.Invocations;
    private readonly TimeProvider _time = shutdown.Time;
    private readonly Log _log = shutdown.Log;

    /// <summary>Runs to the end of the sandbox; returns the process's exit code.</summary>
    /// <param name="events">The platform's.</param>
    /// <param name="next">The first <c>next</c>, already on its way.</param>
    /// <param name="subscription">Tells, some time, whether telemetry will come: null, or why not.</param>
    /// <param name="stop">Cancelled on SIGTERM.</param>
    public async Task<int> RunAsync(EventSource events, Task<ExtensionEvent> next, Task<string?> subscription, CancellationToken stop)
    {
        Task stopped = Task.Delay(Timeout.InfiniteTimeSpan, _time, stop);
        var clock = new SandboxTime(_time);
        long start = clock.GetTimestamp();
        var heap = new HeapTrim();
        using BackgroundFlush background = shutdown.InBackground();
        SandboxEvent current = await events.NextAsync(next, stop);
        while (current.Kind == SandboxEventKind.Invoke)
        {
            FlushDecision decision = policy.Decide(clock.GetElapsedTime(start), shutdown.Flushes.IsLoaded);
            await ServeAsync(current.Event, decision, background, subscription, stopped);
            heap.Served();
            Task<SandboxEvent> coming = events.NextAsync(pending: null, stop);
            if (decision != FlushDecision.End)
            {
                await SendMeanwhileAsync(coming, background);
            }

            current = await coming;
        }

        await background.StopAsync(SandboxShutdown.LongestWaitForFlush);
        return await shutdown.RunAsync(current);
    }

    /// <summary>One invocation: sends what there is to send when it was decided. Nothing in here may keep the agent from <c>next</c>.</summary>
    private async Task ServeAsync(ExtensionEvent invoke, FlushDecision decision, BackgroundFlush background, Task<string?> subscription, Task stopped)
    {
        try
        {
            Deadline back = BackBefore(shutdown.DeadlineOf(invoke));
            InvocationContext invocation = _invocations.Begin(invoke.RequestId);
            switch (decision)
            {
                case FlushDecision.End:
                    if (shutdown.Flushes.IsRecovering)
                    {
                        // Beside the handler it costs nobody anything.
                        background.Start();
                    }

                    if (await TelemetryComesAsync(subscription, back) && !await EndsAsync(invocation, back, background, stopped))
                    {
                        return;
                    }

                    // Without telemetry nobody tells when the handler is done: what earlier invocations left goes out while this one runs.
                    await FlushAsync(back);
                    break;
                case FlushDecision.Periodic:
                    await FlushAsync(back);
                    break;
                case FlushDecision.Continuous:
                    background.Start();
                    break;
            }
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            _log.Error($"Serving invocation {invoke.RequestId} failed inside the agent, the function is not affected: {e}");
        }
    }

    /// <summary>
    /// False when the function is about to time out, or the process is told to end: the final flush has a budget of its own, and a flush that is cut off now
    /// would send the same data twice.
    /// </summary>
    private async Task<bool> EndsAsync(InvocationContext invocation, Deadline back, BackgroundFlush background, Task stopped)
    {
        await background.SendWhatPilesUpAsync(shutdown.Flushes.Demand, Task.WhenAny(invocation.WhenRuntimeDone, stopped), back);
        if (!invocation.WhenRuntimeDone.IsCompleted)
        {
            return false;
        }

        await shutdown.Inbound.SettleAsync(back);
        return true;
    }

    private async Task FlushAsync(Deadline back)
    {
        _invocations.SendComplete();
        if (FlushUntil(back, flushTimeout) is { } deadline)
        {
            await shutdown.Flushes.FlushAsync(deadline);
        }
    }

    /// <summary>By when the agent has to be back at <c>next</c> in an invocation that ends at <paramref name="end"/>.</summary>
    internal static Deadline BackBefore(Deadline end) => end.Earlier(InvocationMargin);

    /// <summary>How long a flush that is begun now may take; null: it is not worth beginning.</summary>
    /// <param name="back">See <see cref="BackBefore"/>.</param>
    /// <param name="flushTimeout">The user's.</param>
    internal static Deadline? FlushUntil(Deadline back, TimeSpan flushTimeout)
    {
        TimeSpan longest = flushTimeout < SandboxShutdown.LongestFlush ? flushTimeout : SandboxShutdown.LongestFlush;
        return back.Left > ShortestFlush ? back.Within(longest) : null;
    }

    /// <summary>
    /// Nobody decides before the next invocation: what comes in late is sent by the clock, and what piles up while the handler still runs at once.
    /// </summary>
    private async Task SendMeanwhileAsync(Task<SandboxEvent> coming, BackgroundFlush background)
    {
        TimeSpan interval = policy.IdleInterval > TimeSpan.Zero ? policy.IdleInterval : TimeSpan.MaxValue;
        while (!coming.IsCompleted)
        {
            await background.SendWhatPilesUpAsync(shutdown.Flushes.Demand, coming, Deadline.In(_time, interval));
            if (!coming.IsCompleted)
            {
                background.Start();
            }
        }
    }

    /// <summary>False when the platform refused the subscription, or has not answered it yet: then nobody would tell when this invocation is done.</summary>
    private async Task<bool> TelemetryComesAsync(Task<string?> subscription, Deadline back)
    {
        await Deadline.Min(back, Deadline.In(_time, LongestWaitForSubscription)).WaitForAsync(subscription);
        string? refusal = subscription.IsCompletedSuccessfully ? await subscription : "no answer";
        if (refusal is not null)
        {
            _log.Once("no telemetry", LogLevel.Warn, $"No telemetry from the platform: {refusal.Trim()}. {Consequence}");
        }

        return refusal is null;
    }
}
