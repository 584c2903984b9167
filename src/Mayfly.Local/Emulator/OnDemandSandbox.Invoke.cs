namespace Mayfly.Local.Emulator;

/// <content>INVOKE: one invocation from the event to the report.</content>
internal sealed partial class OnDemandSandbox
{
    private static readonly TimeSpan ThawDelivery = TimeSpan.FromMilliseconds(500);

    public override async Task<InvocationResult> InvokeAsync(ReadOnlyMemory<byte> payload, InvokeOptions options)
    {
        string requestId = options.RequestId ?? Guid.NewGuid().ToString();
        Readiness ready = await MakeReadyAsync(requestId);
        if (ready.Refused is { } refused)
        {
            return refused;
        }

        await ThawAsync();
        Invocation invocation = Begin(requestId, payload, options);
        Timeline.Add(SandboxEventKind.PhaseStarted, "INVOKE", requestId);
        using var over = new CancellationTokenSource();
        Task limit = Task.Delay(Options.Timeout, Time, over.Token);
        Ending init = IsInitialized ? Ending.Done : (await InitAsync(PhaseOfInvoke, limit)).Ending;
        Telemetry.Platform("platform.start", requestId, writer => PlatformRecords.Start(writer, invocation, Options.FunctionVersion));

        ExtensionSession[] participants = [.. Generation.Extensions.Where(extension => extension.IsSubscribed(ExtensionSession.Invoke))];
        Ending ending = init.IsDone ? await RunAsync(invocation, participants, options, limit) : init;
        await over.CancelAsync();
        long ended = Time.GetTimestamp();
        var outcome = new Outcome(invocation, ending, init.IsDone, ended)
        {
            Ready = ready,
            Returns = [.. participants.Select(extension => ReturnOf(extension, invocation))],
        };
        return ending.IsDone ? Complete(outcome) : await FailAsync(outcome);
    }

    /// <summary>INIT, snapshot and RESTORE before the invocation, whichever is due; an INIT that failed here is due inside it.</summary>
    private async Task<Readiness> MakeReadyAsync(string requestId)
    {
        var ready = new Readiness { Cold = !IsInitialized || UnreportedInit is not null };
        if (UnreportedInit is { } ahead)
        {
            ready = ready with { Waited = Time.GetElapsedTime(ahead.EndedAt) };
        }
        else if (!IsInitialized && !_initInsideInvoke)
        {
            (Ending init, ShutdownReport? reset) = await InitFirstAsync();
            if (!init.IsDone && Options.IsSnapStart)
            {
                FatalError error = init.Error ?? new FatalError(FatalError.RuntimeUnknown, "The snapshot could not be taken in time");
                return ready with { Refused = NotStarted(requestId, InvocationStatus.InitError, error, reset) };
            }
        }

        TimeSpan? initDuration = UnreportedInit?.Took;
        UnreportedInit = null;
        if (!Options.IsSnapStart || _isRestored)
        {
            return ready with { InitDuration = initDuration };
        }

        if (!_isFrozen)
        {
            Freeze();
        }

        (Ending ending, TimeSpan took) = await RestoreAsync();
        return ending.IsDone ? ready with { RestoreDuration = took } : ready with { Refused = await GiveUpRestoreAsync(requestId, ending) };
    }

    /// <summary>Event out, response in, runtime back, extensions back.</summary>
    private async Task<Ending> RunAsync(Invocation invocation, ExtensionSession[] participants, InvokeOptions options, Task limit)
    {
        SandboxGeneration generation = Generation;
        byte[] body = InvokeEvent(invocation);
        foreach (ExtensionSession extension in participants)
        {
            extension.Deliver(new ExtensionEvent(ExtensionSession.Invoke, body));
        }

        Runtime.Release(invocation);
        Ending ending = await StepAsync(invocation.Response, generation, limit);
        if (!ending.IsDone)
        {
            return ending;
        }

        options.Responded?.Invoke((await invocation.Response).Body);
        ending = await StepAsync(invocation.RuntimeReturned, generation, limit);
        if (!ending.IsDone)
        {
            return ending;
        }

        SayRuntimeDone(invocation, Ending.Done, Time.GetElapsedTime(invocation.ReleasedAt, invocation.RuntimeReturnedAt));
        return await StepAsync(Task.WhenAll(participants.Select(extension => extension.Returned)), generation, limit);
    }

