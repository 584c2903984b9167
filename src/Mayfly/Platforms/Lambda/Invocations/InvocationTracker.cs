using Mayfly.Platforms.Lambda.Telemetry;
using Mayfly.Platforms.Lambda.Usage;
using Mayfly.Tags;

namespace Mayfly.Platforms.Lambda.Invocations;

/// <summary>
/// The invocations of this sandbox: one <see cref="InvocationContext"/> per request id, fed by INVOKE events, telemetry, tracer calls and tracer payloads in
/// whatever order they arrive. It decides when an <c>aws.lambda</c> span is complete and which enhanced metrics an event stands for.
/// </summary>
/// <remarks>
/// A span leaves when the flush is about to begin (<see cref="SendComplete"/>), with the next INVOKE, or at SHUTDOWN: what arrives up to then is in it, in any
/// order. Metrics of an id wait for its INVOKE, which knows their tags. Thread-safe: each call takes a short lock; spans and metrics leave outside of it.
/// Bounded: see <see cref="ContextTable.Limit"/>; the oldest is closed first. docs/spec/01-lambda-lifecycle.md#4-invocation-state-machine, #35-unusual-calls.
/// </remarks>
public sealed partial class InvocationTracker(EnhancedMetrics metrics, Action<ExecutionSpan> sendSpan, TimeProvider time, UsageMetrics? usage = null)
{
    /// <summary>A first INVOKE later than this after the start of the process was initialized ahead of demand; equals the platform's limit for INIT.</summary>
    private static readonly TimeSpan ProactiveInitAfter = TimeSpan.FromSeconds(10);

    /// <summary>
    /// What mentions an id comes within the window of its invocation, whose longest form is 15 minutes: an id without INVOKE for longer will get none.
    /// </summary>
    private static readonly TimeSpan LongestWaitForInvoke = TimeSpan.FromMinutes(20);

    private readonly Lock _gate = new();
    private readonly long _processStart = time.GetTimestamp();
    private readonly ContextTable _contexts = new();
    private readonly List<Action<TagSet>> _beforeFirstInvoke = [];
    private InvocationContext? _current;
    private StartCall? _unclaimedStart;
    private EndCall? _unclaimedEnd;
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

    /// <summary>INVOKE: opens the invocation and counts it. An earlier one has its last chance to send a span.</summary>
    internal InvocationContext Begin(string requestId)
    {
        var leaving = new Departures(sendSpan);
        InvocationContext context;
        lock (_gate)
        {
            InvocationContext? previous = _current;
            _current = null;
            if (previous is not null && previous.RequestId != requestId)
            {
                Conclude(previous, leaving);
            }

            Expire(requestId, leaving);
            context = ContextOf(requestId, leaving);
            if (!context.IsInvoked)
            {
                context.IsInvoked = true;
                SetInitKind(context);
                context.MetricTags = MetricTagsOf(context);
                long nowSeconds = NowSeconds;
                leaving.Add(context.MetricTags, tags => metrics.Invocation(nowSeconds, tags));
                leaving.Add(context.MetricTags, _beforeFirstInvoke);
                leaving.Add(context.MetricTags, context.HeldMetrics);
            }

            ClaimCalls(context, leaving);
            _current = context;
        }

        // Reads files: outside of the lock, and before the handler has used much.
        context.Usage ??= usage?.Begin();
        leaving.Send();
        return context;
    }

    public void PlatformStarted(string requestId, long atNs) => Change(requestId, (context, _) => context.PlatformStartNs = atNs);

    /// <summary>A second record for one id (timeout or extension crash after the response) is no second invocation; it may add an error.</summary>
    public void RuntimeFinished(string requestId, RuntimeDone done)
    {
        InvocationContext changed = Change(requestId, (context, leaving) =>
        {
            long at = ToSeconds(done.AtNs);
            bool isFirst = context.Done is null;
            context.Done = done with { DurationMs = context.Done?.DurationMs ?? done.DurationMs };
            if (isFirst)
            {
                Emit(context, tags => metrics.RuntimeDone(done.DurationMs, done.ProducedBytes, at, tags), leaving);
                EmitPostRuntime(context, leaving);
                EmitUsage(context, (figures, tags) => usage?.RuntimeDone(figures, at, tags), leaving);
            }

            CountFailure(context, done.Status, done.ErrorType, at, leaving);
        });
        changed.SignalRuntimeDone();
    }

