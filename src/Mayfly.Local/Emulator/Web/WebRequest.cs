using System.Text;
using System.Text.Json;

namespace Mayfly.Local.Emulator.Web;

/// <summary>An event as an HTTP request for a web application.</summary>
/// <param name="Method">Upper case.</param>
/// <param name="Target">Path and query.</param>
/// <param name="Headers">In the event's order; a name may occur several times.</param>
/// <param name="Body">Decoded.</param>
/// <param name="RequestContext">The event's requestContext as JSON; empty = it has none.</param>
/// <param name="IsHttp">False: the event is no request of API Gateway, a function URL or a load balancer; the body is the event.</param>
internal sealed record WebRequest(
    string Method, string Target, IReadOnlyList<KeyValuePair<string, string>> Headers, byte[] Body, string RequestContext, bool IsHttp)
{
    /// <summary>Reads any event: what is no HTTP request passes through as it stands.</summary>
    public static WebRequest Of(byte[] eventJson, WebAdapterSettings settings)
    {
        try
        {
            using var document = JsonDocument.Parse(eventJson);
            return TryHttp(document.RootElement, settings.BasePath) ?? PassThrough(eventJson, settings);
        }
        catch (JsonException)
        {
            return PassThrough(eventJson, settings);
        }
    }

    private static WebRequest? TryHttp(JsonElement root, string basePath)
    {
        JsonElement context = Member(root, "requestContext");
        string? method = Text(Member(context, "http"), "method") ?? Text(root, "httpMethod");
        string? path = Text(root, "rawPath") ?? Text(root, "path");
        if (context.ValueKind != JsonValueKind.Object || method is null || path is null)
        {
            return null;
        }

        // A load balancer hands the query over as it came, API Gateway (REST) decoded.
        bool isEncoded = Member(context, "elb").ValueKind == JsonValueKind.Object;
        string query = Text(root, "rawQueryString")
            ?? Query(Pairs(root, "multiValueQueryStringParameters", "queryStringParameters"), isEncoded);
        List<KeyValuePair<string, string>> headers = Pairs(root, "multiValueHeaders", "headers");
        if (Member(root, "cookies") is { ValueKind: JsonValueKind.Array } cookies)
        {
            headers.Add(new("cookie", string.Join("; ", cookies.EnumerateArray())));
        }

        string body = Text(root, "body") ?? "";
        bool isBase64 = Member(root, "isBase64Encoded").ValueKind == JsonValueKind.True;
        string rest = basePath.Length > 0 && path.StartsWith(basePath, StringComparison.Ordinal) ? path[basePath.Length..] : path;
        return new WebRequest(
            method.ToUpperInvariant(),
            (rest.StartsWith('/') ? rest : "/" + rest) + (query.Length > 0 ? "?" + query : ""),
            headers,
            isBase64 ? FromBase64(body) : Encoding.UTF8.GetBytes(body),
            context.GetRawText(),
            IsHttp: true);
    }

    private static WebRequest PassThrough(byte[] eventJson, WebAdapterSettings settings) =>
        new("POST", settings.PassThroughPath, [new("content-type", "application/json")], eventJson, "", IsHttp: false);

    /// <summary>The entries of the first member that has any: name to list of values, or name to value.</summary>
    private static List<KeyValuePair<string, string>> Pairs(JsonElement root, string many, string single)
    {
        JsonElement all = Member(root, many) is { ValueKind: JsonValueKind.Object } lists && lists.EnumerateObject().Any() ? lists : Member(root, single);
        var pairs = new List<KeyValuePair<string, string>>();
        foreach (JsonProperty entry in all.ValueKind == JsonValueKind.Object ? all.EnumerateObject() : default)
        {
            if (entry.Value.ValueKind == JsonValueKind.Array)
            {
                pairs.AddRange(entry.Value.EnumerateArray().Select(value => new KeyValuePair<string, string>(entry.Name, value.ToString())));
            }
            else
            {
                pairs.Add(new(entry.Name, entry.Value.ToString()));
            }
        }

        return pairs;
    }

    private static string Query(List<KeyValuePair<string, string>> pairs, bool isEncoded) => string.Join('&', pairs.Select(pair =>
        isEncoded ? $"{pair.Key}={pair.Value}" : $"{Uri.EscapeDataString(pair.Key)}={Uri.EscapeDataString(pair.Value)}"));

    private static byte[] FromBase64(string text)
    {
        byte[] bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text, bytes, out int length) ? bytes[..length] : Encoding.UTF8.GetBytes(text);
    }

    private static JsonElement Member(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out JsonElement value) ? value : default;

    private static string? Text(JsonElement parent, string name) =>
        Member(parent, name) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;
}
