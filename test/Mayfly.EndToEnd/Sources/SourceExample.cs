namespace Mayfly.EndToEnd.Sources;

/// <summary>An event with what the specification says becomes of it.</summary>
/// <param name="Name">Section and number of the example.</param>
/// <param name="Event">JSON.</param>
/// <param name="Spans">The inferred span, then the one that it wraps …; empty when there is none.</param>
/// <param name="TriggerTags">On the <c>aws.lambda</c> span.</param>
/// <param name="TraceId">Of the trace context in the event; 0 = none.</param>
/// <param name="ParentId">Of that context.</param>
/// <param name="ContextTags">What the context puts on the local root.</param>
/// <param name="Pointer">Kind and hash of the span pointer; null = none.</param>
internal sealed record SourceExample(
    string Name,
    string Event,
    IReadOnlyList<ExpectedSpan> Spans,
    IReadOnlyDictionary<string, string> TriggerTags,
    ulong TraceId,
    ulong ParentId,
    IReadOnlyDictionary<string, string> ContextTags,
    (string Kind, string Hash)? Pointer)
{
    public override string ToString() => Name;
}

/// <summary>One column of an example's table.</summary>
/// <param name="Fields"><c>name</c>, <c>service</c>, <c>resource</c>, <c>type</c>, <c>start</c>, <c>duration</c>.</param>
/// <param name="Meta">All of it, but what the agent puts on every span.</param>
internal sealed record ExpectedSpan(IReadOnlyDictionary<string, string> Fields, IReadOnlyDictionary<string, string> Meta);
