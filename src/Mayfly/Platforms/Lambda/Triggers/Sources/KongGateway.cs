using Mayfly.Platforms.Lambda.Triggers.Json;

namespace Mayfly.Platforms.Lambda.Triggers.Sources;

/// <summary>
/// A request through Kong's <c>aws-lambda</c> plugin, which imitates API Gateway but leaves out most of <c>requestContext</c>
/// (docs/spec/02-triggers.md#22-order-in-go-and-js). Read as REST.
/// </summary>
internal sealed class KongGateway : TriggerSource
{
    public override bool Matches(in LambdaEvent lambdaEvent) => IsSet(lambdaEvent.Root["httpMethod"u8]) && IsSet(lambdaEvent.Root["resource"u8]);

    public override Trigger Read(in LambdaEvent lambdaEvent, TriggerSettings settings) => RestApi.Read(lambdaEvent, settings, TriggerKind.Kong);

    private static bool IsSet(JsonView value) => value.IsPresent && !value.IsNull;
}
