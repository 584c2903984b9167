using System.Text;
using Mayfly.Platforms.Lambda.Triggers.Json;
using Mayfly.Platforms.Lambda.Triggers.Sources;

namespace Mayfly.Platforms.Lambda.Triggers;

/// <summary>
/// What security products show of an HTTP request, as tags for <c>aws.lambda</c>: <c>http.url</c> as it was asked for, method, route, who is at the other end
/// of the connection, and the headers by which other security products name the request (docs/spec/02-triggers.md#10-appsec-view-of-the-triggers).
/// </summary>
/// <remarks>The values of a query are what attackers and secrets have in common: only its names are kept.</remarks>
internal static class SecurityTags
{
    /// <summary>Names of a query in the address; what a longer one says is seen in its first ones.</summary>
    public const int QueryLimit = 64;

    private const int LongestName = 64;

    /// <summary>Headers that become tags.</summary>
    private static readonly HashSet<string> Shown =
    [
        "content-type", "user-agent", "accept", "x-amzn-trace-id", "cloudfront-viewer-ja3-fingerprint", "cf-ray", "x-cloud-trace-context",
        "x-appgw-trace-id", "x-sigsci-requestid", "x-sigsci-tags", "akamai-user-risk",
    ];

    /// <summary>Headers that say what a load balancer does not.</summary>
    private static readonly HashSet<string> Told = ["host", "x-forwarded-for", "x-forwarded-proto"];

    private static readonly JsonNames IdentityNames = new("sourceIp");

    /// <summary>The trigger with these tags where its source is one of HTTP and the user asked for them; else as it is.</summary>
    public static Trigger AddTo(Trigger trigger, in LambdaEvent lambdaEvent, TriggerSettings settings)
    {
        if (!settings.AddsSecurityTags || Find(trigger.Kind, lambdaEvent) is not { } request)
        {
            return trigger;
        }

        var tags = new TagList();
        tags.AddRange(trigger.Tags);
        Set(tags, "http.url", request.Url);
        Set(tags, "http.method", request.Method);
        Set(tags, "http.route", request.Route);
        Set(tags, "network.client.ip", request.ClientIp);
        foreach ((string name, string value) in request.Headers.Where(static header => Shown.Contains(header.Key)))
        {
            tags.Set("http.request.headers." + name, value);
        }

        return trigger with { Tags = tags };
    }

    private static Request? Find(TriggerKind kind, in LambdaEvent lambdaEvent)
    {
        JsonFields root = lambdaEvent.Root;
        JsonFields context = lambdaEvent.Context;
        JsonFields http = context["http"u8].Fields(HttpApi.HttpNames);
        string? domain = context["domainName"u8].Text;
        string? identityIp = context["identity"u8].Fields(IdentityNames)["sourceIp"u8].Text;
        TagList headers = HeadersOf(root);
        string query = QueryOf(root, isEncoded: kind is TriggerKind.LoadBalancer);
        string? httpPath = http["path"u8].Text ?? root["rawPath"u8].Text;
        string? method = context["httpMethod"u8].Text;
        return kind switch
        {
            TriggerKind.HttpApi => new Request(
                UrlOf("https", domain, httpPath, query), http["method"u8].Text, root["routeKey"u8].Text, http["sourceIp"u8].Text, headers),
            TriggerKind.FunctionUrl => new Request(
                UrlOf("https", domain, httpPath, query), http["method"u8].Text, Joined(http["method"u8].Text, httpPath), http["sourceIp"u8].Text, headers),
            TriggerKind.RestApi => new Request(
                UrlOf("https", domain, context["path"u8].Text ?? root["path"u8].Text, query),
                method,
                Joined(method, context["resourcePath"u8].Text ?? root["resource"u8].Text),
                identityIp,
                headers),
            TriggerKind.WebSocketApi => new Request(
                UrlOf("wss", domain, StagedPath(context["stage"u8].Text, root["path"u8].Text), query), method, context["routeKey"u8].Text, identityIp, headers),
            TriggerKind.LoadBalancer => OfLoadBalancer(root, headers, query),
            _ => null,
        };
    }

    /// <summary>It tells neither the host nor the client but in headers, and appends the client that it saw to what that client said.</summary>
    private static Request OfLoadBalancer(JsonFields root, TagList headers, string query)
    {
        string? method = root["httpMethod"u8].Text;
        string? path = root["path"u8].Text;
        string scheme = Take(headers, "x-forwarded-proto") ?? "https";
        string? client = Take(headers, "x-forwarded-for")?.Split(',')[^1].Trim();
        return new Request(UrlOf(scheme, Take(headers, "host"), path, query), method, Joined(method, path), client is "" ? null : client, headers);
    }

    /// <summary>The stage is part of the address, but for the one that is called <c>$default</c>.</summary>
    private static string? StagedPath(string? stage, string? path) => stage is null or "" or "$default" ? path : $"/{stage}{path}";

    private static string? UrlOf(string scheme, string? host, string? path, string query) => host is null ? null : $"{scheme}://{host}{path}{query}";

    /// <summary>The names of the query, each with a <c>?</c> for its values; empty without any.</summary>
    /// <param name="isEncoded">The names come as they stood in the address.</param>
    private static string QueryOf(JsonFields root, bool isEncoded)
    {
        JsonView query = root["multiValueQueryStringParameters"u8];
        if (!query.IsObject)
        {
            query = root["queryStringParameters"u8];
        }

        if (!query.IsObject)
        {
            return string.Empty;
        }

        var text = new StringBuilder();
        int count = 0;
        foreach (JsonMember parameter in query.Members)
        {
            if (count++ == QueryLimit)
            {
                break;
            }

            string name = JsonText.ToText(parameter.RawName) ?? string.Empty;
            text.Append(text.Length == 0 ? '?' : '&').Append(isEncoded ? name : Uri.EscapeDataString(name)).Append("=?");
        }

        return text.ToString();
    }

    /// <summary>Of <c>multiValueHeaders</c> where there are any, else <c>headers</c>; several values are joined.</summary>
    private static TagList HeadersOf(JsonFields root)
    {
        JsonView headers = root["multiValueHeaders"u8].IsObject ? root["multiValueHeaders"u8] : root["headers"u8];
        var found = new TagList();
        if (!headers.IsObject)
        {
            return found;
        }

        foreach (JsonMember header in headers.Members)
        {
            if (header.RawName.Length <= LongestName && header.LowerName is { } name && (Shown.Contains(name) || Told.Contains(name))
                && ValueOf(header.Value) is { } value)
            {
                found.Set(name, value);
            }
        }

        return found;
    }

    private static string? ValueOf(JsonView value)
    {
        if (!value.IsArray)
        {
            return value.Text;
        }

        var values = new List<string>();
        foreach (JsonMember element in value.Members)
        {
            if (element.Value.Text is { } text && values.Count < QueryLimit)
            {
                values.Add(text);
            }
        }

        return values.Count == 0 ? null : string.Join(',', values);
    }

    private static string? Take(TagList headers, string name) => headers.Find(header => header.Key == name).Value;

    private static string? Joined(string? method, string? path) => method is null || path is null ? method ?? path : $"{method} {path}";

    private static void Set(TagList tags, string key, string? value)
    {
        if (value is not null)
        {
            tags.Set(key, value);
        }
    }

    private sealed record Request(string? Url, string? Method, string? Route, string? ClientIp, TagList Headers);
}
