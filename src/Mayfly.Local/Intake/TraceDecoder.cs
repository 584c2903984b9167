using Google.Protobuf;
using Mayfly.Local.Intake.Protos;

namespace Mayfly.Local.Intake;

/// <summary>AgentPayload protobuf to spans (docs/spec/03-traces.md, 5.1). Malformed bytes throw <see cref="InvalidProtocolBufferException"/>.</summary>
internal static class TraceDecoder
{
    private const string FunctionTagsKey = "_dd.tags.function";

    public static List<ReceivedSpan> Decode(ReadOnlySpan<byte> body)
    {
        AgentPayload message = AgentPayload.Parser.ParseFrom(body);
        var agent = new ReceivedAgentPayload(
            message.HostName, message.Env, message.AgentVersion, Copy(message.Tags), message.TargetTps, message.ErrorTps, message.RareSamplerEnabled);
        var spans = new List<ReceivedSpan>();
        foreach (TracerPayload tracerPayload in message.TracerPayloads)
        {
            ReceivedTracerPayload payload = Payload(tracerPayload);
            foreach (TraceChunk traceChunk in tracerPayload.Chunks)
            {
                var chunk = new ReceivedTraceChunk(traceChunk.Priority, traceChunk.Origin, Copy(traceChunk.Tags), traceChunk.DroppedTrace);
                spans.AddRange(traceChunk.Spans.Select(span => Span(span, chunk, payload, agent)));
            }
        }

        return spans;
    }

    private static ReceivedTracerPayload Payload(TracerPayload payload) => new()
    {
        ContainerId = payload.ContainerId,
        LanguageName = payload.LanguageName,
        LanguageVersion = payload.LanguageVersion,
        TracerVersion = payload.TracerVersion,
        RuntimeId = payload.RuntimeId,
        Env = payload.Env,
        Hostname = payload.Hostname,
        AppVersion = payload.AppVersion,
        Tags = Copy(payload.Tags),
        FunctionTags = payload.Tags.TryGetValue(FunctionTagsKey, out string? tags) ? tags.Split(',', StringSplitOptions.RemoveEmptyEntries) : [],
    };

    private static ReceivedSpan Span(Span span, ReceivedTraceChunk chunk, ReceivedTracerPayload payload, ReceivedAgentPayload agent) => new()
    {
        Service = span.Service,
        Name = span.Name,
        Resource = span.Resource,
        Type = span.Type,
        TraceId = span.TraceId,
        SpanId = span.SpanId,
        ParentId = span.ParentId,
        StartNs = span.Start,
        DurationNs = span.Duration,
        Error = span.Error,
        Meta = Copy(span.Meta),
        Metrics = Copy(span.Metrics),
        MetaStruct = span.MetaStruct.ToDictionary(e => e.Key, e => e.Value.Memory),
        Links = [.. span.SpanLinks.Select(l => new ReceivedSpanLink(l.TraceId, l.TraceIdHigh, l.SpanId, Copy(l.Attributes), l.Tracestate, l.Flags))],
        Events = [.. span.SpanEvents.Select(e => new ReceivedSpanEvent(e.TimeUnixNano, e.Name, e.Attributes.ToDictionary(a => a.Key, a => Value(a.Value))))],
        Chunk = chunk,
        Payload = payload,
        Agent = agent,
    };

    private static object Value(AttributeAnyValue value) => value.Type switch
    {
        AttributeValueType.AttributeBool => value.BoolValue,
        AttributeValueType.AttributeInt => value.IntValue,
        AttributeValueType.AttributeDouble => value.DoubleValue,
        AttributeValueType.AttributeArray => value.ArrayValue is { } array ? [.. array.Values.Select(Value)] : new List<object>(),
        _ => value.StringValue,
    };

    private static object Value(AttributeArrayValue value) => value.Type switch
    {
        AttributeValueType.AttributeBool => value.BoolValue,
        AttributeValueType.AttributeInt => value.IntValue,
        AttributeValueType.AttributeDouble => value.DoubleValue,
        _ => value.StringValue,
    };

    private static Dictionary<string, T> Copy<T>(Google.Protobuf.Collections.MapField<string, T> map) => new(map);
}
