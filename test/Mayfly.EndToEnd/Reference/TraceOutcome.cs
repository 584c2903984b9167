using System.Globalization;
using System.Text;
using Mayfly.Local.Intake;

namespace Mayfly.EndToEnd.Reference;

/// <summary>
/// What became of a request: the status of its answer, and all fields that reached the intake, by their paths: <c>service</c>, <c>meta env</c>,
/// <c>[1] metrics n</c> (the second span), <c>[1,0] name</c> (the first of the second trace), <c>chunk priority</c>, <c>[1] chunk origin</c>,
/// <c>payload env</c>, <c>agent env</c>.
/// </summary>
internal static class TraceOutcome
{
    private const int LongestText = 150;

    /// <param name="request">As sent.</param>
    /// <param name="status">Of the answer.</param>
    /// <param name="spans">All that arrived, by mark or by ids.</param>
    public static Dictionary<string, string> Of(TraceRequest request, int status, ReceivedSpans spans)
    {
        var fields = new Dictionary<string, string> { ["status"] = $"{status}" };
        int arrived = 0;
        foreach ((int trace, int index, _) in request.Spans)
        {
            if (spans.Find(request, trace, index) is not { } span)
            {
                continue;
            }

            AddSpan(fields, PrefixOf(trace, index), request, span);
            AddChunk(fields, trace > 0 ? $"[{trace}] " : "", span.Chunk);
            if (arrived++ == 0)
            {
                AddPayload(fields, span);
            }
        }

        fields["spans"] = $"{arrived}";
        return fields.ToDictionary(static field => field.Key, static field => Short(field.Value));
    }

    /// <summary>What the paths of a span's fields begin with.</summary>
    public static string PrefixOf(int trace, int span) => trace > 0 ? $"[{trace},{span}] " : span > 0 ? $"[{span}] " : "";

    private static void AddSpan(Dictionary<string, string> fields, string prefix, TraceRequest request, ReceivedSpan span)
    {
        fields[prefix + "service"] = span.Service;
        fields[prefix + "name"] = span.Name;
        fields[prefix + "resource"] = span.Resource;
        fields[prefix + "type"] = span.Type;
        fields[prefix + "trace_id"] = Text(request.Local(span.TraceId));
        fields[prefix + "span_id"] = Text(request.Local(span.SpanId));
        fields[prefix + "parent_id"] = Text(request.Local(span.ParentId));
        fields[prefix + "start"] = IsNow(span.StartNs) ? "now" : Text(span.StartNs);
        fields[prefix + "duration"] = Text(span.DurationNs);
        fields[prefix + "error"] = Text(span.Error);
        Add(fields, prefix + "meta ", span.Meta.Where(static tag => tag.Key != TraceRequest.Mark));
        Add(fields, prefix + "metrics ", span.Metrics.Select(static pair => KeyValuePair.Create(pair.Key, Text(pair.Value))));
        Add(fields, prefix + "meta_struct ", span.MetaStruct.Select(static pair => KeyValuePair.Create(pair.Key, Convert.ToHexString(pair.Value.Span))));
        for (int i = 0; i < span.Links.Count; i++)
        {
            ReceivedSpanLink link = span.Links[i];
            fields[$"{prefix}span_links {i}"] = $"{link.TraceIdHigh}:{link.TraceId} {link.SpanId} {link.TraceState} {link.Flags} {Text(link.Attributes)}";
        }

        for (int i = 0; i < span.Events.Count; i++)
        {
            ReceivedSpanEvent one = span.Events[i];
            fields[$"{prefix}span_events {i}"] = $"{one.TimeUnixNano} {one.Name} {Text(one.Attributes)}";
        }
    }

    private static void AddChunk(Dictionary<string, string> fields, string prefix, ReceivedTraceChunk chunk)
    {
        fields[prefix + "chunk priority"] = Text(chunk.Priority);
        fields[prefix + "chunk origin"] = chunk.Origin;
        fields[prefix + "chunk dropped_trace"] = Text(chunk.DroppedTrace);
        Add(fields, prefix + "chunk tags ", chunk.Tags);
    }

    private static void AddPayload(Dictionary<string, string> fields, ReceivedSpan span)
    {
        ReceivedTracerPayload payload = span.Payload;
        fields["payload container_id"] = payload.ContainerId;
        fields["payload language_name"] = payload.LanguageName;
        fields["payload language_version"] = payload.LanguageVersion;
        fields["payload tracer_version"] = payload.TracerVersion;
        fields["payload runtime_id"] = payload.RuntimeId;
        fields["payload env"] = payload.Env;
        fields["payload hostname"] = payload.Hostname;
        fields["payload app_version"] = payload.AppVersion;
        Add(fields, "payload tags ", payload.Tags);
        ReceivedAgentPayload agent = span.Agent;
        fields["agent hostname"] = agent.HostName;
        fields["agent env"] = agent.Env;
        fields["agent version"] = agent.AgentVersion.Length > 0 ? "named" : "";
        fields["agent target_tps"] = Text(agent.TargetTps);
        fields["agent error_tps"] = Text(agent.ErrorTps);
        fields["agent rare_sampler"] = Text(agent.RareSamplerEnabled);
        Add(fields, "agent tags ", agent.Tags);
    }

    private static void Add(Dictionary<string, string> fields, string prefix, IEnumerable<KeyValuePair<string, string>> map)
    {
        foreach ((string key, string value) in map)
        {
            fields[prefix + key] = value;
        }
    }

    private static string Short(string text) => text.Length <= LongestText ? text : $"{Encoding.UTF8.GetByteCount(text)} bytes of {text[..3]}";

    private static bool IsNow(long startNs) =>
        (DateTimeOffset.UtcNow - DateTimeOffset.UnixEpoch.AddTicks(startNs / 100)).Duration() < TimeSpan.FromMinutes(10);

    private static string Text<T>(IReadOnlyDictionary<string, T> map) =>
        string.Join(' ', map.OrderBy(static pair => pair.Key, StringComparer.Ordinal).Select(static pair => $"{pair.Key}={Text(pair.Value)}"));

    private static string Text(object? value) => value switch
    {
        List<object> list => $"[{string.Join(',', list.Select(Text))}]",
        IFormattable one => one.ToString(null, CultureInfo.InvariantCulture),
        _ => $"{value}",
    };
}

/// <summary>The spans that an intake got.</summary>
internal sealed class ReceivedSpans(IReadOnlyList<ReceivedSpan> spans)
{
    private readonly ILookup<(ulong Trace, ulong Span), ReceivedSpan> _byIds = spans.ToLookup(static span => (span.TraceId, span.SpanId));

    private readonly ILookup<string, ReceivedSpan> _byMark =
        spans.Where(static span => span.Meta.ContainsKey(TraceRequest.Mark)).ToLookup(static span => span.Meta[TraceRequest.Mark]);

    public ReceivedSpan? Find(TraceRequest request, int trace, int span) =>
        _byMark[request.MarkOf(trace, span)].FirstOrDefault()
        ?? _byIds[request.IdsOf(trace, span)].FirstOrDefault(static one => !one.Meta.ContainsKey(TraceRequest.Mark));
}
