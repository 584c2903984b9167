using Mayfly.Config;
using Mayfly.Platforms;
using Mayfly.Platforms.Compat;
using Mayfly.Tests.Config;
using Xunit;

namespace Mayfly.Tests.Platforms;

/// <summary>docs/spec/06-compat-and-init.md B1, the rows of the modes that exist.</summary>
public class ModeDetectorTests
{
    private const string Azure = "FUNCTIONS_EXTENSION_VERSION=~4 FUNCTIONS_WORKER_RUNTIME=node WEBSITE_SITE_NAME=app";
    private const string Lite = "AWS_LAMBDA_INITIALIZATION_TYPE=native-http AWS_LAMBDA_FUNCTION_NAME=fn";
    private const string Runtime = "AWS_LAMBDA_RUNTIME_API=127.0.0.1:9001";

    [Theory]
    [InlineData("/usr/bin/mayfly", "MAYFLY_MODE=lambda", AgentMode.Lambda)]
    [InlineData("/usr/bin/mayfly", "MAYFLY_MODE=LAMBDA", AgentMode.Lambda)]
    [InlineData("/usr/bin/mayfly", "MAYFLY_MODE=lambda " + Azure, AgentMode.Lambda)]
    [InlineData("/usr/bin/mayfly", "MAYFLY_MODE=compat " + Azure, AgentMode.Compat)]
    [InlineData("/usr/bin/mayfly", "MAYFLY_MODE=compat " + Runtime, AgentMode.None)]
    [InlineData("/opt/extensions/datadog-agent", "", AgentMode.Lambda)]
    [InlineData("/opt/datadog-agent", "", AgentMode.None)]
    [InlineData("/opt/extensions/other", "", AgentMode.None)]
    [InlineData("/tmp/datadog/datadog-serverless-compat", Azure, AgentMode.Compat)]
    [InlineData("/tmp/datadog/datadog-serverless-compat.exe", Lite, AgentMode.Compat)]
    [InlineData("/tmp/datadog/datadog-serverless-compat", "", AgentMode.None)]
    [InlineData("/usr/bin/mayfly", Runtime, AgentMode.Lambda)]
    [InlineData("/usr/bin/mayfly", Runtime + " AWS_LAMBDA_INITIALIZATION_TYPE=on-demand AWS_LAMBDA_FUNCTION_NAME=fn", AgentMode.Lambda)]
    [InlineData("/usr/bin/mayfly", Runtime + " " + Lite, AgentMode.Compat)]
    [InlineData("/usr/bin/mayfly", Runtime + " AWS_LAMBDA_INITIALIZATION_TYPE=native-http", AgentMode.None)]
    [InlineData("/usr/bin/mayfly", Lite, AgentMode.Compat)]
    [InlineData("/usr/bin/mayfly", Azure, AgentMode.Compat)]
    [InlineData("/usr/bin/mayfly", Azure + " " + Lite, AgentMode.None)]
    [InlineData("/usr/bin/mayfly", "AWS_LAMBDA_RUNTIME_API=", AgentMode.None)]
    [InlineData("/usr/bin/mayfly", "MAYFLY_MODE=surf " + Runtime, AgentMode.Lambda)]
    [InlineData("", "", AgentMode.None)]
    [InlineData("/", "", AgentMode.None)]
    public void Finds_the_mode(string program, string environment, AgentMode expected)
    {
        EnvReader env = Environments.Parse(environment);
        ModeChoice choice = ModeDetector.Detect(program, env);
        Assert.Equal(expected, choice.Mode);
        Assert.Equal(expected == AgentMode.Compat, choice.Platform is not null);
        Assert.Equal(expected == AgentMode.None, choice.Problem is not null);
        Assert.Equal(environment.Contains("surf", StringComparison.Ordinal) ? 1 : 0, env.Warnings.Count);
    }

    /// <summary>One line that says what was looked for, or what was found too often, and what to do.</summary>
    [Theory]
    [InlineData("", "AWS Lambda Lite (AWS_LAMBDA_INITIALIZATION_TYPE")]
    [InlineData(Azure + " " + Lite, "lambda-lite (fn) and azure-functions (app) at once. Set MAYFLY_PLATFORM")]
    [InlineData("MAYFLY_MODE=compat", "MAYFLY_MODE=compat asks for")]
    [InlineData("MAYFLY_MODE=compat AWS_LAMBDA_INITIALIZATION_TYPE=native-http", "looks like lambda-lite, but AWS_LAMBDA_FUNCTION_NAME is not")]
    public void Says_what_is_wrong(string environment, string expected)
    {
        string? problem = ModeDetector.Detect("/usr/bin/mayfly", Environments.Parse(environment)).Problem;
        Assert.Contains(expected, problem, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', problem!);
    }

    [Fact]
    public void Hands_on_the_platform() =>
        Assert.Equal(new CompatPlatform(CompatPlatformKind.Lambda, "fn"), ModeDetector.Detect("/x/mayfly", Environments.Parse(Lite)).Platform);
}
