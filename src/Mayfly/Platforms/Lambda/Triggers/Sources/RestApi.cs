using Mayfly.Platforms.Lambda.Propagation;
using Mayfly.Platforms.Lambda.Triggers.Json;

namespace Mayfly.Platforms.Lambda.Triggers.Sources;

/// <summary>
/// A request through an API Gateway REST API, or an HTTP API with payload format 1.0
/// (docs/spec/02-triggers.md#41-api-gateway-rest-v1--and-http-api-with-payload-format-10).
/// Paths of <c>requestContext</c> include the stage.
/// </summary>
internal sealed class RestApi : TriggerSource
{
    private const string SpanName = "aws.apigateway";

    private static readonly JsonNames IdentityNames = new("sourceIp", "userAgent");

    public override bool Matches(in LambdaEvent lambdaEvent) =>
        lambdaEvent.Context["stage"u8].IsPresent && lambdaEvent.Root["httpMethod"u8].IsPresent && lambdaEvent.Root["resource"u8].IsPresent;

    public override Trigger Read(in LambdaEvent lambdaEvent, TriggerSettings settings) => Read(lambdaEvent, settings, TriggerKind.RestApi);

    /// <summary>Where <c>requestContext</c> lacks a text, the member of the event that says the same stands in.</summary>
    public static Trigger Read(in LambdaEvent lambdaEvent, TriggerSettings settings, TriggerKind kind)
    {
        JsonFields root = lambdaEvent.Root;
        JsonFields context = lambdaEvent.Context;
        JsonFields identity = context["identity"u8].Fields(IdentityNames);
        Carrier headers = HeaderCarrier.Read(root["headers"u8]);
        string? apiId = context["apiId"u8].Text;
        string? userAgent = identity["userAgent"u8].Text;
        string? route = context["resourcePath"u8].Text ?? root["resource"u8].Text;
        string? host = headers.Find("host");
        bool isAsync = HeaderCarrier.IsAsync(headers);
        var request = new HttpRequest(
            context["httpMethod"u8].Text ?? root["httpMethod"u8].Text,
            context["domainName"u8].Text,
            context["path"u8].Text ?? root["path"u8].Text);
        return new Trigger
        {
            Kind = kind,
            IsAsync = isAsync,
            Contexts = Batch.ListOf(TriggerContext.Of(headers)),
            Tags = new TagList
            {
                { "http.url", request.Url },
                { "http.url_details.path", request.Path },
                { "http.method", request.Method },
                { "http.route", route },
                { "http.user_agent", userAgent },
                { "http.referer", headers.Find("referer") },
            }.WithSource(HttpRequest.ApiGateway, AwsNames.ApiStage(settings, "restapis", apiId, context["stage"u8].Text)),
            Spans =
            [
                new InferredSpan
                {
                    Name = SpanName,
                    Service = ServiceNaming.ServiceOf(settings, apiId, HttpRequest.GatewayServiceKey, request.Domain, request.Domain ?? host ?? SpanName),
                    Resource = request.ParameterizedResource ?? SpanName,
                    Type = "web",
                    EventSource = HttpRequest.ApiGateway,
                    StartNs = EventTime.FromMs(context["requestTimeEpoch"u8]),
                    IsAsync = isAsync,
                    Meta = new TagList
                    {
                        { "endpoint", request.Path },
                        { "http.url", request.Url },
                        { "http.method", request.Method },
                        { "http.protocol", context["protocol"u8].Text },
                        { "http.source_ip", identity["sourceIp"u8].Text },
                        { "http.user_agent", userAgent },
                        { "request_id", context["requestId"u8].Text },
                        { "http.route", route },
                        { "dd_resource_key", string.IsNullOrEmpty(apiId) ? null : AwsNames.Api(settings, "restapis", apiId) },
                    },
                },
            ],
        };
    }
}
