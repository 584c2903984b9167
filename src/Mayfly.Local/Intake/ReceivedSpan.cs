namespace Mayfly.Local.Intake;

/// <summary>One span of an AgentPayload with the context it came in (docs/spec/03-traces.md, 5.1). Absent strings are empty, as in protobuf.</summary>
public sealed record ReceivedSpan
{
    public required string Service { get; init; }

    public required string Name { get; init; }

    public required string Resource { get; init; }

    public required string Type { get; init; }

    /// <summary>Low 64 bits; the high ones are the chunk's or span's <c>_dd.p.tid</c>.</summary>
    public required ulong TraceId { get; init; }

    public required ulong SpanId { get; init; }

    public required ulong ParentId { get; init; }

    /// <summary>Start, ns since the Unix epoch.</summary>
    public required long StartNs { get; init; }

    public required long DurationNs { get; init; }

    /// <summary>1 = failed.</summary>
    public required int Error { get; init; }

    public required IReadOnlyDictionary<string, string> Meta { get; init; }

    public required IReadOnlyDictionary<string, double> Metrics { get; init; }

    public required IReadOnlyDictionary<string, ReadOnlyMemory<byte>> MetaStruct { get; init; }

    public required IReadOnlyList<ReceivedSpanLink> Links { get; init; }

    public required IReadOnlyList<ReceivedSpanEvent> Events { get; init; }

    public required ReceivedTraceChunk Chunk { get; init; }

    public required ReceivedTracerPayload Payload { get; init; }

    public required ReceivedAgentPayload Agent { get; init; }
}

/// <summary>A link to a span of another trace.</summary>
public sealed record ReceivedSpanLink(
    ulong TraceId, ulong TraceIdHigh, ulong SpanId, IReadOnlyDictionary<string, string> Attributes, string TraceState, uint Flags);

/// <summary>A timed event inside a span; attribute values are string, bool, long, double or a list of these.</summary>
public sealed record ReceivedSpanEvent(ulong TimeUnixNano, string Name, IReadOnlyDictionary<string, object> Attributes);

/// <summary>The TraceChunk that a span came in. Priority −128 = the tracer sent none.</summary>
public sealed record ReceivedTraceChunk(int Priority, string Origin, IReadOnlyDictionary<string, string> Tags, bool DroppedTrace);

/// <summary>The TracerPayload that a span came in: one tracer's language, runtime and tags.</summary>
public sealed record ReceivedTracerPayload
{
    public required string ContainerId { get; init; }

    public required string LanguageName { get; init; }

    public required string LanguageVersion { get; init; }

    public required string TracerVersion { get; init; }

    public required string RuntimeId { get; init; }

    public required string Env { get; init; }

    public required string Hostname { get; init; }

    public required string AppVersion { get; init; }

    public required IReadOnlyDictionary<string, string> Tags { get; init; }

    /// <summary>The function's tags, <c>key:value</c>, from the payload tag <c>_dd.tags.function</c>; empty if absent.</summary>
    public required IReadOnlyList<string> FunctionTags { get; init; }
}

/// <summary>The AgentPayload that a span came in: what the agent says of itself.</summary>
public sealed record ReceivedAgentPayload(
    string HostName, string Env, string AgentVersion, IReadOnlyDictionary<string, string> Tags, double TargetTps, double ErrorTps, bool RareSamplerEnabled);
