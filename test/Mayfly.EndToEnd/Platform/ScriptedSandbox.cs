using System.Net;
using System.Net.Sockets;
using System.Text;
using Mayfly.EndToEnd.Agents;
using Mayfly.Local.Cli;
using Mayfly.Local.Emulator;
using Mayfly.Local.Intake;
using Mayfly.Testing;
using Xunit;

namespace Mayfly.EndToEnd.Platform;

/// <summary>What is special about a <see cref="ScriptedSandbox"/>.</summary>
internal sealed record ScriptedOptions
{
    /// <summary>The platform's answer to the telemetry subscription.</summary>
    public int SubscriptionStatus { get; init; } = 200;

    /// <summary>Settings of the agent; an empty value removes one.</summary>
    public IReadOnlyDictionary<string, string>? Variables { get; init; }

    /// <summary>What the agent must not print, beside the secrets of every agent.</summary>
    public IReadOnlyList<string> Secrets { get; init; } = [];

    /// <summary>Runs the agent; null = the agent itself.</summary>
    public ProcessCommand? Command { get; init; }

    /// <summary>Null = any free ones.</summary>
    public LocalPorts? Ports { get; init; }

    /// <summary>The intake of an earlier sandbox; null = one of its own.</summary>
    public LocalIntake? Intake { get; init; }

    /// <summary>The temporary space of an earlier process of this sandbox, which the sandbox does not remove; null = one of its own.</summary>
    public string? TemporaryFolder { get; init; }
}

/// <summary>The agent between a platform that does what the test says and an intake; the test itself plays the function and its tracer.</summary>
internal sealed class ScriptedSandbox : IAsyncDisposable
{
    /// <summary>What Lambda gives an extension for SHUTDOWN.</summary>
    public static readonly TimeSpan LambdaBudget = TimeSpan.FromSeconds(2);

    private static readonly IPAddress Loopback = IPAddress.Loopback;
    private static readonly TimeSpan Plenty = TimeSpan.FromSeconds(10);

    private readonly Socket _udp = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly ScriptedOptions _options;
    private readonly string _folder;
    private ulong _lastId;

    private ScriptedSandbox(ScriptedOptions options, string folder, ScriptedPlatform platform, LocalIntake intake, AgentProcess agent, LocalPorts ports)
    {
        _options = options;
        _folder = folder;
        Platform = platform;
        Intake = intake;
        Agent = agent;
        Ports = ports;
    }

    public ScriptedPlatform Platform { get; }

    public LocalIntake Intake { get; }

    public AgentProcess Agent { get; }

    public LocalPorts Ports { get; }

    /// <summary>Returns when the agent waits for its first event.</summary>
    public static async Task<ScriptedSandbox> StartAsync(string agent, ScriptedOptions? options = null)
    {
        options ??= new ScriptedOptions();
        LocalPorts ports = options.Ports ?? FreePorts.Pick();
        ScriptedPlatform platform = await ScriptedPlatform.StartAsync(options.SubscriptionStatus);
        LocalIntake intake = options.Intake ?? await LocalIntake.StartAsync();
        string folder = options.TemporaryFolder ?? Directory.CreateTempSubdirectory("mayfly-test-").FullName;
        var variables = new Dictionary<string, string> { ["TMPDIR"] = folder };
        foreach ((string name, string value) in options.Variables ?? new Dictionary<string, string>())
        {
            variables[name] = value;
        }

        ProcessCommand command = options.Command ?? AgentUnderTest.Command(agent);
        AgentProcess process = AgentProcess.Start(command, platform.Address, intake.Url, ports, variables, options.Secrets);
        var sandbox = new ScriptedSandbox(options, folder, platform, intake, process, ports);
        try
        {
            await sandbox.AgentIsWaitingAsync();
            return sandbox;
        }
        catch
        {
            await sandbox.DisposeAsync();
            throw;
        }
    }

    public Task AgentIsWaitingAsync() => Platform.AgentIsWaitingAsync(() => Agent.ToString());

    /// <summary>Starts an invocation and says so in the telemetry.</summary>
    public async Task BeginAsync(string requestId, TimeSpan? timeout = null)
    {
        Platform.Invoke(requestId, timeout ?? TimeSpan.FromSeconds(30));
        if (Platform.TelemetryPort.IsCompleted)
        {
            await TellAsync(TelemetryEvents.Start(requestId));
        }
    }

    /// <summary>The runtime is done; returns when the agent is back in next.</summary>
    public async Task FinishAsync(string requestId)
    {
        await TellAsync(TelemetryEvents.RuntimeDone(requestId));
        await AgentIsWaitingAsync();
    }

    /// <summary>Posts a batch of telemetry events.</summary>
    public async Task TellAsync(params string[] events) =>
        Assert.Equal(200, await PostAsync(await Platform.TelemetryPort, "/", Encoding.UTF8.GetBytes($"[{string.Join(',', events)}]")));

    /// <summary>A trace of one span below nothing; returns the span's id.</summary>
    public async Task<ulong> TraceAsync(string name)
    {
        ulong id = ++_lastId;
        var span = new SampleSpan { Name = name, TraceId = 77, SpanId = id, Start = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() * 1_000_000 };
        Assert.Equal(200, await PostAsync(Ports.Traces, "/v0.4/traces", SampleSpan.V04([span]), KeyValuePair.Create("Content-Type", "application/msgpack")));
        return id;
    }

    public async Task DatagramAsync(ReadOnlyMemory<byte> bytes) => await _udp.SendToAsync(bytes, new IPEndPoint(Loopback, Ports.DogStatsd));

    public Task DatagramAsync(string text) => DatagramAsync(Encoding.UTF8.GetBytes(text));

    public static async Task<int> PostAsync(int port, string path, ReadOnlyMemory<byte> body, params KeyValuePair<string, string>[] headers)
    {
        using var connection = new RawHttpConnection(port);
        return (await connection.SendAsync("POST", path, body, headers)).Status;
    }

    /// <summary>Shuts down and checks that the agent ends by itself, in time, with exit code 0.</summary>
    /// <param name="budget">Null = more than Lambda's two seconds: what this machine may need for what is sent at the end is not the subject.</param>
    /// <param name="reason">As told to the agent.</param>
    public async Task ShutDownAsync(TimeSpan? budget = null, string reason = "spindown")
    {
        TimeSpan time = budget ?? Plenty;
        Platform.Shutdown(time, reason);
        Assert.Equal(0, await Agent.ExitCodeAsync(time));
    }

    public async ValueTask DisposeAsync()
    {
        await Agent.DisposeAsync();
        await Platform.DisposeAsync();
        _udp.Dispose();
        if (_options.Intake is null)
        {
            await Intake.DisposeAsync();
        }

        if (_options.TemporaryFolder is null)
        {
            Directory.Delete(_folder, recursive: true);
        }
    }
}
