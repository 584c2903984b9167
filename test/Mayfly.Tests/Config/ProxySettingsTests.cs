using System.Globalization;
using Mayfly.Config;
using Xunit;

namespace Mayfly.Tests.Config;

/// <summary>docs/spec/03-traces.md 1.7, column Override, and section 8: the rows of the proxied endpoints.</summary>
public class ProxySettingsTests
{
    /// <summary>What each key turns into, as text.</summary>
    private static readonly Dictionary<string, Func<ProxySettings, string?>> Shown = new()
    {
        [Keys.ProfilingUrl] = static s => s.Profiling.Url.AbsoluteUri,
        [Keys.ProfilingApiKey] = static s => s.Profiling.ApiKey?.Value,
        [Keys.AdditionalProfiling] = static s => Text(s.Profiling),
        [Keys.TelemetryProxyEnabled] = static s => s.Telemetry.IsEnabled.ToString(),
        [Keys.TelemetryProxyUrl] = static s => s.Telemetry.Url.AbsoluteUri,
        [Keys.AdditionalTelemetryProxy] = static s => Text(s.Telemetry),
        [Keys.DebuggerUrl] = static s => s.DebuggerLogs.Url.AbsoluteUri,
        [Keys.DebuggerApiKey] = static s => s.DebuggerLogs.ApiKey?.Value,
        [Keys.AdditionalDebugger] = static s => Text(s.DebuggerLogs),
        [Keys.DiagnosticsUrl] = static s => s.Debugger.Url.AbsoluteUri,
        [Keys.DiagnosticsApiKey] = static s => s.Debugger.ApiKey?.Value,
        [Keys.AdditionalDiagnostics] = static s => Text(s.Debugger),
        [Keys.SymbolsUrl] = static s => s.Symbols.Url.AbsoluteUri,
        [Keys.SymbolsApiKey] = static s => s.Symbols.ApiKey?.Value,
        [Keys.AdditionalSymbols] = static s => Text(s.Symbols),
        [Keys.EvpEnabled] = static s => s.Evp.IsEnabled.ToString(),
        [Keys.EvpUrl] = static s => Text(s.Evp.Intake),
        [Keys.EvpApiKey] = static s => s.Evp.ApiKey?.Value,
        [Keys.EvpAppKey] = static s => s.Evp.AppKey,
        [Keys.AppKey] = static s => s.Evp.AppKey,
        [Keys.AdditionalEvp] = static s => string.Join(';', s.Evp.Additional.Select(static one => $"{Text(one.Intake)} {one.ApiKey.Value}")),
        [Keys.EvpMaxBody] = static s => s.Evp.MaxBodyBytes.ToString(CultureInfo.InvariantCulture),
        [Keys.EvpTimeout] = static s => s.Evp.Timeout.TotalSeconds.ToString(CultureInfo.InvariantCulture),
        [Keys.LineageEnabled] = static s => s.Lineage.IsEnabled.ToString(),
        [Keys.LineageUrl] = static s => s.Lineage.Url.AbsoluteUri,
        [Keys.LineageApiKey] = static s => s.Lineage.ApiKey?.Value,
        [Keys.AdditionalLineage] = static s => Text(s.Lineage),
        [Keys.LineageApiVersion] = static s => s.LineageApiVersion.ToString(CultureInfo.InvariantCulture),
    };

    /// <summary>The keys of these records, which have no row in <see cref="SettingsTests"/>.</summary>
    internal static string[] KeysRead => [.. Shown.Keys];

