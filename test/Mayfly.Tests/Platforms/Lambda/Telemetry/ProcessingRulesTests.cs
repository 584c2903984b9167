using System.Text.Json;
using Mayfly.Diagnostics;
using Mayfly.Logs;
using Mayfly.Tests.Logs;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda.Telemetry;

/// <summary>docs/spec/04-metrics-logs.md#c9-processing-rules and the rules of #c15-test-vectors, from telemetry record to event.</summary>
public class ProcessingRulesTests
{
    /// <summary>Row, rules, line, the message that is sent (null = none).</summary>
    public static TheoryData<string, string, string, string?> Rows => new()
    {
        // C.15, rules.
        { "C.15 mask", Mask("replace-me", "test-placeholder"), "do-not-replace replace-me", "do-not-replace test-placeholder" },
        { "C.15 exclude", Rule("exclude_at_match", "exclude-me"), "exclude-me", null },
        { "C.15 exclude, others stay", Rule("exclude_at_match", "exclude-me"), "x", "x" },
        { "C.15 include", Rule("include_at_match", "include-me"), "include-me", "include-me" },
        { "C.15 include, unanchored", Rule("include_at_match", "include-me"), "do-not-include-me", "do-not-include-me" },
        { "C.15 include, others go", Rule("include_at_match", "include-me"), "x", null },
        { "C.15 bad pattern", $"{Rule("exclude_at_match", "(")},{Mask("a", "b")}", "a", "b" },

        // C.9, replacement.
        { "no placeholder", """{"type":"mask_sequences","name":"n","pattern":"b"}""", "abc", "ac" },
        { "groups", Mask("(\\\\w+)@(?P<host>\\\\w+)", "$1@${host}!"), "mail to bob@example now", "mail to bob@example! now" },
        { "$1a is the group named 1a", Mask("(b)", "$1a"), "abc", "ac" },
        { "$$ is $", Mask("b", "$$1"), "abc", "a$1c" },
        { "no .NET syntax", Mask("b", "$&$'$`"), "abc", "a$&$'$`c" },
        { "every match", Mask("\\\\d{4}", "#"), "1111-2222-33", "#-#-33" },
        { "(?i)", Mask("(?i)secret", "*"), "SeCrEt", "*" },
        { "\\pL", Mask("\\\\pL+", "w"), "Straße 5", "w 5" },
        { "$ is the very end", Rule("exclude_at_match", "x$"), "x\\n", "x\n" },
        { "other letters", Mask("é+", "e"), "caféé", "cafe" },

        // C.9, order.
        { "masks feed later rules", $"{Mask("secret", "hidden")},{Rule("exclude_at_match", "hidden")}", "a secret", null },
        { "masks feed later masks", $"{Mask("a", "b")},{Mask("b", "c")},{Mask("c", "d")}", "abc", "ddd" },
        { "the first decision ends it", $"{Rule("exclude_at_match", "a")},{Rule("include_at_match", "a")}", "a", null },
        { "include and exclude", $"{Rule("include_at_match", "a")},{Rule("exclude_at_match", "b")}", "a b", null },
        { "include, not excluded", $"{Rule("include_at_match", "a")},{Rule("exclude_at_match", "b")}", "a", "a" },

        // After C.5.
        { "tags are not looked at", Rule("exclude_at_match", "team"), """{\"a\":1,\"ddtags\":\"team:x\"}""", """{"a":1}""" },
        { "JSON is text", Mask("\\\"pin\\\":\\\\d+", "\\\"pin\\\":0"), """{\"pin\":1234}""", """{"pin":0}""" },
    };

    [Theory]
    [MemberData(nameof(Rows))]
    public void C9_rules_are_applied_to_the_message(string row, string rules, string line, string? expected)
    {
        TelemetryPath path = PathWith(rules);
        path.PostOne("function", $"\"{line}\"");
        List<JsonElement> events = path.Take();
        Assert.Equal((row, expected), (row, events.Count == 0 ? null : Assert.Single(events).Text()));
        Assert.Equal(expected is null ? 1 : 0, path.Counters.DroppedFor(DropReason.Filtered));
        Assert.Equal(1, path.Counters.Accepted);
    }

    [Fact]
    public void C15_4_rules_hold_for_platform_lines_and_for_each_orphan_by_itself()
    {
        var path = new TelemetryPath(rules: $"[{Rule("exclude_at_match", "(START|END|REPORT) RequestId")}]");
        path.PostOne("extension", "\"extension line\"");
        path.PostOne("function", "\"function line\"");
        path.PostOne("platform.start", """{"requestId":"r-1"}""");
        Assert.Equal([("extension line", "r-1"), ("function line", "r-1")], path.Take().Select(static log => (log.Text(), log.RequestId())));
        Assert.Equal(1, path.Counters.DroppedFor(DropReason.Filtered));
    }

    [Fact]
    public void C9_exclude_truncated_leaves_out_what_the_agent_has_cut()
    {
        TelemetryPath path = PathWith("""{"type":"exclude_truncated","name":"t"}""");
        path.PostOne("function", $"\"{new string('x', 1_200_000)}\"");
        path.PostOne("function", $"\"{new string('y', 990_000)}\"");
        Assert.Equal(990_000, Assert.Single(path.Take()).Text().Length);
        Assert.Equal((1L, 0L), (path.Counters.DroppedFor(DropReason.Filtered), path.Counters.DroppedFor(DropReason.BufferFull)));
    }

    [Fact]
    public void C9_a_mask_that_takes_too_long_withholds_the_message_and_says_so_once()
    {
        TelemetryPath path = PathWith(Mask("a[^b]*b|a", "-"));
        string line = string.Concat(Enumerable.Repeat("a ", 20_000));
        path.PostOne("function", $"\"{line}\"");
        path.PostOne("function", $"\"{line}\"");
        path.PostOne("function", "\"a short a\"");
        Assert.Equal(
            ["[message withheld: log processing rule n takes too long on it]", "[message withheld: log processing rule n takes too long on it]", "- short -"],
            path.Take().Select(LogEvents.Text));
        Assert.Equal(1, path.OwnOutput.Split('\n').Count(static said => said.Contains("rule n takes too long", StringComparison.Ordinal)));
    }

    [Fact]
    public void C9_multi_line_puts_lines_together_that_a_runtime_printed_one_by_one()
    {
        var path = new TelemetryPath(rules: $"[{Rule("multi_line", "\\\\d{4}-|Unhandled")}]");
        path.PostOne("platform.start", """{"requestId":"r-1"}""");
        Line(path, "2023-01-07 first\\n");
        Line(path, "Unhandled exception");
        path.PostOne("extension", "\"in between\"");
        Line(path, "   at A()");
        Line(path, "   at B() 2023-01-07\\n");
        path.PostOne("function", """{"requestId":"r-1","message":"whole"}""");
        Line(path, "   no beginning");
        Line(path, "   and its end");
        path.PostOne("platform.runtimeDone", """{"requestId":"r-1","status":"success"}""");
        Line(path, "2023-01-08 still to come");
        Line(path, " of r-1");

        List<JsonElement> events = path.Take();
        Assert.Equal(
            [
                "START RequestId: r-1 Version: $LATEST", "2023-01-07 first\n", "in between", "Unhandled exception\n   at A()\n   at B() 2023-01-07\n",
                """{"requestId":"r-1","message":"whole"}""", "   no beginning\n   and its end", "END RequestId: r-1", "2023-01-08 still to come\n of r-1",
            ],
            events.Select(LogEvents.Text));
        Assert.All(events, static log => Assert.Equal("r-1", log.RequestId()));
    }

    [Fact]
    public void C9_multi_line_texts_are_bounded_and_do_not_cross_invocations()
    {
        var path = new TelemetryPath(rules: $"[{Rule("multi_line", "never")}]", settings: new LogSettings { MaxEventBytes = 1_000 });
        path.PostOne("platform.start", """{"requestId":"r-1"}""");
        for (int i = 0; i < 30; i++)
        {
            Line(path, new string('x', 99));
        }

        path.PostOne("platform.start", """{"requestId":"r-2"}""");
        Line(path, "y");
        path.Logs.ReleaseAll();
        List<JsonElement> events = path.Take();
        Assert.Equal(30 * 99, events.Where(static log => log.RequestId() == "r-1").Sum(static log => log.Text().Count('x')));
        Assert.Equal(("y", "r-2"), (events[^1].Text(), events[^1].RequestId()));
    }

    [Fact]
    public void C9_multi_line_leaves_managed_instances_alone_where_lines_of_invocations_mix()
    {
        var path = new TelemetryPath(isManagedInstance: true, rules: $"[{Rule("multi_line", "never")}]");
        Line(path, "a");
        Line(path, "b");
        Assert.Equal(["a", "b"], path.Take().Select(LogEvents.Text));
    }

    [Fact]
    public void A_masked_line_costs_no_object()
    {
        var path = PathWith($"{Mask("\\\\b\\\\d{4}-\\\\d{4}\\\\b", "<card>")},{Mask("password=\\\\S+", "password=***")},{Rule("exclude_at_match", "healthcheck")}");
        path.Buffer.TryAdd("x");
        byte[] line = "order 4711-08 paid with 4111-1111, password=hunter2, thanks"u8.ToArray();
        long allocated = Timing.LeastAllocated(
            () =>
            {
                for (int i = 0; i < 100; i++)
                {
                    path.Buffer.TryAdd(line, 0, LogStatus.Info, "r-1"u8);
                }
            },
            between: () =>
            {
                LogEvents.TakeBodies(path.Buffer);
                path.Buffer.TryAdd("x");
            });
        path.Buffer.TryAdd(line, 0, LogStatus.Info, "r-1"u8);
        Assert.Equal("order 4711-08 paid with <card>, password=*** thanks", LogEvents.Take(path.Buffer)[1].Text());
        Assert.Equal(0, allocated);
    }

    private static TelemetryPath PathWith(string rules)
    {
        var path = new TelemetryPath(rules: $"[{rules}]");
        path.PostOne("platform.start", """{"requestId":"r-1"}""");
        path.Take();
        path.Counters.Accept(-path.Counters.Accepted);
        path.Counters.Drop(DropReason.Filtered, -path.Counters.DroppedFor(DropReason.Filtered));
        return path;
    }

    private static void Line(TelemetryPath path, string escapedText) => path.PostOne("function", $"\"{escapedText}\"");

    private static string Rule(string type, string pattern) => $$"""{"type":"{{type}}","name":"n","pattern":"{{pattern}}"}""";

    private static string Mask(string pattern, string placeholder) =>
        $$"""{"type":"mask_sequences","name":"n","pattern":"{{pattern}}","replace_placeholder":"{{placeholder}}"}""";
}
