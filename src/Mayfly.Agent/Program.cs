using System.Text;
using Mayfly;
using Mayfly.Config;
using Mayfly.Diagnostics;
using Mayfly.Platforms;
using Mayfly.Platforms.Lambda;

const int CannotRun = 2;

if (args is ["--version"])
{
    Say(toError: false, $"mayfly {BuildInfo.Version}");
    return 0;
}

EnvReader env = EnvReader.OfThisProcess();
AgentMode mode = ModeDetector.Detect(Environment.ProcessPath ?? "", env);
Settings settings = Settings.Read(env);
var log = Log.ToStandardOutput(settings.LogLevel);
if (mode == AgentMode.None)
{
    Say(toError: true, ModeDetector.NoMode);
    return CannotRun;
}

if (settings.Lambda.RuntimeApi is not { } runtimeApi)
{
    Say(
        toError: true,
        $"mayfly cannot be a Lambda extension here: {Keys.RuntimeApi} is not set. AWS Lambda sets it; locally, start the agent through Mayfly.Local.");
    return CannotRun;
}

var agent = new LambdaAgent(settings, runtimeApi, TimeProvider.System, log);

// Not disposed: the process ends here, and closing listeners one by one would only use up the shutdown budget.
return await agent.RunAsync();

static void Say(bool toError, string line)
{
#pragma warning disable RS0030 // Before there is a log.
    using Stream output = toError ? Console.OpenStandardError() : Console.OpenStandardOutput();
#pragma warning restore RS0030
    output.Write(Encoding.UTF8.GetBytes(line + "\n"));
}
