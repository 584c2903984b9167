using System.Runtime.InteropServices;
using Mayfly.Config;
using Mayfly.Tags;

namespace Mayfly.Platforms.Lambda;

/// <summary>
/// Which function this sandbox serves, and the tags that everything of it carries
/// (docs/spec/01-lambda-lifecycle.md#61-function-tags-computed-once-after-register).
/// </summary>
public sealed class FunctionIdentity
{
    /// <summary>Service of spans that belong to nobody in particular.</summary>
    public const string UnnamedService = "aws.lambda";

    private const string NoAccount = "none";

    public FunctionIdentity(Settings settings, Registration registration)
    {
        string region = settings.Lambda.Region;
        string account = registration.AccountId ?? NoAccount;
        FunctionName = settings.Lambda.FunctionName ?? (registration.FunctionName.Length > 0 ? registration.FunctionName : null);
        Arn = $"arn:{PartitionOf(region)}:lambda:{region}:{account}:function:{FunctionName}".ToLowerInvariant();
        Service = (settings.Service ?? FunctionName)?.ToLowerInvariant() ?? UnnamedService;
        Tags = TagSet.From(TagsOf(settings, region, account));
        string? unconfigured = settings.Triggers.RepresentsServices ? FunctionName?.ToLowerInvariant() : ServiceTagOf(settings);
        SpanService = settings.Service?.ToLowerInvariant() ?? unconfigured ?? UnnamedService;
    }

    /// <summary>As configured; null when nobody said.</summary>
    public string? FunctionName { get; }

    /// <summary>Unqualified, in lower case.</summary>
    public string Arn { get; }

    /// <summary>Service of log events: <c>DD_SERVICE</c>, else the function's name, in lower case.</summary>
    public string Service { get; }

    /// <summary>
    /// Service of the <c>aws.lambda</c> span: the same, but <see cref="UnnamedService"/> or the tag <c>service</c> where services are not represented
    /// (docs/spec/01-lambda-lifecycle.md#412-service-names-and-mapping).
    /// </summary>
    public string SpanService { get; }

    /// <summary>The function tags, <c>DD_TAGS</c> last and stronger than the others.</summary>
    public TagSet Tags { get; }

    private IEnumerable<KeyValuePair<string, string>> TagsOf(Settings settings, string region, string account)
    {
        if (FunctionName is not null)
        {
            yield return new("region", region);
            yield return new("account_id", account);
            yield return new("aws_account", account);
            yield return new("functionname", FunctionName);
            string? version = settings.Lambda.FunctionVersion;
            bool hasVersion = version is not null and not "$LATEST";
            yield return new("resource", hasVersion ? $"{FunctionName}:{version}" : FunctionName);
            if (hasVersion)
            {
                yield return new("executedversion", version!);
            }
        }

        yield return new("function_arn", Arn);
        foreach ((string key, string? value) in new (string, string?)[]
        {
            ("version", settings.Version),
            ("env", settings.Env),
            ("service", settings.Service?.ToLowerInvariant()),
            ("init_type", settings.Lambda.InitializationType),
            ("memorysize", settings.Lambda.MemorySizeMb),
        })
        {
            if (value is not null)
            {
                yield return new(key, value);
            }
        }

        yield return new("architecture", ArchitectureName);
        yield return new("dd_extension_version", BuildInfo.Version);
        foreach (KeyValuePair<string, string> tag in settings.Tags)
        {
            yield return tag;
        }
    }

    /// <summary>The value of the function tag <c>service</c>; null when it has none.</summary>
    public static string? ServiceTagOf(Settings settings) =>
        settings.Tags.LastOrDefault(static tag => tag.Key == "service").Value ?? settings.Service?.ToLowerInvariant();

    /// <summary><c>arm64</c> or <c>x86_64</c>, that of this process.</summary>
    public static string ArchitectureName { get; } = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "arm64" : "x86_64";

    private static string PartitionOf(string region)
    {
        if (region.StartsWith("us-gov-", StringComparison.Ordinal))
        {
            return "aws-us-gov";
        }

        return region.StartsWith("cn-", StringComparison.Ordinal) ? "aws-cn" : "aws";
    }
}
