using Mayfly.Wire;

namespace Mayfly.Traces;

/// <summary>The spans of one trace in one request, and what is said of them as a whole.</summary>
/// <remarks>docs/spec/03-traces.md#35-root-chunk-fields-top-level-measured</remarks>
internal ref struct TraceChunk(ReadOnlySpan<Span> spans)
{
    /// <summary>The chunk carries no sampling priority.</summary>
    public const int NoPriority = -128;

    private static readonly Utf8Slice TopLevel = Utf8Slice.From("_top_level");
    private static readonly Utf8Slice ComputeStats = Utf8Slice.From("_dd.compute_stats");
    private static readonly Utf8Slice One = Utf8Slice.From("1");

    public ReadOnlySpan<Span> Spans { get; } = spans;

    public int RootIndex { get; private set; }

    /// <summary>−1 user drop, 0 auto drop, 1 auto keep, 2 user keep.</summary>
    public int Priority { get; set; } = NoPriority;

    public Utf8Slice Origin { get; private set; }

    public readonly Span Root => Spans[RootIndex];

    /// <summary>A span without trace id or span id makes the trace unusable.</summary>
    public readonly bool HasIds()
    {
        foreach (Span span in Spans)
        {
            if (span.TraceId == 0 || span.SpanId == 0)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The last span without parent; else the last whose parent is elsewhere; else the last.</summary>
    public void FindRoot(SpanIndex index)
    {
        RootIndex = Spans.Length - 1;
        int orphan = -1;
        for (int i = Spans.Length - 1; i >= 0; i--)
        {
            ulong parent = Spans[i].ParentId;
            if (parent == 0)
            {
                RootIndex = i;
                return;
            }

            if (orphan < 0 && index.Find(parent) < 0)
            {
                orphan = i;
            }
        }

        RootIndex = orphan >= 0 ? orphan : RootIndex;
    }

    /// <summary>The root's sampling priority, else that of the first span that has one; the root's origin.</summary>
    public void ReadPriorityAndOrigin()
    {
        if (Root.Meta.TryFind("_dd.origin"u8, out Utf8Slice origin))
        {
            Origin = origin;
        }

        if (TryReadPriority(Root))
        {
            return;
        }

        foreach (Span span in Spans)
        {
            if (TryReadPriority(span))
            {
                return;
            }
        }
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
    public readonly void AskForStats()
    {
        foreach (Span span in Spans)
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
