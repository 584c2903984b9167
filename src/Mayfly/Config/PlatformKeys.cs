namespace Mayfly.Config;

/// <summary>Names of the environment variables by which platforms say what they are. docs/spec/06-compat-and-init.md says what each one means.</summary>
public static class PlatformKeys
{
    public const string FunctionsExtensionVersion = "FUNCTIONS_EXTENSION_VERSION";
    public const string FunctionsWorkerRuntime = "FUNCTIONS_WORKER_RUNTIME";
    public const string FunctionsWorkerRuntimeVersion = "FUNCTIONS_WORKER_RUNTIME_VERSION";
    public const string WebsiteSiteName = "WEBSITE_SITE_NAME";
    public const string WebsiteOwnerName = "WEBSITE_OWNER_NAME";
    public const string WebsiteResourceGroup = "WEBSITE_RESOURCE_GROUP";
    public const string WebsiteOs = "WEBSITE_OS";
    public const string WebsiteSku = "WEBSITE_SKU";
    public const string WebsiteInstanceId = "WEBSITE_INSTANCE_ID";
    public const string WebsitePodName = "WEBSITE_POD_NAME";
    public const string ContainerName = "CONTAINER_NAME";
    public const string ComputerName = "COMPUTERNAME";
    public const string AzureRegion = "REGION_NAME";

    /// <summary>Where a custom image keeps its functions; unset: the platform's own folder.</summary>
    public const string FunctionsRoot = "AzureWebJobsScriptRoot";

    public const string GoogleService = "K_SERVICE";
    public const string GoogleFunctionTarget = "FUNCTION_TARGET";
    public const string GoogleFunctionName = "FUNCTION_NAME";
    public const string GoogleProject = "GCP_PROJECT";

    /// <summary><c>host:port</c> of a metadata server other than Google's, as Google's own libraries take it.</summary>
    public const string GoogleMetadataHost = "GCE_METADATA_HOST";

    public const string SpringApplication = "ASCSVCRT_SPRING__APPLICATION__NAME";
    public const string HostName = "HOSTNAME";
}
