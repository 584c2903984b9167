using Mayfly.Config;

namespace Mayfly.Platforms.Compat;

/// <summary>Which platforms an environment looks like: a pure function of its variables. A blank variable counts as missing.</summary>
/// <remarks>docs/spec/06-compat-and-init.md#a3-environment-detection-type--app-name</remarks>
/// <param name="Candidates">Every platform whose variables are there.</param>
/// <param name="Complaints">Platforms that were recognised and have no name, one sentence each.</param>
public sealed record PlatformDetection(IReadOnlyList<CompatPlatform> Candidates, IReadOnlyList<string> Complaints)
{
    /// <summary>What is looked for, for people.</summary>
    public const string LookedFor =
        "AWS Lambda Lite (AWS_LAMBDA_INITIALIZATION_TYPE, AWS_LAMBDA_FUNCTION_NAME), Azure Functions (FUNCTIONS_EXTENSION_VERSION, "
        + "FUNCTIONS_WORKER_RUNTIME, WEBSITE_SITE_NAME), Google Cloud functions (K_SERVICE, FUNCTION_TARGET; or FUNCTION_NAME, GCP_PROJECT), "
        + "Azure Spring Apps (ASCSVCRT_SPRING__APPLICATION__NAME)";

    /// <summary>The one platform; null when none was found, or several.</summary>
    public CompatPlatform? Platform => Candidates.Count == 1 ? Candidates[0] : null;

    /// <summary>The user's word (<c>MAYFLY_PLATFORM</c>) decides between several; a word that names none of them is warned of and changes nothing.</summary>
    public static PlatformDetection Detect(EnvReader env)
    {
        var candidates = new List<CompatPlatform>();
        var complaints = new List<string>();
        if (env.Text(Keys.InitializationType) is not null)
        {
            Add(CompatPlatformKind.Lambda, Keys.FunctionName, Keys.InitializationType);
        }

        if (env.Text(PlatformKeys.FunctionsExtensionVersion) is not null && env.Text(PlatformKeys.FunctionsWorkerRuntime) is not null)
        {
            Add(CompatPlatformKind.AzureFunctions, PlatformKeys.WebsiteSiteName, PlatformKeys.FunctionsExtensionVersion);
        }

        if (env.Text(PlatformKeys.GoogleService) is { } service && env.Text(PlatformKeys.GoogleFunctionTarget) is not null)
        {
            candidates.Add(new CompatPlatform(CompatPlatformKind.GoogleFunctions, service));
        }
        else if (env.Text(PlatformKeys.GoogleFunctionName) is { } function && env.Text(PlatformKeys.GoogleProject) is not null)
        {
            candidates.Add(new CompatPlatform(CompatPlatformKind.GoogleFunctions, function));
        }

        if (env.Text(PlatformKeys.SpringApplication) is { } application)
        {
            candidates.Add(new CompatPlatform(CompatPlatformKind.AzureSpringApps, application));
        }

        return new PlatformDetection(Chosen(candidates, env), complaints);

        void Add(CompatPlatformKind kind, string nameKey, string sign)
        {
            if (env.Text(nameKey) is { } name)
            {
                candidates.Add(new CompatPlatform(kind, name));
            }
            else
            {
                complaints.Add($"{sign} is set, which looks like {CompatPlatform.WordOf(kind)}, but {nameKey} is not.");
            }
        }
    }

    private static IReadOnlyList<CompatPlatform> Chosen(List<CompatPlatform> candidates, EnvReader env)
    {
        if (env.Text(CompatKeys.Platform)?.Trim() is not { } word)
        {
            return candidates;
        }

        CompatPlatform[] named = [.. candidates.Where(one => one.Word.Equals(word, StringComparison.OrdinalIgnoreCase))];
        if (named.Length == 0)
        {
            string words = candidates.Count == 0
                ? "a platform whose variables are set; there is none"
                : string.Join(" or ", candidates.Select(static one => one.Word));
            env.Warn(CompatKeys.Platform, word, words);
            return candidates;
        }

        return named;
    }
}
