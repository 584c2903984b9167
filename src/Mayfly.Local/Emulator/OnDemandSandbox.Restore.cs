using System.Globalization;

namespace Mayfly.Local.Emulator;

/// <content>RESTORE of SnapStart: the frozen processes stand for the snapshot, so that one snapshot is restored once.</content>
internal sealed partial class OnDemandSandbox
{
    private bool _isRestored;

    /// <summary>
    /// Thaws the snapshot with new credentials and lets a runtime that waits in its restore next run its hooks; it is done when that runtime calls its
    /// ordinary next. A runtime that went straight to that one has nothing to do.
    /// </summary>
    private async Task<(Ending Ending, TimeSpan Took)> RestoreAsync()
    {
        SandboxGeneration generation = Generation;
        Timeline.Add(SandboxEventKind.PhaseStarted, "RESTORE", "snapshot");
        Telemetry.Platform("platform.restoreStart", "snapshot", writer => PlatformRecords.RestoreStart(writer, Options, Variables.LogStream));
        Credentials = AwsCredentials.New(Time);
        await ThawAsync();

        long started = Time.GetTimestamp();
        using var over = new CancellationTokenSource();
        Runtime.Restore();
        Ending ending = await StepAsync(Runtime.Restored, generation, Task.Delay(Options.RestoreTimeout, Time, over.Token));
        await over.CancelAsync();
        if (ending.IsDone && await Runtime.Restored is { } hookError)
        {
            ending = Ending.Failed(hookError);
        }

        TimeSpan took = Time.GetElapsedTime(started);
        string? errorType = ending.IsDone ? null : generation.Failure.IsCompleted ? ending.Error?.Type : FatalError.RuntimeUnknown;
        string status = ending.IsDone ? "success" : "error";
        Telemetry.Platform("platform.restoreRuntimeDone", status, writer => PlatformRecords.RestoreRuntimeDone(writer, status, errorType));
        Telemetry.Platform("platform.restoreReport", status, writer => PlatformRecords.RestoreReport(writer, status, errorType, took));
        Timeline.Add(SandboxEventKind.PhaseEnded, "RESTORE", errorType ?? "success");
        _isRestored = ending.IsDone;
        return (ending, took);
    }

    /// <summary>A sandbox that cannot be restored is given up; the invocation never reaches it.</summary>
    private async Task<InvocationResult> GiveUpRestoreAsync(string requestId, Ending ending)
    {
        string late = string.Create(CultureInfo.InvariantCulture, $"Restore hooks timed out after {Options.RestoreTimeout.TotalSeconds:0.00} seconds");
        FatalError error = ending.Error ?? new FatalError(FatalError.RestoreTimeout, late);
        ShutdownReport reset = await ShutDownAsync(ending.ShutdownReason);
        return NotStarted(requestId, InvocationStatus.RestoreError, error, reset);
    }
}
