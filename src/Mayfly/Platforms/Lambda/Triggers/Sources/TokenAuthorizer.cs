using Mayfly.Platforms.Lambda.Triggers.Json;

namespace Mayfly.Platforms.Lambda.Triggers.Sources;

/// <summary>
/// API Gateway asks whether a token is good. Authorizers that get the whole request look like a REST or HTTP request and are read as one
/// (docs/spec/02-triggers.md#5-sources-without-inferred-span).
/// </summary>
internal sealed class TokenAuthorizer : TriggerSource
{
    public override bool Matches(in LambdaEvent lambdaEvent) =>
        lambdaEvent.Root["authorizationToken"u8].IsPresent
        && lambdaEvent.Root["methodArn"u8].IsPresent
        && "token".Equals(lambdaEvent.Root["type"u8].Text, StringComparison.OrdinalIgnoreCase);

    public override Trigger Read(in LambdaEvent lambdaEvent, TriggerSettings settings)
    {
        JsonView methodArn = lambdaEvent.Root["methodArn"u8];
        var tags = new TagList();
        if (methodArn.Text?.Split(':', 6) is [_, _, _, _, _, { } resource] && resource.Split('/', 4) is [_, _, { } method, { } path])
        {
            tags.Add("http.method", method);
            tags.Add("http.url_details.path", "/" + path);
        }

        return new Trigger { Kind = TriggerKind.TokenAuthorizer, Tags = tags.WithSource(HttpRequest.ApiGateway, methodArn.Text) };
    }
}
