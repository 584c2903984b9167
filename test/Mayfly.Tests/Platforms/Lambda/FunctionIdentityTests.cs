using Mayfly.Config;
using Mayfly.Platforms.Lambda;
using Mayfly.Tests.Config;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda;

/// <summary>docs/spec/01-lambda-lifecycle.md 6.1, 4.12; vectors TV1 and TV16.</summary>
public class FunctionIdentityTests
{
    private static readonly Registration Registered = new("id", "my-fn", "$LATEST", "123456789012");

    [Theory]
    [InlineData("us-west-2", "123456789012", "arn:aws:lambda:us-west-2:123456789012:function:my-fn")]
    [InlineData("us-gov-west-1", "123456789012", "arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:my-fn")]
    [InlineData("cn-north-1", "123456789012", "arn:aws-cn:lambda:cn-north-1:123456789012:function:my-fn")]
    [InlineData("us-west-2", null, "arn:aws:lambda:us-west-2:none:function:my-fn")]
    public void Tv1_arn(string region, string? account, string arn)
    {
        var identity = new FunctionIdentity(Environments.Read((Keys.Region, region), (Keys.FunctionName, "My-Fn")), Registered with { AccountId = account });
        Assert.Equal(arn, identity.Arn);
        Assert.Equal(arn, identity.Tags.Find("function_arn"));
        Assert.Equal("My-Fn", identity.Tags.Find("functionname"));
        Assert.Equal(account ?? "none", identity.Tags.Find("account_id"));
    }

    [Fact]
    public void Tv16_tags()
    {
        Settings settings = Environments.Read(
            (Keys.Service, "My-Svc"), (Keys.Env, "dev"), (Keys.Version, "1.10"), (Keys.FunctionName, "my-fn"), (Keys.FunctionMemorySize, "128"), (Keys.Region, "us-east-1"),
            (Keys.FunctionVersion, "7"), (Keys.InitializationType, "on-demand"), (Keys.Tags, "team:a,region:x"));
        var identity = new FunctionIdentity(settings, Registered);
        Assert.Equal(
            [
                "region:x", "account_id:123456789012", "aws_account:123456789012", "functionname:my-fn", "resource:my-fn:7", "executedversion:7",
                "function_arn:arn:aws:lambda:us-east-1:123456789012:function:my-fn", "version:1.10", "env:dev", "service:my-svc", "init_type:on-demand",
                "memorysize:128", "architecture:" + FunctionIdentity.ArchitectureName, "dd_extension_version:" + BuildInfo.Version, "team:a",
            ],
            identity.Tags.Items.Select(static tag => tag.Text));
        Assert.Equal("my-svc", identity.Service);
    }

    /// <summary>04 C.4: the reference's is empty, or <c>agent</c>.</summary>
    [Fact]
    public void C4_without_DD_SERVICE_the_service_of_logs_is_the_function()
    {
        Assert.Equal("my-fn", new FunctionIdentity(Environments.Read((Keys.FunctionName, "My-Fn")), Registered).Service);
    }

    [Fact]
    public void The_latest_version_is_no_version()
    {
        var identity = new FunctionIdentity(Environments.Read((Keys.FunctionName, "my-fn"), (Keys.FunctionVersion, "$LATEST")), Registered);
        Assert.Equal("my-fn", identity.Tags.Find("resource"));
        Assert.Null(identity.Tags.Find("executedversion"));
        Assert.Null(identity.Tags.Find("service"));
        Assert.Equal("my-fn", identity.Service);
    }

    /// <summary>4.12, the table, and what stands below it about the tag <c>service</c>.</summary>
    [Theory]
    [InlineData("My-Svc", "My-Fn", "true", null, "my-svc")]
    [InlineData("My-Svc", "My-Fn", "false", null, "my-svc")]
    [InlineData(null, "My-Fn", "true", null, "my-fn")]
    [InlineData(null, "My-Fn", "false", null, "aws.lambda")]
    [InlineData(null, "My-Fn", "false", "service:tagged", "tagged")]
    [InlineData(null, null, "true", null, "aws.lambda")]
    public void The_service_of_the_functions_span(string? service, string? name, string represents, string? tags, string expected)
    {
        Settings settings = Environments.Read(
            (Keys.Service, service!), (Keys.FunctionName, name!), (Keys.ServiceRepresentation, represents), (Keys.Tags, tags!));
        Assert.Equal(expected, new FunctionIdentity(settings, Registered with { FunctionName = "" }).SpanService);
    }

    [Theory]
    [InlineData(null, "from-platform", "from-platform")]
    [InlineData("from-env", "from-platform", "from-env")]
    [InlineData(null, "", null)]
    public void The_functions_name_comes_from_the_environment_or_the_platform(string? env, string platform, string? expected)
    {
        var identity = new FunctionIdentity(Environments.Read((Keys.FunctionName, env!)), Registered with { FunctionName = platform });
        Assert.Equal(expected, identity.FunctionName);
        Assert.Equal(expected, identity.Tags.Find("functionname"));
        Assert.Equal(expected ?? "aws.lambda", identity.Service);
    }
}
