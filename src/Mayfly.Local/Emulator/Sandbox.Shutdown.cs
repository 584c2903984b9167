namespace Mayfly.Local.Emulator;

/// <content>SHUTDOWN, for a spin-down as for a reset: runtime first, then the extensions, all within one budget.</content>
internal abstract partial class Sandbox
{
    // 600 of the 2000 ms, for managed instances as for the others.
    private const double RuntimeShare = 0.3;
    protected static readonly TimeSpan WithExternalExtensions = TimeSpan.FromMilliseconds(2000);
    private static readonly TimeSpan WithInternalExtensions = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan AfterKill = TimeSpan.FromSeconds(2);

    protected virtual async Task<ShutdownReport> ShutDownAsync(string reason)
    {
        SandboxGeneration generation = _generation;
        long started = Time.GetTimestamp();
        Timeline.Add(SandboxEventKind.PhaseStarted, "SHUTDOWN", reason);
        generation.ShuttingDown = true;
        TimeSpan budget = BudgetOf(generation);
        long deadlineMs = (Time.GetUtcNow() + budget).ToUnixTimeMilliseconds();

        bool runtimeKilled = await StopRuntimeAsync(generation, budget * RuntimeShare);
        await Telemetry.FlushAsync(LastTelemetry + Options.Grace);
        byte[] body = ShutdownEvent(deadlineMs, reason);
        ExtensionExit[] exits = await Task.WhenAll(generation.External.Select(extension => StopExtensionAsync(generation, extension, body, started, budget)));

        int? runtimeExit = generation.RuntimeProcess is { HasExited: true } runtime ? await runtime.Exited : null;
        KillAll();
        generation.Close();
        await Telemetry.ResetAsync();
        await SandboxProcesses.DisposeAsync(generation);
        IsInitialized = false;
        UnreportedInit = null;
        _generation = NewGeneration();
        Timeline.Add(SandboxEventKind.PhaseEnded, "SHUTDOWN", reason);
        return new ShutdownReport(reason, runtimeExit, runtimeKilled, exits, Time.GetElapsedTime(started));
    }

    /// <summary>How long the rest of the telemetry may take before the extensions are told.</summary>
    protected virtual TimeSpan LastTelemetry => TimeSpan.FromMilliseconds(500);

    /// <summary>No time for anybody without extensions, little for internal ones only.</summary>
    protected virtual TimeSpan BudgetOf(SandboxGeneration generation) =>
        generation.External.Any() ? WithExternalExtensions : generation.Extensions.Count > 0 ? WithInternalExtensions : TimeSpan.Zero;

    /// <summary>SIGTERM and a share of the budget, then SIGKILL; SIGKILL at once without a budget. True = killed.</summary>
    private async Task<bool> StopRuntimeAsync(SandboxGeneration generation, TimeSpan share)
    {
        if (generation.RuntimeProcess is not { HasExited: false } runtime)
        {
            return false;
        }

        if (share > TimeSpan.Zero)
        {
            Timeline.Add(SandboxEventKind.ProcessSignalled, runtime.Name, "SIGTERM", runtime.Id);
            runtime.Terminate();
            if (await IsDoneWithinAsync(runtime.Exited, share))
            {
                return false;
            }
        }

        await KillAsync(runtime);
        return true;
    }

    private async Task<ExtensionExit> StopExtensionAsync(SandboxGeneration generation, ExtensionSession extension, byte[] body, long started, TimeSpan budget)
    {
        SandboxProcess? process = generation.ExtensionProcesses.GetValueOrDefault(extension.Name);
        if (process is { HasExited: true })
        {
            return new ExtensionExit(extension.Name, false, true, await process.Exited, TimeSpan.Zero);
        }

        long ready = Time.GetTimestamp();
        if (extension.IsSubscribed(ExtensionSession.Shutdown))
        {
            extension.Deliver(new ExtensionEvent(ExtensionSession.Shutdown, body));

            // Who plays an extension has no process to end: having taken the event is all there is to see.
            Task gone = process is null ? extension.ShutdownReceived : process.Exited;
            if (await IsDoneWithinAsync(gone, budget + Options.Grace - Time.GetElapsedTime(started)))
            {
                int? exitCode = process is null ? null : await process.Exited;
                return new ExtensionExit(extension.Name, extension.ShutdownReceived.IsCompleted, true, exitCode, Time.GetElapsedTime(ready));
            }
        }

        if (process is not null)
        {
            await KillAsync(process);
        }

        int? killed = process is { HasExited: true } ? await process.Exited : null;
        return new ExtensionExit(extension.Name, extension.ShutdownReceived.IsCompleted, false, killed, Time.GetElapsedTime(ready));
    }

    private async Task KillAsync(SandboxProcess process)
    {
        Timeline.Add(SandboxEventKind.ProcessSignalled, process.Name, "SIGKILL", process.Id);
        process.SignalAll(PosixSignal.Kill);
        await IsDoneWithinAsync(process.Exited, AfterKill);
    }

    private async Task<bool> IsDoneWithinAsync(Task task, TimeSpan limit)
    {
        if (limit <= TimeSpan.Zero)
        {
            return task.IsCompleted;
        }

        using var over = new CancellationTokenSource();
        await Task.WhenAny(task, Task.Delay(limit, Time, over.Token));
        await over.CancelAsync();
        return task.IsCompleted;
    }

    private static byte[] ShutdownEvent(long deadlineMs, string reason) => ApiAnswer.Json(writer =>
    {
        writer.WriteString("eventType", ExtensionSession.Shutdown);
        writer.WriteNumber("deadlineMs", deadlineMs);
        writer.WriteString("shutdownReason", reason);
    });
}
