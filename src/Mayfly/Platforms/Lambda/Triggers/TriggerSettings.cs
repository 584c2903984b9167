using Mayfly.Config;

namespace Mayfly.Platforms.Lambda.Triggers;

/// <summary>What the reading of events depends on besides the event (docs/spec/02-triggers.md#32-service-name, #4-sources-one-by-one).</summary>
public sealed record TriggerSettings
{
    /// <summary><c>AWS_REGION</c>, else <c>AWS_DEFAULT_REGION</c>.</summary>
    public string Region { get; init; } = "us-east-1";

    /// <summary>Account of the invoked function; null = unknown, then tags that need it are left out.</summary>
    public string? AccountId { get; init; }

    /// <summary><c>AWS_LAMBDA_FUNCTION_NAME</c>.</summary>
    public string? FunctionName { get; init; }

    /// <summary><c>DD_SERVICE</c>.</summary>
    public string? Service { get; init; }

    /// <summary><c>DD_SERVICE_MAPPING</c>.</summary>
    public ServiceMapping ServiceMapping { get; init; } = ServiceMapping.Empty;

    /// <summary><c>DD_TRACE_AWS_SERVICE_REPRESENTATION_ENABLED</c>: spans are named after the queue, topic, domain.</summary>
    public bool RepresentsServices { get; init; } = true;

    /// <summary><c>DD_TRACE_REMOVE_INTEGRATION_SERVICE_NAMES_ENABLED</c>: inferred spans take <see cref="Service"/>.</summary>
    public bool RemovesIntegrationNames { get; init; }

    /// <summary><c>DD_TRACE_MANAGED_SERVICES</c>: false = no inferred spans.</summary>
    public bool InfersSpans { get; init; } = true;

    /// <summary><c>DD_TRACE_AWS_ADD_SPAN_POINTERS</c>.</summary>
    public bool AddsSpanPointers { get; init; } = true;

    /// <summary><c>DD_DECODE_AUTHORIZER_CONTEXT</c>.</summary>
    public bool DecodesAuthorizerContext { get; init; } = true;

    /// <summary><c>DD_SERVERLESS_APPSEC_ENABLED</c>: see <see cref="SecurityTags"/>.</summary>
    public bool AddsSecurityTags { get; init; }

    /// <summary><c>aws</c>, <c>aws-cn</c> or <c>aws-us-gov</c>.</summary>
    internal string Partition
    {
        get
        {
            if (Region.StartsWith("us-gov-", StringComparison.Ordinal))
            {
                return "aws-us-gov";
            }

            return Region.StartsWith("cn-", StringComparison.Ordinal) ? "aws-cn" : "aws";
        }
    }
}
