using Mayfly.Lifecycle;
using Mayfly.Platforms.Lambda.Telemetry;
using Mayfly.Tags;

namespace Mayfly.Platforms.Lambda.Invocations;

/// <summary>
/// The invocations of this sandbox: one <see cref="InvocationContext"/> per request id, fed by INVOKE events, telemetry, tracer calls and tracer payloads in whatever
/// order they arrive. It decides when an <c>aws.lambda</c> span is complete and which enhanced metrics an event stands for.
/// </summary>
/// <remarks>
/// Thread-safe: each call takes a short lock; spans and metrics leave outside of it. Bounded: at most <see cref="ContextLimit"/> contexts, the oldest is closed first.
/// docs/spec/01-lambda-lifecycle.md#4-invocation-state-machine, #35-unusual-calls.
/// </remarks>
public sealed class InvocationTracker(EnhancedMetrics metrics, Action<ExecutionSpan> sendSpan, TimeProvider time)
{
    internal const int ContextLimit = 500;

    /// <summary>A first INVOKE later than this after the start of the process was initialized ahead of demand; equals the platform's limit for INIT.</summary>
    private static readonly TimeSpan ProactiveInitAfter = TimeSpan.FromSeconds(10);

    /// <summary>A report comes with the next INVOKE at the latest; what is older than the longest invocation plus a pause will get none.</summary>
    private static readonly TimeSpan LongestWaitForReport = TimeSpan.FromMinutes(20);

    private readonly Lock _gate = new();
    private readonly long _processStart = time.GetTimestamp();
    private readonly Dictionary<string, InvocationContext> _contexts = new(StringComparer.Ordinal);
    private readonly Queue<string> _byAge = new();
    private InvocationContext? _current;
    private StartCall? _unclaimedStart;
    private bool _sawFirstInvoke;
    private TagSet _sandboxTags = TagSet.Empty;

    /// <summary>Tags that hold for every invocation of the sandbox, such as <c>runtime</c>.</summary>
    public TagSet SandboxTags
    {
        get
        {
            lock (_gate)
            {
                return _sandboxTags;
            }
        }

        set
        {
            lock (_gate)
            {
                _sandboxTags = value;
            }
        }
    }

