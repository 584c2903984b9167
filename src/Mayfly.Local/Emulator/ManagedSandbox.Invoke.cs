namespace Mayfly.Local.Emulator;

/// <content>INVOKE of a managed instance: telemetry is all that an extension learns of it.</content>
internal sealed partial class ManagedSandbox
{
    public override async Task<InvocationResult> InvokeAsync(ReadOnlyMemory<byte> payload, InvokeOptions options)
    {
        string requestId = options.RequestId ?? Guid.NewGuid().ToString();
        Entry entry = await EnterAsync();
        if (entry.Failure is { } failed)
        {
            InvocationResult refused = NotStarted(requestId, InvocationStatus.InitError, failed.Error, failed.Reset);
            return failed.Said is { } said ? refused with { ResponseBody = said.Body, Cold = true } : refused with { Cold = true };
        }

        if (!entry.Runtime.TryReserve(requestId))
        {
            return NotStarted(requestId, InvocationStatus.Crash, await entry.Generation.Failure, await entry.Supervisor);
        }

        InvocationResult? result = null;
        try
        {
            TaskCompletionSource<Invocation>? call = await TakeCallAsync(entry);
            result = call is null ? await UnavailableAsync(requestId, entry) : await RunAsync(Begin(requestId, payload, options), call, entry, options);
        }
        finally
        {
            entry.Runtime.End(requestId, result?.Status == InvocationStatus.Timeout);
        }

        return entry.Generation.Failure.IsCompleted ? result with { Reset = await entry.Supervisor } : result;
    }

    /// <summary>A waiting next; the function's timeout is the limit for this, too. Null = there was none, or the sandbox failed.</summary>
    private async Task<TaskCompletionSource<Invocation>?> TakeCallAsync(Entry entry)
    {
        using var over = new CancellationTokenSource();
        Task<TaskCompletionSource<Invocation>> taking = entry.Runtime.TakeAsync(over.Token);
        await Task.WhenAny(taking, entry.Generation.Failure, Task.Delay(Options.Timeout, Time, over.Token));
        await over.CancelAsync();
        try
        {
            return await taking;
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    private static async Task<InvocationResult> UnavailableAsync(string requestId, Entry entry) => entry.Generation.Failure.IsCompleted
        ? NotStarted(requestId, InvocationStatus.Crash, await entry.Generation.Failure, null)
        : NotStarted(requestId, InvocationStatus.Unavailable, new FatalError(FatalError.RuntimeUnavailable, "no idle runtimes"), null);

    private async Task<InvocationResult> RunAsync(Invocation invocation, TaskCompletionSource<Invocation> call, Entry entry, InvokeOptions options)
    {
        InitAhead? ahead = TakeUnreportedInit();
        Timeline.Add(SandboxEventKind.PhaseStarted, "INVOKE", invocation.RequestId);
        Telemetry.Platform("platform.start", invocation.RequestId, writer => PlatformRecords.ManagedStart(writer, invocation, Options.FunctionVersion));
        using var over = new CancellationTokenSource();
        Task limit = Task.Delay(Options.Timeout, Time, over.Token);
        while (!entry.Runtime.TryRelease(invocation, call) && await TakeCallAsync(entry) is { } other)
        {
            call = other;
        }

        Ending ending = await StepAsync(invocation.Response, entry.Generation, limit);
        await over.CancelAsync();
        InvocationResponse? response = ending.IsDone ? await invocation.Response : null;
        if (response is not null)
        {
            options.Responded?.Invoke(response.Body);
        }

        TimeSpan duration = ending.Kind == EndingKind.TimedOut ? Options.Timeout
            : Time.GetElapsedTime(invocation.StartedAt, response?.EndedAt ?? Time.GetTimestamp());
        FatalError? error = ErrorFor(ending);
        SayReport(invocation, response, error, duration);
        Timeline.Add(SandboxEventKind.PhaseEnded, "INVOKE", error?.Type ?? "success");
        return new InvocationResult
        {
            RequestId = invocation.RequestId,
            Status = ending.Kind switch
            {
                EndingKind.Done => response?.ErrorType is null ? InvocationStatus.Success : InvocationStatus.HandledError,
                EndingKind.TimedOut => InvocationStatus.Timeout,
                _ => InvocationStatus.Crash,
            },
            ResponseBody = response?.Body ?? FailureBody(invocation.RequestId, error),
            ErrorType = error?.Type ?? response?.ErrorType,
            Cold = ahead is not null,
            InitDuration = ahead?.Took,
            InitAhead = ahead is null ? null : Time.GetElapsedTime(ahead.EndedAt, invocation.StartedAt),
            Duration = duration,
            ResponseLatency = response is null ? null : Time.GetElapsedTime(invocation.StartedAt, response.EndedAt),
            DeadlineMs = invocation.DeadlineMs,
        };
    }

    /// <summary>The first invocation takes it; others may start at the same moment.</summary>
    private InitAhead? TakeUnreportedInit()
    {
        lock (_reportGate)
        {
            InitAhead? ahead = UnreportedInit;
            UnreportedInit = null;
            return ahead;
        }
    }

    /// <summary>Unlike on demand, an error of the handler is an error of the invocation here.</summary>
    private void SayReport(Invocation invocation, InvocationResponse? response, FatalError? error, TimeSpan duration)
    {
        string? errorType = error?.Type ?? response?.ErrorType;
        string status = errorType switch
        {
            null => "success",
            FatalError.TimedOut => "timeout",
            _ when errorType.StartsWith("Sandbox.", StringComparison.Ordinal) => "failure",
            _ => "error",
        };
        PlatformSpan[] spans = response is null ? [] :
        [
            Span("responseLatency", invocation.ReleasedAt, response.StartedAt),
            Span("responseDuration", response.StartedAt, response.EndedAt),
        ];
        Telemetry.Platform(
            "platform.report", status, writer => PlatformRecords.ManagedReport(writer, invocation, status, errorType, duration, spans));
    }
}
