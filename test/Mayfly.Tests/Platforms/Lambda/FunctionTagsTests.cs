using Mayfly.Config;
using Mayfly.Platforms.Lambda;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda;

/// <summary>docs/spec/01-lambda-lifecycle.md, section 6.1 and TV16.</summary>
public class FunctionTagsTests
{
    [Theory]
    [InlineData("functionname", "my-fn")]
    [InlineData("resource", "my-fn:7")]
    [InlineData("executedversion", "7")]
    [InlineData("region", "x")]
    [InlineData("team", "a")]
    [InlineData("service", "my-svc")]
    [InlineData("env", "dev")]
    [InlineData("memorysize", "128")]
    [InlineData("account_id", "123456789012")]
    [InlineData("aws_account", "123456789012")]
    [InlineData("function_arn", "arn:aws:lambda:us-east-1:123456789012:function:my-fn")]
    public void TV16_function_tags(string key, string expected)
    {
        var env = new Dictionary<string, string>
        {
            ["DD_SERVICE"] = "My-Svc",
            ["DD_ENV"] = "dev",
            ["DD_TAGS"] = "team:a,region:x",
            ["AWS_REGION"] = "us-east-1",
            ["AWS_LAMBDA_FUNCTION_NAME"] = "my-fn",
            ["AWS_LAMBDA_FUNCTION_VERSION"] = "7",
            ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] = "128",
        };
        var identity = new FunctionIdentity(Settings.Read(new EnvReader(env.GetValueOrDefault)), new Registration("id", "my-fn", "7", "123456789012"));
        Assert.Equal(expected, identity.Tags.Find(key));
        Assert.Equal(FunctionIdentity.ArchitectureName, identity.Tags.Find("architecture"));
    }
}
