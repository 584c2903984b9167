using Microsoft.AspNetCore.Http;

namespace Mayfly.Http;

/// <summary>Answers one request. Exceptions that a handler lets through become a 500 and cost that request only.</summary>
public delegate ValueTask RouteHandler(HttpExchange exchange);

/// <summary>Looks at each request of a listener before its route does, sets headers of the answer; returns the status to answer with, or 0: go on.</summary>
public delegate int RequestGuard(HttpExchange exchange);

/// <summary>
/// The paths that a listener serves, exact ones and such as begin with something. Unknown path: 404; known path, other method: 405. Filled before the server
/// starts, then read only.
/// </summary>
public sealed class RouteTable
{
    private readonly Dictionary<string, Route> _routes = new(StringComparer.Ordinal);
    private readonly List<KeyValuePair<string, Route>> _prefixes = [];
    private Route? _any;

    /// <summary>Serves <paramref name="path"/> for the given methods, or for every method when none is given.</summary>
    public RouteTable Map(string path, RouteHandler handler, params string[] methods)
    {
        _routes.Add(path, new Route(handler, methods));
        return this;
    }

    /// <summary>Serves every path that begins with <paramref name="prefix"/>, which ends in a slash, and has no route of its own.</summary>
    public RouteTable MapPrefix(string prefix, RouteHandler handler, params string[] methods)
    {
        _prefixes.Add(new(prefix, new Route(handler, methods)));
        return this;
    }

    /// <summary>Answers all paths that begin with <paramref name="prefix"/> with 405, whatever the method: something that was switched off.</summary>
    public RouteTable TurnOff(string prefix)
    {
        _prefixes.Add(new(prefix, new Route(static exchange => exchange.RespondAsync(StatusCodes.Status405MethodNotAllowed), []) { IsOff = true }));
        return this;
    }

    /// <summary>Serves every path that has no route of its own.</summary>
    public RouteTable MapAny(RouteHandler handler, params string[] methods)
    {
        _any = new Route(handler, methods);
        return this;
    }

    /// <summary>Has every request seen by <paramref name="guard"/> first, whatever its path.</summary>
    public RouteTable Before(RequestGuard guard)
    {
        Guard = guard;
        return this;
    }

    /// <summary>True when <paramref name="path"/> has a route.</summary>
    public bool Serves(string path) => Find(path) is { IsOff: false };

    internal RequestGuard? Guard { get; private set; }

    internal Route? Find(string path)
    {
        if (_routes.TryGetValue(path, out Route? route))
        {
            return route;
        }

        foreach ((string prefix, Route below) in _prefixes)
        {
            if (path.StartsWith(prefix, StringComparison.Ordinal))
            {
                return below;
            }
        }

        return _any;
    }

    internal sealed record Route(RouteHandler Handler, string[] Methods)
    {
        public bool IsOff { get; init; }

        public bool Serves(string method) => Methods.Length == 0 || Array.Exists(Methods, known => known.Equals(method, StringComparison.OrdinalIgnoreCase));
    }
}
