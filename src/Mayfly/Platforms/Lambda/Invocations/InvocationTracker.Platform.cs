using Mayfly.Platforms.Lambda.Telemetry;
using Mayfly.Platforms.Lambda.Usage;
using Mayfly.Tags;

namespace Mayfly.Platforms.Lambda.Invocations;

/// <summary>What the platform's telemetry says about an invocation, and the enhanced metrics that it stands for.</summary>
public sealed partial class InvocationTracker
{
    /// <summary><c>platform.start</c>. On managed instances it is the INVOKE.</summary>
    public void PlatformStarted(string requestId, long atNs)
    {
        if (_isConcurrent)
        {
            Begin(requestId);
        }

        _sawTelemetry = true;
        Change(requestId, (context, _) =>
        {
            context.PlatformStartNs = atNs;
            _startedAhead = context.IsInvoked ? null : requestId;
        });
    }

    /// <summary>A second record for one id (timeout or extension crash after the response) is no second invocation; it may add an error.</summary>
    public void RuntimeFinished(string requestId, RuntimeDone done) =>
        Change(requestId, (context, leaving) => ApplyDone(context, done, leaving)).SignalRuntimeDone();

    /// <summary>The invocation that is open has come to its end: what a local emulator without telemetry says.</summary>
    public void CurrentFinished(long atNs)
    {
        string? id;
        lock (_gate)
        {
            id = _current?.RequestId;
        }

        if (id is not null)
        {
            RuntimeFinished(id, new RuntimeDone(atNs, PlatformStatus.Success, null, null));
        }
    }

    /// <summary>
    /// The platform's last word on an invocation; a second one is ignored. On managed instances it stands in for <c>runtimeDone</c>; of an invocation that
    /// began before this agent only its duration is known.
    /// </summary>
    public void Reported(string requestId, ReportFigures report, long atNs)
    {
        if (_isConcurrent && !IsOpen(requestId))
        {
            _metrics.Report(new ReportFigures { DurationMs = report.DurationMs }, ToSeconds(atNs), SandboxTags);
            return;
        }

        InvocationContext changed = Change(requestId, (context, leaving) =>
        {
            if (context.Report is null)
            {
                ApplyReport(context, report, atNs, leaving);
            }
        });
        if (_isConcurrent)
        {
            changed.SignalRuntimeDone();
        }

        changed.SignalReported();
    }

    private bool IsOpen(string requestId)
    {
        lock (_gate)
        {
            return _contexts.Find(requestId) is { IsInvoked: true };
        }
    }

    private void ApplyDone(InvocationContext context, RuntimeDone done, Departures leaving)
    {
        _sawTelemetry = true;
        if (context == _start.First)
        {
            ReleaseFirstInvocation(leaving);
        }

        long at = ToSeconds(done.AtNs);
        bool isFirst = context.Done is null;
        context.Done = done with { DurationMs = context.Done?.DurationMs ?? done.DurationMs };
        if (isFirst)
        {
            Emit(context, tags => _metrics.RuntimeDone(done, at, tags), leaving);
            EmitPostRuntime(context, leaving);
            EmitUsage(context, (figures, tags) => _usage?.RuntimeDone(figures, at, tags), leaving);
        }

        CountFailure(context, done.Status, done.ErrorType, at, leaving);
    }

    private void ApplyReport(InvocationContext context, ReportFigures report, long atNs, Departures leaving)
    {
        long at = ToSeconds(atNs);
        context.Report = report;
        context.ReportedSeconds = at;
        context.ReportedTimestamp = _time.GetTimestamp();
        Emit(context, tags => _metrics.Report(report, at, tags), leaving);
        EmitPostRuntime(context, leaving);
        if (_isConcurrent)
        {
            double? runtimeMs = report.ResponseLatencyMs ?? report.DurationMs;
            ApplyDone(
                context,
                new RuntimeDone(atNs, report.Status, report.ErrorType, runtimeMs)
                {
                    ResponseLatencyMs = report.ResponseLatencyMs,
                    ResponseDurationMs = report.ResponseDurationMs,
                },
                leaving);
        }

        EmitUsage(context, (figures, tags) => _usage?.Reported(figures, at, tags), leaving);
        if (context.IsInvoked)
        {
            // The report of an invocation that ended an earlier life of the sandbox comes to the agent of the next one; that life has counted its failure.
            CountFailure(context, report.Status, report.ErrorType, at, leaving);
            if (report.MaxMemoryUsedMb is { } used && used >= report.MemorySizeMb)
            {
                CountOutOfMemory(context, at, leaving);
            }
        }

        // The calls of an overlapping invocation can come after its report, where there is a tracer that makes any.
        bool awaitsCalls = _isConcurrent && _isTracerDetected && !ExecutionSpanBuilder.IsComplete(context);
        if (context != _current && context != _awaitsTelemetry && !awaitsCalls)
        {
            Conclude(context, leaving);
        }
    }

    private static void Emit(InvocationContext context, Action<TagSet> emission, Departures leaving)
    {
        if (context.IsInvoked)
        {
            leaving.Add(context.MetricTags, emission);
        }
        else
        {
            context.HeldMetrics.Add(emission);
        }
    }

    /// <summary>Only for an invocation whose beginning was measured.</summary>
    private static void EmitUsage(InvocationContext context, Action<InvocationUsage, TagSet> emission, Departures leaving)
    {
        if (context.Usage is { } figures)
        {
            leaving.Add(context.MetricTags, tags => emission(figures, tags));
        }
    }

    private void EmitPostRuntime(InvocationContext context, Departures leaving)
    {
        if (!_isConcurrent && context.Report?.DurationMs is { } durationMs && context.Done?.DurationMs is { } runtimeMs && runtimeMs != 0)
        {
            long at = context.ReportedSeconds;
            Emit(context, tags => _metrics.PostRuntimeDuration(durationMs - runtimeMs, at, tags), leaving);
        }
    }

    private void CountFailure(InvocationContext context, PlatformStatus status, string? errorType, long at, Departures leaving)
    {
        if (status is PlatformStatus.Error or PlatformStatus.Failure or PlatformStatus.Timeout)
        {
            CountError(context, at, leaving);
        }

        if (status == PlatformStatus.Timeout && !context.IsTimeoutCounted)
        {
            context.IsTimeoutCounted = true;
            Emit(context, tags => _metrics.Timeout(at, tags), leaving);
        }

        if (status == PlatformStatus.Error && errorType == "Runtime.OutOfMemory")
        {
            CountOutOfMemory(context, at, leaving);
        }
    }

    private void CountError(InvocationContext context, long at, Departures leaving)
    {
        if (!context.IsErrorCounted)
        {
            context.IsErrorCounted = true;
            Emit(context, tags => _metrics.Error(at, tags), leaving);
        }
    }
}
