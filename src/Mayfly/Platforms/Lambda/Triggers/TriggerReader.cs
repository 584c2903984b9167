namespace Mayfly.Platforms.Lambda.Triggers;

/// <summary>Finds out what invoked the function from the event that it was given (docs/spec/02-triggers.md).</summary>
/// <remarks>Thread-safe, without state. Cost: one pass over the event, and a second one over the parts that a source is about.</remarks>
public static class TriggerReader
{
    /// <summary>
    /// Null when the event says nothing: no JSON object, nothing known and no trace context. With <see cref="TriggerKind.Unknown"/> it is not known, but has
    /// <c>headers</c> or <c>request.headers</c> in which a trace context may be.
    /// </summary>
    public static Trigger? Read(ReadOnlySpan<byte> eventJson, TriggerSettings settings)
    {
        if (!LambdaEvent.TryRead(eventJson, out LambdaEvent lambdaEvent))
        {
            return null;
        }

        foreach (TriggerSource source in DetectionOrder.Sources)
        {
            if (source.Matches(lambdaEvent))
            {
                Trigger trigger = SecurityTags.AddTo(source.Read(lambdaEvent, settings), lambdaEvent, settings);
                trigger = AuthorizerContext.AddTo(trigger, lambdaEvent.Context, settings);
                return WithFallbacks(settings.InfersSpans ? trigger : trigger with { Spans = [] }, lambdaEvent);
            }
        }

        Trigger unknown = WithFallbacks(new Trigger { Kind = TriggerKind.Unknown }, lambdaEvent);
        return unknown.Fallbacks.Count == 0 ? null : unknown;
    }

    /// <summary>AppSync's <c>request.headers</c>, then the headers that any event may have; the latter are the own carrier of HTTP sources.</summary>
    private static Trigger WithFallbacks(Trigger trigger, in LambdaEvent lambdaEvent)
    {
        TriggerContext? request = HeaderCarrier.ContextOf(lambdaEvent.Root["request"u8].Get("headers"u8));
        TriggerContext? headers = HasOwnHeaders(trigger.Kind) ? null : HeaderCarrier.ContextOf(lambdaEvent.Root["headers"u8]);
        return request is null && headers is null
            ? trigger
            : trigger with { Fallbacks = [.. trigger.Fallbacks, .. Batch.ListOf(request), .. Batch.ListOf(headers)] };
    }

    private static bool HasOwnHeaders(TriggerKind kind) =>
        kind is TriggerKind.HttpApi or TriggerKind.RestApi or TriggerKind.WebSocketApi
            or TriggerKind.LoadBalancer or TriggerKind.FunctionUrl or TriggerKind.Kong;
}
