using Mayfly.Delivery;
using Mayfly.Diagnostics;
using Mayfly.Lifecycle;
using Mayfly.Platforms.Lambda.Invocations;
using Mayfly.Platforms.Lambda.Telemetry;

namespace Mayfly.Platforms.Lambda;

/// <summary>
/// The end of a sandbox: closes what is open, sends what is left, by the deadline (docs/spec/01-lambda-lifecycle.md#74-shutdown-sequence-rust-od).
/// </summary>
public sealed class SandboxShutdown
{
    /// <summary>
    /// What is done without a deadline from the platform takes no longer; nor does one flush of an invocation, however generous the function's own deadline is:
    /// the time is billed.
    /// </summary>
    public static readonly TimeSpan LongestFlush = TimeSpan.FromSeconds(5);

    /// <summary>How long the end of the sandbox waits for the answers to a flush beside the invocations.</summary>
    internal static readonly TimeSpan LongestWaitForFlush = TimeSpan.FromMilliseconds(300);

    /// <summary>Kept back of the shutdown budget for the process to end by itself, also on a fraction of a CPU.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromMilliseconds(250);

    /// <summary>How long SHUTDOWN waits for the reports of invocations that were cut off.</summary>
    private static readonly TimeSpan LongestWaitForReports = TimeSpan.FromMilliseconds(150);

    public required InvocationTracker Invocations { get; init; }

    public required InboundTraffic Inbound { get; init; }

    /// <summary>Null when logs are off.</summary>
    public required LambdaLogs? Logs { get; init; }

    public required FlushCoordinator Flushes { get; init; }

    public required TimeProvider Time { get; init; }

    public required Log Log { get; init; }

    /// <summary>Does it and returns the process's exit code. Never throws.</summary>
    public async Task<int> RunAsync(SandboxEvent last)
    {
        Deadline deadline = last.Kind == SandboxEventKind.Shutdown ? DeadlineOf(last.Event).Earlier(Margin) : Deadline.In(Time, LongestFlush);
        string reason = last.Kind switch
        {
            SandboxEventKind.Terminated => "sigterm",
            SandboxEventKind.Refused => "failure",
            _ => last.Event.ShutdownReason,
        };
        FlushReport report = default;
        try
        {
            await Deadline.Min(deadline, Deadline.In(Time, LongestWaitForReports)).WaitForAsync(Invocations.WhenAllReported());
            await Inbound.SettleAsync(deadline);
            Invocations.Shutdown(reason);
            Logs?.ReleaseAll();
            report = await Flushes.FlushLastAsync(deadline);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            Log.Error($"The final flush failed inside the agent: {e}");
        }

        KeepRest(report);
        return last.Kind == SandboxEventKind.Refused ? 1 : 0;
    }

    private void KeepRest(FlushReport report)
    {
        try
        {
            long lost = Flushes.DropRest();
            if (lost > 0)
            {
                Log.Error($"{lost} spans, metric samples and log events could not be sent before the shutdown deadline and are lost.");
            }
            else if (report.Kept > 0)
            {
                Log.Warn($"{report.Kept} spans, metric samples and log events wait on disk for the next start of this sandbox.");
            }
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            Log.Error($"What was left could not be kept, which is a defect of the agent: {e}");
        }
    }

    /// <summary>A flush beside the invocations.</summary>
    internal BackgroundFlush InBackground() => new(
        cut =>
        {
            Invocations.SendComplete();
            return Flushes.FlushAsync(Deadline.In(Time, LongestFlush), cut);
        },
        Time,
        Log);

    /// <summary>The deadline that the platform states, else one of the agent's own.</summary>
    public Deadline DeadlineOf(ExtensionEvent current) =>
        current.DeadlineMs > 0 ? Deadline.AtUnixMs(Time, current.DeadlineMs) : Deadline.In(Time, LongestFlush);
}
