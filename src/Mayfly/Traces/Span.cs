using Mayfly.Wire;

namespace Mayfly.Traces;

/// <summary>One span, as a tracer sent it or as the agent made it; mutable, and reused from request to request.</summary>
/// <remarks>
/// Texts are slices of the request body or of the request's <see cref="TextArena"/>: nobody may keep a span, or a slice of it, beyond the call that handed
/// it over.
/// Fields: docs/spec/03-traces.md#21-v04-and-v03-array-of-traces-trace--array-of-span-maps.
/// </remarks>
public sealed class Span
{
    private ExtraLists? _extras;

    public Utf8Slice Service { get; set; }

    /// <summary>Operation name, such as <c>http.request</c>.</summary>
    public Utf8Slice Name { get; set; }

    public Utf8Slice Resource { get; set; }

    /// <summary><c>web</c>, <c>sql</c>, <c>serverless</c> …</summary>
    public Utf8Slice Type { get; set; }

    /// <summary>Low 64 bits of the trace id; the high ones are hex in <c>meta["_dd.p.tid"]</c>. 0 = none, which makes the trace unusable.</summary>
    public ulong TraceId { get; set; }

    /// <summary>0 = none, which makes the trace unusable.</summary>
    public ulong SpanId { get; set; }

    /// <summary>0 = no parent.</summary>
    public ulong ParentId { get; set; }

    /// <summary>Start, ns since the Unix epoch; 0 = the tracer sent none.</summary>
    public long StartNs { get; set; }

    public long DurationNs { get; set; }

    /// <summary>0 = no error.</summary>
    public int Error { get; set; }

    public SpanMap<Utf8Slice> Meta { get; } = new();

    /// <summary>Finite numbers only.</summary>
    public SpanMap<double> Metrics { get; } = new();

    /// <summary>True where one of the lists below may have something in it, which few spans do: the lists are made when they are first asked for.</summary>
    public bool HasExtras => _extras is not null;

    /// <summary>Values are opaque bytes.</summary>
    public SpanMap<Utf8Slice> MetaStruct => Extras.MetaStruct;

    public RecordList<SpanLink> Links => Extras.Links;

    /// <summary>The attributes of all <see cref="Links"/>; a link names its range.</summary>
    public RecordList<SpanMapEntry<Utf8Slice>> LinkAttributes => Extras.LinkAttributes;

    public RecordList<SpanEvent> Events => Extras.Events;

    /// <summary>The attributes of all <see cref="Events"/>; an event names its range.</summary>
    public RecordList<EventAttribute> EventAttributes => Extras.EventAttributes;

    /// <summary>The elements of all array attributes; the attribute names its range. Their keys are empty.</summary>
    public RecordList<EventAttribute> EventElements => Extras.EventElements;

    private ExtraLists Extras => _extras ??= new ExtraLists();

    /// <summary>Back to an empty span; the lists keep their arrays.</summary>
    public void Clear()
    {
        Service = Name = Resource = Type = default;
        TraceId = SpanId = ParentId = 0;
        StartNs = DurationNs = 0;
        Error = 0;
        Meta.Clear();
        Metrics.Clear();
        _extras?.Clear();
    }

    private sealed class ExtraLists
    {
        public readonly SpanMap<Utf8Slice> MetaStruct = new();
        public readonly RecordList<SpanLink> Links = new();
        public readonly RecordList<SpanMapEntry<Utf8Slice>> LinkAttributes = new();
        public readonly RecordList<SpanEvent> Events = new();
        public readonly RecordList<EventAttribute> EventAttributes = new();
        public readonly RecordList<EventAttribute> EventElements = new();

        public void Clear()
        {
            MetaStruct.Clear();
            Links.Clear();
            LinkAttributes.Clear();
            Events.Clear();
            EventAttributes.Clear();
            EventElements.Clear();
        }
    }
}
