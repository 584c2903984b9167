using System.Text.Json;
using Mayfly.EndToEnd.Agents;
using Mayfly.EndToEnd.Functions;
using Mayfly.Local.Cli;
using Mayfly.Local.Emulator;
using Mayfly.Local.Intake;
using Xunit;

namespace Mayfly.EndToEnd;

/// <summary>Whatever the intake does, the function does not notice, the agent is back in time and loses nothing that it does not count.</summary>
public class IntakeTroubleTests
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Margin = TimeSpan.FromMilliseconds(100);

    public static TheoryData<string> Agents => AgentUnderTest.Names;

    public static TheoryData<string, string> AgentsAndTroubles =>
        AgentUnderTest.With("refuses", "hangs", "answers 500", "answers 403", "closes mid-response", "resets");

    [Theory, MemberData(nameof(AgentsAndTroubles))]
    public Task The_function_does_not_notice_an_intake_that(string agent, string trouble) => MachineStalls.ExcuseAsync(Margin, () => PlayAsync(agent, trouble));

    private static async Task PlayAsync(string agent, string trouble)
    {
        await using FunctionSandbox sandbox = await FunctionSandbox.StartAsync(agent, CSharpRun.Options(Timeout));
        await BreakAsync(sandbox.Intake, trouble);
        int? processId = null;
        for (int i = 0; i < 2; i++)
        {
            await InvokeAsync(sandbox);
            processId ??= sandbox.AgentProcessId;
            Assert.Equal(processId, sandbox.AgentProcessId);
        }

        (await sandbox.CountersAsync()).MustBalance();
        await RepairAsync(sandbox.Intake);
        InvocationResult recovered = await InvokeAsync(sandbox);
        AgentCounters counters = await sandbox.CountersAsync();
        counters.MustBalance();

        // The intake may still be given its rest; the last flush is not that patient.
        await sandbox.ShutDownAsync();
        MustHaveArrived(sandbox, recovered.RequestId);
        SentByCSharp sent = SentByCSharp.Parse(sandbox.Manifest);
        Assert.True(sent.Failures.Count == 0, string.Join("; ", sent.Failures) + sandbox);

        // The function's, and the agent's own of the cold start.
        Assert.Equal(sent.Spans.Count + sent.Roots.Count + 1, counters.Traces.Accepted);
        if (trouble == "answers 403")
        {
            Assert.True(counters.Traces.Dropped["rejected"] > 0);
            Assert.Equal(counters.Traces.Accepted - counters.Traces.Dropped["rejected"], sandbox.Intake.Spans.Count);
        }
        else
        {
            // What was taken without an answer is sent once more: it is at the intake, whatever the agent could learn about it.
            Arrived.AtLeastOnce(sent.Spans, sandbox.Intake.Spans);
            Assert.Equal(0, counters.Traces.DroppedInAll);
        }

        Assert.Single(sandbox.Emulator.Timeline, static entry => entry.Kind == SandboxEventKind.ProcessExited && entry.Subject == AgentProgram.ExtensionName);
    }

    [Theory, MemberData(nameof(Agents))]
    public async Task What_one_failed_attempt_kept_arrives_after_the_recovery(string agent)
    {
        await using FunctionSandbox sandbox = await FunctionSandbox.StartAsync(agent, CSharpRun.Options(Timeout));
        await BreakAsync(sandbox.Intake, "refuses");
        InvocationResult first = await InvokeAsync(sandbox);
        await RepairAsync(sandbox.Intake);
        InvocationResult second = await InvokeAsync(sandbox);
        AgentCounters counters = await sandbox.CountersAsync();
        counters.MustBalance();
        Assert.Equal(0, counters.Traces.DroppedInAll + counters.Metrics.DroppedInAll + counters.Logs.DroppedInAll);
        Assert.True(counters.Traces.Retried > 0);
        await sandbox.ShutDownAsync();
        MustHaveArrived(sandbox, first.RequestId);
        MustHaveArrived(sandbox, second.RequestId);
    }

    [Theory, MemberData(nameof(Agents))]
    public Task An_intake_that_is_down_at_the_end_does_not_hold_up_the_shutdown(string agent) => MachineStalls.ExcuseAsync(Margin, async () =>
    {
        await using FunctionSandbox sandbox = await FunctionSandbox.StartAsync(agent, CSharpRun.Options(Timeout));
        sandbox.Intake.SetFault("*", IntakeFault.Hang);
        await InvokeAsync(sandbox);
        await sandbox.ShutDownAsync();
        Assert.Contains(sandbox.Output, static line => line.Contains("wait on disk for the next start of this sandbox", StringComparison.Ordinal));
    });

    [Theory, MemberData(nameof(Agents))]
    public async Task Without_an_api_key_it_says_so_once_and_counts_what_it_drops(string agent)
    {
        EmulatorOptions options = CSharpRun.Options(Timeout);
        await using FunctionSandbox sandbox = await FunctionSandbox.StartAsync(
            agent, options with { Environment = new Dictionary<string, string>(options.Environment) { ["DD_API_KEY"] = "" } });
        await InvokeAsync(sandbox);
        await InvokeAsync(sandbox);

        AgentCounters counters = await sandbox.CountersAsync();
        counters.MustBalance();
        Assert.Equal(counters.Traces.Accepted, counters.Traces.Dropped["no_api_key"]);
        Assert.True(counters.Traces.Accepted > 0 && counters.Logs.Dropped["no_api_key"] > 0 && counters.Metrics.Dropped["no_api_key"] > 0);
        await sandbox.ShutDownAsync();
        Assert.Empty(sandbox.Intake.Requests);
        Assert.Single(sandbox.Output, static line => line.Contains("DD_API_KEY", StringComparison.Ordinal));
    }

    private static Task BreakAsync(LocalIntake intake, string trouble)
    {
        switch (trouble)
        {
            case "refuses":
                return intake.RefuseConnectionsAsync();
            case "hangs":
                intake.SetFault("*", IntakeFault.Hang);
                break;
            case "closes mid-response":
                intake.SetFault("*", IntakeFault.CloseMidResponse);
                break;
            case "resets":
                intake.SetFault("*", IntakeFault.Reset);
                break;
            default:
                intake.SetFault("*", IntakeFault.Status(int.Parse(trouble[^3..], System.Globalization.CultureInfo.InvariantCulture)));
                break;
        }

        return Task.CompletedTask;
    }

    private static Task RepairAsync(LocalIntake intake)
    {
        intake.ClearFault();
        return intake.AcceptConnectionsAsync();
    }

    private static async Task<InvocationResult> InvokeAsync(FunctionSandbox sandbox)
    {
        using var stalls = new MachineStalls();
        InvocationResult result = await sandbox.InvokeFileAsync("ok.json");
        Assert.True(result.Status == InvocationStatus.Success, $"{result.Status} {result.ErrorType}. {sandbox}");
        Assert.True(JsonDocument.Parse(result.ResponseBody).RootElement.GetProperty("served").GetBoolean());
        TimeSpan? left = Assert.Single(result.Extensions).BeforeDeadline;
        Assert.True(left >= Margin - stalls.Longest, $"The agent was back {left} before the deadline; the machine stalled for {stalls.Longest}.");
        return result;
    }

    private static void MustHaveArrived(FunctionSandbox sandbox, string requestId)
    {
        SentByCSharp sent = SentByCSharp.Parse(sandbox.Manifest).Of(requestId);
        Assert.NotEmpty(sent.Spans);
        Arrived.Spans(sent.Spans, sandbox.Intake.Spans);
        Arrived.Metrics(sent.Metrics, sandbox.Intake.Requests);
        Arrived.Logs(sent.Logs, sandbox.Intake.Logs);
        Assert.Single(sandbox.Intake.Spans, span => span.Name == "aws.lambda" && span.SpanId == sent.Roots.Single().SpanId);
    }
}