    public static TheoryData<string, string, string?> Good => new()
    {
        { Keys.ProfilingUrl, "http://127.0.0.1:1", "http://127.0.0.1:1/api/v2/profile" }, // MA: a prefix
        { Keys.ProfilingUrl, "https://x/api/v2/profile", "https://x/api/v2/profile" }, // GO: the full URL
        { Keys.ProfilingUrl, "x.example/dd/", "https://x.example/dd/api/v2/profile" },
        { Keys.ProfilingApiKey, " k ", "k" },
        { Keys.AdditionalProfiling, """{"https://x/api/v2/profile":["k1","k2"],"y":["k3"]}""", "https://x/api/v2/profile k1;https://x/api/v2/profile k2;https://y/api/v2/profile k3" },
        { Keys.TelemetryProxyEnabled, "false", "False" },
        { Keys.TelemetryProxyUrl, "telemetry.example", "https://telemetry.example/" },
        { Keys.TelemetryProxyUrl, "http://x:1/", "http://x:1/" },
        { Keys.AdditionalTelemetryProxy, """{"https://x":["k"]}""", "https://x/ k" },
        { Keys.DebuggerUrl, "https://x/api/v2/logs", "https://x/api/v2/logs" },
        { Keys.DebuggerApiKey, " k ", "k" },
        { Keys.AdditionalDebugger, """{"https://x/api/v2/logs":["k"]}""", "https://x/api/v2/logs k" },
        { Keys.DiagnosticsUrl, "https://x", "https://x/api/v2/debugger" },
        { Keys.DiagnosticsApiKey, "k", "k" },
        { Keys.AdditionalDiagnostics, """{"https://x":["k"]}""", "https://x/api/v2/debugger k" },
        { Keys.SymbolsUrl, "https://x/api/v2/debugger", "https://x/api/v2/debugger" },
        { Keys.SymbolsApiKey, "k", "k" },
        { Keys.AdditionalSymbols, """{"https://x":["k"]}""", "https://x/api/v2/debugger k" },
        { Keys.EvpEnabled, "0", "False" },
        { Keys.EvpUrl, "datadoghq.eu", "site https://datadoghq.eu/" }, // GO: a site
        { Keys.EvpUrl, "http://127.0.0.1:1", "all http://127.0.0.1:1/" },
        { Keys.EvpApiKey, "k", "k" },
        { Keys.EvpAppKey, "a", "a" },
        { Keys.AppKey, "a", "a" },
        { Keys.AdditionalEvp, """{"datadoghq.eu":["k1","k2"],"http://x":["k3"]}""", "site https://datadoghq.eu/ k1;site https://datadoghq.eu/ k2;all http://x/ k3" },
        { Keys.EvpMaxBody, "5242880", "5242880" },
        { Keys.EvpTimeout, "3", "3" },
        { Keys.LineageEnabled, "no", "False" },
        { Keys.LineageUrl, "datadoghq.eu", "https://data-obs-intake.datadoghq.eu/api/v1/lineage" }, // GO: a site, or a URL
        { Keys.LineageUrl, "http://x:1", "http://x:1/api/v1/lineage" },
        { Keys.LineageApiKey, "k", "k" },
        { Keys.AdditionalLineage, """{"datadoghq.eu":["k"]}""", "https://data-obs-intake.datadoghq.eu/api/v1/lineage k" },
        { Keys.LineageApiVersion, "1", "1" },
    };

    public static TheoryData<string, string> Bad => new()
    {
        { Keys.ProfilingUrl, "ftp://x" },
        { Keys.AdditionalProfiling, "https://x" },
        { Keys.TelemetryProxyEnabled, "maybe" },
        { Keys.TelemetryProxyUrl, "https://" },
        { Keys.AdditionalTelemetryProxy, """{"ftp://x":["k"]}""" },
        { Keys.DebuggerUrl, "://" },
        { Keys.DiagnosticsUrl, "a b" },
        { Keys.SymbolsUrl, "https://x:99999" },
        { Keys.EvpEnabled, "2" },
        { Keys.EvpUrl, "ftp://x" },
        { Keys.AdditionalEvp, "[]" },
        { Keys.EvpMaxBody, "0" },
        { Keys.EvpMaxBody, "52428801" },
        { Keys.EvpTimeout, "0" },
        { Keys.LineageEnabled, "yess" },
        { Keys.LineageUrl, "ftp://x" },
        { Keys.AdditionalLineage, """{"a b":["k"]}""" },
        { Keys.LineageApiVersion, "two" },
    };

    [Fact]
    public void Every_key_has_a_row() => Assert.Empty(Shown.Keys.Except(Good.Select(static row => row.Data.Item1)));

    [Theory]
    [MemberData(nameof(Good))]
    public void A_good_value_is_used_without_a_word(string key, string value, string? expected)
    {
        Settings settings = Environments.Read((key, value));
        Assert.Equal((key, expected), (key, Shown[key](settings.Proxies)));
        Assert.Empty(settings.Warnings);
    }

