using Mayfly.Config;
using Mayfly.Tags;

namespace Mayfly.Platforms.Compat;

/// <summary>What Azure says of a function app through its environment; trimmed, null where it is blank.</summary>
/// <remarks>docs/spec/06-compat-and-init.md#azure-function-tags-12-value-unknown-when-absent</remarks>
public sealed record AzureSite
{
    private const string Unknown = "unknown";
    private const string FlexConsumption = "FlexConsumption";

    public string? InstanceId { get; init; }

    public string? InstanceName { get; init; }

    public required string OperatingSystemName { get; init; }

    public string? Runtime { get; init; }

    public string? RuntimeVersion { get; init; }

    public string? FunctionRuntime { get; init; }

    public string? Name { get; init; }

    public string? SubscriptionId { get; init; }

    public string? ResourceGroup { get; init; }

    public string? Region { get; init; }

    /// <summary>The hosting plan.</summary>
    public string? Sku { get; init; }

    /// <summary>The plan needs the user to name the resource group, without which the site cannot be billed, and the user did not.</summary>
    public bool LacksResourceGroup { get; init; }

    /// <summary>The folder of the functions.</summary>
    public required string Root { get; init; }

    /// <summary>Known when all three parts of it are.</summary>
    public string? ResourceId => SubscriptionId is null || ResourceGroup is null || Name is null
        ? null
        : $"/subscriptions/{SubscriptionId}/resourcegroups/{ResourceGroup}/providers/microsoft.web/sites/{Name}".ToLowerInvariant();

    public static AzureSite Read(EnvReader env, bool isWindows)
    {
        string? owner = Trimmed(PlatformKeys.WebsiteOwnerName);
        string? sku = Trimmed(PlatformKeys.WebsiteSku);
        string? named = Trimmed(CompatKeys.AzureResourceGroup);
        bool isFlex = sku == FlexConsumption;
        return new AzureSite
        {
            InstanceId = Trimmed(PlatformKeys.WebsiteInstanceId),
            InstanceName = Trimmed(PlatformKeys.ComputerName) ?? Trimmed(PlatformKeys.WebsitePodName) ?? Trimmed(PlatformKeys.ContainerName),
            OperatingSystemName = Trimmed(PlatformKeys.WebsiteOs) ?? (isWindows ? "windows" : "linux"),
            Runtime = Trimmed(PlatformKeys.FunctionsWorkerRuntime),
            RuntimeVersion = Trimmed(PlatformKeys.FunctionsWorkerRuntimeVersion),
            FunctionRuntime = Trimmed(PlatformKeys.FunctionsExtensionVersion),
            Name = Trimmed(PlatformKeys.WebsiteSiteName),
            SubscriptionId = SubscriptionOf(owner),
            ResourceGroup = named ?? Trimmed(PlatformKeys.WebsiteResourceGroup) ?? (isFlex ? null : ResourceGroupOf(owner)),
            Region = Trimmed(PlatformKeys.AzureRegion),
            Sku = sku,
            LacksResourceGroup = isFlex && named is null,
            Root = Trimmed(PlatformKeys.FunctionsRoot) ?? (isWindows ? @"C:\home\site\wwwroot" : "/home/site/wwwroot"),
        };

        string? Trimmed(string key) => env.Text(key)?.Trim();
    }

    /// <summary>The <c>aas.*</c> tags of every span; what is not known is <c>unknown</c>, but the id, which is left out.</summary>
    public TagSet SpanTags()
    {
        var tags = new List<KeyValuePair<string, string>>
        {
            new("aas.environment.instance_id", InstanceId ?? Unknown),
            new("aas.environment.instance_name", InstanceName ?? Unknown),
            new("aas.environment.os", OperatingSystemName),
            new("aas.environment.runtime", Runtime ?? Unknown),
            new("aas.environment.runtime_version", RuntimeVersion ?? Unknown),
            new("aas.environment.function_runtime", FunctionRuntime ?? Unknown),
            new("aas.resource.group", ResourceGroup ?? Unknown),
            new("aas.site.kind", "functionapp"),
            new("aas.site.type", "function"),
            new("aas.site.name", Name ?? Unknown),
            new("aas.subscription.id", SubscriptionId ?? Unknown),
        };
        if (ResourceId is { } id)
        {
            tags.Add(new("aas.resource.id", id));
        }

        return TagSet.From(tags);
    }

    /// <summary>
    /// Of the metrics that the agent makes, beside those that all metrics get
    /// (docs/spec/06-compat-and-init.md#a10-metrics-produced-by-the-agent-azure-functions-only).
    /// </summary>
    public TagSet MetricTags(string? launcherVersion) => TagSet.From(
        new (string Key, string? Value)[]
        {
            ("resource_group", ResourceGroup), ("subscription_id", SubscriptionId), ("name", Name), ("region", Region), ("plan_tier", Sku),
            ("serverless_compat_version", launcherVersion),
        }
        .Where(static tag => tag.Value is { Length: > 0 } value && !value.EndsWith(':'))
        .Select(static tag => KeyValuePair.Create(tag.Key, tag.Value!)));

    /// <summary>The text before the first <c>+</c>, or all of it.</summary>
    internal static string? SubscriptionOf(string? owner)
    {
        string? id = owner?.Split('+', 2)[0].Trim();
        return id is { Length: > 0 } ? id : null;
    }

    /// <summary>
    /// <c>SUBSCRIPTION+GROUP-REGIONwebspace[-Linux]</c>: the group, as long as it can be with a character or more between the dash and <c>webspace</c>.
    /// </summary>
    internal static string? ResourceGroupOf(string? owner)
    {
        for (int plus = owner?.LastIndexOf('+') ?? -1; plus > 0; plus = owner!.LastIndexOf('+', plus - 1))
        {
            ReadOnlySpan<char> rest = owner.AsSpan(plus + 1);
            int webspace = rest.LastIndexOf("webspace", StringComparison.Ordinal);
            int dash = webspace > 0 ? rest[..(webspace - 1)].LastIndexOf('-') : -1;
            if (dash > 0)
            {
                return rest[..dash].ToString();
            }
        }

        return null;
    }
}
