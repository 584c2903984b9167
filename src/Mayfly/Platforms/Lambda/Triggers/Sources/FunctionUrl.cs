using Mayfly.Platforms.Lambda.Propagation;
using Mayfly.Platforms.Lambda.Triggers.Json;

namespace Mayfly.Platforms.Lambda.Triggers.Sources;

/// <summary>A request to the function's own URL (docs/spec/02-triggers.md#45-lambda-function-url).</summary>
internal sealed class FunctionUrl : TriggerSource
{
    private const string SpanName = "aws.lambda.url";

    /// <summary>Account of callers that did not sign their request.</summary>
    private const string Anonymous = "anonymous";

    public override bool Matches(in LambdaEvent lambdaEvent) => IsUrlDomain(lambdaEvent.Context["domainName"u8]);

    public static bool IsUrlDomain(JsonView domainName) => domainName.RawText.IndexOf("lambda-url"u8) >= 0;

    public override Trigger Read(in LambdaEvent lambdaEvent, TriggerSettings settings)
    {
        JsonFields context = lambdaEvent.Context;
        JsonFields http = context["http"u8].Fields(HttpApi.HttpNames);
        Carrier headers = HeaderCarrier.Read(lambdaEvent.Root["headers"u8]);
        string? apiId = context["apiId"u8].Text;
        string? userAgent = http["userAgent"u8].Text;
        bool isAsync = HeaderCarrier.IsAsync(headers);
        var request = new HttpRequest(http["method"u8].Text, context["domainName"u8].Text, http["path"u8].Text ?? lambdaEvent.Root["rawPath"u8].Text);
        return new Trigger
        {
            Kind = TriggerKind.FunctionUrl,
            IsAsync = isAsync,
            Contexts = Batch.ListOf(TriggerContext.Of(headers)),
            Tags = new TagList
            {
                { "http.url", request.Url },
                { "http.url_details.path", request.Path },
                { "http.method", request.Method },
                { "http.user_agent", userAgent },
                { "http.referer", headers.Find("referer") },
            }.WithSource("lambda-function-url", ArnOf(settings, context["accountId"u8].Text)),
            Spans =
            [
                new InferredSpan
                {
                    Name = SpanName,
                    Service = ServiceNaming.ServiceOf(settings, apiId, "lambda_url", request.Domain, request.Domain ?? SpanName),
                    Resource = request.Resource ?? SpanName,
                    Type = "http",
                    EventSource = "lambda-function-url",
                    StartNs = EventTime.FromMs(context["timeEpoch"u8]),
                    IsAsync = isAsync,
                    Meta = new TagList
                    {
                        { "endpoint", request.Path },
                        { "http.url", request.Url },
                        { "http.method", request.Method },
                        { "http.user_agent", userAgent },
                        { "http.source_ip", http["sourceIp"u8].Text },
                        { "http.protocol", http["protocol"u8].Text },
                        { "operation_name", SpanName },
                        { "request_id", context["requestId"u8].Text },
                    },
                },
            ],
        };
    }

    /// <summary>The account is the function's; the event's is the caller's and stands in only if it is one.</summary>
    private static string? ArnOf(TriggerSettings settings, string? callerAccount)
    {
        string? account = settings.AccountId ?? (callerAccount is Anonymous ? null : callerAccount);
        return account is null || settings.FunctionName is null
            ? null
            : $"arn:{settings.Partition}:lambda:{settings.Region}:{account}:url:{settings.FunctionName}";
    }
}
