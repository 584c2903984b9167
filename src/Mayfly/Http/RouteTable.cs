namespace Mayfly.Http;

/// <summary>Answers one request. Exceptions that a handler lets through become a 500 and cost that request only.</summary>
public delegate ValueTask RouteHandler(HttpExchange exchange);

/// <summary>Looks at each request of a listener before its route does, sets headers of the answer; returns the status to answer with, or 0: go on.</summary>
public delegate int RequestGuard(HttpExchange exchange);

/// <summary>
/// The exact paths that a listener serves. Unknown path: 404; known path, other method: 405. Filled before the server starts, then read only.
/// </summary>
public sealed class RouteTable
{
    private readonly Dictionary<string, Route> _routes = new(StringComparer.Ordinal);
    private Route? _any;

    /// <summary>Serves <paramref name="path"/> for the given methods, or for every method when none is given.</summary>
    public RouteTable Map(string path, RouteHandler handler, params string[] methods)
    {
        _routes.Add(path, new Route(handler, methods));
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
    public bool Serves(string path) => Find(path) is not null;

    internal RequestGuard? Guard { get; private set; }

    internal Route? Find(string path) => _routes.TryGetValue(path, out Route? route) ? route : _any;

    internal sealed record Route(RouteHandler Handler, string[] Methods)
    {
        public bool Serves(string method) => Methods.Length == 0 || Array.Exists(Methods, known => known.Equals(method, StringComparison.OrdinalIgnoreCase));
    }
}
