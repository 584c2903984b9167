using Mayfly.Wire;

namespace Mayfly.Traces;

/// <summary>The spans of one trace in one request, and what is said of them as a whole.</summary>
/// <remarks>docs/spec/03-traces.md#35-root-chunk-fields-top-level-measured</remarks>
internal ref struct TraceChunk(ReadOnlySpan<Span> spans, ChunkFields fields)
{
    /// <summary>The chunk carries no sampling priority.</summary>
    public const int NoPriority = -128;

    private const int UserKeep = 2;

    private static readonly Utf8Slice TopLevel = Utf8Slice.From("_top_level");
    private static readonly Utf8Slice ComputeStats = Utf8Slice.From("_dd.compute_stats");
    private static readonly Utf8Slice One = Utf8Slice.From("1");
    private static readonly Utf8Slice DecisionMaker = Utf8Slice.From("_dd.p.dm");

    private readonly ChunkFields _fields = fields;

    public ReadOnlySpan<Span> Spans { get; private set; } = spans;

    public int RootIndex { get; private set; }

    /// <summary>−1 user drop, 0 auto drop, 1 auto keep, 2 user keep.</summary>
    public int Priority { get; private set; } = fields.Priority ?? NoPriority;

    public Utf8Slice Origin { get; private set; } = fields.Origin;

    /// <summary>Sampled out as a trace; <see cref="Spans"/> are kept for themselves.</summary>
    public bool IsDropped { get; private set; } = fields.IsDropped;

    public readonly ReadOnlySpan<SpanMapEntry<Utf8Slice>> Tags => _fields.Tags.Entries;

    public readonly Span Root => Spans[RootIndex];

    /// <summary>The last span without parent; else the last whose parent is elsewhere; else the last.</summary>
    public void FindRoot(SpanIndex index)
    {
        for (int i = Spans.Length - 1; i >= 0; i--)
        {
            if (Spans[i].ParentId == 0)
            {
                RootIndex = i;
                return;
            }
        }

        RootIndex = Spans.Length - 1;
        for (int i = Spans.Length - 1; i >= 0; i--)
        {
            if (index.Find(Spans[i].ParentId) < 0)
            {
                RootIndex = i;
                return;
            }
        }
    }

    /// <summary>
    /// Where the format does not say it: the root's sampling priority, else that of the first span that has one; the root's origin. The decision maker of
    /// the first span that names one becomes a tag of the chunk.
    /// </summary>
    public void ReadPriorityAndOrigin()
    {
        if (Origin.IsEmpty && Root.Meta.TryFind("_dd.origin"u8, out Utf8Slice origin))
        {
            Origin = origin;
        }

        bool isDecided = _fields.Tags.Contains(DecisionMaker.Span);
        bool hasPriority = _fields.Priority is not null || TryReadPriority(Root);
        for (int i = 0; i < Spans.Length && !(isDecided && hasPriority); i++)
        {
            hasPriority = hasPriority || TryReadPriority(Spans[i]);
            if (!isDecided && Spans[i].Meta.TryFind(DecisionMaker.Span, out Utf8Slice maker))
            {
                _fields.Tags.Add(DecisionMaker, maker);
                isDecided = true;
            }
        }
    }

    /// <summary>The trace is sampled out, some of its spans are not: the chunk is those, and goes to the intake as wanted by the user.</summary>
    /// <remarks>docs/spec/03-traces.md#311-sampling (single span). There is no <see cref="Root"/> from here on.</remarks>
    public void KeepOnly(ReadOnlySpan<Span> spans)
    {
        Spans = spans;
        Priority = UserKeep;
        IsDropped = true;
    }

    /// <summary>Marks the spans that enter a service; where the tracer has done so already, its mark is believed.</summary>
    public readonly void MarkTopLevel(SpanIndex index, bool isComputedByTracer)
    {
        foreach (Span span in Spans)
        {
            bool isTopLevel = isComputedByTracer ? span.Metrics.Contains("_dd.top_level"u8) : EntersService(span, index);
            if (isTopLevel)
            {
                span.Metrics.Set(TopLevel, 1);
            }
        }
    }

    /// <summary>Asks the intake to compute the statistics of these spans.</summary>
    public static void AskForStats(ReadOnlySpan<Span> spans)
    {
        foreach (Span span in spans)
        {
            span.Meta.Set(ComputeStats, One);
        }
    }

    private readonly bool EntersService(Span span, SpanIndex index)
    {
        int parent = span.ParentId == 0 ? -1 : index.Find(span.ParentId);
        return parent < 0 || Spans[parent].Service != span.Service;
    }

    private bool TryReadPriority(Span span)
    {
        bool isFound = span.Metrics.TryFind("_sampling_priority_v1"u8, out double priority);
        Priority = isFound ? (int)Math.Clamp(priority, int.MinValue, int.MaxValue) : Priority;
        return isFound;
    }
}
