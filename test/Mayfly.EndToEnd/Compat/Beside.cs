using System.Net;
using System.Net.Sockets;
using System.Text;
using Mayfly.EndToEnd.Agents;
using Mayfly.Local.Cli;
using Mayfly.Local.Emulator;
using Mayfly.Local.Intake;
using Mayfly.Testing;
using Xunit;

namespace Mayfly.EndToEnd.Compat;

/// <summary>An agent beside a program, as a process, in front of an intake of its own; the test is the program.</summary>
internal sealed class Beside : IAsyncDisposable
{
    /// <summary>Vector D1: every release of the mini agent takes it, and asks nothing of the platform.</summary>
    public static readonly IReadOnlyDictionary<string, string> Lambda = new Dictionary<string, string>
    {
        ["AWS_LAMBDA_INITIALIZATION_TYPE"] = "on-demand", ["AWS_LAMBDA_FUNCTION_NAME"] = "scripted",
    };

    private Beside(LocalIntake intake, LocalPorts ports, int logsPort, AgentProcess agent) => (Intake, Ports, LogsPort, Agent) = (intake, ports, logsPort, agent);

    public LocalIntake Intake { get; }

    public LocalPorts Ports { get; }

    public int LogsPort { get; }

    public AgentProcess Agent { get; }

    /// <summary>Returns when it listens.</summary>
    public static Task<Beside> StartAsync(ProcessCommand command, params KeyValuePair<string, string>[] more) => StartAsync(command, hasLogs: true, more);

    /// <param name="command">The agent.</param>
    /// <param name="hasLogs">It has a log intake; the mini agent of this release has none.</param>
    /// <param name="more">Variables on top.</param>
    public static async Task<Beside> StartAsync(ProcessCommand command, bool hasLogs, params KeyValuePair<string, string>[] more) =>
        await StartAsync(command, hasLogs, await LocalIntake.StartAsync(), more);

    /// <summary>In front of this intake, which is its own from here on.</summary>
    public static async Task<Beside> StartAsync(ProcessCommand command, bool hasLogs, LocalIntake intake, params KeyValuePair<string, string>[] more)
    {
        LocalPorts ports = FreePorts.Pick();
        int logsPort = FreePorts.One();
        var variables = new Dictionary<string, string>(Lambda)
        {
            ["DD_LOGS_ENABLED"] = "true", ["DD_LOGS_PORT"] = $"{logsPort}", ["DD_LOG_LEVEL"] = hasLogs ? "trace" : "error", ["MAYFLY_SPOOL"] = "false",

            // What this machine may need for what is sent at the end is not the subject.
            ["MAYFLY_SHUTDOWN_BUDGET"] = "10",
        };
        foreach ((string name, string value) in more)
        {
            variables[name] = value;
        }

        var beside = new Beside(intake, ports, logsPort, AgentProcess.StartBeside(command, intake.Url, ports, variables));
        await Until.TrueAsync(() => FreePorts.IsListening(ports.Traces), "the agent listens", beside.Agent.ToString);
        await Until.TrueAsync(() => FreePorts.TakesDatagrams(ports.DogStatsd), "the agent takes datagrams", beside.Agent.ToString);
        await Until.TrueAsync(() => !hasLogs || FreePorts.IsListening(logsPort), "the log intake listens", beside.Agent.ToString);
        return beside;
    }

    public async Task<int> PostAsync(int port, string path, byte[] body, params KeyValuePair<string, string>[] headers)
    {
        using var connection = new RawHttpConnection(port);
        return (await connection.SendAsync("POST", path, body, headers)).Status;
    }

    public async Task SendTraceAsync(params SampleSpan[] spans) => Assert.Equal(
        200, await PostAsync(Ports.Traces, "/v0.4/traces", SampleSpan.V04(spans), new("Content-Type", "application/msgpack"), new("Datadog-Meta-Lang", "nodejs")));

    public async Task SendLogsAsync(string json) => Assert.Equal(200, await PostAsync(LogsPort, "/v1/input", Encoding.UTF8.GetBytes(json)));

    public async Task SendMetricsAsync(string lines)
    {
        using var client = new UdpClient();
        await client.SendAsync(Encoding.UTF8.GetBytes(lines), new IPEndPoint(IPAddress.Loopback, Ports.DogStatsd));
    }

    public async ValueTask DisposeAsync()
    {
        await Agent.DisposeAsync();
        await Intake.DisposeAsync();
    }
}
