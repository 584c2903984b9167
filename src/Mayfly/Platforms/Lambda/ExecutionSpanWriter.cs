using Mayfly.Platforms.Lambda.Invocations;
using Mayfly.Platforms.Lambda.Triggers;
using Mayfly.Traces;
using Mayfly.Wire;

namespace Mayfly.Platforms.Lambda;

/// <summary>Turns an <see cref="ExecutionSpan"/> into the <c>aws.lambda</c> span (docs/spec/01-lambda-lifecycle.md#44-the-awslambda-span).</summary>
public sealed class ExecutionSpanWriter(FunctionIdentity identity, string runtimeName)
{
    private static readonly Utf8Slice Name = Utf8Slice.From("aws.lambda");
    private static readonly Utf8Slice Type = Utf8Slice.From("serverless");

    public Span Write(ExecutionSpan execution)
    {
        var span = new Span
        {
            Name = Name,
            Type = Type,
            Service = Utf8Slice.From(identity.SpanService),
            Resource = identity.FunctionName is { } name ? Utf8Slice.From(name) : Name,
            TraceId = execution.TraceId,
            SpanId = execution.SpanId,
            ParentId = execution.ParentId,
            StartNs = execution.StartNs,
            DurationNs = execution.DurationNs,
            Error = execution.IsError || execution.Placeholder?.Error > 0 ? 1 : 0,
        };
        if (execution.Placeholder is { } placeholder)
        {
            TakeOver(span, placeholder);
        }

        Set(span, "span.kind", "server");
        Set(span, "request_id", execution.RequestId);
        if (execution.IsColdStart is { } isColdStart)
        {
            Set(span, "cold_start", isColdStart ? "true" : "false");
        }

        if (execution.IsProactiveInit)
        {
            Set(span, "proactive_initialization", "true");
        }

        if (execution.IsDurable)
        {
            Set(span, "durable_function", "true");
        }

        Set(span, "runtime", runtimeName);
        if (LanguageOf(runtimeName) is { } language)
        {
            Set(span, "language", language);
        }

        // The tags of the upstream context belong to the local root: the inferred span, if there is one.
        foreach ((string key, string value) in execution.InferredIds.Count == 0 ? execution.PropagationTags : [])
        {
            Set(span, key, value);
        }

        foreach ((string key, string value) in execution.Captured)
        {
            Set(span, key, value);
        }

        foreach ((string key, string value) in execution.Trigger?.Tags ?? [])
        {
            Set(span, key, value);
        }

        SpanLinks.Add(span, execution.Links);
        if (execution.InferredIds.Count == 0)
        {
            // Without inferred spans this one is the local root.
            SpanLinks.Add(span, execution.TerminatedContexts);
            SpanLinks.Add(span, execution.Trigger?.Pointers ?? []);
        }

        if (execution.StatusCode is { } statusCode)
        {
            Set(span, "http.status_code", statusCode);
        }

        if (execution.Error is { } error)
        {
            SetUnlessEmpty(span, "error.msg", error.Message);
            SetUnlessEmpty(span, "error.type", error.Type);
            SetUnlessEmpty(span, "error.stack", error.Stack);
        }

        // The trace's own priority is the placeholder's: the end call can contradict it (docs/spec/07-observed-clients.md#5-net-what-datadogtrace-sends).
        if (execution.Priority is { } priority && !span.Metrics.Contains("_sampling_priority_v1"u8))
        {
            span.Metrics.Set(Utf8Slice.From("_sampling_priority_v1"), priority);
        }

        return span;
    }

