using Mayfly.Config;
using Mayfly.Platforms.Lambda.Telemetry;
using Mayfly.Platforms.Lambda.Usage;
using Mayfly.Tags;

namespace Mayfly.Platforms.Lambda.Invocations;

/// <summary>
/// The invocations of this sandbox: one <see cref="InvocationContext"/> per request id, fed by INVOKE events, telemetry, tracer calls and tracer payloads in
/// whatever order they arrive. It decides when an <c>aws.lambda</c> span is complete and which enhanced metrics an event stands for.
/// </summary>
/// <remarks>
/// <para>A span leaves when the flush is about to begin (<see cref="SendComplete"/>), with the next INVOKE, or at SHUTDOWN: what arrives up to then is in it,
/// in any order. An invocation whose end telemetry has not told yet when the next one begins, because the sandbox froze first, waits for one INVOKE more.
/// Metrics of an id wait for its INVOKE, which knows their tags. Thread-safe: each call takes a short lock; spans and metrics leave outside of
/// it. Bounded: see <see cref="ContextTable.Limit"/>; the oldest is closed first.</para>
/// <para>On managed instances invocations overlap: <c>platform.start</c> begins one and <c>platform.report</c> ends it, and what names no id belongs to one
/// only when no other is open. docs/spec/01-lambda-lifecycle.md#4-invocation-state-machine, #35-unusual-calls, #17-lmi-differences-summary.</para>
/// </remarks>
public sealed partial class InvocationTracker
{
    /// <summary>
    /// What mentions an id comes within the window of its invocation, whose longest form is 15 minutes: an id without INVOKE for longer will get none.
    /// </summary>
    private static readonly TimeSpan LongestWaitForInvoke = TimeSpan.FromMinutes(20);

    /// <summary>How long the context of an overlapping invocation that has its report waits for the tracer's end call, which may be on its way.</summary>
    private static readonly TimeSpan LongestWaitForEndCall = TimeSpan.FromSeconds(10);

    private readonly EnhancedMetrics _metrics;
    private readonly Action<ExecutionSpan> _sendSpan;
    private readonly Action<InitSpan> _sendInitSpan;
    private readonly TimeProvider _time;
    private readonly UsageMetrics? _usage;
    private readonly bool _isConcurrent;
    private readonly SandboxStart _start;
    private readonly Lock _gate = new();
    private readonly ContextTable _contexts = new();
    private readonly List<Action<TagSet>> _beforeFirstInvoke = [];
    private InvocationContext? _current;
    private InvocationContext? _awaitsTelemetry;
    private bool _sawTelemetry;
    private bool _isTracerDetected;
    private StartCall? _unclaimedStart;
    private EndCall? _unclaimedEnd;
    private int _sawInvoke;
    private TagSet _sandboxTags = TagSet.Empty;

    /// <param name="metrics">Takes the enhanced metrics.</param>
    /// <param name="sendSpan">Takes the <c>aws.lambda</c> spans.</param>
    /// <param name="sendInitSpan">Takes the sandbox's cold-start or restore span, if it does not go with the first of the former.</param>
    /// <param name="time">The clock.</param>
    /// <param name="kind">What kind of sandbox this is.</param>
    /// <param name="usage">What the operating system measures; null = nothing.</param>
    public InvocationTracker(
        EnhancedMetrics metrics,
        Action<ExecutionSpan> sendSpan,
        Action<InitSpan> sendInitSpan,
        TimeProvider time,
        SandboxKind kind = SandboxKind.OnDemand,
        UsageMetrics? usage = null)
    {
        _metrics = metrics;
        _sendSpan = sendSpan;
        _sendInitSpan = sendInitSpan;
        _time = time;
        _usage = usage;
        _isConcurrent = kind == SandboxKind.ManagedInstances;
        _start = new SandboxStart(kind, time);
    }

