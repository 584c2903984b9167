using System.Globalization;

namespace Mayfly.Local.Emulator;

/// <content>INVOKE: one invocation from the event to the report.</content>
internal sealed partial class Sandbox
{
    private static readonly TimeSpan ThawDelivery = TimeSpan.FromMilliseconds(200);

    public async Task<InvocationResult> InvokeAsync(ReadOnlyMemory<byte> payload, InvokeOptions options)
    {
        bool cold = !_isInitialized || _unreportedInit is not null;
        TimeSpan? initDuration = await InitBeforeInvokeAsync() ?? _unreportedInit;
        _unreportedInit = null;
        await ThawAsync();

        Invocation invocation = Begin(payload, options);
        _timeline.Add(SandboxEventKind.PhaseStarted, "INVOKE", invocation.RequestId);
        using var over = new CancellationTokenSource();
        Task limit = Task.Delay(_options.Timeout, _time, over.Token);
        Ending init = _isInitialized ? Ending.Done : await InitAsync(PhaseOfInvoke, limit);
        Telemetry.Platform("platform.start", invocation.RequestId, writer => PlatformRecords.Start(writer, invocation, _options.FunctionVersion));

        ExtensionSession[] participants = [.. _generation.Extensions.Where(extension => extension.IsSubscribed(ExtensionSession.Invoke))];
        Ending ending = init.IsDone ? await RunAsync(invocation, participants, options, limit) : init;
        await over.CancelAsync();
        long ended = _time.GetTimestamp();
        var outcome = new Outcome(invocation, ending, init.IsDone, ended)
        {
            InitDuration = initDuration,
            Cold = cold,
            Returns = [.. participants.Select(extension => ReturnOf(extension, invocation))],
        };
        return ending.IsDone ? Complete(outcome) : await ResetAsync(outcome);
    }

    private Invocation Begin(ReadOnlyMemory<byte> payload, InvokeOptions options) => new()
    {
        RequestId = options.RequestId ?? Guid.NewGuid().ToString(),
        Payload = payload,
        FunctionArn = options.Qualifier is { } qualifier ? $"{_options.FunctionArn}:{qualifier}" : _options.FunctionArn,
        TraceHeader = options.TraceHeader,
        ClientContext = options.ClientContext,
        DeadlineMs = (_time.GetUtcNow() + _options.Timeout).ToUnixTimeMilliseconds(),
        StartedAt = _time.GetTimestamp(),
    };

    /// <summary>Event out, response in, runtime back, extensions back.</summary>
    private async Task<Ending> RunAsync(Invocation invocation, ExtensionSession[] participants, InvokeOptions options, Task limit)
    {
        SandboxGeneration generation = _generation;
        byte[] body = InvokeEvent(invocation);
        foreach (ExtensionSession extension in participants)
        {
            extension.Deliver(new ExtensionEvent(ExtensionSession.Invoke, body));
        }

        generation.Runtime.Release(invocation);
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

        SayRuntimeDone(invocation, Ending.Done, _time.GetElapsedTime(invocation.ReleasedAt, invocation.RuntimeReturnedAt));
        return await StepAsync(Task.WhenAll(participants.Select(extension => extension.Returned)), generation, limit);
    }

    private InvocationResult Complete(Outcome outcome)
    {
        // Frozen at once: what is left to do here gives the processes no time.
        _timeline.Add(SandboxEventKind.PhaseEnded, "INVOKE", "success");
        Freeze();
        MeasureMemory();
        InvocationReport report = SayReport(outcome);
        return ResultOf(outcome, report, reset: null);
    }

    private async Task<InvocationResult> ResetAsync(Outcome outcome)
    {
        MeasureMemory();
        TimeSpan sofar = outcome.WasInitialized ? _time.GetElapsedTime(outcome.Invocation.ReleasedAt, outcome.EndedAt) : TimeSpan.Zero;
        SayRuntimeDone(outcome.Invocation, outcome.Ending, sofar);
        _timeline.Add(SandboxEventKind.PhaseEnded, "INVOKE", outcome.Ending.Error?.Type ?? "timeout");
        InvocationResponse? initError = _generation.Runtime.InitError;
        long memory = _generation.MaxMemoryBytes;
        ShutdownReport reset = await ShutDownAsync(outcome.Ending.ShutdownReason);
        _initInsideInvoke = true;
        _generation.MaxMemoryBytes = memory;
        InvocationReport report = SayReport(outcome);
        _generation.MaxMemoryBytes = 0;
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
            _options.MemoryMb,
            (int)Math.Max(1, _generation.MaxMemoryBytes / (1024 * 1024)),
            outcome.InitDuration,
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
        string timedOut = string.Create(CultureInfo.InvariantCulture, $"Task timed out after {_options.Timeout.TotalSeconds:0.00} seconds");
        FatalError? error = outcome.Ending.Kind == EndingKind.TimedOut ? new FatalError(FatalError.TimedOut, timedOut) : outcome.Ending.Error;
        byte[] body = response?.Body ?? RuntimeApi.ErrorDocument(error?.Type ?? "", $"RequestId: {invocation.RequestId} Error: {error?.Message}");
        bool responded = invocation.Response.IsCompletedSuccessfully;
        return new InvocationResult
        {
            RequestId = invocation.RequestId,
            Status = status,
            ResponseBody = body,
            ErrorType = error?.Type ?? response?.ErrorType,
            Cold = outcome.Cold,
            InitDuration = outcome.InitDuration,
            Duration = report.Duration,
            BilledDurationMs = report.BilledMs,
            ResponseLatency = responded ? _time.GetElapsedTime(invocation.StartedAt, response!.EndedAt) : null,
            ExtensionOverhead = responded && outcome.Ending.IsDone ? _time.GetElapsedTime(response!.EndedAt, outcome.EndedAt) : TimeSpan.Zero,
            DeadlineMs = invocation.DeadlineMs,
            MaxMemoryUsedMb = report.MaxMemoryUsedMb,
            Extensions = outcome.Returns,
            Reset = reset,
        };
    }

    /// <summary>A timed-out invocation took exactly the timeout, however late the timer was.</summary>
    private TimeSpan DurationOf(Outcome outcome) => outcome.Ending.Kind == EndingKind.TimedOut
        ? _options.Timeout
        : _time.GetElapsedTime(outcome.Invocation.StartedAt, outcome.EndedAt);

    private ExtensionReturn ReturnOf(ExtensionSession extension, Invocation invocation)
    {
        if (!extension.Returned.IsCompleted)
        {
            return new ExtensionReturn(extension.Name, null, null);
        }

        TimeSpan? afterResponse = ResponseOf(invocation) is { } response ? _time.GetElapsedTime(response.EndedAt, extension.LastNextAt) : null;
        return new ExtensionReturn(extension.Name, afterResponse, _options.Timeout - _time.GetElapsedTime(invocation.StartedAt, extension.LastNextAt));
    }

    private PlatformSpan Span(string name, long from, long to) =>
        new(name, _time.GetUtcNow() - _time.GetElapsedTime(from), _time.GetElapsedTime(from, to));

    private void MeasureMemory()
    {
        long now = _generation.Processes.Sum(process => process.ResidentBytes());
        _generation.MaxMemoryBytes = Math.Max(_generation.MaxMemoryBytes, now);
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
        public TimeSpan? InitDuration { get; init; }

        public bool Cold { get; init; }

        public IReadOnlyList<ExtensionReturn> Returns { get; init; } = [];

        public InvocationResponse? InitError { get; init; }
    }
}
