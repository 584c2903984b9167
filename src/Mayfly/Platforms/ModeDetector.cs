using Mayfly.Config;
using Mayfly.Platforms.Compat;

namespace Mayfly.Platforms;

/// <summary>The ways the one binary can be started (docs/spec/06-compat-and-init.md#b1-modes-and-command-line).</summary>
public enum AgentMode
{
    /// <summary>Nothing tells what to do here.</summary>
    None,

    /// <summary>An external extension of an AWS Lambda function.</summary>
    Lambda,

    /// <summary>Beside a program, started by its launcher or with it: AWS Lambda Lite, Azure Functions, Google functions, Azure Spring Apps.</summary>
    Compat,
}

/// <summary>What was found.</summary>
/// <param name="Mode">How to go on.</param>
/// <param name="Platform">Of <see cref="AgentMode.Compat"/>; else null.</param>
/// <param name="Problem">What a person reads with <see cref="AgentMode.None"/>; else null.</param>
public readonly record struct ModeChoice(AgentMode Mode, CompatPlatform? Platform = null, string? Problem = null);

/// <summary>Finds the mode from the program's name and its environment: a pure function.</summary>
public static class ModeDetector
{
    private const string CompatName = "datadog-serverless-compat";

    /// <param name="programPath">As started, for example <c>/opt/extensions/datadog-agent</c>.</param>
    public static ModeChoice Detect(string programPath, EnvReader env)
    {
        switch (env.Text(Keys.Mode)?.Trim().ToLowerInvariant())
        {
            case "lambda":
                return new ModeChoice(AgentMode.Lambda);
            case "compat":
                return Beside(env, $"{Keys.Mode}=compat asks for");
            case { } unknown:
                env.Warn(Keys.Mode, unknown, "lambda or compat, it is ignored");
                break;
        }

        if (Path.GetFileName(programPath) == "datadog-agent" && Path.GetFileName(Path.GetDirectoryName(programPath)) == "extensions")
        {
            return new ModeChoice(AgentMode.Lambda);
        }

        if (Path.GetFileName(programPath) is CompatName or CompatName + ".exe")
        {
            return Beside(env, $"the program's name, {CompatName}, stands for");
        }

        bool isLambda = env.Text(Keys.RuntimeApi) is not null && !LambdaLite.IsLambdaLite(env.Text(Keys.InitializationType));
        return isLambda ? new ModeChoice(AgentMode.Lambda) : Beside(env, asked: null);
    }

    /// <param name="env">The variables.</param>
    /// <param name="asked">Who wants this mode, for people; null: nobody, it is what the environment may tell.</param>
    private static ModeChoice Beside(EnvReader env, string? asked)
    {
        var found = PlatformDetection.Detect(env);
        return found.Platform is { } platform ? new ModeChoice(AgentMode.Compat, platform) : new ModeChoice(AgentMode.None, Problem: ProblemOf(found, asked));
    }

    private static string ProblemOf(PlatformDetection found, string? asked)
    {
        if (found.Candidates.Count > 1)
        {
            string all = string.Join(" and ", found.Candidates.Select(static one => $"{one.Word} ({one.AppName})"));
            return $"mayfly cannot tell where it runs: the environment looks like {all} at once. Set {CompatKeys.Platform} to the right one of these words.";
        }

        string complaints = string.Concat(found.Complaints.Select(static one => " " + one));
        return asked is null
            ? $"mayfly does not know what to do here: {Keys.Mode} is not \"lambda\" or \"compat\", the program is not extensions/datadog-agent or "
                + $"{CompatName}, {Keys.RuntimeApi} (set by AWS Lambda) is missing, and no other platform was found; looked for: {PlatformDetection.LookedFor}."
                + $"{complaints} See the README for how to install it or to try it locally."
            : $"mayfly cannot run here: {asked} the agent beside a program, but no platform was found. Looked for: {PlatformDetection.LookedFor}.{complaints}";
    }
}
