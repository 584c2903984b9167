using Mayfly.Config;
using Mayfly.Platforms;
using Mayfly.Tests.Config;
using Xunit;

namespace Mayfly.Tests.Platforms;

/// <summary>docs/spec/06-compat-and-init.md B1, the rows of the modes that exist.</summary>
public class ModeDetectorTests
{
    [Theory]
    [InlineData("/usr/bin/mayfly", "lambda", null, null, AgentMode.Lambda)]
    [InlineData("/usr/bin/mayfly", " LAMBDA ", null, null, AgentMode.Lambda)]
    [InlineData("/opt/extensions/datadog-agent", null, null, null, AgentMode.Lambda)]
    [InlineData("/opt/datadog-agent", null, null, null, AgentMode.None)]
    [InlineData("/opt/extensions/other", null, null, null, AgentMode.None)]
    [InlineData("/usr/bin/mayfly", null, "127.0.0.1:9001", null, AgentMode.Lambda)]
    [InlineData("/usr/bin/mayfly", null, "127.0.0.1:9001", "on-demand", AgentMode.Lambda)]
    [InlineData("/usr/bin/mayfly", null, "127.0.0.1:9001", "native-http", AgentMode.None)]
    [InlineData("/usr/bin/mayfly", null, " ", null, AgentMode.None)]
    [InlineData("/usr/bin/mayfly", "surf", "127.0.0.1:9001", null, AgentMode.Lambda)]
    [InlineData("", null, null, null, AgentMode.None)]
    [InlineData("/", null, null, null, AgentMode.None)]
    public void Finds_the_mode(string program, string? mode, string? runtimeApi, string? initializationType, AgentMode expected)
    {
        EnvReader env = Environments.Reader((Keys.Mode, mode!), (Keys.RuntimeApi, runtimeApi!), (Keys.InitializationType, initializationType!));
        Assert.Equal(expected, ModeDetector.Detect(program, env));
        Assert.Equal(mode == "surf" ? 1 : 0, env.Warnings.Count);
    }
}
