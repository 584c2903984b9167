using Mayfly.Config;
using Mayfly.Outbound;
using Xunit;

namespace Mayfly.Tests.Config;

/// <summary>docs/spec/05-config.md#9-proxy-and-http-client, column Mayfly.</summary>
public class OutboundProxySettingsTests
{
    internal static readonly string[] KeysRead =
    [
        Keys.ProxyHttps, Keys.ProxyHttp, Keys.ProxyNoProxy, Keys.SystemHttpsProxy, Keys.SystemHttpsProxyLower, Keys.SystemHttpProxy, Keys.SystemHttpProxyLower,
        Keys.SystemNoProxy, Keys.SystemNoProxyLower, Keys.FipsProxy,
    ];

    /// <summary>05, 7: taken, with a warning that it does nothing.</summary>
    [Theory]
    [InlineData("DD_FIPS_ENABLED=true", true)]
    [InlineData("DATADOG_FIPS_ENABLED=1", true)]
    [InlineData("DD_FIPS_ENABLED=false", false)]
    public void A_FIPS_proxy_is_not_there(string environment, bool isWarned)
    {
        IReadOnlyList<string> warnings = Environments.Parse(environment) is var env && Settings.Read(env) is not null ? env.Warnings : [];
        Assert.Equal(isWarned ? 1 : 0, warnings.Count);
        Assert.All(warnings, line => Assert.StartsWith($"{environment.Split('=')[0]}=true is without effect", line, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("", null, null)]
    [InlineData("HTTPS_PROXY=", null, null)]
    [InlineData("DD_PROXY_HTTPS=http://a:1 HTTPS_PROXY=http://b:2", "http://a:1/", null)]
    [InlineData("HTTPS_PROXY=http://b:2 https_proxy=http://c:3", "http://b:2/", null)]
    [InlineData("https_proxy=c:3128", "http://c:3128/", null)]
    [InlineData("DD_PROXY_HTTP=http://u:p@d:4", null, "http://u:p@d:4/")]
    [InlineData("http_proxy=http://e:5 HTTP_PROXY=http://f:6", null, "http://f:6/")]
    public void The_first_that_is_set_counts(string environment, string? forHttps, string? forHttp)
    {
        OutboundProxySettings settings = Read(environment).Outbound.Proxy;
        Assert.Equal((forHttps, forHttp), (settings.ForHttps?.AbsoluteUri, settings.ForHttp?.AbsoluteUri));
        Assert.Equal(forHttps is null && forHttp is null, settings.IsNone);
    }

    [Theory]
    [InlineData("DD_PROXY_HTTPS=ftp://a")]
    [InlineData("DD_PROXY_HTTPS=http://")]
    [InlineData("DD_PROXY_HTTPS=http://a:b:c")]
    public void A_bad_one_is_an_error_and_the_next_counts(string environment)
    {
        Settings settings = Read(environment + " HTTPS_PROXY=http://b:2");
        Assert.Equal("http://b:2/", settings.Outbound.Proxy.ForHttps?.AbsoluteUri);
        Assert.StartsWith("DD_PROXY_HTTPS=", Assert.Single(settings.Errors), StringComparison.Ordinal);
    }

    /// <summary>The list, the intake's address, whether it is reached directly.</summary>
    [Theory]
    [InlineData("", "https://api.datadoghq.com", false)]
    [InlineData("*", "https://api.datadoghq.com", true)]
    [InlineData("api.datadoghq.com", "https://trace.agent.datadoghq.com", true)]
    [InlineData(".datadoghq.com", "https://trace.agent.datadoghq.com", true)]
    [InlineData("datadoghq.com", "https://other.example", false)]
    [InlineData("intake.example", "https://intake.example", true)]
    [InlineData("intake.example", "https://a.INTAKE.example", true)]
    [InlineData(".intake.example", "https://intake.example", true)]
    [InlineData("*.intake.example", "https://a.b.intake.example", true)]
    [InlineData("take.example", "https://intake.example", false)]
    [InlineData("other.example,intake.example", "https://intake.example", true)]
    [InlineData("other.example intake.example", "https://intake.example", true)]
    [InlineData("intake.example:443", "https://intake.example", true)]
    [InlineData("intake.example:8443", "https://intake.example", false)]
    [InlineData("intake.example:8443", "https://intake.example:8443", true)]
    [InlineData("10.0.0.0/8", "https://10.1.2.3", true)]
    [InlineData("10.0.0.0/8", "https://11.1.2.3", false)]
    [InlineData("10.0.0.0/8", "https://intake.example", false)]
    [InlineData("10.1.2.3", "https://10.1.2.3", true)]
    [InlineData("fd00::/8", "https://[fd00::1]", true)]
    [InlineData("fd00::1", "https://[fd00::1]", true)]
    [InlineData("fd00::/8", "https://10.1.2.3", false)]
    [InlineData("[::1],x", "https://[::1]", true)]
    [InlineData("[::1],x", "https://x", true)]
    [InlineData("[::1],x", "https://y", false)]
    [InlineData("[::1],[fd00::1]", "https://[fd00::1]", true)]
    [InlineData("[fd00::1]", "https://[fd00::1]", true)]
    [InlineData("[fd00::1]:8443", "https://[fd00::1]:8443", true)]
    [InlineData("[fd00::1]:8443", "https://[fd00::1]", false)]
    [InlineData("[\"x\",\"y\"]", "https://y", true)]
    [InlineData("[\"x\",7,\"y\"]", "https://y", true)]
    [InlineData("intake.example:x", "https://intake.example", false)]
    [InlineData(".", "https://intake.example", false)]
    public void The_list_is_looked_at_for_each_host(string noProxy, string intake, bool isDirect)
    {
        OutboundProxySettings settings = new() { ForHttps = new Uri("http://p:1"), ForHttp = null, NoProxy = ListOf(noProxy) };
        var proxy = new OutboundProxy(settings, "datadoghq.com");
        Assert.Equal(isDirect, proxy.IsBypassed(new Uri(intake)));
        Assert.Equal(isDirect ? null : settings.ForHttps, proxy.GetProxy(new Uri(intake)));
    }

    private static IReadOnlyList<string> ListOf(string noProxy) => Environments.Read((Keys.SystemNoProxy, noProxy)).Outbound.Proxy.NoProxy;

    private static Settings Read(string environment) => Environments.Read(
        [.. environment.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(static item => item.Split('=', 2)).Select(static pair => (pair[0], pair[1]))]);
}
