using Mayfly.Config;

namespace Mayfly.Platforms.Lambda.Propagation;

/// <summary>Datadog's own headers, all values decimal (docs/spec/02-triggers.md#64-styles).</summary>
internal static class DatadogStyle
{
    public const string TraceIdHeader = "x-datadog-trace-id";
    public const string ParentIdHeader = "x-datadog-parent-id";
    public const string SpanIdHeader = "x-datadog-span-id";
    public const string PriorityHeader = "x-datadog-sampling-priority";
    public const string OriginHeader = "x-datadog-origin";
    public const string TagsHeader = "x-datadog-tags";

    /// <summary>Null without a usable trace id. A bad parent id counts as 0, a bad priority as none.</summary>
    public static ExtractedContext? Extract(Carrier carrier)
    {
        ulong traceId = IdText.ParseDecimal(carrier.Find(TraceIdHeader));
        if (traceId == 0)
        {
            return null;
        }

        var tags = new ContextTags();
        return new ExtractedContext
        {
            Style = PropagationStyle.Datadog,
            TraceId = traceId,
            TraceIdHigh = carrier.Find(TagsHeader) is { } header ? DatadogTags.ReadChecked(header, tags) : 0,
            SpanId = IdText.ParseDecimal(carrier.Find(ParentIdHeader)),
            Priority = IdText.ParsePriority(carrier.Find(PriorityHeader)),
            Origin = carrier.Find(OriginHeader),
            Tags = tags,
        };
    }
}
