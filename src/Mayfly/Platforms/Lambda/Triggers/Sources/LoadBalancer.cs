using Mayfly.Platforms.Lambda.Propagation;
using Mayfly.Platforms.Lambda.Triggers.Json;

namespace Mayfly.Platforms.Lambda.Triggers.Sources;

/// <summary>A request through an Application Load Balancer; it has no time, hence no span (docs/spec/02-triggers.md#44-application-load-balancer).</summary>
internal sealed class LoadBalancer : TriggerSource
{
    public override bool Matches(in LambdaEvent lambdaEvent) => lambdaEvent.Context["elb"u8].Get("targetGroupArn"u8).IsPresent;

    public override Trigger Read(in LambdaEvent lambdaEvent, TriggerSettings settings)
    {
        JsonFields root = lambdaEvent.Root;
        Carrier headers = HeaderCarrier.Read(root["headers"u8]);
        if (headers.Entries.Count == 0)
        {
            headers = HeaderCarrier.Read(root["multiValueHeaders"u8]);
        }

        return new Trigger
        {
            Kind = TriggerKind.LoadBalancer,
            IsAsync = true,
            Contexts = Batch.ListOf(TriggerContext.Of(headers)),
            Tags = new TagList
            {
                { "http.method", root["httpMethod"u8].Text },
                { "http.url_details.path", root["path"u8].Text },
                { "http.user_agent", headers.Find("user-agent") },
                { "http.referer", headers.Find("referer") },
            }.WithSource("application-load-balancer", lambdaEvent.Context["elb"u8].Get("targetGroupArn"u8).Text),
        };
    }
}
