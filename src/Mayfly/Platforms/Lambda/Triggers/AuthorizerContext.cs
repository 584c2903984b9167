using System.Globalization;
using Mayfly.Platforms.Lambda.Propagation;
using Mayfly.Platforms.Lambda.Triggers.Json;

namespace Mayfly.Platforms.Lambda.Triggers;

/// <summary>
/// What an instrumented Lambda authorizer passes on to the function behind API Gateway: its trace context, and when it was done
/// (docs/spec/02-triggers.md#68-lambda-authorizer-hand-over-js-only).
/// </summary>
internal static class AuthorizerContext
{
    private const string SpanName = "aws.apigateway.authorizer";
    private const string FinishTimeKey = "x-datadog-parent-span-finish-time";
    private const string RequestIdKey = "x-datadog-authorizing-requestid";
    private const long NsPerMs = 1_000_000;

    private static readonly JsonNames Names = new("_datadog", "lambda", "integrationLatency");

    /// <summary>
    /// The trigger as it is without such an authorizer. With one, its context comes before that of the headers; a request to an HTTP API begins when the
    /// authorizer was done, one to another API is below a span for the time until then.
    /// </summary>
    public static Trigger AddTo(Trigger trigger, in JsonFields context, TriggerSettings settings)
    {
        bool isHttpApi = trigger.Kind == TriggerKind.HttpApi;
        if (!settings.DecodesAuthorizerContext || (!isHttpApi && trigger.Kind is not (TriggerKind.RestApi or TriggerKind.WebSocketApi)))
        {
            return trigger;
        }

        JsonFields authorizer = context["authorizer"u8].Fields(Names);
        JsonView text = isHttpApi ? authorizer["lambda"u8].Get("_datadog"u8) : authorizer["_datadog"u8];
        if (!text.IsString || DatadogMember.FromBase64(text) is not { Carrier: { } carrier } handed)
        {
            return trigger;
        }

        // A cached answer of the authorizer is from another request, in another trace.
        bool isFresh = LatencyOf(authorizer) > 0 || (carrier.Find(RequestIdKey) is { } id && id == context["requestId"u8].Text);
        return isFresh
            ? trigger with { Contexts = [handed], Fallbacks = trigger.Contexts, Spans = SpansOf(trigger.Spans[0], carrier, authorizer, isHttpApi) }
            : trigger;
    }

    private static IReadOnlyList<InferredSpan> SpansOf(InferredSpan request, Carrier carrier, in JsonFields authorizer, bool isHttpApi)
    {
        if (!long.TryParse(carrier.Find(FinishTimeKey), NumberStyles.None, CultureInfo.InvariantCulture, out long finishNs))
        {
            return [request];
        }

        if (isHttpApi)
        {
            return [request with { StartNs = finishNs }];
        }

        long endNs = request.StartNs is { } startNs ? Math.Max(finishNs, long.CreateSaturating((Int128)startNs + (LatencyOf(authorizer) * NsPerMs))) : finishNs;
        var meta = new TagList();
        meta.AddRange(request.Meta);
        meta.Set("operation_name", SpanName);
        return
        [
            request with { StartNs = endNs },
            request with { Name = SpanName, StartNs = finishNs, EndsBeforeCallee = true, EventSource = null, Meta = meta },
        ];
    }

    /// <summary>Ms; 0 when not told.</summary>
    private static long LatencyOf(in JsonFields authorizer) =>
        authorizer["integrationLatency"u8].TryGetInt64(out long latency) ? Math.Clamp(latency, 0, int.MaxValue) : 0;
}