    private InvocationResult Complete(Outcome outcome)
    {
        // Frozen at once: what is left to do here gives the processes no time.
        Timeline.Add(SandboxEventKind.PhaseEnded, "INVOKE", "success");
        Freeze();
        MeasureMemory();
        InvocationReport report = SayReport(outcome);
        return ResultOf(outcome, report, reset: null);
    }

    private async Task<InvocationResult> FailAsync(Outcome outcome)
    {
        MeasureMemory();
        TimeSpan sofar = outcome.WasInitialized ? Time.GetElapsedTime(outcome.Invocation.ReleasedAt, outcome.EndedAt) : TimeSpan.Zero;
        SayRuntimeDone(outcome.Invocation, outcome.Ending, sofar);
        Timeline.Add(SandboxEventKind.PhaseEnded, "INVOKE", outcome.Ending.Error?.Type ?? "timeout");
        InvocationResponse? initError = Generation.Runtime.InitError;
        long memory = Generation.MaxMemoryBytes;
        ShutdownReport reset = await ShutDownAsync(outcome.Ending.ShutdownReason);
        _initInsideInvoke = !Options.IsSnapStart;
        Generation.MaxMemoryBytes = memory;
        InvocationReport report = SayReport(outcome);
        Generation.MaxMemoryBytes = 0;
        return ResultOf(outcome with { InitError = initError }, report, reset);
    }

    private void SayRuntimeDone(Invocation invocation, Ending ending, TimeSpan duration)
    {
        InvocationResponse? response = ResponseOf(invocation);
        List<PlatformSpan> spans = [];
        if (response is not null)
        {
            spans.Add(Span("responseLatency", invocation.ReleasedAt, response.StartedAt));
            spans.Add(Span("responseDuration", response.StartedAt, response.EndedAt));
            if (invocation.RuntimeReturnedAt > 0)
            {
                spans.Add(Span("runtimeOverhead", response.EndedAt, invocation.RuntimeReturnedAt));
            }
        }

        Telemetry.Platform(
            "platform.runtimeDone",
            ending.Status,
            writer => PlatformRecords.RuntimeDone(writer, invocation, ending.Status, ending.Error?.Type, duration, response?.Body.Length ?? 0, spans));
    }

    private InvocationReport SayReport(Outcome outcome)
    {
        Invocation invocation = outcome.Invocation;
        TimeSpan duration = DurationOf(outcome);
        bool hasOverhead = outcome.Ending.IsDone && outcome.Returns.Count > 0;
        var report = new InvocationReport(
            outcome.Ending.Status,
            outcome.Ending.Error?.Type,
            duration,
            (long)Math.Ceiling(duration.TotalMilliseconds),
            Options.MemoryMb,
            outcome.Ending.Error?.Type == FatalError.OutOfMemory ? Options.MemoryMb : (int)Math.Max(1, Generation.MaxMemoryBytes / (1024 * 1024)),
            outcome.Ready.InitDuration,
            outcome.Ready.RestoreDuration,
            hasOverhead ? Span("extensionOverhead", invocation.RuntimeReturnedAt, outcome.EndedAt) : null);
        Telemetry.Platform("platform.report", report.Status, writer => PlatformRecords.Report(writer, invocation, report));
        return report;
    }

