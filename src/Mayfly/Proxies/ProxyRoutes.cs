using System.Text;
using Mayfly.Config;
using Mayfly.Diagnostics;
using Mayfly.Http;
using Mayfly.Intake;
using Microsoft.AspNetCore.Http;

namespace Mayfly.Proxies;

/// <summary>
/// The trace agent's endpoints whose requests the agent passes on as they are: profiles, telemetry, the event platform, the debugger, data streams …
/// (docs/spec/03-traces.md#17-proxied-endpoints).
/// </summary>
/// <remarks>
/// Bodies are neither decompressed nor looked at. Where the client does not read the intake's answer, it gets the agent's from memory, and a flush does the
/// sending; elsewhere it gets the intake's.
/// </remarks>
/// <param name="settings">Where the requests go.</param>
/// <param name="identity">What they say of the agent.</param>
/// <param name="buffer">Where they wait for a flush.</param>
/// <param name="forwarder">Sends those whose answer is read.</param>
/// <param name="log">Told once per service what was refused.</param>
public sealed class ProxyRoutes(ProxySettings settings, ProxyIdentity identity, ProxyBuffer buffer, ProxyForwarder forwarder, Log log)
{
    internal const string TagsHeader = "X-Datadog-Additional-Tags";

    private const string TagsParameter = "ddtags";

    /// <summary>A bound that the debugger's intake does not know (docs/spec/03-traces.md#17-proxied-endpoints, debugger).</summary>
    private const int MostTagBytes = 4001;

    private readonly string _via = $"trace-agent {identity.AgentVersion}";
    private readonly string _env = ProxyTags.HeaderForm(identity.DefaultEnv);

    private volatile ProxyTags _tags = ProxyTags.None;

    /// <summary>What the platform adds to the clients' tags; set when it is known.</summary>
    public ProxyTags Tags
    {
        get => _tags;
        set => _tags = value;
    }

    /// <summary>Adds the routes to <paramref name="table"/>.</summary>
    public void AddTo(RouteTable table)
    {
        foreach (ProxiedService service in ProxiedService.All(settings, identity.AgentVersion))
        {
            AddTo(table, service);
        }

        var evp = new EvpProxy(settings.Evp, _via, _env);
        byte[] accepted = Accepted(EvpProxy.Service);
        foreach (string prefix in new[] { "/evp_proxy/v1/", "/evp_proxy/v2/", "/evp_proxy/v3/", "/evp_proxy/v4/" })
        {
            if (settings.Evp.IsEnabled)
            {
                table.MapPrefix(prefix, exchange => PassOnAsync(exchange, evp, prefix, accepted));
            }
            else
            {
                table.TurnOff(prefix);
            }
        }
    }

    private void AddTo(RouteTable table, ProxiedService service)
    {
        byte[] accepted = Accepted(service.Name);
        RouteHandler handler = exchange => PassOnAsync(exchange, service, accepted);
        if (!service.Intake.IsEnabled)
        {
            table.TurnOff(service.Path);
        }
        else if (service.IsPrefix)
        {
            table.MapPrefix(service.Path, handler, service.Methods);
        }
        else
        {
            table.Map(service.Path, handler, service.Methods);
        }
    }

    private async ValueTask PassOnAsync(HttpExchange exchange, EvpProxy evp, string prefix, byte[] accepted)
    {
        if (evp.TryRead(exchange, prefix, Tags, out ForwardedRequest? request, out string? error))
        {
            TimeSpan? wait = EvpProxy.IsAnswered(exchange) ? evp.WaitOf(exchange) : null;
            await PassOnAsync(exchange, request, settings.Evp.MaxBodyBytes, wait, accepted);
            return;
        }

        log.Once("evp refused", LogLevel.Warn, $"A client's EVP request is answered with 502: {error}. Later ones are not reported again.");
        await exchange.RespondAsync(StatusCodes.Status502BadGateway, error);
    }

    private ValueTask PassOnAsync(HttpExchange exchange, ProxiedService service, byte[] accepted)
    {
        string path = "";
        if (service.IsPrefix)
        {
            if (!exchange.RawPath.StartsWith(service.Path, StringComparison.Ordinal))
            {
                return exchange.RespondAsync(StatusCodes.Status404NotFound, "not found");
            }

            path = exchange.RawPath[(service.Path.Length - 1)..];
        }

        string query = QueryOf(exchange, service);
        var request = new ForwardedRequest(service.Name, exchange.Method, ForwardedUrl.Of(service.Intake.Url, path, query), HeadersOf(exchange, service))
        {
            ApiKey = service.Intake.ApiKey,
            TakesBearer = service.TakesBearer,
            Copies = service.Intake.Additional.Count == 0
                ? []
                : [.. service.Intake.Additional.Select(one =>
                    new IntakeDestination(new IntakeEndpoint(ForwardedUrl.Of(one.Url, path, query), ""), one.ApiKey))],
        };
        return PassOnAsync(exchange, request, service.LimitBytes, service.IsAnswered ? ProxyForwarder.LongestWait : null, accepted);
    }