    /// <summary>The span of the sandbox's beginning. One that goes alone brings what the rest of its trace says of the trace id.</summary>
    public Span WriteInit(InitSpan init, bool isAlone)
    {
        var span = new Span
        {
            Name = Utf8Slice.From(init.Name),
            Type = Type,
            Service = Utf8Slice.From(identity.SpanService),
            Resource = identity.FunctionName is { } name ? Utf8Slice.From(name) : Name,
            TraceId = init.Trace.TraceId,
            SpanId = init.SpanId,
            ParentId = init.Trace.ParentId,
            StartNs = init.StartNs,
            DurationNs = init.DurationNs,
        };
        Set(span, "span.kind", "server");
        if (isAlone && init.Trace.HighBits is { } highBits)
        {
            Set(span, "_dd.p.tid", highBits);
        }

        if (isAlone && init.Trace.Priority is { } priority)
        {
            span.Metrics.Set(Utf8Slice.From("_sampling_priority_v1"), priority);
        }

        return span;
    }

    /// <summary>The spans above <paramref name="function"/>, as <see cref="Write"/> made it, in the order in which they are sent.</summary>
    public IEnumerable<Span> WriteInferred(ExecutionSpan execution, Span function, TriggerSettings settings)
    {
        if (execution.Trigger is not { } trigger)
        {
            yield break;
        }

        var outcome = new InvocationOutcome
        {
            TraceId = function.TraceId,
            UpstreamSpanId = execution.UpstreamSpanId,
            StartNs = function.StartNs,
            DurationNs = function.DurationNs,
            Error = function.Error,
            Service = identity.SpanService,
            StatusCode = execution.StatusCode,
            ContextTags = execution.PropagationTags,
            AppSecEnabled = function.Metrics.TryFind("_dd.appsec.enabled"u8, out double enabled) ? enabled : null,
            AppSecJson = function.Meta.TryFind("_dd.appsec.json"u8, out Utf8Slice json) ? json.ToString() : null,
        };
        FinishedSpan[] spans = InferredSpans.Complete(trigger, outcome, settings, [.. execution.InferredIds]);
        for (int i = 0; i < spans.Length; i++)
        {
            Span span = SpanOf(spans[i]);
            if (i == spans.Length - 1)
            {
                SpanLinks.Add(span, execution.TerminatedContexts);
            }

            yield return span;
        }
    }

    private static Span SpanOf(FinishedSpan finished)
    {
        var span = new Span
        {
            Name = Utf8Slice.From(finished.Name),
            Service = Utf8Slice.From(finished.Service),
            Resource = Utf8Slice.From(finished.Resource),
            Type = Utf8Slice.From(finished.Type),
            TraceId = finished.TraceId,
            SpanId = finished.SpanId,
            ParentId = finished.ParentId,
            StartNs = finished.StartNs,
            DurationNs = finished.DurationNs,
            Error = finished.Error,
        };
        foreach ((string key, string value) in finished.Meta)
        {
            Set(span, key, value);
        }

        foreach ((string key, double value) in finished.Metrics)
        {
            span.Metrics.Set(Utf8Slice.From(key), value);
        }

        return span;
    }

    private static void TakeOver(Span span, PlaceholderSpan placeholder)
    {
        foreach ((Utf8Slice key, Utf8Slice value) in placeholder.Meta)
        {
            span.Meta.Set(key, value);
        }

        foreach ((Utf8Slice key, double value) in placeholder.Metrics)
        {
            span.Metrics.Set(key, value);
        }

        foreach ((Utf8Slice key, Utf8Slice value) in placeholder.MetaStruct)
        {
            span.MetaStruct.Set(key, value);
        }
    }

    private static void Set(Span span, string key, string value) => span.Meta.Set(Utf8Slice.From(key), Utf8Slice.From(value));

    private static void SetUnlessEmpty(Span span, string key, string value)
    {
        if (value.Length > 0)
        {
            Set(span, key, value);
        }
    }

    /// <summary>The runtime's family, as Go reports it; null for families that make their own <c>aws.lambda</c> span or are unknown.</summary>
    private static string? LanguageOf(string runtime)
    {
        foreach (string family in new[] { "dotnet", "java", "ruby", "go" })
        {
            if (runtime.StartsWith(family, StringComparison.Ordinal))
            {
                return family;
            }
        }

        return null;
    }
}
