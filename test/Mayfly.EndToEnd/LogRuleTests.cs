using System.Text.Json;
using Mayfly.EndToEnd.Agents;
using Mayfly.EndToEnd.Platform;
using Mayfly.Local.Intake;
using Xunit;

namespace Mayfly.EndToEnd;

/// <summary>What the user's rules, the limits and the agent's own lines make of the function's lines (docs/spec/04-metrics-logs.md C.9, C.10, D).</summary>
public class LogRuleTests
{
    private const string CutMark = "...TRUNCATED...";

    private const string Masks = """
        [{"type":"mask_sequences","name":"cards","pattern":"\\b(\\d{4})-\\d{4}-\\d{4}-(\\d{4})\\b","replace_placeholder":"$1-****-****-$2"},
         {"type":"mask_sequences","name":"behind","pattern":"(?<=secret )\\w+"},
         {"type":"mask_sequences","name":"mails","pattern":"[\\w.]+@[\\w.]+","replace_placeholder":"[mail]"},
         {"type":"exclude_at_match","name":"health","pattern":"GET /health"},
         {"type":"exclude_at_match","name":"platform","pattern":"^(START|END|REPORT) RequestId"},
         {"type":"include_at_match","name":"known","pattern":"order|bought|x{20}"}]
        """;

    public static TheoryData<string> Agents => AgentUnderTest.Names;

    [Theory, MemberData(nameof(Agents))]
    public async Task C9_rules_from_the_environment(string agent)
    {
        await using ScriptedSandbox sandbox = await StartAsync(agent, Masks);
        await InvokeAsync(
            sandbox,
            Line("order 1 paid with 4111-1111-1111-1234 by ann@example.com"),
            Line("""{"level":"ERROR","message":"order 2 of bob@example.com","ddtags":"mail:bob@example.com"}"""),
            Line("GET /health order 3"),
            Line("nobody asked for this"),
            Event("function", """{"message":{"text":"bought by 4111-1111-1111-1234"}}"""),
            Event("extension", "\"order 4 of an extension\""));

        Assert.Equal(
            [
                ("order 1 paid with 4111-****-****-1234 by [mail]", "info"), ("""{"level":"ERROR","message":"order 2 of [mail]"}""", "error"),
                ("""{"message":{"text":"bought by 4111-****-****-1234"}}""", "info"), ("order 4 of an extension", "info"),
            ],
            sandbox.Intake.Logs.Select(static log => (log.Message, log.Status)));
        Assert.EndsWith(",mail:bob@example.com", sandbox.Intake.Logs[1].DdTags, StringComparison.Ordinal);
        string said = Assert.Single(sandbox.Agent.Lines, static line => line.StartsWith("MAYFLY | ERROR", StringComparison.Ordinal));
        Assert.Contains("DD_LOGS_CONFIG_PROCESSING_RULES", said, StringComparison.Ordinal);
        Assert.Contains("rule 2 (behind)", said, StringComparison.Ordinal);
    }

    /// <summary>An event that is too long is cut behind a character and marked; the next one is whole. exclude_truncated leaves it out.</summary>
    [Theory, MemberData(nameof(AgentsAndAnswers))]
    public async Task C10_a_long_line_is_cut_and_marked_or_left_out(string agent, bool isLeftOut)
    {
        await using ScriptedSandbox sandbox = await StartAsync(agent, isLeftOut ? """[{"type":"exclude_truncated","name":"long"}]""" : "");
        string line = new('é', 700_000);
        await InvokeAsync(sandbox, Line(line), Line("short"));

        ReceivedLog[] logs = [.. sandbox.Intake.Logs.Where(static log => !log.Message.Contains(" RequestId: ", StringComparison.Ordinal))];
        Assert.Equal(isLeftOut ? 1 : 2, logs.Length);
        Assert.Equal("short", logs[^1].Message);
        if (!isLeftOut)
        {
            string kept = logs[0].Message[..^CutMark.Length];
            Assert.EndsWith(CutMark, logs[0].Message, StringComparison.Ordinal);
            Assert.StartsWith(kept, line, StringComparison.Ordinal);
            Assert.InRange(kept.Length, 499_000, 500_000);
        }
    }

