using System.Net;
using System.Net.Sockets;
using Mayfly.EndToEnd.Agents;
using Mayfly.EndToEnd.Platform;
using Mayfly.Local.Cli;
using Mayfly.Local.Intake;
using Mayfly.Testing;
using Xunit;

namespace Mayfly.EndToEnd;

/// <summary>
/// Whatever the platform and the machine do, the agent serves what it can and ends at SHUTDOWN with exit code 0
/// (docs/spec/01-lambda-lifecycle.md#25-exit-and-idle-conditions).
/// </summary>
public class PlatformTroubleTests
{
    private static readonly string[] Listeners = ["lifecycle", "dogstatsd", "traces", "telemetry"];

    public static TheoryData<string> Agents => AgentUnderTest.Names;

    public static TheoryData<string, string> AgentsAndListeners => AgentUnderTest.With(Listeners);

    [Theory, MemberData(nameof(Agents))]
    public async Task Shutdown_as_the_first_event_ends_it_with_exit_code_0(string agent)
    {
        await using ScriptedSandbox sandbox = await ScriptedSandbox.StartAsync(agent);
        await sandbox.ShutDownAsync(ScriptedSandbox.LambdaBudget);
    }

    [Theory, MemberData(nameof(Agents))]
    public async Task What_is_accepted_just_before_shutdown_arrives(string agent)
    {
        await using ScriptedSandbox sandbox = await ScriptedSandbox.StartAsync(agent);
        await sandbox.BeginAsync("last");
        await sandbox.FinishAsync("last");

        ulong span = await sandbox.TraceAsync("late.span");
        await sandbox.DatagramAsync("late.udp:3|c");
        Assert.Equal(200, await ScriptedSandbox.PostAsync(sandbox.Ports.Traces, "/dogstatsd/v2/proxy", "late.http:4|c"u8.ToArray()));
        await sandbox.TellAsync(TelemetryEvents.Line("late line"), TelemetryEvents.Report("last"));
        await sandbox.ShutDownAsync();

        Assert.Contains(sandbox.Intake.Spans, one => one.SpanId == span);
        Assert.Equal(3, TotalOf(sandbox, "late.udp"));
        Assert.Equal(4, TotalOf(sandbox, "late.http"));
        Assert.Contains(sandbox.Intake.Logs, one => one.Message == "late line");
        Assert.Equal(1, TotalOf(sandbox, "aws.lambda.enhanced.duration"));
    }

    [Theory, MemberData(nameof(Agents))]
    public async Task Sigterm_in_an_invocation_delivers_what_was_accepted_and_exits_with_0(string agent)
    {
        await using ScriptedSandbox sandbox = await ScriptedSandbox.StartAsync(agent);
        await sandbox.BeginAsync("cut-off");
        ulong span = await sandbox.TraceAsync("cut.off");
        await sandbox.DatagramAsync("cut.off:5|c");
        await sandbox.TellAsync(TelemetryEvents.Line("cut off"));

        sandbox.Agent.SendSigTerm();

        Assert.Equal(0, await sandbox.Agent.ExitCodeAsync(Until.Patience));
        Assert.Contains(sandbox.Intake.Spans, one => one.SpanId == span);
        Assert.Equal(5, TotalOf(sandbox, "cut.off"));
        Assert.Contains(sandbox.Intake.Logs, one => one.Message == "cut off");
    }

    [Theory, MemberData(nameof(Agents))]
    public async Task An_unknown_event_is_skipped(string agent)
    {
        await using ScriptedSandbox sandbox = await ScriptedSandbox.StartAsync(agent);
        foreach (string unknown in new[] { """{"eventType":"HIBERNATE","deadlineMs":1}""", "{}", "", "[1,2", """{"eventType":7}""" })
        {
            int calls = sandbox.Platform.NextCalls;
            sandbox.Platform.Answer(unknown);
            await Until.TrueAsync(() => sandbox.Platform.NextCalls > calls, $"next after {unknown}", () => sandbox.Agent.ToString());
            await sandbox.AgentIsWaitingAsync();
        }

        await sandbox.BeginAsync("after");
        ulong span = await sandbox.TraceAsync("after.unknown");
        await sandbox.FinishAsync("after");
        Assert.Contains(sandbox.Intake.Spans, one => one.SpanId == span);
        await sandbox.ShutDownAsync();
    }

