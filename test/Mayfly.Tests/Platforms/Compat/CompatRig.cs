using System.Net;
using System.Net.Sockets;
using System.Text;
using Mayfly.Config;
using Mayfly.Diagnostics;
using Mayfly.Local.Intake;
using Mayfly.Platforms.Compat;
using Mayfly.Testing;
using Mayfly.Tests.Config;
using Mayfly.Tests.Http;
using Mayfly.Tests.Platforms.Lambda;
using Mayfly.Tests.Proxies;
using Xunit;

namespace Mayfly.Tests.Platforms.Compat;

/// <summary>The whole agent of this mode in this process, before a real intake.</summary>
internal sealed class CompatRig : IAsyncDisposable
{
    public const string Key = AgentRig.Key;

    /// <summary>Vector D15.</summary>
    public static readonly (string, string)[] LambdaLite = [(Keys.InitializationType, "native-http"), (Keys.FunctionName, "fn")];

    /// <summary>Vector D4.</summary>
    public static readonly (string, string)[] Azure =
    [
        (PlatformKeys.FunctionsExtensionVersion, "~4"), (PlatformKeys.FunctionsWorkerRuntime, "java"), (PlatformKeys.WebsiteSiteName, "my-azure-app"),
    ];

    /// <summary>Vector D11.</summary>
    public static readonly (string, string)[] Spring = [(PlatformKeys.SpringApplication, "my-spring-app"), (PlatformKeys.HostName, "spring-1")];

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly MemoryStream _output = new();
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("mayfly-compat-");

    private CompatRig(LocalIntake intake, (string Name, string Value)[] variables, string? sentinel, bool leftOver, bool blockSentinel, TimeSpan? patience)
    {
        Intake = intake;
        string folder = Path.Combine(_folder.FullName, "datadog");
        Sentinel = sentinel ?? Path.Combine(folder, "mini_agent_ready");
        if (leftOver)
        {
            Directory.CreateDirectory(folder);
            File.WriteAllText(Sentinel, "");
        }
        else if (blockSentinel)
        {
            // A file where the folder should be: also root cannot write below it.
            File.WriteAllText(folder, "");
        }

        (string Name, string Value)[] all =
        [
            (Keys.ApiKey, Key), (Keys.SpoolPath, Path.Combine(_folder.FullName, "spool")), (Keys.LogsUrl, intake.Url),
            (Keys.TracePort, AgentRig.FreePort()), (Keys.DogStatsdPort, AgentRig.FreePort()), (CompatKeys.LogsPort, AgentRig.FreePort()),

            // What was accepted arrives, also on a machine that stands still for longer than the usual two seconds.
            (CompatKeys.WatchParent, "false"), (CompatKeys.ShutdownBudget, "20"), .. ProxyRig.AllAt(intake.Url), .. variables,
        ];
        EnvReader env = Environments.Reader(all);
        PlatformDetection found = PlatformDetection.Detect(env);
        Compat = CompatSettings.Read(env);
        Settings = Compat.ApplyTo(Settings.Read(env), isWindows: false);
        Agent = new CompatAgent(
            Settings, Compat, PlatformFacts.Read(env, found.Platform!), Sentinel, TimeProvider.System, new Log(LogLevel.Info, Stream.Synchronized(_output)))
        {
            Patience = patience,
        };
        Running = Agent.RunAsync();
    }

    public LocalIntake Intake { get; }

    public Settings Settings { get; }

    public CompatSettings Compat { get; }

    public CompatAgent Agent { get; }

    public Task<int> Running { get; }

    public string Sentinel { get; }

    public string Output => Encoding.UTF8.GetString(_output.ToArray());

    public int TracePort => Settings.Listeners.TracePort;

    public static Task<CompatRig> StartAsync((string Name, string Value)[] platform, params (string Name, string Value)[] more) =>
        StartAsync(platform, more, sentinel: null);

    /// <param name="platform">Its variables.</param>
    /// <param name="more">Variables on top.</param>
    /// <param name="sentinel">Path of the sentinel file; null: one of this rig's own.</param>
    /// <param name="leftOver">The file is there before the agent is.</param>
    /// <param name="blockSentinel">The file cannot be written.</param>
    /// <param name="patience">See <see cref="CompatAgent.Patience"/>.</param>
    public static async Task<CompatRig> StartAsync(
        (string Name, string Value)[] platform,
        (string Name, string Value)[] more,
        string? sentinel = null,
        bool leftOver = false,
        bool blockSentinel = false,
        TimeSpan? patience = null) =>
        new(await LocalIntake.StartAsync(), [.. platform, .. more], sentinel, leftOver, blockSentinel, patience);

    public static async Task<bool> IsServedAsync(int port)
    {
        try
        {
            return (await RawHttp.OnceAsync(port, "GET /info HTTP/1.1\r\nHost: localhost\r\n\r\n")).Status == 200;
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            return false;
        }
    }

    public async Task ReadyAsync() => Assert.True(await WaitAsync(async () => await IsServedAsync(TracePort)), Output);

    public static async Task<bool> WaitAsync(Func<Task<bool>> condition)
    {
        var watch = System.Diagnostics.Stopwatch.StartNew();
        while (!await condition())
        {
            if (watch.Elapsed > Patience)
            {
                return false;
            }

            await Task.Delay(5);
        }

        return true;
    }

    public Task<bool> WaitAsync(Func<bool> condition) => WaitAsync(() => Task.FromResult(condition()));

    public async Task<RawAnswer> PostAsync(int port, string path, byte[] body, params string[] headers)
    {
        using var client = new RawHttp(port);
        return await client.RequestAsync("POST", path, body, headers);
    }

    public async Task SendTraceAsync(params SampleSpan[] spans) =>
        Assert.Equal(200, (await PostAsync(TracePort, "/v0.4/traces", SampleSpan.V04(spans), "Content-Type: application/msgpack")).Status);

    public async Task SendMetricAsync(string line)
    {
        using var client = new UdpClient();
        await client.SendAsync(Encoding.UTF8.GetBytes(line), new IPEndPoint(IPAddress.Loopback, Settings.DogStatsd.Port));
    }

    public async Task SendLogAsync(string json) => Assert.Equal(200, (await PostAsync(Compat.LogsPort, "/v1/input", Encoding.UTF8.GetBytes(json))).Status);

    /// <summary>Ends it as SIGTERM does; returns the exit code.</summary>
    public Task<int> StopAsync()
    {
        Agent.Stop();
        return Running.WaitAsync(Patience);
    }

    public async ValueTask DisposeAsync()
    {
        if (!Running.IsCompleted)
        {
            await StopAsync();
        }

        await Agent.DisposeAsync();
        await Intake.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    /// <summary>Whatever happened, nothing is unaccounted for.</summary>
    public void AssertSums()
    {
        foreach (Signal signal in Enum.GetValues<Signal>())
        {
            SignalCounters counters = Agent.Counters[signal];
            long held = counters.Buffered + counters.Stored;
            Assert.Equal(counters.Accepted, counters.Delivered + held + counters.DroppedInAll - counters.DroppedFor(DropReason.Malformed));
        }
    }
}
