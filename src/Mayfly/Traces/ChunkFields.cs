using Mayfly.Wire;

namespace Mayfly.Traces;

/// <summary>What is said of a trace as a whole beside its spans: by v0.7 and v1.0, or by the agent of its own traces.</summary>
public sealed class ChunkFields
{
    /// <summary>Null: the spans say it.</summary>
    public int? Priority { get; set; }

    /// <summary>Empty: the root says it.</summary>
    public Utf8Slice Origin { get; set; }

    /// <summary>Sampled out as a trace; the spans that are here are kept for themselves.</summary>
    public bool IsDropped { get; set; }

    public SpanMap<Utf8Slice> Tags { get; } = new();

    public void Clear()
    {
        Priority = null;
        Origin = default;
        IsDropped = false;
        Tags.Clear();
    }
}