    /// <param name="exchange">The client's request.</param>
    /// <param name="request">What becomes of it.</param>
    /// <param name="limitBytes">Largest body.</param>
    /// <param name="wait">How long the intake's answer is waited for; null: it is not.</param>
    /// <param name="accepted">The answer to a request that waits for a flush.</param>
    private async ValueTask PassOnAsync(HttpExchange exchange, ForwardedRequest request, int limitBytes, TimeSpan? wait, byte[] accepted)
    {
        RequestBody body = await exchange.ReadEncodedBodyAsync(limitBytes);
        if (body.Status != BodyStatus.Ok)
        {
            await exchange.RespondUnreadableAsync(body.Status);
            return;
        }

        var payload = new IntakePayload(Signal.Proxied, IntakeKind.Proxied, body.Detach(), units: 1) { Forward = request };
        if (wait is { } limit)
        {
            await PassOnNowAsync(exchange, payload, limit);
        }
        else if (buffer.TryAdd(payload))
        {
            await exchange.RespondAsync(StatusCodes.Status200OK, accepted, "application/json");
        }
        else
        {
            await exchange.RespondUnreadableAsync(BodyStatus.NoRoom);
        }
    }

    /// <summary>While the intake is waited for, the body takes its part of what all bodies may take.</summary>
    private async ValueTask PassOnNowAsync(HttpExchange exchange, IntakePayload payload, TimeSpan wait)
    {
        long sizeBytes = payload.Body.Capacity;
        if (!exchange.Budget.TryTake(sizeBytes))
        {
            payload.Dispose();
            await exchange.RespondUnreadableAsync(BodyStatus.NoRoom);
            return;
        }

        try
        {
            // Copies do not keep the client waiting.
            foreach (IntakeDestination copy in payload.Forward!.Copies)
            {
                buffer.TryAdd(payload.CopyFor(copy));
            }

            await forwarder.ForwardAsync(exchange, payload, wait);
        }
        finally
        {
            exchange.Budget.Release(sizeBytes);
        }
    }

    private string QueryOf(HttpExchange exchange, ProxiedService service)
    {
        string query = exchange.Query;
        if (service.TakesTagsInQuery)
        {
            string?[] all = [Tags.Joined, string.Join(',', exchange.RequestHeaders[TagsHeader].AsEnumerable()), QueryText.Find(query, TagsParameter)];
            string tags = string.Join(',', all.Where(static part => !string.IsNullOrEmpty(part)));
            return QueryText.With(query, TagsParameter, QueryText.Cut(tags, MostTagBytes));
        }

        return service.ApiVersion is { } version
            ? QueryText.With(query, "api-version", version.ToString(System.Globalization.CultureInfo.InvariantCulture))
            : query;
    }

    private IReadOnlyList<KeyValuePair<string, string>> HeadersOf(HttpExchange exchange, ProxiedService service)
    {
        ForwardedHeaders headers = ForwardedHeaders.All(exchange);
        headers.Set("Via", _via);
        if (service.TakesTags && Tags.Merge(exchange.RequestHeaders[TagsHeader]) is { Length: > 0 } merged)
        {
            headers.Set(TagsHeader, merged);
        }

        if (service.Origin is { } origin)
        {
            headers.Set("DD-REQUEST-ID", Guid.NewGuid().ToString());
            headers.Set("DD-EVP-ORIGIN", origin);
        }

        if (service.TakesEnv)
        {
            headers.Set("DD-Agent-Env", _env);
        }

        if (service.TakesBearer)
        {
            headers.Remove("Authorization");
        }

        return headers.List;
    }

    private static byte[] Accepted(string service) => Encoding.UTF8.GetBytes($$"""{"message":"Successfully buffered {{service}} request to be flushed"}""");
}

/// <summary>What proxied requests say of the agent that passed them on.</summary>
/// <param name="AgentVersion"><c>major.minor.patch</c> of the Datadog Agent whose behaviour clients find here.</param>
/// <param name="DefaultEnv">The environment of what names none.</param>
public sealed record ProxyIdentity(string AgentVersion, string DefaultEnv);
