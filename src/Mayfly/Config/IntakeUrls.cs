using System.Diagnostics.CodeAnalysis;

namespace Mayfly.Config;

/// <summary>Where each signal is sent: absolute URLs including the path (docs/spec/05-config.md#8-site-and-urls).</summary>
public sealed record IntakeUrls
{
    private const string DefaultSite = "datadoghq.com";

    /// <summary>Of the shortest keys that anybody is given.</summary>
    private const int LengthOfKeys = 20;
    private const string TracesPath = "/api/v0.2/traces";

    internal const string LogsPath = "/api/v2/logs";
    internal const string SeriesPath = "/api/v2/series";
    internal const string SketchesPath = "/api/beta/sketches";
    internal const string EventsPath = "/intake/";
    internal const string ServiceChecksPath = "/api/v1/check_run";

    private static readonly string[] MetricsKeys = [Keys.MetricsUrl, Keys.MetricsUrlWeaker];

    /// <summary>The host name that intakes without an address of their own are below.</summary>
    public required string Site { get; init; }

    public required Uri Traces { get; init; }

    /// <summary>They get a copy of all traces.</summary>
    public required IReadOnlyList<AdditionalEndpoint> AdditionalTraces { get; init; }

    /// <summary>They get a copy of all trace statistics: beside the traces.</summary>
    public required IReadOnlyList<AdditionalEndpoint> AdditionalStats { get; init; }

    /// <summary>Beside the traces, wherever these go.</summary>
    public required Uri Stats { get; init; }

    public required Uri Series { get; init; }

    public required Uri Sketches { get; init; }

    public required Uri Events { get; init; }

    public required Uri ServiceChecks { get; init; }

    /// <summary>They get a copy of all series, sketches, events and service checks. Addresses without a path of any of these.</summary>
    public required IReadOnlyList<AdditionalEndpoint> AdditionalMetrics { get; init; }

    public required Uri Logs { get; init; }

    internal static IntakeUrls Read(EnvReader env)
    {
        string site = ReadSite(env);
        Uri traces = Read(env, [Keys.TracesUrl], $"https://trace.agent.{site}", TracesPath);
        IReadOnlyList<AdditionalEndpoint> additional = AdditionalEndpoint.Read(env, Keys.AdditionalTraces, TracesPath);
        return new IntakeUrls
        {
            Site = site,
            Traces = traces,
            AdditionalTraces = additional,
            AdditionalStats = [.. additional.Select(static one => one with { Url = StatsBeside(one.Url) })],
            Stats = StatsBeside(traces),
            Series = Read(env, MetricsKeys, $"https://api.{site}", SeriesPath),
            Sketches = Read(env, MetricsKeys, $"https://api.{site}", SketchesPath),
            Events = Read(env, MetricsKeys, $"https://api.{site}", EventsPath),
            ServiceChecks = Read(env, MetricsKeys, $"https://api.{site}", ServiceChecksPath),
            AdditionalMetrics = AdditionalEndpoint.Read(env, Keys.AdditionalMetrics, path: ""),
            Logs = Read(env, [Keys.LogsUrl], $"https://http-intake.logs.{site}", LogsPath),
        };
    }

    private static Uri StatsBeside(Uri traces) => new(traces, "stats");

    /// <summary>An override may lack the scheme (https then), end in a slash, or carry the path already; one that is no URL costs itself.</summary>
    private static Uri Read(EnvReader env, string[] keys, string @default, string path) =>
        env.First(
            keys,
            text => TryParse(text, path, out Uri? url) ? url : null,
            $"an http or https URL, {@default} is used",
            new Uri(@default + path),
            isError: true);

    internal static bool TryParse(string address, string path, [NotNullWhen(true)] out Uri? url)
    {
        string text = address.Trim().TrimEnd('/');
        string withScheme = text.Contains("://", StringComparison.Ordinal) ? text : "https://" + text;
        string withPath = withScheme.EndsWith(path, StringComparison.Ordinal) ? withScheme : withScheme + path;
        bool isUrl = Uri.TryCreate(withPath, UriKind.Absolute, out url) && (url.Scheme == Uri.UriSchemeHttps || url.Scheme == Uri.UriSchemeHttp);
        return isUrl && url is { Host.Length: > 0 } && !text.EndsWith(':');
    }

    /// <summary>
    /// The same for one of several addresses that stand beside keys: what looks like a key, or like the name of a member, is not in its place, and would be
    /// asked for by name all over the network.
    /// </summary>
    internal static bool TryParseBesideKeys(string address, string path, [NotNullWhen(true)] out Uri? url)
    {
        url = null;
        string text = address.Trim();
        bool isMisplaced = text.ToLowerInvariant() is "api_key" or "host" || (text.Length >= LengthOfKeys && !text.AsSpan().ContainsAny('.', ':', '/'));
        return !isMisplaced && TryParse(text, path, out url);
    }

    /// <summary>Allowed characters alone do not make a host: <c>:</c>, <c>a..b</c>, <c>-a</c>, <c>a:99999</c>, <c>_</c>.</summary>
    private static bool IsHost(string site)
    {
        string[] labels = site.Split(':')[0].Split('.');
        return Array.TrueForAll(labels, static label => label.Length > 0 && label[0] != '-' && label[^1] != '-')
            && Uri.TryCreate($"https://{site}/", UriKind.Absolute, out _)
            && Uri.TryCreate($"https://http-intake.logs.{site}/", UriKind.Absolute, out _)
            && Uri.TryCreate($"https://trace.agent.{site}/", UriKind.Absolute, out _);
    }

    /// <summary>A host name; a scheme, a leading <c>app.</c> and a trailing slash are taken off with a warning.</summary>
    private static string ReadSite(EnvReader env)
    {
        return env.First<string>([Keys.Site], TryRead, $"a site such as {DefaultSite}, which is used", DefaultSite, isError: true);

        bool TryRead(SettingValue value, out string site)
        {
            string text = value.Text.Trim().ToLowerInvariant();
            site = text.TrimEnd('/');
            site = site.StartsWith("https://", StringComparison.Ordinal) ? site["https://".Length..] : site;
            site = site.StartsWith("app.", StringComparison.Ordinal) ? site["app.".Length..] : site;
            bool isSite = !site.AsSpan().ContainsAnyExcept("abcdefghijklmnopqrstuvwxyz0123456789.-_:") && IsHost(site);
            if (isSite && site != text)
            {
                env.Warn(value, value.Text.Trim(), $"a bare site, {site} is used");
            }

            return isSite;
        }
    }
}
