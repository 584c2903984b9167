namespace Mayfly.Local.Emulator;

/// <summary>Starts the sandbox's processes and turns their lines into telemetry and their ends into failures.</summary>
internal sealed class SandboxProcesses(EmulatorOptions options, SandboxLayer layer, Timeline timeline, TelemetryBus telemetry)
{
    private const string ExecWrapper = "AWS_LAMBDA_EXEC_WRAPPER";
    private static readonly TimeSpan Gone = TimeSpan.FromSeconds(2);

    private readonly bool _linesAreObjects = string.Equals(options.LogFormat, "JSON", StringComparison.OrdinalIgnoreCase);

    /// <summary>Starts an external extension; false = it cannot be run.</summary>
    public bool TryStartExtension(SandboxGeneration generation, ExtensionCommand extension, SandboxEnvironment environment)
    {
        ProcessCommand command = extension.Command!;
        string directory = Path.GetPathRoot(Path.GetTempPath())!;
        SandboxProcess? process = Start(extension.Name, command, environment.ForExtension(command), directory, TelemetryTypes.Extension);
        if (process is null)
        {
            return false;
        }

        generation.ExtensionProcesses[extension.Name] = process;
        generation.Watches.Add(WatchAsync(process, generation, FatalError.ExtensionCrash));
        return true;
    }

    /// <summary>Starts the runtime, through the wrapper if the function is configured with one; false = it cannot be run.</summary>
    public bool TryStartRuntime(SandboxGeneration generation, ProcessCommand function, SandboxEnvironment environment)
    {
        Dictionary<string, string> variables = environment.ForRuntime(function);
        if (variables.TryGetValue(ExecWrapper, out string? wrapper) && wrapper.Length > 0)
        {
            function = new ProcessCommand(layer.InSandbox(wrapper), [function.FileName, .. function.Arguments]);
        }

        string directory = options.WorkingDirectory ?? Directory.GetCurrentDirectory();
        SandboxProcess? process = Start(EmulatorOptions.RuntimeName, function, variables, directory, TelemetryTypes.Function);
        if (process is null)
        {
            return false;
        }

        generation.RuntimeProcess = process;
        if (options.EnforceMemory)
        {
            long limit = options.MemoryMb * 1024L * 1024;
            generation.Watches.Add(MemoryWatch.RunAsync(
                generation, limit, options.Time, () => Kill(generation, EmulatorOptions.RuntimeName, isOutOfMemory: true)));
        }

        generation.Watches.Add(WatchAsync(process, generation, FatalError.RuntimeExit));
        return true;
    }

    /// <summary>See <see cref="Sandbox.Kill"/>.</summary>
    public bool Kill(SandboxGeneration generation, string name, bool isOutOfMemory)
    {
        bool isRuntime = name == EmulatorOptions.RuntimeName;
        SandboxProcess? process = isRuntime ? generation.RuntimeProcess : generation.ExtensionProcesses.GetValueOrDefault(name);
        bool isPlayed = process is null && (isRuntime ? options.Function is null : generation.FindExternal(name) is not null);
        if (process?.HasExited ?? !isPlayed)
        {
            return false;
        }

        if (isOutOfMemory)
        {
            generation.Announce(FatalError.OutOfMemory);
        }

        timeline.Add(SandboxEventKind.ProcessSignalled, name, isOutOfMemory ? "SIGKILL: out of memory" : "SIGKILL: as asked", process?.Id);
        if (process is null)
        {
            string message = SandboxProcess.Describe(128 + PosixSignal.Kill);
            generation.Fail(isRuntime ? FatalError.RuntimeExit : FatalError.ExtensionCrash, isRuntime ? "Runtime exited with error: " + message : message);
        }
        else if (!PosixSignal.Send(process.Id, PosixSignal.Kill))
        {
            // With a signal it is this one only, as the kernel does it; the rest goes with the sandbox.
            process.SignalAll(PosixSignal.Kill);
        }

        return true;
    }

    /// <summary>Waits a little for killed processes to be gone and lets go of them.</summary>
    public static async Task DisposeAsync(SandboxGeneration generation)
    {
        SandboxProcess[] processes = [.. generation.Processes];
        await Task.WhenAny(Task.WhenAll(generation.Watches), Task.Delay(Gone));
        foreach (SandboxProcess process in processes.Where(process => process.Exited.IsCompleted))
        {
            process.Dispose();
        }
    }

    private SandboxProcess? Start(string name, ProcessCommand command, Dictionary<string, string> variables, string directory, TelemetryTypes type)
    {
        if (SandboxProcess.FindExecutable(layer.OnMachine(command.FileName), variables.GetValueOrDefault("PATH", "")) is null)
        {
            return null;
        }

        SandboxProcess? process = SandboxProcess.TryStart(name, command, layer.Prefix, variables, directory, output =>
        {
            telemetry.Line(type, output.Line, _linesAreObjects);
            options.Output?.Invoke(output);
        });
        if (process is not null)
        {
            timeline.Add(SandboxEventKind.ProcessStarted, name, command.FileName, process.Id);
        }

        return process;
    }

    /// <summary>Ends with the process, which every way out of a generation kills.</summary>
    private async Task WatchAsync(SandboxProcess process, SandboxGeneration generation, string errorType)
    {
        int exitCode = await process.Exited;
        string status = SandboxProcess.Describe(exitCode);
        timeline.Add(SandboxEventKind.ProcessExited, process.Name, status, process.Id);
        bool isRuntime = errorType == FatalError.RuntimeExit;
        string message = !isRuntime ? exitCode == 0 ? "exit code 0" : status
            : exitCode == 0 ? "Runtime exited without providing a reason"
            : "Runtime exited with error: " + status;
        generation.Fail(errorType, message);
    }
}
