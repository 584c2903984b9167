using Mayfly.Config;
using Mayfly.Proxies;
using Mayfly.Tags;
using Mayfly.Traces;
using Mayfly.Wire;

namespace Mayfly.Platforms.Compat;

/// <summary>The tags that each signal gets on a platform: pure functions of what is known of it.</summary>
/// <remarks>docs/spec/06-compat-and-init.md#a8-span-enrichment, #a9-forwarding, #a3-environment-detection-type--app-name</remarks>
public sealed class CompatIdentity
{
    private readonly CompatPlatform _platform;
    private readonly AzureSite? _site;
    private readonly string? _host;
    private readonly string? _launcherVersion;

    /// <param name="settings">The user's tags.</param>
    /// <param name="launcherVersion">Null: no launcher started the agent.</param>
    /// <param name="facts">What the platform says.</param>
    public CompatIdentity(Settings settings, string? launcherVersion, PlatformFacts facts)
    {
        (_platform, _site, _host, _launcherVersion) = (facts.Platform, facts.Azure, facts.HostName, launcherVersion);
        FunctionTags = TagSet.From(settings.Tags.OrderBy(static tag => tag.Key, StringComparer.Ordinal));
        UserTags = TagSet.From(Users(settings));
    }

    /// <summary>The user's <c>DD_TAGS</c>, sorted: what every payload of traces says of the function.</summary>
    public TagSet FunctionTags { get; }

    /// <summary>Environment, service, version, then <c>DD_TAGS</c>, which are stronger.</summary>
    public TagSet UserTags { get; }

    /// <summary>Every metric's.</summary>
    public TagSet MetricTags => TagSet.From(
    [
        new("origin", _platform.Origin),
        new("dd.origin", _platform.Origin),
        .. UserTags.Items.Select(static tag => KeyValuePair.Create(tag.Key, tag.Value)),
    ]);

    /// <summary>Of log events that name none.</summary>
    public string LogTags => UserTags.Joined;

    public ProxyTags ProxyTags => new(FunctionTags.With("functionname", _platform.AppName), _platform.ProxyOrigin);

    /// <summary>Of statistics: <c>DD_TAGS</c>, and what root spans say of the function.</summary>
    public TagSet StatsTags =>
        (_platform.NamesFunction ? FunctionTags.With("functionname", _platform.AppName) : FunctionTags).With("_dd.origin", _platform.Origin);

    /// <param name="place">Of a Google function, once it is known; else null.</param>
    public PlatformTags TraceTags(GooglePlace? place) => new(FunctionTags, _platform.Origin)
    {
        IsOriginOfRootOnly = true,
        SpanTags = TagSet.From(OfEverySpan(place)),
        SiteTags = _site?.SpanTags() ?? TagSet.Empty,
        ForeignName = Utf8Slice.From("azure.apim"),
        RootTags = _platform.NamesFunction ? TagSet.Empty.With("functionname", _platform.AppName) : TagSet.Empty,
    };

    private static IEnumerable<KeyValuePair<string, string>> Users(Settings settings)
    {
        (string, string?)[] unified = [("env", settings.Env), ("service", settings.Service?.ToLowerInvariant()), ("version", settings.Version)];
        foreach ((string key, string? value) in unified)
        {
            if (value is not null)
            {
                yield return new(key, value);
            }
        }

        foreach (KeyValuePair<string, string> tag in settings.Tags)
        {
            yield return tag;
        }
    }

    private IEnumerable<KeyValuePair<string, string>> OfEverySpan(GooglePlace? place)
    {
        if (_platform.Kind == CompatPlatformKind.AzureSpringApps)
        {
            if (_host is not null)
            {
                yield return new("asa.hostname", _host);
            }

            yield return new("asa.name", _platform.AppName);
        }

        if (_launcherVersion is not null)
        {
            yield return new("_dd.serverless_compat_version", _launcherVersion);
        }

        if (place is not null)
        {
            yield return new("gcrfx.location", place.Region);
            yield return new("gcrfx.project_id", place.ProjectId);
            yield return new("gcrfx.resource_name", $"projects/{place.ProjectId}/locations/{place.Region}/functions/{_platform.AppName}");
        }
    }
}
