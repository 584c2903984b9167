using Mayfly.Config;
using Mayfly.Platforms.Compat;
using Mayfly.Tests.Config;
using Xunit;

namespace Mayfly.Tests.Platforms.Compat;

/// <summary>docs/spec/06-compat-and-init.md A4.1, A8 (Azure function tags) and A10.</summary>
public class AzureSiteTests
{
    private const string Owner = "00000000-0000-0000-0000-000000000000+test-rg-EastUSwebspace";

    /// <summary>A8, the table of <c>WEBSITE_OWNER_NAME</c>; <c>-</c> = unknown.</summary>
    [Theory]
    [InlineData(Owner + "-Linux", null, null, null, "00000000-0000-0000-0000-000000000000", "test-rg")]
    [InlineData(Owner, null, null, null, "00000000-0000-0000-0000-000000000000", "test-rg")]
    [InlineData("foo", null, null, null, "foo", "-")]
    [InlineData("sub-123+rg-webspace", null, null, null, "sub-123", "-")]
    [InlineData("flex+rg-EastUSwebspace-Linux", "FlexConsumption", null, null, "flex", "-")]
    [InlineData("flex+rg-EastUSwebspace-Linux", "FlexConsumption", "test-flex-rg", null, "flex", "test-flex-rg")]
    [InlineData("flex+rg-EastUSwebspace-Linux", "FlexConsumption", null, "a", "flex", "a")]
    [InlineData(Owner, null, "b", "a", "00000000-0000-0000-0000-000000000000", "b")]
    [InlineData(Owner, null, " ", " ", "00000000-0000-0000-0000-000000000000", "test-rg")]
    [InlineData(" ", null, null, null, "-", "-")]
    [InlineData("+rg-EastUSwebspace", null, null, null, "-", "-")]
    [InlineData("a+b+my-rg-West Europewebspace", null, null, null, "a", "my-rg")]
    [InlineData("a+webspace", null, null, null, "a", "-")]
    [InlineData("a+", null, null, null, "a", "-")]
    public void Tells_subscription_and_group(string owner, string? sku, string? named, string? platform, string subscription, string group)
    {
        AzureSite site = Read(
            (PlatformKeys.WebsiteOwnerName, owner), (PlatformKeys.WebsiteSku, sku!), (CompatKeys.AzureResourceGroup, named!), (PlatformKeys.WebsiteResourceGroup, platform!));
        Assert.Equal((subscription, group), (site.SubscriptionId ?? "-", site.ResourceGroup ?? "-"));
    }

    /// <summary>The first of three that is not blank.</summary>
    [Theory]
    [InlineData("RD1", "pod", "c", "RD1")]
    [InlineData(" ", "pod", "c", "pod")]
    [InlineData(null, "", "c", "c")]
    [InlineData(null, null, null, null)]
    public void A8_instance_name(string? computer, string? pod, string? container, string? expected) => Assert.Equal(
        expected,
        Read((PlatformKeys.ComputerName, computer!), (PlatformKeys.WebsitePodName, pod!), (PlatformKeys.ContainerName, container!)).InstanceName);

    [Theory]
    [InlineData(false, null, "linux", "/home/site/wwwroot")]
    [InlineData(true, null, "windows", @"C:\home\site\wwwroot")]
    [InlineData(true, "linux", "linux", @"C:\home\site\wwwroot")]
    public void A8_operating_system(bool isWindows, string? named, string expected, string root)
    {
        var site = AzureSite.Read(Environments.Reader((PlatformKeys.WebsiteOs, named!)), isWindows);
        Assert.Equal((expected, root), (site.OperatingSystemName, site.Root));
    }

    [Fact]
    public void A8_what_is_absent_is_unknown_and_the_id_needs_all_parts()
    {
        string tags = Read((PlatformKeys.WebsiteSiteName, " My-App ")).SpanTags().Joined;
        Assert.Equal(
            "aas.environment.instance_id:unknown,aas.environment.instance_name:unknown,aas.environment.os:linux,aas.environment.runtime:unknown,"
            + "aas.environment.runtime_version:unknown,aas.environment.function_runtime:unknown,aas.resource.group:unknown,aas.site.kind:functionapp,"
            + "aas.site.type:function,aas.site.name:My-App,aas.subscription.id:unknown",
            tags);
    }

    /// <summary>A10, first vector.</summary>
    [Fact]
    public void A10_vector()
    {
        AzureSite site = Read(
            (PlatformKeys.FunctionsExtensionVersion, "~4"), (PlatformKeys.FunctionsWorkerRuntime, "java"), (PlatformKeys.WebsiteSiteName, "My-Func"),
            (PlatformKeys.WebsiteOwnerName, Owner + "-Linux"), (PlatformKeys.WebsiteSku, "ElasticPremium"), (PlatformKeys.AzureRegion, "East US"),
            (PlatformKeys.ComputerName, "RD0003FF"));
        Assert.Equal(
            "resource_group:test-rg,subscription_id:00000000-0000-0000-0000-000000000000,name:My-Func,region:East US,plan_tier:ElasticPremium",
            site.MetricTags(launcherVersion: null).Joined);
        Assert.Equal(
            "/subscriptions/00000000-0000-0000-0000-000000000000/resourcegroups/test-rg/providers/microsoft.web/sites/my-func",
            site.SpanTags().Find("aas.resource.id"));
        Assert.Equal("RD0003FF", site.SpanTags().Find("aas.environment.instance_name"));
    }

    /// <summary>A10: a value that makes an invalid tag is left out.</summary>
    [Fact]
    public void A10_a_value_that_ends_in_a_colon_is_left_out() =>
        Assert.Equal("serverless_compat_version:1.0", Read((PlatformKeys.AzureRegion, "x:")).MetricTags("1.0").Joined);

    /// <summary>F3, and G14: a folder that cannot be read is no failure.</summary>
    [Theory]
    [InlineData("host.json HttpTrigger1/function.json", true)]
    [InlineData("HttpTrigger1/function.json", true)]
    [InlineData("HttpTrigger1/deeper/function.json", false)]
    [InlineData("node_modules/host.json", false)]
    [InlineData("random_file.json", false)]
    [InlineData(null, false)]
    public void F3_files(string? files, bool expected)
    {
        DirectoryInfo root = Directory.CreateTempSubdirectory("mayfly-azure-");
        foreach (string file in files?.Split(' ') ?? [])
        {
            string path = Path.Combine(root.FullName, file);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, "{}");
        }

        if (files is null)
        {
            root.Delete();
        }

        Assert.Equal(expected, AzureFunctionFiles.AreIn(root.FullName));
        if (files is not null)
        {
            root.Delete(recursive: true);
        }
    }

    private static AzureSite Read(params (string, string)[] variables) => AzureSite.Read(Environments.Reader(variables), isWindows: false);
}
