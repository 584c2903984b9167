using System.Globalization;

namespace Mayfly.Platforms.Lambda.Propagation;

/// <summary>
/// What a tracer is told about the trace it continues, as headers of the answer to start-invocation (docs/spec/01-lambda-lifecycle.md#32-post-lambdastart-invocation).
/// </summary>
public static class StartInvocationHeaders
{
    /// <summary>Empty without a context: the tracer begins a trace of its own. The parent is never told, nor any tag but the high bits.</summary>
    public static IReadOnlyList<KeyValuePair<string, string>> Of(SpanContext? context)
    {
        if (context is null)
        {
            return [];
        }

        var headers = new List<KeyValuePair<string, string>> { new(DatadogStyle.TraceIdHeader, context.TraceId.ToString(CultureInfo.InvariantCulture)) };
        if (context.Priority is { } priority)
        {
            headers.Add(new(DatadogStyle.PriorityHeader, priority.ToString(CultureInfo.InvariantCulture)));
        }

        // A Step Functions root passes its tags on unchecked; only digits may become a header.
        if (context.HighBits is { Length: 16 } highBits && IdText.IsHex(highBits))
        {
            headers.Add(new(DatadogStyle.TagsHeader, $"{SpanContext.HighBitsTag}={highBits}"));
        }

        return headers;
    }
}