    private InvocationResult ResultOf(Outcome outcome, InvocationReport report, ShutdownReport? reset)
    {
        Invocation invocation = outcome.Invocation;
        InvocationResponse? response = ResponseOf(invocation) ?? outcome.InitError;
        InvocationStatus status = outcome.Ending.Kind switch
        {
            EndingKind.Done => response?.ErrorType is null ? InvocationStatus.Success : InvocationStatus.HandledError,
            EndingKind.TimedOut => InvocationStatus.Timeout,
            _ => outcome.WasInitialized ? InvocationStatus.Crash : InvocationStatus.InitError,
        };
        FatalError? error = ErrorFor(outcome.Ending);
        byte[] body = response?.Body ?? FailureBody(invocation.RequestId, error);
        bool responded = invocation.Response.IsCompletedSuccessfully;
        return new InvocationResult
        {
            RequestId = invocation.RequestId,
            Status = status,
            ResponseBody = body,
            ErrorType = error?.Type ?? response?.ErrorType,
            Cold = outcome.Ready.Cold,
            InitDuration = outcome.Ready.InitDuration,
            InitAhead = outcome.Ready.Waited,
            RestoreDuration = outcome.Ready.RestoreDuration,
            Duration = report.Duration,
            BilledDurationMs = report.BilledMs,
            ResponseLatency = responded ? Time.GetElapsedTime(invocation.StartedAt, response!.EndedAt) : null,
            ExtensionOverhead = responded && outcome.Ending.IsDone ? Time.GetElapsedTime(response!.EndedAt, outcome.EndedAt) : TimeSpan.Zero,
            DeadlineMs = invocation.DeadlineMs,
            MaxMemoryUsedMb = report.MaxMemoryUsedMb,
            Extensions = outcome.Returns,
            Reset = reset,
        };
    }

    /// <summary>A timed-out invocation took exactly the timeout, however late the timer was.</summary>
    private TimeSpan DurationOf(Outcome outcome) => outcome.Ending.Kind == EndingKind.TimedOut
        ? Options.Timeout
        : Time.GetElapsedTime(outcome.Invocation.StartedAt, outcome.EndedAt);

    private ExtensionReturn ReturnOf(ExtensionSession extension, Invocation invocation)
    {
        if (!extension.Returned.IsCompleted)
        {
            return new ExtensionReturn(extension.Name, null, null);
        }

        TimeSpan? afterResponse = ResponseOf(invocation) is { } response ? Time.GetElapsedTime(response.EndedAt, extension.LastNextAt) : null;
        return new ExtensionReturn(extension.Name, afterResponse, Options.Timeout - Time.GetElapsedTime(invocation.StartedAt, extension.LastNextAt));
    }

    private void MeasureMemory()
    {
        long now = Generation.Processes.Sum(process => process.ResidentBytes());
        Generation.MaxMemoryBytes = Math.Max(Generation.MaxMemoryBytes, now);
    }

    private static InvocationResponse? ResponseOf(Invocation invocation) =>
        invocation.Response.IsCompletedSuccessfully ? invocation.Response.GetAwaiter().GetResult() : null;

    private static byte[] InvokeEvent(Invocation invocation) => ApiAnswer.Json(writer =>
    {
        writer.WriteString("eventType", ExtensionSession.Invoke);
        writer.WriteNumber("deadlineMs", invocation.DeadlineMs);
        writer.WriteString("requestId", invocation.RequestId);
        writer.WriteString("invokedFunctionArn", invocation.FunctionArn);
        PlatformRecords.WriteTracing(writer, invocation);
    });

    private sealed record Outcome(Invocation Invocation, Ending Ending, bool WasInitialized, long EndedAt)
    {
        public required Readiness Ready { get; init; }

        public IReadOnlyList<ExtensionReturn> Returns { get; init; } = [];

        public InvocationResponse? InitError { get; init; }
    }

    /// <summary>What had to happen before the invocation could start.</summary>
    private sealed record Readiness
    {
        public bool Cold { get; init; }

        public TimeSpan? InitDuration { get; init; }

        /// <summary>From the end of an INIT ahead to the invocation.</summary>
        public TimeSpan? Waited { get; init; }

        public TimeSpan? RestoreDuration { get; init; }

        /// <summary>The result, if it cannot start.</summary>
        public InvocationResult? Refused { get; init; }
    }
}