    /// <summary>The platform's last word on an invocation; a second one is ignored.</summary>
    public void Reported(string requestId, ReportFigures report, long atNs)
    {
        InvocationContext changed = Change(requestId, (context, leaving) =>
        {
            if (context.Report is not null)
            {
                return;
            }

            long at = ToSeconds(atNs);
            context.Report = report;
            context.ReportedSeconds = at;
            Emit(context, tags => metrics.Report(report, at, tags), leaving);
            EmitPostRuntime(context, leaving);
            EmitUsage(context, (figures, tags) => usage?.Reported(figures, at, tags), leaving);
            if (context.IsInvoked)
            {
                // The report of an invocation that ended an earlier life of the sandbox comes to the agent of the next one; that life has counted its failure.
                CountFailure(context, report.Status, report.ErrorType, at, leaving);
                if (report.MaxMemoryUsedMb is { } used && used >= report.MemorySizeMb)
                {
                    CountOutOfMemory(context, at, leaving);
                }
            }

            if (context != _current)
            {
                Conclude(context, leaving);
            }
        });
        changed.SignalReported();
    }

    /// <summary>Waits for the first INVOKE, which knows the tags.</summary>
    public void InitReported(double durationMs, string initializationType, long atNs)
    {
        var leaving = new Departures(sendSpan);
        lock (_gate)
        {
            void Emission(TagSet tags) => metrics.InitDuration(durationMs, initializationType, ToSeconds(atNs), tags);
            if (_sawFirstInvoke)
            {
                leaving.Add(_current?.MetricTags ?? _sandboxTags, Emission);
            }
            else if (_beforeFirstInvoke.Count < ContextTable.Limit)
            {
                _beforeFirstInvoke.Add(Emission);
            }
        }

        leaving.Send();
    }

    /// <summary>
    /// A tracer says that the handler is about to run. A second call for the same invocation is ignored; without an id it belongs to the invocation that is
    /// open,
    /// else to the next.
    /// </summary>
    public void StartCalled(string? requestId, StartCall call)
    {
        if (requestId is not null)
        {
            Change(requestId, (context, _) => context.Start ??= call);
            return;
        }

        lock (_gate)
        {
            if (_current is { Done: null, End: null })
            {
                _current.Start ??= call;
            }
            else
            {
                _unclaimedStart ??= call;
            }
        }
    }

    /// <summary>
    /// A tracer says that the handler has returned. The last call for an id wins until the span has left; without an id only the first one counts.
    /// </summary>
    public void EndCalled(string? requestId, EndCall call)
    {
        if (requestId is not null)
        {
            Change(requestId, (context, leaving) => End(context, call, leaving));
            return;
        }

        var leaving = new Departures(sendSpan);
        lock (_gate)
        {
            if (_unclaimedStart is not null || _current is null)
            {
                // The handler of an INVOKE that is on its way to us has run already.
                _unclaimedEnd ??= call;
            }
            else if (_current is { End: null } current)
            {
                End(current, call, leaving);
            }
        }

        leaving.Send();
    }

    /// <summary>The tracer's stand-in for the <c>aws.lambda</c> span arrived.</summary>
    public void PlaceholderSeen(string requestId, PlaceholderSpan placeholder) =>
        Change(requestId, (context, _) => context.Placeholder = placeholder);

    /// <summary>
    /// Sends the spans of invocations about which everybody has said his part. Called when what is on its way into the agent has arrived, before a flush.
    /// </summary>
    public void SendComplete()
    {
        var leaving = new Departures(sendSpan);
        lock (_gate)
        {
            foreach (InvocationContext context in _contexts.All)
            {
                if (ExecutionSpanBuilder.IsComplete(context) && context.IsInvoked)
                {
                    Take(context, null, leaving);
                }
            }
        }

        leaving.Send();
    }

    /// <summary>SHUTDOWN: sends what can be said about invocations that never ended, and forgets them.</summary>
    /// <param name="reason">Lower case: <c>spindown</c>, <c>timeout</c>, <c>failure</c>.</param>
    public void Shutdown(string reason)
    {
        var leaving = new Departures(sendSpan);
        lock (_gate)
        {
            long at = NowSeconds;
            bool isUnused = !_sawFirstInvoke;
            leaving.Add(_sandboxTags, tags => metrics.Shutdown(isUnused, at, tags));
            leaving.Add(_sandboxTags, tags => usage?.Shutdown(tags));
            leaving.Add(_sandboxTags, _beforeFirstInvoke);
            foreach (InvocationContext context in _contexts.All)
            {
                bool diedInside = context is { Start: not null, End: null } && context.Done?.Status is not PlatformStatus.Success;
                if (diedInside && reason is ("timeout" or "failure"))
                {
                    Take(context, reason, leaving);
                }

                Close(context, leaving);
            }

            _current = null;
        }

        leaving.Send();
    }

