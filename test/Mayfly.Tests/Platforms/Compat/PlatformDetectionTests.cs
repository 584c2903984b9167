using Mayfly.Config;
using Mayfly.Platforms.Compat;
using Mayfly.Tests.Config;
using Xunit;

namespace Mayfly.Tests.Platforms.Compat;

/// <summary>docs/spec/06-compat-and-init.md A3, vectors D1–D15, and A13.2 L1.</summary>
public class PlatformDetectionTests
{
    private const string D1 = "AWS_LAMBDA_INITIALIZATION_TYPE=on-demand AWS_LAMBDA_FUNCTION_NAME=my-function";
    private const string D4 = "FUNCTIONS_EXTENSION_VERSION=~4 FUNCTIONS_WORKER_RUNTIME=java WEBSITE_SITE_NAME=my-azure-app";
    private const string D7 = "FUNCTION_NAME=my-gcp-function GCP_PROJECT=my-project";
    private const string D9 = "K_SERVICE=my-cloud-run-fn FUNCTION_TARGET=myHandler";

    [Theory]
    [InlineData("D1", D1, "lambda-lite my-function", 0)]
    [InlineData("D2", "AWS_LAMBDA_INITIALIZATION_TYPE=on-demand", null, 1)]
    [InlineData("D3", "AWS_LAMBDA_FUNCTION_NAME=my-function", null, 0)]
    [InlineData("D4", D4, "azure-functions my-azure-app", 0)]
    [InlineData("D5", "FUNCTIONS_EXTENSION_VERSION=~4 FUNCTIONS_WORKER_RUNTIME=java", null, 1)]
    [InlineData("D6", "FUNCTIONS_EXTENSION_VERSION=~4", null, 0)]
    [InlineData("D7", D7, "google-functions my-gcp-function", 0)]
    [InlineData("D8", "FUNCTION_NAME=my-gcp-function", null, 0)]
    [InlineData("D9", D9, "google-functions my-cloud-run-fn", 0)]
    [InlineData("D10", "K_SERVICE=my-cloud-run-fn", null, 0)]
    [InlineData("D11", "ASCSVCRT_SPRING__APPLICATION__NAME=my-spring-app", "spring my-spring-app", 0)]
    [InlineData("D12", D1 + " " + D4, null, 0)]
    [InlineData("D13", D7 + " " + D9, "google-functions my-cloud-run-fn", 0)]
    [InlineData("D14", "AWS_LAMBDA_INITIALIZATION_TYPE=on-demand " + D4, "azure-functions my-azure-app", 1)]
    [InlineData("D15", "AWS_LAMBDA_INITIALIZATION_TYPE=native-http AWS_LAMBDA_FUNCTION_NAME=fn", "lambda-lite fn", 0)]
    [InlineData("blank = missing", "FUNCTIONS_EXTENSION_VERSION=~4 FUNCTIONS_WORKER_RUNTIME= WEBSITE_SITE_NAME=x", null, 0)]
    [InlineData("the user decides", D1 + " " + D4 + " MAYFLY_PLATFORM=Azure-Functions", "azure-functions my-azure-app", 0)]
    [InlineData("the user's word fits none", D1 + " " + D4 + " MAYFLY_PLATFORM=spring", null, 0)]
    public void Finds_the_platform(string row, string environment, string? expected, int complaints)
    {
        PlatformDetection found = PlatformDetection.Detect(Environments.Parse(environment));
        Assert.Equal(expected, found.Platform is { } platform ? $"{platform.Word} {platform.AppName}" : null);
        Assert.True(complaints == found.Complaints.Count, row);
    }

    /// <summary>A word of the user's that names no candidate costs one warning, by name.</summary>
    [Fact]
    public void A_word_that_names_no_candidate_is_warned_of()
    {
        EnvReader env = Environments.Parse(D1 + " " + D4 + " MAYFLY_PLATFORM=spring");
        Assert.Equal(2, PlatformDetection.Detect(env).Candidates.Count);
        Assert.Contains("MAYFLY_PLATFORM=spring", Assert.Single(env.Warnings), StringComparison.Ordinal);
        Assert.Contains("lambda-lite or azure-functions", env.Warnings[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("native-http", true)]
    [InlineData("on-demand", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    [InlineData("Native-HTTP", false)]
    [InlineData(" native-http", false)]
    [InlineData("provisioned-concurrency", false)]
    [InlineData("snap-start", false)]
    [InlineData("lambda-managed-instances", false)]
    public void L1_is_exact(string? value, bool expected) => Assert.Equal(expected, LambdaLite.IsLambdaLite(value));

    /// <summary>A3, second table.</summary>
    [Theory]
    [InlineData(CompatPlatformKind.Lambda, "lambda", "lambda", 38, true)]
    [InlineData(CompatPlatformKind.AzureFunctions, "azurefunction", "azurefunction", 71, true)]
    [InlineData(CompatPlatformKind.GoogleFunctions, "cloudfunction", "cloudrun", 36, true)]
    [InlineData(CompatPlatformKind.AzureSpringApps, "azurespringapp", "azurespringapp", 0, false)]
    public void Names_the_origin(CompatPlatformKind kind, string origin, string proxied, uint category, bool namesFunction)
    {
        var platform = new CompatPlatform(kind, "app");
        Assert.Equal((origin, proxied, category, namesFunction), (platform.Origin, platform.ProxyOrigin, platform.OriginCategory, platform.NamesFunction));
    }
}
