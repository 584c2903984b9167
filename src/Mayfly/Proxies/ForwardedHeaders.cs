using Mayfly.Http;
using Microsoft.Extensions.Primitives;

namespace Mayfly.Proxies;

/// <summary>The headers of a request on its way to an intake, in the order in which they are sent. Not thread-safe.</summary>
/// <remarks>docs/spec/03-traces.md#17-proxied-endpoints, Headers.</remarks>
internal sealed class ForwardedHeaders
{
    /// <summary>What belongs to one connection (RFC 9110, 7.6.1), what the client of the intake makes anew, and keys: the agent's goes instead.</summary>
    private static readonly HashSet<string> NotForwarded = new(StringComparer.OrdinalIgnoreCase)
    {
        "Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization", "TE", "Trailer", "Transfer-Encoding", "Upgrade",
        "Host", "Content-Length", "Expect", "DD-API-KEY",
    };

    private readonly List<KeyValuePair<string, string>> _headers = [];

    private ForwardedHeaders()
    {
    }

    public IReadOnlyList<KeyValuePair<string, string>> List => _headers;

    /// <summary>All headers of the client that may leave this machine.</summary>
    public static ForwardedHeaders All(HttpExchange exchange)
    {
        var headers = new ForwardedHeaders();
        string[] ofConnection = NamedIn(exchange.RequestHeaders.Connection);
        foreach ((string name, StringValues values) in exchange.RequestHeaders)
        {
            if (!NotForwarded.Contains(name) && !ofConnection.Contains(name, StringComparer.OrdinalIgnoreCase))
            {
                headers.Add(name, values);
            }
        }

        return headers;
    }

    /// <summary>Those of <paramref name="names"/> that the client sent.</summary>
    public static ForwardedHeaders Only(HttpExchange exchange, IEnumerable<string> names)
    {
        var headers = new ForwardedHeaders();
        foreach (string name in names)
        {
            headers.Add(name, exchange.RequestHeaders[name]);
        }

        return headers;
    }

    /// <summary>Whether a header of an intake's answer may go to the client; its length and framing are made anew.</summary>
    public static bool MayAnswer(string name, string value) =>
        !NotForwarded.Contains(name) && !value.AsSpan().ContainsAnyExceptInRange(' ', '~');

    /// <summary>Replaces what the client said.</summary>
    public void Set(string name, string value)
    {
        Remove(name);
        _headers.Add(new(name, value));
    }

    public void Remove(string name) => _headers.RemoveAll(header => header.Key.Equals(name, StringComparison.OrdinalIgnoreCase));

    private void Add(string name, StringValues values)
    {
        foreach (string? value in values)
        {
            if (!string.IsNullOrEmpty(value))
            {
                _headers.Add(new(name, value));
            }
        }
    }

    /// <summary>What the client says belongs to the connection; beside <c>keep-alive</c> the server may have forgotten it.</summary>
    private static string[] NamedIn(StringValues connection) =>
        connection.Count == 0
            ? []
            : string.Join(',', connection.AsEnumerable()).Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