    /// <summary>Completes when every invocation that was begun has its report.</summary>
    internal Task WhenAllReported()
    {
        lock (_gate)
        {
            IEnumerable<InvocationContext> waiting = _contexts.All.Where(static context => context is { IsInvoked: true, Report: null });
            return Task.WhenAll(waiting.Select(static context => context.WhenReported));
        }
    }

    private long NowSeconds => time.GetUtcNow().ToUnixTimeSeconds();

    private long NowNs => (time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * 100;

    private static long ToSeconds(long ns) => ns / 1_000_000_000;

    private InvocationContext Change(string requestId, Action<InvocationContext, Departures> change)
    {
        var leaving = new Departures(sendSpan);
        InvocationContext context;
        lock (_gate)
        {
            context = ContextOf(requestId, leaving);
            change(context, leaving);
        }

        leaving.Send();
        return context;
    }

    private InvocationContext ContextOf(string requestId, Departures leaving)
    {
        if (_contexts.Find(requestId) is { } known)
        {
            return known;
        }

        if (_contexts.OneTooMany(_current) is { } oldest)
        {
            Close(oldest, leaving);
        }

        var context = new InvocationContext(requestId, NowNs, time.GetTimestamp());
        _contexts.Add(context);
        return context;
    }

    /// <summary>Calls without an id that came before their INVOKE.</summary>
    private void ClaimCalls(InvocationContext context, Departures leaving)
    {
        context.Start ??= _unclaimedStart;
        if (_unclaimedEnd is { } end && context.End is null)
        {
            End(context, end, leaving);
        }

        _unclaimedStart = null;
        _unclaimedEnd = null;
    }

    private void End(InvocationContext context, EndCall call, Departures leaving)
    {
        context.End = call;
        if (ExecutionSpanBuilder.IsError(call))
        {
            CountError(context, NowSeconds, leaving);
        }
    }

    /// <summary>
    /// Closes what another life of the sandbox left behind (its reports can come to us after a reset) and ids that were mentioned long ago without ever being
    /// invoked.
    /// An invocation of this life keeps its context until its report, however long the sandbox was frozen.
    /// </summary>
    private void Expire(string begun, Departures leaving)
    {
        foreach (InvocationContext context in _contexts.All)
        {
            bool isOver = context.Report is not null || time.GetElapsedTime(context.CreatedTimestamp) > LongestWaitForInvoke;
            if (!context.IsInvoked && isOver && context.RequestId != begun)
            {
                Close(context, leaving);
            }
        }
    }

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
        if (context.Report?.DurationMs is { } durationMs && context.Done?.DurationMs is { } runtimeMs && runtimeMs != 0)
        {
            long at = context.ReportedSeconds;
            Emit(context, tags => metrics.PostRuntimeDuration(durationMs - runtimeMs, at, tags), leaving);
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
            Emit(context, tags => metrics.Timeout(at, tags), leaving);
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
            Emit(context, tags => metrics.Error(at, tags), leaving);
        }
    }

    /// <summary>Another invocation has begun, or the report is in: the span leaves if it can. The context goes once its report is in.</summary>
    private void Conclude(InvocationContext context, Departures leaving)
    {
        if (context.IsInvoked && ExecutionSpanBuilder.IsEnough(context))
        {
            Take(context, null, leaving);
        }

        if (context is { Report: not null, IsInvoked: true })
        {
            _contexts.Remove(context);
        }
    }

    /// <summary>The end of a context, whatever it waited for.</summary>
    private void Close(InvocationContext context, Departures leaving)
    {
        if (ExecutionSpanBuilder.IsEnough(context))
        {
            Take(context, null, leaving);
        }

        leaving.Add(_sandboxTags, context.HeldMetrics);
        if (context.Usage is { } figures)
        {
            usage?.Abandon(figures);
        }

        context.SignalRuntimeDone();
        context.SignalReported();
        _contexts.Remove(context);
    }

    private void Take(InvocationContext context, string? reason, Departures leaving)
    {
        if (!context.IsSpanSent)
        {
            context.IsSpanSent = true;
            leaving.Add(ExecutionSpanBuilder.Build(context, reason, NowNs));
        }
    }
}
