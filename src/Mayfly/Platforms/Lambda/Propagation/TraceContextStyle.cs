using Mayfly.Config;

namespace Mayfly.Platforms.Lambda.Propagation;

/// <summary>W3C trace context, with Datadog's member of <c>tracestate</c> (docs/spec/02-triggers.md#64-styles).</summary>
internal static class TraceContextStyle
{
    public const string ParentHeader = "traceparent";
    public const string StateHeader = "tracestate";

    /// <summary>Null without a valid <c>traceparent</c>. A malformed <c>tracestate</c> counts as none.</summary>
    public static ExtractedContext? Extract(Carrier carrier)
    {
        string? header = carrier.Find(ParentHeader);
        ReadOnlySpan<char> trimmed = header.AsSpan().Trim();
        if (!TraceParent.TryParse(trimmed, out TraceParent parent))
        {
            return null;
        }

        var tags = new ContextTags();
        tags.Set(ParentHeader, trimmed.ToString());
        int priority = parent.IsSampled ? 1 : 0;
        string? origin = null;
        if (carrier.Find(StateHeader) is { } stateHeader && TraceState.TryParse(stateHeader, out TraceState state))
        {
            DatadogMember member = ReadMember(state.Datadog, tags);
            origin = member.Origin;
            if (member.Priority is { } told && told > 0 == parent.IsSampled)
            {
                priority = told;
            }
            else
            {
                Decide(parent.IsSampled, tags);
            }

            tags.Set(StateHeader, state.Text.ToString());
        }

        return new ExtractedContext
        {
            Style = PropagationStyle.TraceContext,
            TraceId = parent.TraceId,
            TraceIdHigh = parent.TraceIdHigh,
            SpanId = parent.SpanId,
            Priority = priority,
            Origin = origin,
            Tags = tags,
        };
    }

    /// <summary>Somebody else decided about sampling after the last Datadog tracer: its reason does not hold any more.</summary>
    private static void Decide(bool isSampled, ContextTags tags)
    {
        if (isSampled)
        {
            tags.Set(DatadogTags.DecisionMakerTag, "-0");
        }
        else
        {
            tags.Remove(DatadogTags.DecisionMakerTag);
        }
    }

    /// <summary>
    /// <c>s:priority;o:origin;p:last parent;t.name:propagated tag</c>. Items that are not printable ASCII or have no colon are skipped.
    /// </summary>
    private static DatadogMember ReadMember(ReadOnlySpan<char> member, ContextTags tags)
    {
        DatadogMember result = default;
        foreach (Range range in member.Split(';'))
        {
            ReadOnlySpan<char> item = member[range];
            int colon = item.IndexOf(':');
            if (colon < 0 || item.ContainsAnyExceptInRange(' ', '~'))
            {
                continue;
            }

            ReadOnlySpan<char> key = item[..colon];
            string value = item[(colon + 1)..].ToString().Replace('~', '=');
            switch (key)
            {
                case "s":
                    result.Priority = IdText.ParsePriority(value);
                    break;
                case "o":
                    result.Origin = value;
                    break;
                case "p":
                    tags.Set(SpanContext.LastParentTag, value);
                    break;
                case "t.tid":
                    // The high bits stand in traceparent; a second opinion could only tear the trace apart.
                    break;
                default:
                    if (key.StartsWith("t.") && key.Length > 2)
                    {
                        tags.Set(string.Concat(DatadogTags.Prefix, key[2..]), value);
                    }

                    break;
            }
        }

        return result;
    }

    private record struct DatadogMember(int? Priority, string? Origin);
}
