using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using Mayfly.Config;

namespace Mayfly.Outbound;

/// <summary>
/// Decides for each intake whether a proxy stands before it (docs/spec/05-config.md#9-proxy-and-http-client, Mayfly). A pure function of settings and host.
/// </summary>
/// <remarks>
/// An item of the list is <c>*</c>, an address, a range of addresses (<c>10.0.0.0/8</c>), or a host, which covers the hosts below it too, however it is
/// written (<c>x</c>, <c>.x</c>, <c>*.x</c>); with a port it covers that port only. An item that is the site, or holds it, covers all hosts of the site.
/// </remarks>
internal sealed class OutboundProxy(OutboundProxySettings settings, string site) : IWebProxy
{
    private readonly Uri? _forHttps = Bare(settings.ForHttps);
    private readonly Uri? _forHttp = Bare(settings.ForHttp);

    /// <inheritdoc/>
    public ICredentials? Credentials { get; set; } = new OwnCredentials(settings);

    /// <inheritdoc/>
    public Uri? GetProxy(Uri destination) =>
        IsDirect(destination) ? null : destination.Scheme == Uri.UriSchemeHttps ? _forHttps : _forHttp;

    /// <inheritdoc/>
    public bool IsBypassed(Uri host) => GetProxy(host) is null;

    private bool IsDirect(Uri destination)
    {
        foreach (string item in settings.NoProxy)
        {
            if (Covers(item.Trim(), destination))
            {
                return true;
            }
        }

        return false;
    }

    private bool Covers(string item, Uri destination)
    {
        if (item == "*")
        {
            return true;
        }

        string host = destination.Host.Trim('[', ']');
        if (site.Length > 0 && item.Contains(site, StringComparison.OrdinalIgnoreCase) && IsBelow(host, site))
        {
            return true;
        }

        if (IPNetwork.TryParse(item, out IPNetwork range))
        {
            return IPAddress.TryParse(host, out IPAddress? address) && address.AddressFamily == range.BaseAddress.AddressFamily && range.Contains(address);
        }

        // Of an address in brackets the end is known, and .NET would read over its port.
        bool isWhole = item.StartsWith('[') ? item.EndsWith(']') : IPAddress.TryParse(item, out IPAddress? _);
        if (!isWhole && item.LastIndexOf(':') is > 0 and var colon)
        {
            if (!int.TryParse(item.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int port) || port != destination.Port)
            {
                return false;
            }

            item = item[..colon];
        }

        string name = item.Trim('[', ']').TrimStart('*').TrimStart('.');
        return name.Length > 0 && IsBelow(host, name);
    }

    private static bool IsBelow(string host, string name) =>
        host.Equals(name, StringComparison.OrdinalIgnoreCase)
        || (host.Length > name.Length && host.EndsWith(name, StringComparison.OrdinalIgnoreCase) && host[^(name.Length + 1)] == '.');

    /// <summary>Without user and password: .NET writes the address of a proxy into its messages.</summary>
    [return: NotNullIfNotNull(nameof(proxy))]
    private static Uri? Bare(Uri? proxy) => proxy is { UserInfo.Length: > 0 }
        ? new Uri(proxy.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped))
        : proxy;

    /// <summary>User and password of each proxy are those in its own address.</summary>
    private sealed class OwnCredentials(OutboundProxySettings settings) : ICredentials
    {
        public NetworkCredential? GetCredential(Uri uri, string authType)
        {
            Uri? proxy = Array.Find([settings.ForHttps, settings.ForHttp], one => one is not null && Bare(one) == uri);
            if (proxy is not { UserInfo.Length: > 0 })
            {
                return null;
            }

            string[] parts = proxy.UserInfo.Split(':', 2);
            return new NetworkCredential(Uri.UnescapeDataString(parts[0]), parts.Length > 1 ? Uri.UnescapeDataString(parts[1]) : "");
        }
    }
}
