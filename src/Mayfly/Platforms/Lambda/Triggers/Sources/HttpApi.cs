using Mayfly.Platforms.Lambda.Propagation;
using Mayfly.Platforms.Lambda.Triggers.Json;

namespace Mayfly.Platforms.Lambda.Triggers.Sources;

/// <summary>A request through an API Gateway HTTP API, payload format 2.0 (docs/spec/02-triggers.md#42-api-gateway-http-api-payload-20).</summary>
internal sealed class HttpApi : TriggerSource
{
    private const string SpanName = "aws.httpapi";

    /// <summary>Members of <c>requestContext.http</c>, for Function URLs too.</summary>
    internal static readonly JsonNames HttpNames = new("method", "path", "protocol", "sourceIp", "userAgent");

    public override bool Matches(in LambdaEvent lambdaEvent) =>
        lambdaEvent.Root["version"u8].TextIs("2.0"u8)
        && lambdaEvent.Root["rawQueryString"u8].IsPresent
        && lambdaEvent.Context["domainName"u8].IsPresent
        && !FunctionUrl.IsUrlDomain(lambdaEvent.Context["domainName"u8]);

    public override Trigger Read(in LambdaEvent lambdaEvent, TriggerSettings settings)
    {
        JsonFields root = lambdaEvent.Root;
        JsonFields context = lambdaEvent.Context;
        JsonFields http = context["http"u8].Fields(HttpNames);
        Carrier headers = HeaderCarrier.Read(root["headers"u8]);
        string? apiId = context["apiId"u8].Text;
        bool isAsync = HeaderCarrier.IsAsync(headers);
        var request = new HttpRequest(http["method"u8].Text, context["domainName"u8].Text, http["path"u8].Text ?? root["rawPath"u8].Text);
        return new Trigger
        {
            Kind = TriggerKind.HttpApi,
            IsAsync = isAsync,
            Contexts = Batch.ListOf(TriggerContext.Of(headers)),
            Tags = new TagList
            {
                { "http.url", request.Url },
                { "http.url_details.path", request.Path },
                { "http.method", request.Method },
                { "http.route", RouteOf(root["routeKey"u8].Text ?? context["routeKey"u8].Text) },
                { "http.user_agent", headers.Find("user-agent") },
                { "http.referer", headers.Find("referer") },
            }.WithSource(HttpRequest.ApiGateway, AwsNames.ApiStage(settings, "restapis", apiId, context["stage"u8].Text)),
            Spans =
            [
                new InferredSpan
                {
                    Name = SpanName,
                    Service = ServiceNaming.ServiceOf(settings, apiId, HttpRequest.GatewayServiceKey, request.Domain, request.Domain ?? SpanName),
                    Resource = request.ParameterizedResource ?? SpanName,
                    Type = "web",
                    EventSource = HttpRequest.ApiGateway,
                    StartNs = EventTime.FromMs(context["timeEpoch"u8]),
                    IsAsync = isAsync,
                    Meta = new TagList
                    {
                        { "endpoint", request.Path },
                        { "http.url", request.Url },
                        { "http.method", request.Method },
                        { "http.protocol", http["protocol"u8].Text },
                        { "http.source_ip", http["sourceIp"u8].Text },
                        { "http.user_agent", http["userAgent"u8].Text },
                        { "request_id", context["requestId"u8].Text },
                        { "dd_resource_key", string.IsNullOrEmpty(apiId) ? null : AwsNames.Api(settings, "apis", apiId) },
                    },
                },
            ],
        };
    }

    /// <summary>The path of <c>GET /orders/{id}</c>; null for an empty key.</summary>
    private static string? RouteOf(string? routeKey)
    {
        string[] words = routeKey?.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries) ?? [];
        return words.Length == 0 ? null : words[^1];
    }
}
