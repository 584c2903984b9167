using Mayfly.Tags;
using Mayfly.Traces;
using Mayfly.Wire;

namespace Mayfly.Platforms.Lambda.Invocations;

/// <summary>
/// What holds for the sandbox and not for one invocation: init, restore, the first invocation's metric (docs/spec/01-lambda-lifecycle.md#43-transitions,
/// #47-cold-start-proactive-init-snapstart).
/// </summary>
public sealed partial class InvocationTracker
{
    /// <summary>The first INVOKE's metric, while it waits for <c>platform.initStart</c>, which tells a tag of it. Unix seconds.</summary>
    private long? _firstInvokeSeconds;

    /// <summary><c>platform.initStart</c>.</summary>
    public void InitStarted(long atNs, string? runtimeVersion)
    {
        Departures leaving = NewDepartures();
        lock (_gate)
        {
            _sawTelemetry = true;
            _start.InitStarted(atNs, runtimeVersion);
            if (_start is { IsDurable: true, First: { } first })
            {
                first.MetricTags = MetricTagsOf(first);
            }

            ReleaseFirstInvocation(leaving);
        }

        leaving.Send();
    }

    /// <summary><c>platform.initReport</c>. Its metric waits for the first INVOKE, which knows the tags.</summary>
    public void InitReported(double durationMs, string initializationType, long atNs)
    {
        Departures leaving = NewDepartures();
        lock (_gate)
        {
            _start.InitReported(durationMs, atNs);
            EmitOfSandbox(tags => _metrics.InitDuration(durationMs, initializationType, ToSeconds(atNs), tags), leaving);
        }

        leaving.Send();
    }

    /// <summary><c>platform.restoreStart</c>: this sandbox continues from a snapshot.</summary>
    public void RestoreStarted(long atNs)
    {
        lock (_gate)
        {
            _start.RestoreStarted(atNs);
        }
    }

    /// <summary><c>platform.restoreReport</c>; without a duration when the restore failed.</summary>
    public void RestoreReported(double? durationMs, long atNs)
    {
        Departures leaving = NewDepartures();
        lock (_gate)
        {
            _start.RestoreReported(durationMs, atNs);
            if (durationMs is { } known)
            {
                EmitOfSandbox(tags => _metrics.SnapStartRestoreDuration(known, ToSeconds(atNs), tags), leaving);
            }
        }

        leaving.Send();
    }

    /// <summary>
    /// A span of a tracer that makes its own <c>aws.lambda</c> span: <c>aws.lambda.load</c> is put below the cold-start span, which joins its trace.
    /// </summary>
    internal void LibrarySpanSeen(Span span)
    {
        bool isFunction = span.Name.SequenceEqual("aws.lambda"u8);
        if (!isFunction && !span.Name.SequenceEqual("aws.lambda.load"u8))
        {
            return;
        }

        lock (_gate)
        {
            if (!_start.WantsLibrarySpans)
            {
                return;
            }

            if (isFunction)
            {
                string? highBits = span.Meta.TryFind("_dd.p.tid"u8, out Utf8Slice tid) ? tid.ToString() : null;
                double? priority = span.Metrics.TryFind("_sampling_priority_v1"u8, out double told) ? told : null;
                _start.LibraryFunctionSeen(new InitSpanTrace(span.TraceId, span.ParentId, highBits, priority));
            }
            else if (_start.LibraryLoadSeen(span.TraceId) is { } coldStartId)
            {
                span.ParentId = coldStartId;
            }
        }
    }

    private void EmitOfSandbox(Action<TagSet> emission, Departures leaving)
    {
        if (_start.First is { } first)
        {
            leaving.Add(_current?.MetricTags ?? first.MetricTags, emission);
        }
        else if (_beforeFirstInvoke.Count < ContextTable.Limit)
        {
            _beforeFirstInvoke.Add(emission);
        }
    }

    /// <summary>Counts the invocation; the first one waits until it is known whether the function is durable, at most until the runtime is done.</summary>
    private void CountInvocation(InvocationContext context, Departures leaving)
    {
        long nowSeconds = NowSeconds;
        if (context == _start.First && _start.AwaitsInitStart && context.Done is null)
        {
            _firstInvokeSeconds = nowSeconds;
        }
        else
        {
            leaving.Add(context.MetricTags, tags => _metrics.Invocation(nowSeconds, tags));
        }
    }

    private void ReleaseFirstInvocation(Departures leaving)
    {
        if (_firstInvokeSeconds is { } seconds && _start.First is { } first)
        {
            _firstInvokeSeconds = null;
            leaving.Add(first.MetricTags, tags => _metrics.Invocation(seconds, tags));
        }
    }

    private TagSet MetricTagsOf(InvocationContext context)
    {
        TagSet tags = _sandboxTags.With("cold_start", context.IsColdStart ? "true" : "false");
        tags = context.IsProactiveInit ? tags.With("proactive_initialization", "true") : tags;
        return _start.IsDurable ? tags.With("durable_function", "true") : tags;
    }

    private static InitSpanTrace TraceOf(ExecutionSpan span)
    {
        string? highBits = span.PropagationTags.FirstOrDefault(static tag => tag.Key == "_dd.p.tid").Value;
        double? priority = span.Priority;
        foreach ((Utf8Slice key, Utf8Slice value) in span.Placeholder?.Meta ?? [])
        {
            highBits = key.Span.SequenceEqual("_dd.p.tid"u8) ? value.ToString() : highBits;
        }

        foreach ((Utf8Slice key, double value) in span.Placeholder?.Metrics ?? [])
        {
            priority = key.Span.SequenceEqual("_sampling_priority_v1"u8) ? value : priority;
        }

        return new InitSpanTrace(span.TraceId, span.ParentId, highBits, priority);
    }
}