    /// <summary>Number of contexts held; for the debug page and tests.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _contexts.Count;
            }
        }
    }

    /// <summary>INVOKE: opens the invocation and counts it. What an earlier invocation still waited for will not come any more.</summary>
    internal InvocationContext Begin(string requestId, Deadline deadline)
    {
        InvocationContext context;
        ExecutionSpan? late = null;
        lock (_gate)
        {
            InvocationContext? previous = _current;
            _current = null;
            if (previous is not null && previous.RequestId != requestId)
            {
                late = Conclude(previous);
            }

            Expire();
            context = ContextOf(requestId);
            context.IsInvoked = true;
            context.Deadline = deadline;
            SetInitKind(context);
            context.MetricTags = MetricTagsOf(context);
            context.Start ??= _unclaimedStart;
            _unclaimedStart = null;
            _current = context;
        }

        Send(late);
        metrics.Invocation(NowSeconds, context.MetricTags);
        return context;
    }

    public void PlatformStarted(string requestId, long atNs)
    {
        lock (_gate)
        {
            ContextOf(requestId).PlatformStartNs = atNs;
        }
    }

    /// <summary>A second record for one id (timeout or extension crash after the response) does not count as a second invocation; it may add an error.</summary>
    public void RuntimeFinished(string requestId, RuntimeDone done)
    {
        InvocationContext context;
        ExecutionSpan? span;
        bool isFirst, isError;
        lock (_gate)
        {
            context = ContextOf(requestId);
            isFirst = context.Done is null;
            context.Done = done;
            isError = done.Status is PlatformStatus.Error or PlatformStatus.Failure or PlatformStatus.Timeout && CountError(context);
            span = IsComplete(context) ? Take(context) : null;
        }

        long atSeconds = ToSeconds(done.AtNs);
        if (isFirst && done.DurationMs is { } durationMs)
        {
            metrics.RuntimeDuration(durationMs, atSeconds, context.MetricTags);
        }

        if (isError)
        {
            metrics.Error(atSeconds, context.MetricTags);
        }

        if (done.Status == PlatformStatus.Timeout)
        {
            metrics.Timeout(atSeconds, context.MetricTags);
        }

        Send(span);
        context.SignalRuntimeDone();
    }

    /// <summary>The end of a context: what is still missing for its span will not come.</summary>
    public void Reported(string requestId, ReportFigures report, long atNs)
    {
        InvocationContext context;
        ExecutionSpan? span;
        lock (_gate)
        {
            context = ContextOf(requestId);
            if (context.IsReported)
            {
                return;
            }

            context.IsReported = true;
            span = Conclude(context);
        }

        long atSeconds = ToSeconds(atNs);
        metrics.Report(report.DurationMs, report.BilledDurationMs, report.MemorySizeMb, report.MaxMemoryUsedMb, atSeconds, context.MetricTags);
        if (report.DurationMs is { } durationMs && context.Done?.DurationMs is { } runtimeMs && runtimeMs != 0)
        {
            metrics.PostRuntimeDuration(durationMs - runtimeMs, atSeconds, context.MetricTags);
        }

        if (report.InitDurationMs is { } initMs)
        {
            metrics.InitDuration(initMs, "on-demand", atSeconds, context.MetricTags);
        }

        Send(span);
        context.SignalReported();
    }

    public void InitReported(double durationMs, string initializationType, long atNs)
    {
        TagSet tags;
        lock (_gate)
        {
            tags = _current?.MetricTags ?? _sandboxTags;
        }

        metrics.InitDuration(durationMs, initializationType, ToSeconds(atNs), tags);
    }

    /// <summary>A tracer says that the handler is about to run. A second call for the same invocation is ignored.</summary>
    public void StartCalled(string? requestId, StartCall call)
    {
        lock (_gate)
        {
            InvocationContext? context = requestId is null ? _current : ContextOf(requestId);
            if (context is { Start: null, Done: null })
            {
                context.Start = call;
            }
            else if (requestId is null && context is null or { Done: not null })
            {
                _unclaimedStart = call;
            }
        }
    }

    /// <summary>A tracer says that the handler has returned. The last call for an id wins until the span has left; without an id it belongs to the current invocation.</summary>
    public void EndCalled(string? requestId, EndCall call)
    {
        InvocationContext? context;
        ExecutionSpan? span = null;
        bool isError = false;
        lock (_gate)
        {
            context = requestId is null ? _current : ContextOf(requestId);
            if (context is not null && (requestId is not null || context.End is null))
            {
                context.End = call;
                isError = IsError(call) && CountError(context);
                span = IsComplete(context) ? Take(context) : null;
            }
        }

        if (isError)
        {
            metrics.Error(NowSeconds, context!.MetricTags);
        }

        Send(span);
    }

    /// <summary>The tracer's stand-in for the <c>aws.lambda</c> span arrived.</summary>
    public void PlaceholderSeen(string requestId, PlaceholderSpan placeholder)
    {
        lock (_gate)
        {
            ContextOf(requestId).Placeholder = placeholder;
        }
    }

    /// <summary>SHUTDOWN: sends what can be said about invocations that never ended, and forgets them.</summary>
    /// <param name="reason">Lower case: <c>spindown</c>, <c>timeout</c>, <c>failure</c>.</param>
    public void Shutdown(string reason)
    {
        var spans = new List<ExecutionSpan?>();
        lock (_gate)
        {
            foreach (InvocationContext context in _contexts.Values.ToArray())
            {
                bool diedInside = reason is "timeout" or "failure" && context is { Start: not null, End: null, IsSpanSent: false };
                spans.Add(diedInside ? Take(context, DeathOf(context, reason)) : Conclude(context));
            }

            _contexts.Clear();
            _byAge.Clear();
            _current = null;
        }

        spans.ForEach(Send);
    }

    /// <summary>Completes when every invocation that was begun has its report.</summary>
    internal Task WhenAllReported()
    {
        lock (_gate)
        {
            return Task.WhenAll(_contexts.Values.Where(static context => context is { IsInvoked: true, IsReported: false }).Select(static context => context.WhenReported));
        }
    }

    private long NowSeconds => time.GetUtcNow().ToUnixTimeSeconds();

    private static long ToSeconds(long ns) => ns / 1_000_000_000;

    private static bool IsError(EndCall call) => call.Error is not null || ResponseStatus.IsServerError(call.StatusCode);

    /// <summary>True the first time for this invocation.</summary>
    private static bool CountError(InvocationContext context)
    {
        bool isFirst = !context.IsErrorCounted;
        context.IsErrorCounted = true;
        return isFirst;
    }

    /// <summary>The span leaves when the runtime is done and the tracer has said its part, or when the platform says that it never will.</summary>
    private static bool IsComplete(InvocationContext context) =>
        context.Done is { } done && (context.End is not null || (done.Status == PlatformStatus.Timeout && context.Start is not null));

    private InvocationContext ContextOf(string requestId)
    {
        if (_contexts.TryGetValue(requestId, out InvocationContext? known))
        {
            return known;
        }

        MakeRoom();
        var context = new InvocationContext(requestId, NowNs) { MetricTags = _sandboxTags };
        _contexts.Add(requestId, context);
        _byAge.Enqueue(requestId);
        return context;
    }

    /// <summary>The oldest goes first; what the platform has begun and not reported yet goes last, or a flood of ids that nobody knows would push it out.</summary>
    private void MakeRoom()
    {
        int spared = 0;
        while (_contexts.Count >= ContextLimit && _byAge.TryDequeue(out string? oldest))
        {
            bool isRunning = _contexts.TryGetValue(oldest, out InvocationContext? context) && context is { IsInvoked: true, IsReported: false };
            if (isRunning && spared++ < ContextLimit)
            {
                _byAge.Enqueue(oldest);
            }
            else
            {
                _contexts.Remove(oldest);
            }
        }
    }

    /// <summary>Forgets ids that were mentioned long ago and whose report never came.</summary>
    private void Expire()
    {
        long oldestNs = NowNs - (LongestWaitForReport.Ticks * 100);
        while (_byAge.TryPeek(out string? requestId) && (!_contexts.TryGetValue(requestId, out InvocationContext? context) || context.CreatedNs < oldestNs))
        {
            _byAge.Dequeue();
            _contexts.Remove(requestId);
        }
    }

    private long NowNs => (time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * 100;

    /// <summary>Cold start and proactive initialization are facts of the sandbox's first invocation only.</summary>
    private void SetInitKind(InvocationContext context)
    {
        if (!_sawFirstInvoke)
        {
            _sawFirstInvoke = true;
            context.IsProactiveInit = time.GetElapsedTime(_processStart) > ProactiveInitAfter;
            context.IsColdStart = !context.IsProactiveInit;
        }
    }

    private TagSet MetricTagsOf(InvocationContext context)
    {
        TagSet tags = _sandboxTags.With("cold_start", context.IsColdStart ? "true" : "false");
        return context.IsProactiveInit ? tags.With("proactive_initialization", "true") : tags;
    }

    /// <summary>Last chance for a span: the tracer's placeholder arrived but its end call did not. Then the context is forgotten, if its report is in.</summary>
    private ExecutionSpan? Conclude(InvocationContext context)
    {
        ExecutionSpan? span = !context.IsSpanSent && (context.End is not null || (context.Placeholder is not null && context.Done is not null)) ? Take(context) : null;
        if (context.IsReported && (context.IsSpanSent || context.Start is null || context != _current))
        {
            _contexts.Remove(context.RequestId);
        }

        return span;
    }

    private ExecutionSpan? Take(InvocationContext context, InvocationError? death = null)
    {
        if (context.IsSpanSent)
        {
            return null;
        }

        context.IsSpanSent = true;
        return ExecutionSpanOf(context, death ?? TimeoutOf(context));
    }

    private static InvocationError? TimeoutOf(InvocationContext context) =>
        context.Done?.Status == PlatformStatus.Timeout ? new InvocationError("Datadog detected a Timeout", "Timeout", "") : null;

    private static InvocationError DeathOf(InvocationContext context, string reason) => reason == "timeout"
        ? TimeoutOf(context) ?? new InvocationError("Datadog detected an Impending Timeout", "Impending Timeout", "")
        : new InvocationError("The runtime ended before the invocation did", context.Done?.ErrorType ?? "Runtime.ExitError", "");

    private ExecutionSpan ExecutionSpanOf(InvocationContext context, InvocationError? death)
    {
        EndCall? end = context.End;
        TraceContext? upstream = context.Start?.Upstream;
        PlaceholderSpan? placeholder = context.Placeholder;
        long startNs = context.PlatformStartNs != 0 ? context.PlatformStartNs : context.Start?.AtNs ?? context.CreatedNs;
        long durationNs = context.Done?.DurationMs is { } durationMs ? (long)Math.Round(durationMs * 1e6) : Math.Max(0, (end?.AtNs ?? NowNs) - startNs);
        return new ExecutionSpan
        {
            RequestId = context.RequestId,
            TraceId = FirstId(upstream?.TraceId, end?.TraceId, placeholder?.TraceId),
            SpanId = FirstId(end?.SpanId, placeholder?.SpanId, null),
            ParentId = upstream?.ParentId ?? end?.ParentId ?? 0,
            StartNs = startNs,
            DurationNs = durationNs,
            IsColdStart = context.IsColdStart,
            IsProactiveInit = context.IsProactiveInit,
            Error = end?.Error ?? death,
            IsError = death is not null || (end is not null && IsError(end)),
            StatusCode = end?.StatusCode,
            Priority = upstream?.Priority ?? end?.Priority,
            PropagationTags = upstream?.Tags ?? end?.PropagationTags ?? [],
            Placeholder = placeholder,
        };
    }

    /// <summary>The first id that was told, else a random one that is not 0.</summary>
    private static ulong FirstId(ulong? first, ulong? second, ulong? third)
    {
        foreach (ulong? id in (ReadOnlySpan<ulong?>)[first, second, third])
        {
            if (id is { } told and not 0)
            {
                return told;
            }
        }

        return RandomId.Next();
    }

    private void Send(ExecutionSpan? span)
    {
        if (span is not null)
        {
            sendSpan(span);
        }
    }
}

/// <summary>The figures of <c>platform.report</c>; null = not in the record.</summary>
public readonly record struct ReportFigures(double? DurationMs, double? BilledDurationMs, double? MemorySizeMb, double? MaxMemoryUsedMb, double? InitDurationMs);
