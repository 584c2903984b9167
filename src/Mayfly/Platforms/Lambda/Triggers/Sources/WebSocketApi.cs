using Mayfly.Platforms.Lambda.Propagation;
using Mayfly.Platforms.Lambda.Triggers.Json;

namespace Mayfly.Platforms.Lambda.Triggers.Sources;

/// <summary>
/// A message or a change of a connection of an API Gateway WebSocket API; only <c>$connect</c> has headers (docs/spec/02-triggers.md#43-api-gateway-websocket).
/// </summary>
internal sealed class WebSocketApi : TriggerSource
{
    private const string SpanName = "aws.apigateway";

    public override bool Matches(in LambdaEvent lambdaEvent) => lambdaEvent.Context["messageDirection"u8].IsPresent;

    public override Trigger Read(in LambdaEvent lambdaEvent, TriggerSettings settings)
    {
        JsonFields context = lambdaEvent.Context;
        Carrier headers = HeaderCarrier.Read(lambdaEvent.Root["headers"u8]);
        string? apiId = context["apiId"u8].Text;
        string? domain = context["domainName"u8].Text;
        string? stage = context["stage"u8].Text;
        string? route = context["routeKey"u8].Text;

        // The route follows the domain without a separator: so do all tracers.
        string? url = domain is null ? null : $"https://{domain}{route}";
        return new Trigger
        {
            Kind = TriggerKind.WebSocketApi,
            IsAsync = true,
            Contexts = Batch.ListOf(TriggerContext.Of(headers)),
            Tags = new TagList
            {
                { "http.url", url },
                { "http.url_details.path", route },
                { "http.referer", headers.Find("referer") },
            }.WithSource(HttpRequest.ApiGateway, AwsNames.ApiStage(settings, "apis", apiId, stage)),
            Spans =
            [
                new InferredSpan
                {
                    Name = SpanName,
                    Service = ServiceNaming.ServiceOf(settings, apiId, HttpRequest.GatewayServiceKey, domain, "api_gateway_websocket"),
                    Resource = route ?? SpanName,
                    Type = "web",
                    EventSource = HttpRequest.ApiGateway,
                    StartNs = EventTime.FromMs(context["requestTimeEpoch"u8]),
                    IsAsync = true,
                    Meta = new TagList
                    {
                        { "endpoint", route },
                        { "resource_names", route },
                        { "http.url", url },
                        { "request_id", context["requestId"u8].Text },
                        { "apiid", apiId },
                        { "stage", stage },
                        { "connection_id", context["connectionId"u8].Text },
                        { "event_type", context["eventType"u8].Text },
                        { "message_direction", context["messageDirection"u8].Text },
                    },
                },
            ],
        };
    }
}
