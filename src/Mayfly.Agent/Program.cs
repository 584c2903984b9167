using System.Text;
using Mayfly;
using Mayfly.Config;
using Mayfly.Diagnostics;
using Mayfly.Lifecycle;
using Mayfly.Outbound;
using Mayfly.Platforms;
using Mayfly.Platforms.Compat;
using Mayfly.Platforms.Lambda;

const int LooksWrong = 1;
const int CannotRun = 2;

if (args is ["--version"])
{
    Say(toError: false, $"mayfly {BuildInfo.Version}");
    return 0;
}

SystemStore.KeepUnread();
NativeHeap.Limit();
EnvReader env = EnvReader.OfThisProcess();
if (args is ["config", .. string[] options])
{
    if (options is not ([] or ["--json"]))
    {
        return Refuse($"mayfly config takes no option but --json, not {string.Join(' ', options)}.");
    }

    // Its complaints are the report's too.
    ModeDetector.Detect(Environment.ProcessPath ?? "", env);
    var report = ConfigReport.Of(env);
    Say(toError: false, (options is [] ? report.ToText() : report.ToJson()).TrimEnd());
    return report.IsClean ? 0 : LooksWrong;
}

ModeChoice choice = ModeDetector.Detect(Environment.ProcessPath ?? "", env);
Settings settings = Settings.Read(env);
var log = Log.ToStandardOutput(settings.LogLevel);
if (choice is { Mode: AgentMode.Compat, Platform: { } platform })
{
    if (settings.Secrets is { PlainKey: null, IsRemote: false })
    {
        settings.Complain(log);
        return Refuse($"mayfly cannot run here: no API key. Set {Keys.ApiKey}, or one of the variables that name a secret that holds it.");
    }

    CompatSettings compat = CompatSettings.Read(env);
    settings = compat.ApplyTo(settings, OperatingSystem.IsWindows());
    return await new CompatAgent(settings, compat, PlatformFacts.Read(env, platform), SentinelFile.UsualPath, TimeProvider.System, log).RunAsync();
}

if (choice.Problem is { } problem)
{
    return Refuse(problem);
}

if (settings.Lambda.RuntimeApi is not { } runtimeApi)
{
    return Refuse(
        $"mayfly cannot be a Lambda extension here: {Keys.RuntimeApi} is not set. AWS Lambda sets it; locally, start the agent through Mayfly.Local.");
}

// Agents are not disposed: the process ends here, and closing listeners one by one would only use up the shutdown budget.
return await new LambdaAgent(settings, runtimeApi, TimeProvider.System, log).RunAsync();

static int Refuse(string line)
{
    Say(toError: true, line);
    return CannotRun;
}

static void Say(bool toError, string line)
{
    using Stream output = toError ? StandardStream.OpenError() : StandardStream.OpenOutput();
    output.Write(Encoding.UTF8.GetBytes(line + "\n"));
}
