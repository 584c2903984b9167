namespace Mayfly.Config;

/// <summary>Where the requests go that the agent only passes on (docs/spec/03-traces.md#17-proxied-endpoints).</summary>
public sealed record ProxySettings
{
    private const string ProfilePath = "/api/v2/profile";
    private const string LogsPath = "/api/v2/logs";
    private const string DebuggerPath = "/api/v2/debugger";
    private const string LineagePath = "/api/v1/lineage";
    private const string FlarePath = "/api/ui/support/serverless/flare";

    /// <summary>The host name that intakes without an address of their own are below.</summary>
    public required string Site { get; init; }

    /// <summary>Statistics of data streams: wherever traces go.</summary>
    public required ProxyIntake PipelineStats { get; init; }

    public required ProxyIntake Profiling { get; init; }

    /// <summary>Telemetry of the tracers about themselves. The URL is the beginning of one: the client's path follows.</summary>
    public required ProxyIntake Telemetry { get; init; }

    /// <summary>Snapshots of the debugger that are logs.</summary>
    public required ProxyIntake DebuggerLogs { get; init; }

    /// <summary>Snapshots and diagnostics of the debugger.</summary>
    public required ProxyIntake Debugger { get; init; }

    public required ProxyIntake Symbols { get; init; }

    /// <summary>OpenLineage events.</summary>
    public required ProxyIntake Lineage { get; init; }

    /// <summary>The version of its interface that the lineage intake is asked for; below 2: it is not asked for any.</summary>
    public required int LineageApiVersion { get; init; }

    public required EvpSettings Evp { get; init; }

    /// <summary>Where tracers' flares go; null: to the site's host for this version of the agent.</summary>
    public required Uri? Flare { get; init; }

    internal static ProxySettings Read(EnvReader env, IntakeUrls intake)
    {
        string site = intake.Site;
        return new ProxySettings
        {
            Site = site,
            PipelineStats = new ProxyIntake(BesideTraces(intake.Traces))
            {
                Additional = [.. intake.AdditionalTraces.Select(static one => one with { Url = BesideTraces(one.Url) })],
            },
            Profiling = ReadIntake(
                env, new ProxyKeys(Keys.ProfilingUrl, Keys.ProfilingApiKey, Keys.AdditionalProfiling), $"https://intake.profile.{site}", ProfilePath),
            Telemetry = ReadIntake(
                env, new ProxyKeys(Keys.TelemetryProxyUrl, null, Keys.AdditionalTelemetryProxy), $"https://instrumentation-telemetry-intake.{site}", "") with
            {
                IsEnabled = env.Bool(Keys.TelemetryProxyEnabled, @default: true),
            },
            DebuggerLogs = ReadIntake(
                env, new ProxyKeys(Keys.DebuggerUrl, Keys.DebuggerApiKey, Keys.AdditionalDebugger), $"https://http-intake.logs.{site}", LogsPath),
            Debugger = ReadIntake(
                env, new ProxyKeys(Keys.DiagnosticsUrl, Keys.DiagnosticsApiKey, Keys.AdditionalDiagnostics), $"https://debugger-intake.{site}", DebuggerPath),
            Symbols = ReadIntake(
                env, new ProxyKeys(Keys.SymbolsUrl, Keys.SymbolsApiKey, Keys.AdditionalSymbols), $"https://debugger-intake.{site}", DebuggerPath),
            Lineage = ReadLineage(env, site),
            LineageApiVersion = env.Int(Keys.LineageApiVersion, @default: 2, min: 0, max: 1000),
            Evp = EvpSettings.Read(env, site),
            Flare = (env.Text(Keys.MetricsUrl, Keys.MetricsUrlWeaker) is { } text && IntakeUrls.TryParse(text, FlarePath, out Uri? flare)) ? flare : null,
        };
    }

    /// <summary>The site's host for flares, which has the version in its name; everywhere the same, whatever region the site is.</summary>
    /// <param name="version"><c>major.minor.patch</c></param>
    public Uri FlareOf(string version) => Flare ?? new Uri($"https://{version.Replace('.', '-')}-flare.{Site}{FlarePath}");

    private static Uri BesideTraces(Uri traces) => new(traces, "../v0.1/pipeline_stats");

    private static ProxyIntake ReadIntake(EnvReader env, ProxyKeys keys, string @default, string path) =>
        ReadIntake(env, keys, new Uri(@default + path), address => IntakeUrls.TryParse(address, path, out Uri? url) ? url : null);

    private static ProxyIntake ReadIntake(EnvReader env, ProxyKeys keys, Uri @default, Func<string, Uri?> read)
    {
        return new ProxyIntake(
            env.First([keys.Url], read, $"an http or https URL, {@default.GetLeftPart(UriPartial.Authority)} is used", @default))
        {
            ApiKey = keys.ApiKey is null ? null : KeySetting.Read(env, keys.ApiKey),
            Additional = AdditionalEndpoint.Read(
                env, keys.Additional, (address, apiKey) => read(address) is { } one ? new AdditionalEndpoint(one, apiKey) : null),
        };
    }

    /// <summary>Its addresses are sites, or URLs when they have a scheme.</summary>
    private static ProxyIntake ReadLineage(EnvReader env, string site)
    {
        var keys = new ProxyKeys(Keys.LineageUrl, Keys.LineageApiKey, Keys.AdditionalLineage);
        return ReadIntake(env, keys, new Uri($"https://data-obs-intake.{site}{LineagePath}"), LineageUrl) with
        {
            IsEnabled = env.Bool(Keys.LineageEnabled, @default: true),
        };
    }

    private static Uri? LineageUrl(string address)
    {
        string withHost = address.Contains("://", StringComparison.Ordinal) ? address : "https://data-obs-intake." + address;
        return IntakeUrls.TryParse(withHost, LineagePath, out Uri? url) ? url : null;
    }

    private readonly record struct ProxyKeys(string Url, string? ApiKey, string Additional);
}

/// <summary>One intake that requests are passed on to.</summary>
/// <param name="Url">Including the path.</param>
public sealed record ProxyIntake(Uri Url)
{
    /// <summary>False: the agent does not serve it.</summary>
    public bool IsEnabled { get; init; } = true;

    /// <summary>The key it wants; null = the agent's.</summary>
    public KeySetting? ApiKey { get; init; }

    /// <summary>They get a copy of every request.</summary>
    public IReadOnlyList<AdditionalEndpoint> Additional { get; init; } = [];
}
