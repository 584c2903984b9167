using System.Net;

namespace Mayfly.Config;

/// <summary>Whether and where the Runtime API proxy listens (docs/spec/01-lambda-lifecycle.md#9-runtime-api-proxy).</summary>
public sealed record RuntimeProxySettings
{
    /// <summary>Where <c>datadog_wrapper</c> sends the runtime.</summary>
    public static IPEndPoint WrapperAddress { get; } = new(IPAddress.Loopback, 9000);

    /// <summary>Addresses to listen on; none = the proxy is off.</summary>
    public required IReadOnlyList<IPEndPoint> Addresses { get; init; }

    /// <summary>True: the Lambda Web Adapter stands between the runtime and the function, and nobody but the proxy sees an invocation begin and end.</summary>
    public required bool IsWebAdapter { get; init; }

    public required bool AppSecEnabled { get; init; }

    /// <summary>
    /// <c>AWS_LAMBDA_EXEC_WRAPPER</c> as set; null when unset. It does not decide: a script of the user's own may call <c>/opt/datadog_wrapper</c>, which then
    /// redirects the runtime to a proxy that has to be there.
    /// </summary>
    public required string? ExecWrapper { get; init; }

    public bool IsEnabled => Addresses.Count > 0;

    /// <summary>
    /// The proxy was asked for, but no variable shows who sends the runtime to it. Worth a word, no more: the start script of an image may do that too.
    /// </summary>
    private bool IsProbablyUnused => IsEnabled && !IsWebAdapter && ExecWrapper is null;

    /// <summary>
    /// On for a web adapter at its address, and on 127.0.0.1:9000 whenever AppSec or the experimental proxy is on. An address that cannot be understood costs
    /// a warning with the variable's name, and the adapter is expected where the wrapper would send it.
    /// </summary>
    internal static RuntimeProxySettings Read(EnvReader env)
    {
        bool appSec = env.Bool(Keys.ServerlessAppSecEnabled, @default: false);
        bool isRedirected = env.Bool(Keys.ExperimentalProxy, @default: false) | appSec;
        string? adapter = env.Text(Keys.WebAdapterProxy);
        var addresses = new List<IPEndPoint>();
        if (adapter is not null)
        {
            if (TryParseAddress(adapter.Trim(), out IPEndPoint? address))
            {
                addresses.Add(address);
            }
            else
            {
                env.Warn(Keys.WebAdapterProxy, adapter, $"an IP address with a port or http://address:port, {WrapperAddress} is used");
                isRedirected = true;
            }
        }

        if (isRedirected && !addresses.Exists(Covers))
        {
            addresses.Add(WrapperAddress);
        }

        var settings = new RuntimeProxySettings
        {
            Addresses = addresses,
            IsWebAdapter = adapter is not null,
            AppSecEnabled = appSec,
            ExecWrapper = env.Text(Keys.ExecWrapper)?.Trim(),
        };
        if (appSec)
        {
            env.Advise($"{Keys.ServerlessAppSecEnabled}=true tags requests, but there is no firewall in this agent: nothing is detected or blocked.");
        }

        if (settings.IsProbablyUnused)
        {
            env.Advise($"The Runtime API proxy is on, but {Keys.ExecWrapper} is not set, so that no runtime uses it: set it to /opt/datadog_wrapper.");
        }

        return settings;
    }

    /// <summary>
    /// <c>host:port</c> or <c>http://host:port</c> with anything behind; the port has to be written. The host is an IP address, or <c>localhost</c>, which the
    /// adapter would connect to as well: refusing it could only leave the function without its Runtime API.
    /// </summary>
    internal static bool TryParseAddress(string text, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out IPEndPoint? address)
    {
        const string Scheme = "http://";
        address = null;
        ReadOnlySpan<char> authority = text;
        if (authority.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            authority = authority[Scheme.Length..];
            int end = authority.IndexOfAny('/', '?', '#');
            authority = end < 0 ? authority : authority[..end];
        }

        int colon = authority.LastIndexOf(':');
        if (colon <= 0 || !ushort.TryParse(authority[(colon + 1)..], System.Globalization.NumberStyles.None, null, out ushort port) || port == 0)
        {
            return false;
        }

        ReadOnlySpan<char> host = authority[..colon];
        bool isBracketed = host.StartsWith('[') && host.EndsWith(']');
        if (host.Equals("localhost", StringComparison.OrdinalIgnoreCase))
        {
            address = new IPEndPoint(IPAddress.Loopback, port);
        }
        else if (isBracketed ? host.Contains(':') : host.Count('.') == 3)
        {
            address = IPAddress.TryParse(isBracketed ? host[1..^1] : host, out IPAddress? ip) ? new IPEndPoint(ip, port) : null;
        }

        return address is not null;
    }

    private static bool Covers(IPEndPoint address) =>
        address.Port == WrapperAddress.Port && (address.Address.Equals(WrapperAddress.Address) || address.Address.Equals(IPAddress.Any));
}