    public static TheoryData<string, bool> AgentsAndAnswers => AgentUnderTest.With(false, true);

    /// <summary>.NET prints a stack trace line by line.</summary>
    [Theory, MemberData(nameof(Agents))]
    public async Task C9_multi_line_puts_a_stack_trace_together(string agent)
    {
        await using ScriptedSandbox sandbox = await StartAsync(agent, """[{"type":"multi_line","name":"new","pattern":"\\d{4}-\\d\\d-\\d\\d|Unhandled"}]""");
        await InvokeAsync(
            sandbox, Line("2026-01-01 begin"), Line("Unhandled exception. System.Exception: oops"), Line("   at A.B()"), Line("   at C.D()\n"), Line("2026-01-01 end"));
        Assert.Equal(
            ["START", "2026-01-01 begin", "Unhandled exception. System.Exception: oops\n   at A.B()\n   at C.D()\n", "2026-01-01 end", "END"],
            sandbox.Intake.Logs.Select(static log => log.Message.Contains(" RequestId: ", StringComparison.Ordinal) ? log.Message.Split(' ')[0] : log.Message));
    }

    /// <summary>The platform hands the agent's lines back, whatever the level: none becomes an event, and none makes the agent say more.</summary>
    [Theory, MemberData(nameof(Agents))]
    public async Task D_the_agent_s_own_lines_never_come_in_again(string agent)
    {
        var variables = new Dictionary<string, string> { ["DD_LOG_LEVEL"] = "trace", ["DD_TRACE_SAMPLE_RATE"] = "no number", ["DD_SITE"] = "no site" };
        await using ScriptedSandbox sandbox = await ScriptedSandbox.StartAsync(agent, new ScriptedOptions { Variables = variables });
        int handedBack = 0;
        for (int round = 0; round < 5; round++)
        {
            IReadOnlyList<string> said = [.. sandbox.Agent.Lines.Skip(handedBack)];
            handedBack += said.Count;
            await sandbox.BeginAsync($"r-{round}");
            await sandbox.TellAsync([.. said.Select(static line => Event("extension", JsonSerializer.Serialize(line + "\n"))), Line($"line {round}")]);
            await sandbox.FinishAsync($"r-{round}");
        }

        Assert.True(handedBack > 0);
        await sandbox.ShutDownAsync();
        Assert.Equal(5, sandbox.Intake.Logs.Count(static log => log.Message.StartsWith("line ", StringComparison.Ordinal)));
        Assert.DoesNotContain(sandbox.Intake.Logs, static log => log.Message.Contains("MAYFLY", StringComparison.Ordinal));
        Assert.All(sandbox.Agent.Lines, static line => Assert.StartsWith("MAYFLY | ", line, StringComparison.Ordinal));
    }

    private static Task<ScriptedSandbox> StartAsync(string agent, string rules) => ScriptedSandbox.StartAsync(
        agent, new ScriptedOptions { Variables = new Dictionary<string, string> { ["DD_LOGS_CONFIG_PROCESSING_RULES"] = rules } });

    private static async Task InvokeAsync(ScriptedSandbox sandbox, params string[] events)
    {
        await sandbox.BeginAsync("r-1");
        await sandbox.TellAsync(events);
        await sandbox.FinishAsync("r-1");
        await sandbox.ShutDownAsync();
        Assert.All(sandbox.Intake.Logs, static log => Assert.Equal("r-1", log.RequestId));
        Assert.All(sandbox.Intake.Requests, static request => Assert.Null(request.Error));
    }

    private static string Line(string text) => Event("function", JsonSerializer.Serialize(text));

    private static string Event(string type, string record) => TelemetryEvents.Event(type, record);
}
