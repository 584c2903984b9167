namespace FunctionCSharp;

/// <summary>One finished or running span; times are Unix nanoseconds.</summary>
internal sealed class Span
{
    public required string Service { get; init; }

    public required string Name { get; init; }

    public required string Resource { get; init; }

    public string Type { get; init; } = "custom";

    public required ulong TraceId { get; init; }

    public required ulong SpanId { get; init; }

    public required ulong ParentId { get; init; }

    public required long StartNs { get; init; }

    public long DurationNs { get; set; }

    public int Error { get; set; }

    public Dictionary<string, string> Meta { get; } = [];

    public Dictionary<string, double> Metrics { get; } = [];
}
