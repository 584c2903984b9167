using System.Globalization;
using System.Text;
using Mayfly.Config;
using Mayfly.Diagnostics;
using Mayfly.Local.Intake;
using Mayfly.Platforms.Lambda;
using Mayfly.Testing;
using Mayfly.Tests.Config;
using Mayfly.Tests.Http;
using Mayfly.Tests.Proxies;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda;

/// <summary>The whole agent in this process, between a scripted platform and a real intake.</summary>
internal sealed class AgentRig : IAsyncDisposable
{
    public const string Key = "0123456789abcdef0123456789abcdef";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly MemoryStream _output = new();
    private readonly DirectoryInfo _spool = Directory.CreateTempSubdirectory("mayfly-test-");

    private AgentRig(LocalIntake intake, ScriptedPlatform platform, TimeProvider time, (string Name, string Value)[] more)
    {
        Intake = intake;
        Platform = platform;
        var all = new List<(string, string)>
        {
            (Keys.ApiKey, Key), (Keys.LogsUrl, intake.Url), (Keys.SpoolPath, _spool.FullName),
            (Keys.LifecyclePort, FreePort()), (Keys.TracePort, FreePort()), (Keys.TelemetryPort, FreePort()), (Keys.DogStatsdPort, FreePort()),
            (Keys.FunctionName, "my-fn"), (Keys.FunctionMemorySize, "128"), (Keys.InitializationType, "on-demand"), (Keys.Region, "us-east-1"),
        };
        all.AddRange(ProxyRig.AllAt(intake.Url));
        all.AddRange(more);
        Settings = Environments.Read([.. all]);
        Agent = new LambdaAgent(Settings, platform.Address, time, new Log(LogLevel.Info, _output));
        Running = Agent.RunAsync();
    }

    public Settings Settings { get; }

    public LocalIntake Intake { get; }

    public ScriptedPlatform Platform { get; }

    public LambdaAgent Agent { get; }

    /// <summary>The agent's exit code.</summary>
    public Task<int> Running { get; }

    public string Output => Encoding.UTF8.GetString(_output.ToArray());

    public static async Task<AgentRig> StartAsync(Action<ScriptedPlatform>? script = null, params (string Name, string Value)[] more)
    {
        var platform = new ScriptedPlatform();
        script?.Invoke(platform);
        return new AgentRig(await FreePorts.IntakeAsync(), platform, TimeProvider.System, more);
    }

    public static async Task<AgentRig> StartAtAsync(TimeProvider time, params (string Name, string Value)[] more) =>
        new(await FreePorts.IntakeAsync(), new ScriptedPlatform(), time, more);

    /// <summary>A port that nobody uses, and that nobody else is given.</summary>
    public static string FreePort() => FreePorts.One().ToString(CultureInfo.InvariantCulture);

    public async Task<RawAnswer> PostAsync(int port, string path, string body, params string[] headers)
    {
        using var client = new RawHttp(port);
        return await client.RequestAsync("POST", path, Encoding.UTF8.GetBytes(body), headers);
    }

    public Task<RawAnswer> TelemetryAsync(string batch) => PostAsync(Settings.Listeners.TelemetryPort, "/", batch);

    public Task<RawAnswer> RuntimeDoneAsync(string id, string status = "success") => TelemetryAsync(
        $$$$"""[{"time":"2022-10-21T14:05:05.764Z","type":"platform.runtimeDone","record":{"requestId":"{{{{id}}}}","status":"{{{{status}}}}","metrics":{"durationMs":2599.0}}}]""");

    public Task<int> EndAsync() => Running.WaitAsync(Patience);

    public async ValueTask DisposeAsync()
    {
        await Agent.DisposeAsync();
        await Platform.DisposeAsync();
        await Intake.DisposeAsync();
        _spool.Delete(recursive: true);
    }

    /// <summary>The values of an enhanced metric: count and sum.</summary>
    public (long Count, double Sum) Metric(string name)
    {
        ReceivedSketch[] sketches = [.. Intake.Metrics.Where(metric => metric.Name == "aws.lambda.enhanced." + name).SelectMany(static metric => metric.Sketches)];
        return (sketches.Sum(static sketch => sketch.Count), sketches.Sum(static sketch => sketch.Sum));
    }

    /// <summary>Whatever happened, nothing is unaccounted for.</summary>
    public void AssertSums()
    {
        foreach (Signal signal in Enum.GetValues<Signal>())
        {
            SignalCounters counters = Agent.Counters[signal];
            Assert.Equal(counters.Accepted, counters.Delivered + counters.Buffered + counters.Stored + counters.DroppedInAll - counters.DroppedFor(DropReason.Malformed));
        }
    }
}
