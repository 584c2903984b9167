using Mayfly.Diagnostics;
using Mayfly.Lifecycle;
using Mayfly.Platforms.Lambda.Invocations;
using Mayfly.Platforms.Lambda.Telemetry;

namespace Mayfly.Platforms.Lambda;

/// <summary>
/// The sandbox's life as an extension sees it: next → invocation → next … → SHUTDOWN (docs/spec/01-lambda-lifecycle.md#13-phases-budgets-reset).
/// Nothing in here may keep the agent from <c>next</c>, and nothing but SHUTDOWN, SIGTERM or a platform that refuses <c>next</c> ends it.
/// </summary>
public sealed class SandboxLoop
{
    /// <summary>
    /// The agent stops waiting and sending this long before an invocation's deadline, whatever happens: enough to be back at <c>next</c> 100 ms before it, also
    /// on a fraction of a CPU.
    /// </summary>
    private static readonly TimeSpan InvocationMargin = TimeSpan.FromMilliseconds(200);

    /// <summary>Kept back of the shutdown budget for the process to end by itself, also on a fraction of a CPU.</summary>
    private static readonly TimeSpan ShutdownMargin = TimeSpan.FromMilliseconds(250);

    /// <summary>One flush of an invocation takes no longer, however generous the function's own deadline is: the time is billed.</summary>
    private static readonly TimeSpan LongestFlush = TimeSpan.FromSeconds(5);

    /// <summary>With less time left than this a flush is not begun: the answers would not be read, and the same data sent again.</summary>
    private static readonly TimeSpan ShortestFlush = TimeSpan.FromMilliseconds(50);

    /// <summary>How long SHUTDOWN waits for the reports of invocations that were cut off.</summary>
    private static readonly TimeSpan LongestWaitForReports = TimeSpan.FromMilliseconds(150);

    /// <summary>How long an invocation waits for the platform to answer the subscription; the answer usually is there before the first one.</summary>
    private static readonly TimeSpan LongestWaitForSubscription = TimeSpan.FromMilliseconds(500);

    private const string Consequence = "Logs and most enhanced metrics are missing; traces and custom metrics are sent with the next invocation.";

    private bool _sawInvoke;

    public required ExtensionClient Platform { get; init; }

    public required InvocationTracker Invocations { get; init; }

    public required FlushCoordinator Flushes { get; init; }

    public required InboundTraffic Inbound { get; init; }

    /// <summary>Null when logs are off.</summary>
    public required LambdaLogs? Logs { get; init; }

    /// <summary>Called once, before the first invocation is begun: only now the runtime's process is there to be looked at.</summary>
    public required Action OnFirstInvoke { get; init; }

    /// <summary>The user's limit for one flush; the shorter of this and the agent's own holds.</summary>
    public required TimeSpan FlushTimeout { get; init; }

    public required TimeProvider Time { get; init; }

    public required Log Log { get; init; }

    /// <summary>Runs to the end of the sandbox; returns the process's exit code.</summary>
    /// <param name="extensionId">From the registration.</param>
    /// <param name="next">The first <c>next</c>, already on its way.</param>
    /// <param name="subscription">Tells, some time, whether telemetry will come: null, or why not.</param>
    /// <param name="stop">Cancelled on SIGTERM.</param>
    public async Task<int> RunAsync(string extensionId, Task<ExtensionEvent> next, Task<string?> subscription, CancellationToken stop)
    {
        int troubles = 0;
        Task stopped = Task.Delay(Timeout.InfiniteTimeSpan, Time, stop);
        while (true)
        {
            ExtensionEvent current;
            try
            {
                current = await next;
                troubles = current.Kind == ExtensionEventKind.Unknown ? troubles + 1 : 0;
            }
            catch (OperationCanceledException)
            {
                await ShutDownAsync("sigterm", Deadline.In(Time, LongestFlush));
                return 0;
            }
            catch (HttpRequestException e) when (e.StatusCode is not null)
            {
                Log.Error($"The platform ended the extension's life: {e.Message}.");
                await ShutDownAsync("failure", Deadline.In(Time, LongestFlush));
                return 1;
            }
            catch (Exception e) when (e is HttpRequestException or IOException)
            {
                Log.Once("next", LogLevel.Warn, $"Waiting for the next event failed and is tried again: {e.Message}.");
                current = default;
                troubles++;
            }

            switch (current.Kind)
            {
                case ExtensionEventKind.Invoke:
                    await ServeAsync(current, subscription, stopped);
                    break;
                case ExtensionEventKind.Shutdown:
                    await ShutDownAsync(current.ShutdownReason, DeadlineOf(current).Earlier(ShutdownMargin));
                    return 0;
                default:
                    await BackOffAsync(troubles);
                    break;
            }

            next = Platform.NextAsync(extensionId, stop);
        }
    }