    /// <summary>202 is what local emulators without telemetry answer.</summary>
    [Theory, MemberData(nameof(AgentsAndStatuses))]
    public async Task Without_telemetry_traces_and_metrics_are_sent_with_the_next_invocation(string agent, int status)
    {
        await using ScriptedSandbox sandbox = await ScriptedSandbox.StartAsync(agent, new ScriptedOptions { SubscriptionStatus = status });
        sandbox.Platform.Invoke("one", TimeSpan.FromSeconds(30));
        await sandbox.AgentIsWaitingAsync();
        ulong span = await sandbox.TraceAsync("without.telemetry");
        await sandbox.DatagramAsync("without.telemetry:6|c");
        sandbox.Platform.Invoke("two", TimeSpan.FromSeconds(30));
        await sandbox.AgentIsWaitingAsync();
        Assert.Contains(sandbox.Intake.Spans, one => one.SpanId == span);
        await sandbox.ShutDownAsync();
        Assert.Equal(6, TotalOf(sandbox, "without.telemetry"));
        Assert.Single(sandbox.Agent.Lines, line => line.Contains("No telemetry from the platform", StringComparison.Ordinal));
    }

    public static TheoryData<string, int> AgentsAndStatuses => AgentUnderTest.With([202, 403, 500]);

    [Theory, MemberData(nameof(AgentsAndListeners))]
    public async Task A_port_that_is_taken_costs_only_its_listener(string agent, string taken)
    {
        LocalPorts ports = FreePorts.Pick();
        using Socket occupant = Occupy(PortOf(ports, taken), taken == "dogstatsd");
        await using ScriptedSandbox sandbox = await ScriptedSandbox.StartAsync(agent, new ScriptedOptions { Ports = ports });
        bool hasTelemetry = taken != "telemetry";

        // Without telemetry nobody tells when an invocation is done: what it leaves goes out with the next one, or at the end.
        await sandbox.BeginAsync("one");
        ulong? span = taken == "traces" ? null : await sandbox.TraceAsync("port.taken");
        if (taken != "dogstatsd")
        {
            await sandbox.DatagramAsync("port.taken:7|c");
        }

        if (hasTelemetry)
        {
            await sandbox.TellAsync(TelemetryEvents.Line("port taken"));
            await sandbox.FinishAsync("one");
        }

        await sandbox.AgentIsWaitingAsync();
        await sandbox.ShutDownAsync();

        Assert.Equal(span is not null, sandbox.Intake.Spans.Any(one => one.SpanId == span));
        Assert.Equal(taken == "dogstatsd" ? 0 : 7, TotalOf(sandbox, "port.taken"));
        Assert.Equal(hasTelemetry, sandbox.Intake.Logs.Any(one => one.Message == "port taken"));
        string said = Assert.Single(sandbox.Agent.Lines, line => line.StartsWith("MAYFLY | ERROR", StringComparison.Ordinal));
        Assert.Contains($"port {PortOf(ports, taken)} ", said, StringComparison.Ordinal);
    }

    /// <summary>A tracer keeps one connection for the life of the sandbox, which is quiet between its payloads.</summary>
    [Theory, MemberData(nameof(Agents))]
    public async Task A_connection_that_was_quiet_for_seconds_still_works(string agent)
    {
        await using ScriptedSandbox sandbox = await ScriptedSandbox.StartAsync(agent);
        using var used = new RawHttpConnection(sandbox.Ports.Traces);
        using var unused = new RawHttpConnection(sandbox.Ports.Lifecycle);
        await unused.ConnectAsync();
        Assert.Equal(200, (await used.SendAsync("GET", "/info", default)).Status);

        // Nothing to wait for but the time itself: a server looks after its connections once a second.
        await Task.Delay(TimeSpan.FromSeconds(2.5), TestContext.Current.CancellationToken);

        Assert.Equal(200, (await used.SendAsync("GET", "/info", default)).Status);
        Assert.Equal(200, (await unused.SendAsync("POST", "/lambda/hello", default)).Status);
        await sandbox.ShutDownAsync();
    }

    private static int PortOf(LocalPorts ports, string listener) => listener switch
    {
        "lifecycle" => ports.Lifecycle,
        "dogstatsd" => ports.DogStatsd,
        "traces" => ports.Traces,
        _ => ports.Telemetry,
    };

    private static Socket Occupy(int port, bool isUdp)
    {
        var socket = new Socket(AddressFamily.InterNetwork, isUdp ? SocketType.Dgram : SocketType.Stream, isUdp ? ProtocolType.Udp : ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Any, port));
        if (!isUdp)
        {
            socket.Listen();
        }

        return socket;
    }

    private static double TotalOf(ScriptedSandbox sandbox, string metric) =>
        sandbox.Intake.Metrics.Where(one => one.Name == metric).Sum(one => one.Type == MetricType.Sketch ? one.Sketches.Sum(s => s.Count) : one.Total);
}
