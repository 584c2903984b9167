namespace Mayfly.Platforms.Lambda.Triggers;

/// <summary>
/// Completes the spans of a <see cref="Trigger"/> at the end of its invocation (docs/spec/02-triggers.md#34-wrapped-two-level-inferred-span,
/// #35-completion-at-platformruntimedone). Pure: it may be called twice with the same result.
/// </summary>
public static class InferredSpans
{
    /// <summary>2000-01-01, Unix ns: a start before that is no time but a zero or a wrong unit.</summary>
    private const long EarliestStartNs = 946_684_800_000_000_000;

    /// <summary>
    /// The finished spans in the order of <see cref="Trigger.Spans"/>. The first one is the parent of <c>aws.lambda</c>; the last one has the upstream parent
    /// and the tags
    /// of the upstream context, for it is the local root.
    /// </summary>
    /// <param name="spanIds">One id for each of the spans, made by the caller; none of them 0.</param>
    public static FinishedSpan[] Complete(Trigger trigger, InvocationOutcome outcome, TriggerSettings settings, ReadOnlySpan<ulong> spanIds)
    {
        IReadOnlyList<InferredSpan> spans = trigger.Spans;
        ArgumentOutOfRangeException.ThrowIfLessThan(spanIds.Length, spans.Count, nameof(spanIds));
        var finished = new FinishedSpan[spans.Count];
        string callee = outcome.Service;
        long calleeStartNs = outcome.StartNs;
        for (int i = 0; i < spans.Count; i++)
        {
            InferredSpan span = spans[i];
            bool isRoot = i == spans.Count - 1;
            long startNs = span.StartNs is { } told and >= EarliestStartNs ? told : calleeStartNs;
            long endNs = span.IsAsync || span.EndsBeforeCallee ? calleeStartNs : SaturatingSum(outcome.StartNs, outcome.DurationNs);
            finished[i] = new FinishedSpan
            {
                Name = span.Name,
                Service = span.Service,
                Resource = span.Resource,
                Type = span.Type,
                TraceId = outcome.TraceId,
                SpanId = spanIds[i],
                ParentId = isRoot ? outcome.UpstreamSpanId : spanIds[i + 1],
                StartNs = startNs,
                DurationNs = Math.Max(0, endNs - startNs),
                Error = outcome.Error,
                Meta = MetaOf(trigger, i, callee, outcome, settings),
                Metrics = outcome.AppSecEnabled is { } enabled ? [new("_dd.appsec.enabled", enabled)] : [],
            };
            callee = span.Service;
            calleeStartNs = startNs;
        }

        return finished;
    }

    /// <param name="callee">Service of what this span called.</param>
    private static TagList MetaOf(Trigger trigger, int index, string callee, InvocationOutcome outcome, TriggerSettings settings)
    {
        InferredSpan span = trigger.Spans[index];
        bool isRoot = index == trigger.Spans.Count - 1;
        var meta = new TagList();
        meta.AddRange(span.Meta);
        meta.Add("_inferred_span.tag_source", "self");
        meta.Add("_inferred_span.synchronicity", span.IsAsync ? "async" : "sync");
        if (!isRoot)
        {
            meta.Add(TagList.EventSourceKey, trigger.Spans[index + 1].EventSource);
        }

        meta.Add("peer.service", callee);
        meta.Add("_dd.base_service", ServiceNaming.BaseServiceOf(settings));
        if (index == 0)
        {
            meta.Add("span.kind", "server");
            meta.Add("http.status_code", outcome.StatusCode);
        }

        meta.Add("_dd.appsec.json", outcome.AppSecJson);
        if (isRoot)
        {
            foreach ((string key, string value) in outcome.ContextTags)
            {
                meta.Set(key, value);
            }

            if (trigger.Pointers.Count > 0)
            {
                meta.Set(SpanPointerLinks.Key, SpanPointerLinks.Append(existing: null, trigger.Pointers));
            }
        }

        return meta;
    }

    /// <summary>Neither addend is negative in practice; a wrong clock must not wrap around.</summary>
    private static long SaturatingSum(long startNs, long durationNs) => long.CreateSaturating((Int128)startNs + durationNs);
}

/// <summary>What is known about an invocation, and so about the spans above it, when it is over.</summary>
public sealed record InvocationOutcome
{
    public required ulong TraceId { get; init; }

    /// <summary>Span id of the upstream context; 0 = no upstream.</summary>
    public required ulong UpstreamSpanId { get; init; }

    /// <summary>Of <c>aws.lambda</c>, Unix ns.</summary>
    public required long StartNs { get; init; }

    public required long DurationNs { get; init; }

    /// <summary>Of <c>aws.lambda</c>; 0 = no error.</summary>
    public required int Error { get; init; }

    /// <summary>Of <c>aws.lambda</c>.</summary>
    public required string Service { get; init; }

    /// <summary>Of the response; null = none (see <see cref="ResponseStatusCode"/>).</summary>
    public string? StatusCode { get; init; }

    /// <summary>Tags of the upstream context, such as <c>_dd.p.tid</c>.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> ContextTags { get; init; } = [];

    /// <summary>Metric <c>_dd.appsec.enabled</c> of <c>aws.lambda</c>; null = it has none.</summary>
    public double? AppSecEnabled { get; init; }

    /// <summary>Tag <c>_dd.appsec.json</c> of <c>aws.lambda</c>; null = it has none.</summary>
    public string? AppSecJson { get; init; }
}

/// <summary>An inferred span ready to be sent.</summary>
public sealed record FinishedSpan
{
    public required string Name { get; init; }

    public required string Service { get; init; }

    public required string Resource { get; init; }

    public required string Type { get; init; }

    public required ulong TraceId { get; init; }

    public required ulong SpanId { get; init; }

    /// <summary>0 = no parent.</summary>
    public required ulong ParentId { get; init; }

    /// <summary>Unix ns.</summary>
    public required long StartNs { get; init; }

    public required long DurationNs { get; init; }

    public required int Error { get; init; }

    /// <summary>No key twice.</summary>
    public required IReadOnlyList<KeyValuePair<string, string>> Meta { get; init; }

    public required IReadOnlyList<KeyValuePair<string, double>> Metrics { get; init; }
}
