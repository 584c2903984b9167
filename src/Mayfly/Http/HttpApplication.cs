using Mayfly.Diagnostics;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Mayfly.Http;

/// <summary>Finds the route of each request by local port (0: a Unix socket) and path, and turns what goes wrong into a status.</summary>
internal sealed class HttpApplication(Dictionary<int, HttpEndpoint> endpointsByPort, BodyBudget bodies, Log log) : IHttpApplication<HttpApplication.Request>
{
    public Request CreateContext(IFeatureCollection contextFeatures)
    {
        int port = contextFeatures.Get<IHttpConnectionFeature>()?.LocalPort ?? 0;
        HttpEndpoint? endpoint = endpointsByPort.GetValueOrDefault(port);
        endpoint?.Requests.Enter();
        return new Request(contextFeatures, endpoint);
    }

    public async Task ProcessRequestAsync(Request context)
    {
        var exchange = new HttpExchange(context.Features, bodies);
        int refusal = context.Endpoint?.Routes.Guard?.Invoke(exchange) ?? 0;
        if (refusal != 0)
        {
            await exchange.RespondAsync(refusal);
            return;
        }

        RouteTable.Route? route = context.Endpoint?.Routes.Find(exchange.Path);
        if (route is null)
        {
            await exchange.RespondAsync(StatusCodes.Status404NotFound, "not found");
        }
        else if (!route.Serves(exchange.Method))
        {
            await exchange.RespondAsync(StatusCodes.Status405MethodNotAllowed, "method not allowed");
        }
        else
        {
            await HandleAsync(route.Handler, exchange);
        }
    }

    public void DisposeContext(Request context, Exception? exception) => context.Endpoint?.Requests.Leave();

    private async Task HandleAsync(RouteHandler handler, HttpExchange exchange)
    {
        try
        {
            await handler(exchange);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or BadHttpRequestException)
        {
            // The client went away or broke the protocol: its own affair.
            log.Debug($"{exchange.Method} {exchange.Path}: {e.Message}");
        }
        catch (Exception e)
        {
            // A broken invariant of ours costs this request, never the process.
            log.Error($"{exchange.Method} {exchange.Path} failed inside the agent: {e}");
            await exchange.RespondAsync(StatusCodes.Status500InternalServerError, "internal error");
        }
    }

    /// <summary>A request on its way through the application.</summary>
    internal readonly record struct Request(IFeatureCollection Features, HttpEndpoint? Endpoint);
}
