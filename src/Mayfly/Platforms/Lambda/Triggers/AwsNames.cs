namespace Mayfly.Platforms.Lambda.Triggers;

/// <summary>
/// Parts of Amazon resource names. A malformed one yields what the rule finds in it, never an exception
/// (docs/spec/02-triggers.md#9-missing-fields-malformed-input).
/// </summary>
internal static class AwsNames
{
    /// <summary>Queue or topic: the text behind the last colon, the whole text if there is none.</summary>
    public static string? LastPart(string? arn) => arn?[(arn.LastIndexOf(':') + 1)..];

    /// <summary>Table, cluster: the second part between slashes; null if there is none.</summary>
    public static string? SecondPart(string? arn)
    {
        if (arn is null)
        {
            return null;
        }

        int start = arn.IndexOf('/', StringComparison.Ordinal) + 1;
        if (start == 0)
        {
            return null;
        }

        int end = arn.IndexOf('/', start);
        return arn[start..(end < 0 ? arn.Length : end)];
    }

    /// <summary>The stream: the part behind <c>stream/</c>, since the ARN of a consumer has more parts; else the text behind the last slash.</summary>
    public static string? Stream(string? arn)
    {
        const string Marker = ":stream/";
        if (arn is null)
        {
            return null;
        }

        int marker = arn.IndexOf(Marker, StringComparison.Ordinal);
        if (marker < 0)
        {
            return arn[(arn.LastIndexOf('/') + 1)..];
        }

        int start = marker + Marker.Length;
        int end = arn.IndexOf('/', start);
        return arn[start..(end < 0 ? arn.Length : end)];
    }

    /// <summary>
    /// An API's stage. HTTP APIs carry <c>/restapis/</c> like REST APIs: all tracers agree on that
    /// (docs/spec/02-triggers.md#42-api-gateway-http-api-payload-20).
    /// </summary>
    public static string? ApiStage(TriggerSettings settings, string collection, string? apiId, string? stage) =>
        apiId is null || stage is null ? null : $"{Api(settings, collection, apiId)}/stages/{stage}";

    public static string Api(TriggerSettings settings, string collection, string apiId) =>
        $"arn:{settings.Partition}:apigateway:{settings.Region}::/{collection}/{apiId}";
}
