namespace Mayfly.Local.Emulator;

/// <content>INIT: extensions, then the runtime, then everybody's first next.</content>
internal sealed partial class Sandbox
{
    /// <summary>INIT ahead of any invocation, as provisioned concurrency and proactive initialization do it; frozen afterwards.</summary>
    public async Task<bool> InitializeAsync()
    {
        _unreportedInit = await InitBeforeInvokeAsync() ?? _unreportedInit;
        if (_isInitialized && !_isFrozen)
        {
            Freeze();
        }

        return _isInitialized;
    }

    /// <summary>Runs INIT with its own limit; when it fails the sandbox is reset and INIT is left to the invocation. Null = nothing to report.</summary>
    private async Task<TimeSpan?> InitBeforeInvokeAsync()
    {
        if (_isInitialized || _initInsideInvoke)
        {
            return null;
        }

        using var over = new CancellationTokenSource();
        long started = _time.GetTimestamp();
        Ending ending = await InitAsync(PhaseOfInit, Task.Delay(_options.InitTimeout, _time, over.Token));
        await over.CancelAsync();
        if (ending.IsDone)
        {
            return _time.GetElapsedTime(started);
        }

        await ShutDownAsync(ending.ShutdownReason);
        _initInsideInvoke = true;
        return null;
    }

    private async Task<Ending> InitAsync(string phase, Task limit)
    {
        SandboxGeneration generation = _generation;
        long started = _time.GetTimestamp();
        _timeline.Add(SandboxEventKind.PhaseStarted, "INIT", phase);
        Telemetry.Platform("platform.initStart", phase, writer => PlatformRecords.InitStart(writer, _options, phase, Variables.LogStream));

        Ending ending = _isClosed ? Ending.Failed(Closed) : await InitExtensionsAsync(generation, limit);
        if (ending.IsDone)
        {
            ending = await InitRuntimeAsync(generation, limit);
            string? runtimeError = ErrorTypeOf(ending);
            Telemetry.Platform(
                "platform.initRuntimeDone",
                ending.IsDone ? "success" : "error",
                writer => PlatformRecords.InitRuntimeDone(writer, _options, phase, runtimeError));
        }

        generation.RegistrationOpen = false;
        generation.SubscriptionOpen = false;
        string? errorType = ErrorTypeOf(ending);
        foreach (ExtensionSession extension in generation.Extensions)
        {
            Telemetry.Platform("platform.extension", extension.Name, writer => PlatformRecords.Extension(writer, extension));
        }

        TimeSpan took = _time.GetElapsedTime(started);
        Telemetry.Platform("platform.initReport", phase, writer => PlatformRecords.InitReport(writer, _options, phase, errorType, took));
        Telemetry.EndReplay();
        _timeline.Add(SandboxEventKind.PhaseEnded, "INIT", errorType ?? "success");
        _isInitialized = ending.IsDone;
        return ending;
    }

    private async Task<Ending> InitExtensionsAsync(SandboxGeneration generation, Task limit)
    {
        if (_layer.Extensions.Count > SandboxGeneration.MaxExtensions)
        {
            return Ending.Failed(new FatalError(FatalError.ExtensionLaunch, "Extension.TooManyExtensions"));
        }

        foreach (ExtensionCommand extension in _layer.Extensions)
        {
            if (extension.Command is not null && !_processes.TryStartExtension(generation, extension, Variables))
            {
                return Ending.Failed(new FatalError(FatalError.ExtensionLaunch, extension.Name + " could not be started"));
            }
        }

        return await StepAsync(Task.WhenAll(generation.External.Select(extension => extension.Registered)), generation, limit);
    }

    private async Task<Ending> InitRuntimeAsync(SandboxGeneration generation, Task limit)
    {
        if (_options.Function is { } function && !_processes.TryStartRuntime(generation, function, Variables))
        {
            return Ending.Failed(new FatalError(FatalError.InvalidEntrypoint, function.FileName + " could not be started"));
        }

        Ending ending = await StepAsync(generation.Runtime.Ready, generation, limit);
        return ending.IsDone ? await StepAsync(Task.WhenAll(generation.Extensions.Select(extension => extension.Ready)), generation, limit) : ending;
    }

    /// <summary>A time-out has no error of its own: AWS then writes an unknown one.</summary>
    private static string? ErrorTypeOf(Ending ending) => ending.IsDone ? null : ending.Error?.Type ?? FatalError.RuntimeUnknown;
}
