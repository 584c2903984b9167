namespace Mayfly.Local.Compat;

/// <summary>The environment of a platform on which the agent stands beside a program.</summary>
/// <remarks>docs/spec/06-compat-and-init.md#a3-environment-detection-type--app-name</remarks>
public static class LocalPlatform
{
    public const string LambdaLite = "lambda-lite";
    public const string AzureFunctions = "azure-functions";
    public const string GoogleFunctions = "google-functions";
    public const string Spring = "spring";

    public static IReadOnlyList<string> All { get; } = [LambdaLite, AzureFunctions, GoogleFunctions, Spring];

    /// <param name="platform">One of <see cref="All"/>.</param>
    /// <param name="name">Of the function or application.</param>
    /// <param name="metadataHost"><c>host:port</c> of a <see cref="MetadataServer"/>; Google functions ask it.</param>
    /// <param name="functionsRoot">Folder of the functions of a function app.</param>
    public static IReadOnlyDictionary<string, string> Variables(string platform, string name, string metadataHost, string functionsRoot) => platform switch
    {
        LambdaLite => new Dictionary<string, string>
        {
            ["AWS_LAMBDA_INITIALIZATION_TYPE"] = "native-http",
            ["AWS_LAMBDA_FUNCTION_NAME"] = name,
            ["AWS_LAMBDA_FUNCTION_VERSION"] = "$LATEST",
            ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] = "512",
            ["AWS_REGION"] = "us-east-1",
            ["AWS_DEFAULT_REGION"] = "us-east-1",
        },
        AzureFunctions => new Dictionary<string, string>
        {
            ["FUNCTIONS_EXTENSION_VERSION"] = "~4",
            ["FUNCTIONS_WORKER_RUNTIME"] = "node",
            ["WEBSITE_SITE_NAME"] = name,
            ["WEBSITE_OWNER_NAME"] = "00000000-0000-0000-0000-000000000000+local-rg-EastUSwebspace-Linux",
            ["WEBSITE_SKU"] = "Dynamic",
            ["WEBSITE_INSTANCE_ID"] = "local-instance",
            ["CONTAINER_NAME"] = "local-container",
            ["REGION_NAME"] = "East US",
            ["AzureWebJobsScriptRoot"] = functionsRoot,
        },
        GoogleFunctions => new Dictionary<string, string>
        {
            ["K_SERVICE"] = name,
            ["K_REVISION"] = name + "-00001-abc",
            ["FUNCTION_TARGET"] = "main",
            ["GCE_METADATA_HOST"] = metadataHost,
        },
        Spring => new Dictionary<string, string> { ["ASCSVCRT_SPRING__APPLICATION__NAME"] = name, ["HOSTNAME"] = "local-host" },
        _ => throw new ArgumentException($"There is no platform {platform}.", nameof(platform)),
    };
}
