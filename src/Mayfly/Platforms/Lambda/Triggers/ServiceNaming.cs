namespace Mayfly.Platforms.Lambda.Triggers;

/// <summary>Services of inferred spans (docs/spec/02-triggers.md#32-service-name, docs/spec/01-lambda-lifecycle.md#412-service-names-and-mapping).</summary>
public static class ServiceNaming
{
    /// <summary>
    /// The mapping decides, by specific key before generic key; then <c>DD_SERVICE</c> where integration names are removed; then the instance's own name.
    /// </summary>
    /// <param name="specific">Id or name of the queue, API, bus …</param>
    /// <param name="generic">Such as <c>lambda_sqs</c>.</param>
    /// <param name="instance">Null when the event does not say.</param>
    /// <param name="fallback">Where services are not represented, or have no name.</param>
    public static string ServiceOf(TriggerSettings settings, string? specific, string generic, string? instance, string fallback)
    {
        if ((settings.ServiceMapping.Find(specific) ?? settings.ServiceMapping.Find(generic)) is { } mapped)
        {
            return mapped;
        }

        if (settings.RemovesIntegrationNames && !string.IsNullOrEmpty(settings.Service))
        {
            return settings.Service;
        }

        return settings.RepresentsServices && !string.IsNullOrEmpty(instance) ? instance : fallback;
    }

    /// <summary><c>_dd.base_service</c> of inferred spans: the service of the function that they called.</summary>
    public static string BaseServiceOf(TriggerSettings settings)
    {
        const string Unnamed = "aws.lambda";
        return settings.RepresentsServices ? settings.Service ?? settings.FunctionName ?? Unnamed : Unnamed;
    }
}
