namespace Mayfly.Platforms.Lambda.Triggers.Sources;

/// <summary>A request at the edge (docs/spec/02-triggers.md#5-sources-without-inferred-span).</summary>
internal sealed class CloudFrontDistribution : TriggerSource
{
    public override bool Matches(in LambdaEvent lambdaEvent) => lambdaEvent.Record["cf"u8].IsPresent;

    public override Trigger Read(in LambdaEvent lambdaEvent, TriggerSettings settings)
    {
        string? id = lambdaEvent.Record["cf"u8].Get("config"u8).Get("distributionId"u8).Text;
        bool isComplete = id is not null && settings.AccountId is not null;
        return new Trigger
        {
            Kind = TriggerKind.CloudFront,
            Tags = new TagList().WithSource("cloudfront", isComplete ? $"arn:{settings.Partition}:cloudfront::{settings.AccountId}:distribution/{id}" : null),
        };
    }
}
