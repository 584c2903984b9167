using Mayfly.Config;

namespace Mayfly.Platforms.Lambda.Propagation;

/// <summary>What one style found in a carrier, before it is compared with what others found.</summary>
internal sealed class ExtractedContext
{
    public required PropagationStyle Style { get; init; }

    public required ulong TraceId { get; init; }

    public ulong TraceIdHigh { get; init; }

    public ulong SpanId { get; set; }

    public int? Priority { get; init; }

    public string? Origin { get; init; }

    public ContextTags Tags { get; init; } = new();

    public bool IsSameTrace(ExtractedContext other) => TraceId == other.TraceId && TraceIdHigh == other.TraceIdHigh;
}
