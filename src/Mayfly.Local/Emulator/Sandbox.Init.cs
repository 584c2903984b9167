namespace Mayfly.Local.Emulator;

/// <content>INIT: extensions, then the runtime, then everybody's first next.</content>
internal abstract partial class Sandbox
{
    /// <summary>INIT by itself, with its own limit; what it told. Null with the ending: it failed, and the processes are still there.</summary>
    protected async Task<(InitAhead? Init, Ending Ending)> InitAheadAsync()
    {
        using var over = new CancellationTokenSource();
        (Ending ending, TimeSpan took) = await InitAsync(PhaseOfInit, Task.Delay(Options.InitLimit, Time, over.Token));
        await over.CancelAsync();
        return (ending.IsDone ? new InitAhead(took, Time.GetTimestamp()) : null, ending);
    }

    /// <returns>How it ended, and how long it took by its report.</returns>
    protected async Task<(Ending Ending, TimeSpan Took)> InitAsync(string phase, Task limit)
    {
        SandboxGeneration generation = _generation;
        Timeline.Add(SandboxEventKind.PhaseStarted, "INIT", phase);
        Telemetry.Platform("platform.initStart", phase, writer => PlatformRecords.InitStart(writer, Options, phase, Variables.LogStream));

        // Counted from after the record: its time and the report's duration then never reach beyond the end.
        long started = Time.GetTimestamp();

        Ending ending = IsClosed ? Ending.Failed(Closed) : await InitExtensionsAsync(generation, limit);
        if (ending.IsDone)
        {
            ending = await InitRuntimeAsync(generation, limit);
            string? runtimeError = ErrorTypeOf(ending);
            Telemetry.Platform(
                "platform.initRuntimeDone",
                ending.IsDone ? "success" : "error",
                writer => PlatformRecords.InitRuntimeDone(writer, Options, phase, runtimeError));
        }

        generation.RegistrationOpen = false;
        generation.SubscriptionOpen = false;
        string? errorType = ErrorTypeOf(ending);
        foreach (ExtensionSession extension in generation.Extensions)
        {
            Telemetry.Platform("platform.extension", extension.Name, writer => PlatformRecords.Extension(writer, extension));
        }

        TimeSpan took = Time.GetElapsedTime(started);
        Telemetry.Platform("platform.initReport", phase, writer => PlatformRecords.InitReport(writer, Options, phase, errorType, took));
        Telemetry.EndReplay();
        Timeline.Add(SandboxEventKind.PhaseEnded, "INIT", errorType ?? "success");
        IsInitialized = ending.IsDone;
        return (ending, took);
    }

    private async Task<Ending> InitExtensionsAsync(SandboxGeneration generation, Task limit)
    {
        if (Layer.Extensions.Count > SandboxGeneration.MaxExtensions)
        {
            return Ending.Failed(new FatalError(FatalError.ExtensionLaunch, "Extension.TooManyExtensions"));
        }

        foreach (ExtensionCommand extension in Layer.Extensions)
        {
            if (extension.Command is not null && !Processes.TryStartExtension(generation, extension, Variables))
            {
                return Ending.Failed(new FatalError(FatalError.ExtensionLaunch, extension.Name + " could not be started"));
            }
        }

        return await StepAsync(Task.WhenAll(generation.External.Select(extension => extension.Registered)), generation, limit);
    }

    private async Task<Ending> InitRuntimeAsync(SandboxGeneration generation, Task limit)
    {
        if (Options.Function is { } function && !Processes.TryStartRuntime(generation, function, Variables))
        {
            return Ending.Failed(new FatalError(FatalError.InvalidEntrypoint, function.FileName + " could not be started"));
        }

        Ending ending = await StepAsync(generation.Runtime.Initialized, generation, limit);
        return ending.IsDone ? await StepAsync(Task.WhenAll(generation.Extensions.Select(extension => extension.Ready)), generation, limit) : ending;
    }

    /// <summary>A time-out has no error of its own: AWS then writes an unknown one.</summary>
    private static string? ErrorTypeOf(Ending ending) => ending.IsDone ? null : ending.Error?.Type ?? FatalError.RuntimeUnknown;
}
