namespace Mayfly.Platforms.Lambda.Triggers.Sources;

/// <summary>The request line of an HTTP source; a part is null when the event does not have it.</summary>
internal readonly record struct HttpRequest(string? Method, string? Domain, string? Path)
{
    /// <summary>Event source of the three kinds of API Gateway.</summary>
    public const string ApiGateway = "api-gateway";

    /// <summary>Generic key of the three kinds of API Gateway in the service mapping.</summary>
    public const string GatewayServiceKey = "lambda_api_gateway";

    /// <summary>Null without a domain.</summary>
    public string? Url => Domain is null ? null : $"https://{Domain}{Path}";

    /// <summary>Method and path as they are; null without both.</summary>
    public string? Resource => Joined(Method, Path);

    /// <summary>Method and path with placeholders; null without both.</summary>
    public string? ParameterizedResource => Joined(Method, Path is null ? null : ParameterizedPath.Of(Path));

    private static string? Joined(string? method, string? path) => method is null || path is null ? method ?? path : $"{method} {path}";
}