    /// <summary>One invocation: waits for its end, then sends what it left. Nothing in here may keep the agent from <c>next</c>.</summary>
    private async Task ServeAsync(ExtensionEvent invoke, Task<string?> subscription, Task stopped)
    {
        try
        {
            Deadline back = DeadlineOf(invoke).Earlier(InvocationMargin);
            if (!_sawInvoke)
            {
                _sawInvoke = true;
                OnFirstInvoke();
            }

            InvocationContext invocation = Invocations.Begin(invoke.RequestId);
            if (await TelemetryComesAsync(subscription, back))
            {
                await back.WaitForAsync(Task.WhenAny(invocation.WhenRuntimeDone, stopped));
                if (!invocation.WhenRuntimeDone.IsCompleted)
                {
                    // The function is about to time out, or the process is told to end: the final flush has a budget of its own, and a flush that is cut off
                    // now would send the same data twice.
                    return;
                }

                await Inbound.SettleAsync(back);
            }

            Invocations.SendComplete();

            // Without telemetry nobody tells when the handler is done: what earlier invocations left goes out while this one runs.
            if (back.Left > ShortestFlush)
            {
                await Flushes.FlushAsync(Deadline.Min(back, Deadline.In(Time, ShorterOf(LongestFlush, FlushTimeout))));
            }
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            Log.Error($"Serving invocation {invoke.RequestId} failed inside the agent, the function is not affected: {e}");
        }
    }

    /// <summary>False when the platform refused the subscription, or has not answered it yet: then nobody would tell when this invocation is done.</summary>
    private async Task<bool> TelemetryComesAsync(Task<string?> subscription, Deadline back)
    {
        await Deadline.Min(back, Deadline.In(Time, LongestWaitForSubscription)).WaitForAsync(subscription);
        string? refusal = subscription.IsCompletedSuccessfully ? await subscription : "no answer";
        if (refusal is not null)
        {
            Log.Once("no telemetry", LogLevel.Warn, $"No telemetry from the platform: {refusal.Trim()}. {Consequence}");
        }

        return refusal is null;
    }

    private async Task ShutDownAsync(string reason, Deadline deadline)
    {
        try
        {
            await Deadline.Min(deadline, Deadline.In(Time, LongestWaitForReports)).WaitForAsync(Invocations.WhenAllReported());
            await Inbound.SettleAsync(deadline);
            Invocations.Shutdown(reason);
            Logs?.ReleaseAll();
            FlushReport report = await Flushes.FlushAsync(deadline);
            Flushes.DropRest();
            if (report.Kept > 0)
            {
                Log.Error($"{report.Kept} spans, metric samples and log events could not be sent before the shutdown deadline and are lost.");
            }
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            Log.Error($"The final flush failed inside the agent: {e}");
        }
    }

    private Deadline DeadlineOf(ExtensionEvent current) =>
        current.DeadlineMs > 0 ? Deadline.AtUnixMs(Time, current.DeadlineMs) : Deadline.In(Time, LongestFlush);

    /// <summary>A platform that answers nonsense at once must not keep a core busy.</summary>
    private async Task BackOffAsync(int troubles) =>
        await Task.Delay(TimeSpan.FromMilliseconds(Math.Min(1000, 20 * Math.Pow(2, Math.Min(troubles, 6)))), Time);

    private static TimeSpan ShorterOf(TimeSpan a, TimeSpan b) => a <= b ? a : b;
}
