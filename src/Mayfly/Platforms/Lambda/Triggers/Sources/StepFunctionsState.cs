using Mayfly.Platforms.Lambda.Triggers.Json;

namespace Mayfly.Platforms.Lambda.Triggers.Sources;

/// <summary>
/// A state of a state machine that passes its context object on: as the event, in <c>_datadog</c>, and either of them once more in <c>Payload</c>
/// (docs/spec/02-triggers.md#415-step-functions).
/// </summary>
internal sealed class StepFunctionsState : TriggerSource
{
    public override bool Matches(in LambdaEvent lambdaEvent) => StepFunctionsContext.IsContext(ContextOf(lambdaEvent));

    public override Trigger Read(in LambdaEvent lambdaEvent, TriggerSettings settings)
    {
        JsonFields context = ContextOf(lambdaEvent);
        return new Trigger
        {
            Kind = TriggerKind.StepFunctions,
            Tags = new TagList().WithSource("states", context["StateMachine"u8].Get("Id"u8).Text),
            Contexts = StepFunctionsContext.Read(context) is { } generated ? [TriggerContext.Of(generated)] : [],
        };
    }

    private static JsonFields ContextOf(in LambdaEvent lambdaEvent)
    {
        JsonFields root = lambdaEvent.Root;
        if (root["Payload"u8].IsPresent)
        {
            JsonView payload = root["Payload"u8];
            JsonView inner = payload.Get("_datadog"u8);
            return StepFunctionsContext.FieldsOf(inner.IsPresent ? inner : payload);
        }

        return root["_datadog"u8].IsPresent ? StepFunctionsContext.FieldsOf(root["_datadog"u8]) : root;
    }
}
