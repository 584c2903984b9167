using Mayfly.Config;

namespace Mayfly.Platforms.Lambda.Invocations;

/// <summary>
/// How this sandbox began, as far as the platform has told: one-shot facts, in whatever order they arrive. Guarded by the lock of
/// <see cref="InvocationTracker"/>.
/// </summary>
/// <remarks>docs/spec/01-lambda-lifecycle.md#47-cold-start-proactive-init-snapstart, #44-the-awslambda-span (cold-start span).</remarks>
internal sealed class SandboxStart(SandboxKind kind, TimeProvider time)
{
    /// <summary>A first INVOKE later than this after the start was initialized ahead of demand; equals the platform's limit for INIT.</summary>
    private static readonly TimeSpan ProactiveInitAfter = TimeSpan.FromSeconds(10);

    private readonly long _processStart = time.GetTimestamp();
    private readonly ulong _spanId = RandomId.Next();
    private long? _restoredAt;
    private Phase _init;
    private Phase _restore;
    private InitSpanTrace? _libraryFunction;
    private InitSpanTrace? _trace;
    private ulong _libraryTraceId;
    private bool _isSpanSent;

    /// <summary>The first invocation; null before it.</summary>
    public InvocationContext? First { get; private set; }

    /// <summary>The function is a durable one, says the version of its runtime.</summary>
    public bool IsDurable { get; private set; }

    /// <summary>
    /// Whether <c>platform.initStart</c>, which tells if the function is durable, is still to come. After a restore it is not: it belongs to the making of the
    /// snapshot.
    /// </summary>
    public bool AwaitsInitStart => kind is SandboxKind.OnDemand or SandboxKind.ProvisionedConcurrency && _init.StartNs is null;

    /// <summary>True as long as spans of a tracer that makes its own <c>aws.lambda</c> span are of interest.</summary>
    public bool WantsLibrarySpans => !_isSpanSent && kind is not SandboxKind.ManagedInstances && First?.IsProactiveInit != true;

    public void InitStarted(long atNs, string? runtimeVersion)
    {
        _init.StartNs = atNs;
        IsDurable |= runtimeVersion?.Contains("DurableFunction", StringComparison.Ordinal) == true;
    }

    public void InitReported(double durationMs, long atNs) => _init.End(durationMs, atNs);

    public void RestoreStarted(long atNs)
    {
        _restoredAt = time.GetTimestamp();
        _restore.StartNs = atNs;
    }

    public void RestoreReported(double? durationMs, long atNs)
    {
        if (durationMs is { } known)
        {
            _restore.End(known, atNs);
        }
    }

    /// <summary>Says of the first invocation whether it was a cold start; others are none.</summary>
    public void Invoked(InvocationContext context)
    {
        if (First is null)
        {
            First = context;
            TimeSpan? waited = kind == SandboxKind.SnapStart && _restoredAt is null ? null : time.GetElapsedTime(_restoredAt ?? _processStart);
            context.IsProactiveInit = waited > ProactiveInitAfter;
            context.IsColdStart = !context.IsProactiveInit;
        }
    }

    /// <summary>A tracer's own <c>aws.lambda</c> span.</summary>
    public void LibraryFunctionSeen(InitSpanTrace span) => _libraryFunction ??= span;

    /// <summary>
    /// The span <c>aws.lambda.load</c> of such a tracer belongs below the cold-start span. Returns the latter's id, or null where there will be none.
    /// </summary>
    public ulong? LibraryLoadSeen(ulong traceId)
    {
        if (!WantsLibrarySpans || traceId == 0 || Current.StartNs is null || (_libraryTraceId != 0 && _libraryTraceId != traceId))
        {
            return null;
        }

        _libraryTraceId = traceId;
        return _spanId;
    }

    /// <summary>
    /// The span that goes with the first invocation's <c>aws.lambda</c> span; null: it is not known yet, and <see cref="Take"/> will have it.
    /// </summary>
    public InitSpan? TakeWith(InvocationContext context, InitSpanTrace trace)
    {
        if (context != First || !WantsLibrarySpans)
        {
            return null;
        }

        _trace = trace;
        return Take(isFinal: false);
    }

    /// <summary>The span, once, when all of it is known.</summary>
    /// <param name="isFinal">Nothing more will come: what is missing is derived, or does without.</param>
    public InitSpan? Take(bool isFinal)
    {
        if (!WantsLibrarySpans || First is null || TraceOfSpan() is not { } trace)
        {
            return null;
        }

        Phase phase = Current;
        phase.DurationNs ??= First.Report?.InitDurationMs is { } reportedMs && _restore.StartNs is null ? ToNs(reportedMs) : null;
        if (isFinal && phase.StartNs is { } start)
        {
            phase.DurationNs ??= Math.Max(0, (First.PlatformStartNs == 0 ? First.CreatedNs : First.PlatformStartNs) - start);
        }

        if (phase is not { StartNs: { } startNs, DurationNs: { } durationNs })
        {
            return null;
        }

        _isSpanSent = true;
        return new InitSpan
        {
            Name = _restore.StartNs is null ? InitSpan.ColdStart : InitSpan.Restore,
            SpanId = _spanId,
            StartNs = startNs,
            DurationNs = durationNs,
            Trace = trace,
        };
    }

    /// <summary>If both exist, the restore is what the invocation waited for.</summary>
    private Phase Current => _restore.StartNs is null ? _init : _restore;

    private InitSpanTrace? TraceOfSpan()
    {
        if (_trace is not null || _libraryTraceId == 0)
        {
            return _trace;
        }

        return _libraryFunction?.TraceId == _libraryTraceId ? _libraryFunction : new InitSpanTrace(_libraryTraceId, 0, null, null);
    }

    private static long ToNs(double ms) => (long)Math.Round(ms * 1e6);

    private struct Phase
    {
        public long? StartNs;
        public long? DurationNs;

        /// <summary>A report whose start was lost tells the start too.</summary>
        public void End(double durationMs, long atNs)
        {
            DurationNs = ToNs(durationMs);
            StartNs ??= atNs - DurationNs;
        }
    }
}
