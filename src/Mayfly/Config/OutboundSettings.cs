namespace Mayfly.Config;

/// <summary>How connections to the outside are made: proxy, certificates, protocol (docs/spec/05-config.md#9-proxy-and-http-client).</summary>
public sealed record OutboundSettings
{
    /// <summary>No proxy, the usual authorities.</summary>
    public static OutboundSettings Direct { get; } = new()
    {
        Site = "",
        Proxy = OutboundProxySettings.None,
        Tls = new TlsSettings { CertFile = null, SkipsValidation = false, SystemFile = null, SystemFolders = null, RequiresTls13 = false },
        PrefersHttp2 = false,
    };

    /// <summary>The intakes', which the list of hosts without a proxy may name.</summary>
    public required string Site { get; init; }

    public required OutboundProxySettings Proxy { get; init; }

    public required TlsSettings Tls { get; init; }

    /// <summary>HTTP/2 where the other side offers it while TLS is set up; else HTTP/1.1, which plain <c>http</c> gets in any case.</summary>
    public required bool PrefersHttp2 { get; init; }

    internal static OutboundSettings Read(EnvReader env, string site)
    {
        OutboundProxySettings proxy = OutboundProxySettings.Read(env);
        if (env.Bool(Keys.FipsProxy, @default: false))
        {
            env.Advise(
                $"{env.TitleIfSet(Keys.FipsProxy)}=true is without effect: there is no FIPS proxy here to send through. "
                + $"{Keys.FipsMode}=true makes calls of AWS go to its FIPS hosts.");
        }

        string protocol = env.First([Keys.HttpProtocol], ReadProtocol, "http1, http2 or auto", "auto");
        return new OutboundSettings
        {
            Site = site,
            Proxy = proxy,
            Tls = TlsSettings.Read(env),
            PrefersHttp2 = protocol == "http2" || (protocol != "http1" && proxy.IsNone),
        };
    }

    private static string? ReadProtocol(string text) => text.ToLowerInvariant() is ("auto" or "http1" or "http2") and var known ? known : null;
}

/// <summary>Which servers are trusted (docs/spec/05-config.md#9-proxy-and-http-client).</summary>
public sealed record TlsSettings
{
    /// <summary>Certificates of further authorities; null: none.</summary>
    public required string? CertFile { get; init; }

    /// <summary>Any certificate will do, but not for what AWS is asked.</summary>
    public required bool SkipsValidation { get; init; }

    /// <summary>TLS 1.2 will not do.</summary>
    public required bool RequiresTls13 { get; init; }

    /// <summary>The user's <c>SSL_CERT_FILE</c>: instead of the system's file; null: not set.</summary>
    public required string? SystemFile { get; init; }

    /// <summary>The user's <c>SSL_CERT_DIR</c>: folders, separated by colons; null: not set.</summary>
    public required string? SystemFolders { get; init; }

    internal static TlsSettings Read(EnvReader env) => new()
    {
        CertFile = env.Text(Keys.TlsCertFile)?.Trim(),
        SkipsValidation = env.Bool(Keys.SkipSslValidation, @default: false),
        RequiresTls13 = env.First([Keys.MinTlsVersion], ReadVersion, "tlsv1.2 or tlsv1.3; nothing below tlsv1.2 is ever spoken", "tlsv1.2") == "tlsv1.3",
        SystemFile = env.Text(Keys.SystemCertFile)?.Trim(),
        SystemFolders = env.Text(Keys.SystemCertFolder)?.Trim(),
    };

    private static string? ReadVersion(string text) => text.ToLowerInvariant() is ("tlsv1.2" or "tlsv1.3") and var known ? known : null;
}