    [Theory]
    [MemberData(nameof(Bad))]
    public void A_bad_value_costs_its_key_and_one_warning(string key, string value)
    {
        Settings settings = Environments.Read((key, value));
        Assert.Equal(Shown[key](Environments.Read().Proxies), Shown[key](settings.Proxies));
        Assert.StartsWith(key + "=", Assert.Single(settings.Complaints()), StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_set()
    {
        ProxySettings settings = Environments.Read().Proxies;
        Assert.Equal("https://trace.agent.datadoghq.com/api/v0.1/pipeline_stats", settings.PipelineStats.Url.AbsoluteUri);
        Assert.Equal("https://intake.profile.datadoghq.com/api/v2/profile", settings.Profiling.Url.AbsoluteUri);
        Assert.Equal("https://instrumentation-telemetry-intake.datadoghq.com/", settings.Telemetry.Url.AbsoluteUri);
        Assert.Equal("https://http-intake.logs.datadoghq.com/api/v2/logs", settings.DebuggerLogs.Url.AbsoluteUri);
        Assert.Equal("https://debugger-intake.datadoghq.com/api/v2/debugger", settings.Debugger.Url.AbsoluteUri);
        Assert.Equal("https://debugger-intake.datadoghq.com/api/v2/debugger", settings.Symbols.Url.AbsoluteUri);
        Assert.Equal("https://data-obs-intake.datadoghq.com/api/v1/lineage", settings.Lineage.Url.AbsoluteUri);
        Assert.Equal("site https://datadoghq.com/", Text(settings.Evp.Intake));
        Assert.Equal((10 * 1024 * 1024, 30, 2), (settings.Evp.MaxBodyBytes, settings.Evp.Timeout.TotalSeconds, settings.LineageApiVersion));
        Assert.True(settings.Evp.IsEnabled && settings.Lineage.IsEnabled && settings.Telemetry.IsEnabled);
        Assert.Empty(settings.Evp.Additional);
    }

    /// <summary>1.7: data streams go where traces go, with their additional endpoints.</summary>
    [Theory]
    [InlineData("http://127.0.0.1:1", "http://127.0.0.1:1/api/v0.1/pipeline_stats")]
    [InlineData("https://x/dd/", "https://x/dd/api/v0.1/pipeline_stats")]
    [InlineData("https://x/api/v0.2/traces", "https://x/api/v0.1/pipeline_stats")]
    public void Data_streams_follow_the_traces(string traces, string expected)
    {
        Assert.Equal(expected, Environments.Read((Keys.TracesUrl, traces)).Proxies.PipelineStats.Url.AbsoluteUri);
        Assert.Equal(expected + " k", Text(Environments.Read((Keys.AdditionalTraces, $$"""{"{{traces}}":["k"]}""")).Proxies.PipelineStats));
    }

    /// <summary>1.7: the reference has no host for sites with a region.</summary>
    [Theory]
    [InlineData("datadoghq.com", "https://7-99-0-flare.datadoghq.com/api/ui/support/serverless/flare")]
    [InlineData("us3.datadoghq.com", "https://7-99-0-flare.us3.datadoghq.com/api/ui/support/serverless/flare")]
    [InlineData("ddog-gov.com", "https://7-99-0-flare.ddog-gov.com/api/ui/support/serverless/flare")]
    public void Flares_go_to_the_sites_host_for_this_version(string site, string expected) =>
        Assert.Equal(expected, Environments.Read((Keys.Site, site)).Proxies.FlareOf("7.99.0").AbsoluteUri);

    [Fact]
    public void Flares_go_where_the_user_sends_everything_else() => Assert.Equal(
        "http://127.0.0.1:1/api/ui/support/serverless/flare", Environments.Read((Keys.MetricsUrl, "http://127.0.0.1:1")).Proxies.FlareOf("7.99.0").AbsoluteUri);

    private static string Text(ProxyIntake intake) => string.Join(';', intake.Additional.Select(static one => $"{one.Url} {one.ApiKey.Value}"));

    private static string Text(EvpIntake intake) => $"{(intake.IsSite ? "site" : "all")} {intake.Address}";
}
