namespace Mayfly.Config;

/// <summary>The proxy between the agent and its intakes, and for which hosts there is none (docs/spec/05-config.md#9-proxy-and-http-client).</summary>
public sealed record OutboundProxySettings
{
    public static OutboundProxySettings None { get; } = new() { ForHttps = null, ForHttp = null, NoProxy = [] };

    /// <summary>For intakes whose address is <c>https</c>; null = none. User and password in it are the proxy's.</summary>
    public required Uri? ForHttps { get; init; }

    /// <summary>For intakes whose address is <c>http</c>; null = none.</summary>
    public required Uri? ForHttp { get; init; }

    /// <summary>Hosts that are reached directly, as the user wrote them.</summary>
    public required IReadOnlyList<string> NoProxy { get; init; }

    public bool IsNone => ForHttps is null && ForHttp is null;

    internal static OutboundProxySettings Read(EnvReader env) => new()
    {
        ForHttps = First(env, Keys.ProxyHttps, Keys.SystemHttpsProxy, Keys.SystemHttpsProxyLower),
        ForHttp = First(env, Keys.ProxyHttp, Keys.SystemHttpProxy, Keys.SystemHttpProxyLower),
        NoProxy = FirstList(env, Keys.ProxyNoProxy, Keys.SystemNoProxy, Keys.SystemNoProxyLower),
    };

    /// <summary>The first that is set and understood; one that is not costs itself and an error, since data may then not get out.</summary>
    private static Uri? First(EnvReader env, params string[] keys)
    {
        Uri? proxy = null;
        for (int i = 0; i < keys.Length && proxy is null; i++)
        {
            proxy = env.First<Uri?>([keys[i]], TryRead, "the URL of a proxy such as http://proxy.example:3128, this one is not used", null, isError: true);
        }

        return proxy;
    }

    private static bool TryRead(SettingValue value, out Uri? proxy)
    {
        string text = value.Text.Trim();
        string url = text.Contains("://", StringComparison.Ordinal) ? text : "http://" + text;
        return Uri.TryCreate(url, UriKind.Absolute, out proxy) && proxy.Scheme is "http" or "https" or "socks5" && proxy.Host.Length > 0;
    }

    private static IReadOnlyList<string> FirstList(EnvReader env, params string[] keys) =>
        keys.Select(key => env.Hosts(key)).FirstOrDefault(static list => list.Count > 0) ?? [];
}
