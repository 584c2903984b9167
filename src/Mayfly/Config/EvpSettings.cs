namespace Mayfly.Config;

/// <summary>Where and how requests to the event platform are passed on (docs/spec/03-traces.md#17-proxied-endpoints, EVP proxy).</summary>
public sealed record EvpSettings
{
    /// <summary>False: such requests are answered with 405.</summary>
    public required bool IsEnabled { get; init; }

    public required EvpIntake Intake { get; init; }

    /// <summary>The key it wants; null = the agent's.</summary>
    public required KeySetting? ApiKey { get; init; }

    /// <summary>For requests that ask for it; null = there is none.</summary>
    public required string? AppKey { get; init; }

    /// <summary>They get a copy of every request.</summary>
    public required IReadOnlyList<EvpDestination> Additional { get; init; }

    /// <summary>Largest body, as sent.</summary>
    public required int MaxBodyBytes { get; init; }

    /// <summary>How long an answer is waited for, where one is.</summary>
    public required TimeSpan Timeout { get; init; }

    internal static EvpSettings Read(EnvReader env, string site) => new()
    {
        IsEnabled = env.Bool(Keys.EvpEnabled, @default: true),
        Intake = ReadIntake(env, site),
        ApiKey = KeySetting.Read(env, Keys.EvpApiKey),
        AppKey = env.Text(Keys.EvpAppKey, Keys.AppKey)?.Trim(),
        Additional = AdditionalEndpoint.Read(
            env, Keys.AdditionalEvp, static (address, apiKey) => IntakeOf(address) is { } intake ? new EvpDestination(intake, apiKey) : null),
        MaxBodyBytes = env.Int(Keys.EvpMaxBody, @default: 10 * 1024 * 1024, min: 1, max: 50 * 1024 * 1024),
        Timeout = env.Seconds(Keys.EvpTimeout, @default: TimeSpan.FromSeconds(30), min: TimeSpan.FromMilliseconds(1)),
    };

    private static EvpIntake ReadIntake(EnvReader env, string site)
    {
        return env.First(
            [Keys.EvpUrl],
            IntakeOf,
            $"a site, or an http or https URL, {site} is used",
            new EvpIntake(new Uri($"https://{site}"), IsSite: true));
    }

    /// <summary>A site is told from a URL by the scheme, which it does not have.</summary>
    private static EvpIntake? IntakeOf(string address) =>
        IntakeUrls.TryParse(address, "", out Uri? url) ? new EvpIntake(url, IsSite: !address.Contains("://", StringComparison.Ordinal)) : null;
}

/// <summary>An intake of the event platform.</summary>
/// <param name="Address">A site, or the beginning of the URL of all requests.</param>
/// <param name="IsSite">The subdomain that a request is for goes in front of the host.</param>
public sealed record EvpIntake(Uri Address, bool IsSite)
{
    /// <summary>As a user writes it.</summary>
    public override string ToString() => IsSite ? Address.Host : Address.AbsoluteUri;
}

/// <summary>An intake beside the main one, and the key it wants.</summary>
public sealed record EvpDestination(EvpIntake Intake, KeySetting ApiKey);