    /// <summary>Called once, before the first invocation is begun: only now the runtime's process is there to be looked at.</summary>
    public Action? BeforeFirstInvoke { get; init; }

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
        if (Interlocked.Exchange(ref _sawInvoke, 1) == 0)
        {
            BeforeFirstInvoke?.Invoke();
        }

        Departures leaving = NewDepartures();
        InvocationContext context;
        lock (_gate)
        {
            ConcludeEarlier(requestId, leaving);
            Expire(requestId, leaving);
            context = ContextOf(requestId, leaving);
            if (!context.IsInvoked)
            {
                context.IsInvoked = true;
                _start.Invoked(context);
                context.MetricTags = MetricTagsOf(context);
                CountInvocation(context, leaving);
                leaving.Add(context.MetricTags, _beforeFirstInvoke);
                leaving.Add(context.MetricTags, context.HeldMetrics);
            }

            if (!_isConcurrent)
            {
                ClaimCalls(context, leaving);
                _current = context;
                _startedAhead = null;
            }
        }

        // Reads files: outside of the lock, and before the handler has used much.
        context.Usage ??= _usage?.Begin();
        leaving.Send();
        return context;
    }

    /// <summary>Another invocation begins: those before it have their last chance to send a span, unless telemetry is still to tell of the last one.</summary>
    private void ConcludeEarlier(string begun, Departures leaving)
    {
        InvocationContext? last = _current?.RequestId == begun ? null : _current;
        _current = null;
        if (_awaitsTelemetry is { } waited && waited.RequestId != begun)
        {
            _awaitsTelemetry = null;
            Conclude(waited, leaving);
        }

        if (last is { Done: null } && _sawTelemetry)
        {
            _awaitsTelemetry = last;
        }
        else if (last is not null)
        {
            Conclude(last, leaving);
        }
    }

    /// <summary>
    /// A tracer says that the handler is about to run. A second call for the same invocation is ignored; without an id it belongs to the invocation that is
    /// open, else to the next.
    /// </summary>
    /// <returns>False when the call has no id and several invocations are open.</returns>
    public bool StartCalled(string? requestId, StartCall call)
    {
        _isTracerDetected = true;
        if (requestId is not null)
        {
            Change(requestId, (context, _) => context.Start ??= call);
            return true;
        }

        lock (_gate)
        {
            if (_isConcurrent)
            {
                return OnlyOpen(static context => context.Start is null) is { } only && (only.Start = call) is not null;
            }

            if (_current is { Done: null, End: null })
            {
                _current.Start ??= call;
            }
            else
            {
                _unclaimedStart ??= call;
            }
        }

        return true;
    }

    /// <summary>
    /// A tracer says that the handler has returned. The last call for an id wins until the span has left; without an id only the first one counts.
    /// </summary>
    /// <returns>False when the call has no id and several invocations are open.</returns>
    public bool EndCalled(string? requestId, EndCall call)
    {
        if (requestId is not null)
        {
            Change(requestId, (context, leaving) => End(context, call, leaving));
            return true;
        }

        Departures leaving = NewDepartures();
        lock (_gate)
        {
            if (_isConcurrent)
            {
                if (OnlyOpen(static context => context.End is null) is not { } only)
                {
                    return false;
                }

                End(only, call, leaving);
            }
            else if (_unclaimedStart is not null || _current is null)
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
        return true;
    }

    /// <summary>The tracer's stand-in for the <c>aws.lambda</c> span arrived.</summary>
    public void PlaceholderSeen(string requestId, PlaceholderSpan placeholder) =>
        Change(requestId, (context, _) => context.Placeholder = placeholder);

    /// <summary>
    /// Sends the spans of invocations about which everybody has said his part. Called when what is on its way into the agent has arrived, before a flush.
    /// </summary>
    public void SendComplete()
    {
        Departures leaving = NewDepartures();
        lock (_gate)
        {
            ReleaseFirstInvocation(leaving);
            foreach (InvocationContext context in _contexts.All)
            {
                if (ExecutionSpanBuilder.IsComplete(context) && context.IsInvoked)
                {
                    Take(context, null, leaving);
                }
            }

            leaving.Add(_start.First?.Done is null ? null : _start.Take(isFinal: false));
            if (_isConcurrent)
            {
                Expire(begun: null, leaving);
            }
        }

        leaving.Send();
    }

    /// <summary>SHUTDOWN: sends what can be said about invocations that never ended, and forgets them.</summary>
    /// <param name="reason">Lower case: <c>spindown</c>, <c>timeout</c>, <c>failure</c>.</param>
    public void Shutdown(string reason)
    {
        Departures leaving = NewDepartures();
        lock (_gate)
        {
            long at = NowSeconds;
            bool isUnused = _start.First is null;
            ReleaseFirstInvocation(leaving);
            leaving.Add(_sandboxTags, tags => _metrics.Shutdown(isUnused, at, tags));
            leaving.Add(_sandboxTags, tags => _usage?.Shutdown(tags));
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

            leaving.Add(_start.Take(isFinal: true));
            _current = null;
            _awaitsTelemetry = null;
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

    private long NowSeconds => _time.GetUtcNow().ToUnixTimeSeconds();

    private long NowNs => (_time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * 100;

    private static long ToSeconds(long ns) => ns / 1_000_000_000;

    private Departures NewDepartures() => new(_sendSpan, _sendInitSpan);

    private InvocationContext Change(string requestId, Action<InvocationContext, Departures> change)
    {
        Departures leaving = NewDepartures();
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

        var context = new InvocationContext(requestId, NowNs, _time.GetTimestamp());
        _contexts.Add(context);
        return context;
    }

    /// <summary>The open invocation that <paramref name="lacks"/> something, unless there are several of them.</summary>
    private InvocationContext? OnlyOpen(Predicate<InvocationContext> lacks)
    {
        InvocationContext? only = null;
        foreach (InvocationContext context in _contexts.All)
        {
            if (context is { IsInvoked: true, Report: null } && lacks(context))
            {
                if (only is not null)
                {
                    return null;
                }

                only = context;
            }
        }

        return only;
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

        if (_isConcurrent && context.Report is not null)
        {
            Conclude(context, leaving);
        }
    }

    /// <summary>
    /// Closes what another life of the sandbox left behind (its reports can come to us after a reset), ids that were mentioned long ago without ever being
    /// invoked, and overlapping invocations whose tracer never called their end. Else an invocation keeps its context until its report, however long the
    /// sandbox was frozen.
    /// </summary>
    private void Expire(string? begun, Departures leaving)
    {
        foreach (InvocationContext context in _contexts.All)
        {
            if (context.RequestId == begun)
            {
                continue;
            }

            if (!context.IsInvoked && (context.Report is not null || _time.GetElapsedTime(context.CreatedTimestamp) > LongestWaitForInvoke))
            {
                Close(context, leaving);
            }
            else if (_isConcurrent && context.Report is not null && _time.GetElapsedTime(context.ReportedTimestamp) > LongestWaitForEndCall)
            {
                if (context is { Start: not null, End: null, IsSpanSent: false } && context.Done?.Status is PlatformStatus.Error or PlatformStatus.Failure)
                {
                    Take(context, "failure", leaving);
                }

                Close(context, leaving);
            }
        }
    }

    /// <summary>Another invocation has begun, or the report is in: the span leaves if it can. The context goes once its report is in.</summary>
    private void Conclude(InvocationContext context, Departures leaving)
    {
        if (context.IsInvoked && ExecutionSpanBuilder.IsEnough(context))
        {
            Take(context, null, leaving);
        }

        if (context == _start.First)
        {
            leaving.Add(_start.Take(isFinal: true));
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
            _usage?.Abandon(figures);
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
            ExecutionSpan span = ExecutionSpanBuilder.Build(context, reason, NowNs);
            span = span with { IsDurable = _start.IsDurable, IsColdStart = _isConcurrent ? null : span.IsColdStart };
            leaving.Add(span with { Init = _start.TakeWith(context, TraceOf(span)) });
        }
    }
}
