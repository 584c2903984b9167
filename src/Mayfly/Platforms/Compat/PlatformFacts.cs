using Mayfly.Config;

namespace Mayfly.Platforms.Compat;

/// <summary>What the environment says of the platform beside the user's settings; read once.</summary>
public sealed record PlatformFacts
{
    public required CompatPlatform Platform { get; init; }

    /// <summary>Tracers look for the sentinel file here, and only here.</summary>
    public required bool IsLambdaLite { get; init; }

    /// <summary>Other platforms that the environment looks like in part, one sentence each.</summary>
    public IReadOnlyList<string> Complaints { get; init; } = [];

    /// <summary>Null unless this is Azure Functions.</summary>
    public AzureSite? Azure { get; init; }

    /// <summary>Name of the host that an Azure Spring app runs on; null elsewhere, or when nobody said.</summary>
    public string? HostName { get; init; }

    /// <summary>Google's metadata server; null unless this is a Google function.</summary>
    public string? MetadataHost { get; init; }

    public static PlatformFacts Read(EnvReader env, CompatPlatform platform) => new()
    {
        Platform = platform,
        Complaints = PlatformDetection.Detect(env).Complaints,
        IsLambdaLite = platform.Kind == CompatPlatformKind.Lambda && LambdaLite.IsLambdaLite(env.Text(Keys.InitializationType)),
        Azure = platform.Kind == CompatPlatformKind.AzureFunctions ? AzureSite.Read(env, OperatingSystem.IsWindows()) : null,
        HostName = platform.Kind == CompatPlatformKind.AzureSpringApps ? env.Text(PlatformKeys.HostName)?.Trim() : null,
        MetadataHost = platform.Kind == CompatPlatformKind.GoogleFunctions
            ? env.Text(PlatformKeys.GoogleMetadataHost)?.Trim() ?? GoogleMetadata.UsualHost
            : null,
    };
}
