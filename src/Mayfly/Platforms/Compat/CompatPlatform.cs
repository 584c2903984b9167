namespace Mayfly.Platforms.Compat;

/// <summary>Where the agent stands beside a program that it does not start (docs/spec/06-compat-and-init.md#a3-environment-detection-type--app-name).</summary>
public enum CompatPlatformKind
{
    /// <summary>AWS Lambda without extension: Lambda Lite.</summary>
    Lambda,

    AzureFunctions,

    /// <summary>Google Cloud functions of both generations.</summary>
    GoogleFunctions,

    AzureSpringApps,
}

/// <summary>What a platform is to the signals: names and numbers.</summary>
/// <param name="Kind">Which.</param>
/// <param name="AppName">The function or application, as the platform calls it.</param>
public sealed record CompatPlatform(CompatPlatformKind Kind, string AppName)
{
    /// <summary><c>origin</c> of spans and metrics.</summary>
    public string Origin => Kind switch
    {
        CompatPlatformKind.Lambda => "lambda",
        CompatPlatformKind.AzureFunctions => "azurefunction",
        CompatPlatformKind.GoogleFunctions => "cloudfunction",
        _ => "azurespringapp",
    };

    /// <summary><c>_dd.origin</c> of proxied requests: profiles of Google functions are billed as Cloud Run's.</summary>
    public string ProxyOrigin => Kind == CompatPlatformKind.GoogleFunctions ? "cloudrun" : Origin;

    /// <summary>Root spans name the function; a Spring app is none.</summary>
    public bool NamesFunction => Kind != CompatPlatformKind.AzureSpringApps;

    /// <summary>Category of metrics that no tag tells (docs/spec/04-metrics-logs.md#b7-origin-metadata); 0 = the <c>origin</c> tag does.</summary>
    public uint OriginCategory => Kind switch
    {
        CompatPlatformKind.Lambda => 38,
        CompatPlatformKind.GoogleFunctions => 36,
        CompatPlatformKind.AzureFunctions => 71,
        _ => 0,
    };

    /// <summary>Without a request the platform takes the CPU away: what waits for its bucket to end may wait for ever.</summary>
    public bool MayFreeze => Kind is CompatPlatformKind.Lambda or CompatPlatformKind.GoogleFunctions;

    /// <summary>The word for it in <c>MAYFLY_PLATFORM</c> and in messages.</summary>
    public string Word => WordOf(Kind);

    internal static string WordOf(CompatPlatformKind kind) => kind switch
    {
        CompatPlatformKind.Lambda => "lambda-lite",
        CompatPlatformKind.AzureFunctions => "azure-functions",
        CompatPlatformKind.GoogleFunctions => "google-functions",
        _ => "spring",
    };
}
