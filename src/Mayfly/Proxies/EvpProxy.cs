using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using Mayfly.Config;
using Mayfly.Http;
using Mayfly.Intake;
using Microsoft.AspNetCore.Http;

namespace Mayfly.Proxies;

/// <summary>Turns requests to <c>/evp_proxy/vN/…</c> into requests to the event platform, or refuses them. Stateless.</summary>
/// <remarks>
/// docs/spec/03-traces.md#17-proxied-endpoints, EVP proxy. The client chooses a host below the site; its characters, and those of path and query, are few, so
/// that nothing else can be reached through the agent.
/// </remarks>
internal sealed class EvpProxy(EvpSettings settings, string via, string defaultEnv)
{
    public const string Service = "EVP";

    private const string SubdomainHeader = "X-Datadog-EVP-Subdomain";
    private const string Alphanumeric = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

    private static readonly SearchValues<char> OfSubdomains = SearchValues.Create(Alphanumeric + "_.-");
    private static readonly SearchValues<char> OfPaths = SearchValues.Create(Alphanumeric + "/_-+");
    private static readonly SearchValues<char> OfQueries = SearchValues.Create(Alphanumeric + "/_-+@?&=.:\"");

    /// <summary>The client's headers that go on, all that there are; clients learn of them from <c>/info</c>.</summary>
    public static IReadOnlyList<string> AllowedHeaders { get; } =
        ["Content-Type", "Accept-Encoding", "Content-Encoding", "User-Agent", "DD-CI-PROVIDER-NAME", "DD-EVP-ORIGIN", "DD-EVP-ORIGIN-VERSION"];

    /// <summary>The request for the intake; false: <paramref name="error"/> says why there is none.</summary>
    /// <param name="exchange">The client's request.</param>
    /// <param name="prefix"><c>/evp_proxy/vN/</c></param>
    /// <param name="tags">Added to the client's.</param>
    /// <param name="request">Is sent.</param>
    /// <param name="error">For the client.</param>
    public bool TryRead(
        HttpExchange exchange, string prefix, ProxyTags tags, [NotNullWhen(true)] out ForwardedRequest? request, [NotNullWhen(false)] out string? error)
    {
        request = null;
        string subdomain = exchange.Header(SubdomainHeader) ?? "";
        string path = exchange.RawPath.StartsWith(prefix, StringComparison.Ordinal) ? exchange.RawPath[(prefix.Length - 1)..] : "";
        bool needsAppKey = "true".Equals(exchange.Header("X-Datadog-NeedsAppKey"), StringComparison.OrdinalIgnoreCase);
        error = subdomain.Length == 0 ? $"no subdomain: the header {SubdomainHeader} is missing"
            : subdomain.AsSpan().ContainsAnyExcept(OfSubdomains) ? "invalid subdomain"
            : path.Length == 0 || path.AsSpan().ContainsAnyExcept(OfPaths) ? "invalid path"
            : exchange.Query.AsSpan().ContainsAnyExcept(OfQueries) ? "invalid query"
            : needsAppKey && settings.AppKey is null ? $"an application key is needed: set {Keys.AppKey}"
            : null;
        if (error is not null || !TryUrl(settings.Intake, subdomain, path, exchange.Query, out Uri? url))
        {
            error ??= "invalid subdomain";
            return false;
        }

        var copies = new List<IntakeDestination>();
        foreach ((EvpIntake intake, KeySetting apiKey) in settings.Additional)
        {
            if (TryUrl(intake, subdomain, path, exchange.Query, out Uri? copy))
            {
                copies.Add(new IntakeDestination(new IntakeEndpoint(copy, ""), apiKey));
            }
        }

        request = new ForwardedRequest(Service, exchange.Method, url, Headers(exchange, subdomain, tags, needsAppKey))
        {
            ApiKey = settings.ApiKey,
            Copies = copies,
        };
        return true;
    }

    /// <summary>Whether the client reads the answer: of the API it does, and whatever it asks without giving.</summary>
    public static bool IsAnswered(HttpExchange exchange) =>
        "api".Equals(exchange.Header(SubdomainHeader), StringComparison.OrdinalIgnoreCase)
        || !(HttpMethods.IsPost(exchange.Method) || HttpMethods.IsPut(exchange.Method));

    /// <summary>How long the client is willing to wait.</summary>
    public TimeSpan WaitOf(HttpExchange exchange) => GoDuration.Parse(exchange.Header("X-Datadog-Timeout")) ?? settings.Timeout;

    private IReadOnlyList<KeyValuePair<string, string>> Headers(HttpExchange exchange, string subdomain, ProxyTags tags, bool needsAppKey)
    {
        ForwardedHeaders headers = ForwardedHeaders.Only(exchange, [.. AllowedHeaders, "Datadog-Container-ID"]);
        headers.Set("Via", via);
        headers.Set("X-Datadog-AgentDefaultEnv", defaultEnv);
        string merged = tags.Merge(exchange.RequestHeaders[ProxyRoutes.TagsHeader]);
        if (merged.Length > 0)
        {
            headers.Set(ProxyRoutes.TagsHeader, merged);
        }

        if (!settings.Intake.IsSite)
        {
            // One address for all of them: this tells it which one was meant.
            headers.Set(SubdomainHeader, subdomain);
        }

        if (needsAppKey)
        {
            headers.Set("DD-APPLICATION-KEY", settings.AppKey!);
        }

        return headers.List;
    }

    private static bool TryUrl(EvpIntake intake, string subdomain, string path, string query, [NotNullWhen(true)] out Uri? url)
    {
        Uri address = intake.Address;
        string host = intake.IsSite ? $"{subdomain}.{address.Authority}" : address.Authority;
        return ForwardedUrl.TryCreate($"{address.Scheme}://{host}", address.AbsolutePath.TrimEnd('/') + path, query, out url)
            && url.Authority.Equals(host, StringComparison.OrdinalIgnoreCase);
    }
}
