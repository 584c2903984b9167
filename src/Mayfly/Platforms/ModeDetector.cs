using Mayfly.Config;

namespace Mayfly.Platforms;

/// <summary>The ways the one binary can be started (docs/spec/06-compat-and-init.md#b1-modes-and-command-line).</summary>
public enum AgentMode
{
    /// <summary>Nothing tells what to do here.</summary>
    None,

    /// <summary>An external extension of an AWS Lambda function.</summary>
    Lambda,
}

/// <summary>Finds the mode from the program's name and its environment: a pure function.</summary>
public static class ModeDetector
{
    /// <summary>What a person reads when nothing matched.</summary>
    public const string NoMode =
        "mayfly does not know what to do here: MAYFLY_MODE is not \"lambda\", the program is not extensions/datadog-agent, "
        + "and AWS_LAMBDA_RUNTIME_API (set by AWS Lambda) is missing. See the README for how to install it or to try it locally.";

    /// <param name="programPath">As started, for example <c>/opt/extensions/datadog-agent</c>.</param>
    public static AgentMode Detect(string programPath, EnvReader env)
    {
        switch (env.Text(Keys.Mode)?.Trim().ToLowerInvariant())
        {
            case "lambda":
                return AgentMode.Lambda;
            case { } unknown:
                env.Warn(Keys.Mode, unknown, "lambda, it is ignored");
                break;
        }

        bool isNamedAsExtension = Path.GetFileName(programPath) == "datadog-agent" && Path.GetFileName(Path.GetDirectoryName(programPath)) == "extensions";
        bool isLambda = env.Text(Keys.RuntimeApi) is not null && env.Text(Keys.InitializationType)?.Trim() != "native-http";
        return isNamedAsExtension || isLambda ? AgentMode.Lambda : AgentMode.None;
    }
}
