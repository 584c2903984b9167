using System.Text.Json;
using Mayfly.Diagnostics;
using Mayfly.Tests.Logs;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda.Telemetry;

/// <summary>docs/spec/04-metrics-logs.md#c6-request-id-pairing-and-orphans-on-demand and vectors 3, 5, 6 of #c15-test-vectors.</summary>
public class RequestPairingTests
{
    private readonly TelemetryPath _path = new();

    [Fact]
    public void C6_1_a_message_with_its_own_id_uses_it()
    {
        Start("r-1");
        _path.PostOne("function", """{"requestId":"other","message":"x"}""");
        Line("y");
        Assert.Equal(["START:r-1", """{"requestId":"other","message":"x"}:other""", "y:r-1"], Taken());
    }

    [Fact]
    public void C6_2_a_message_without_an_id_has_that_of_the_invocation()
    {
        Start("r-1");
        Line("x");
        _path.PostOne("extension", """{"requestId":"not mine","message":"x"}""");
        Start("r-2");
        Line("y");
        Assert.Equal(["START:r-1", "x:r-1", """{"requestId":"not mine","message":"x"}:r-1""", "START:r-2", "y:r-2"], Taken());
    }

    [Fact]
    public void C6_3_C15_5_on_a_managed_instance_a_line_goes_at_once_without_an_id()
    {
        var path = new TelemetryPath(isManagedInstance: true);
        path.PostOne("function", "\"before\"");
        path.PostOne("platform.start", """{"requestId":"r-1"}""");
        path.PostOne("function", "\"test-function\"");
        Assert.Equal(
            [("before", null), ("START RequestId: r-1 Version: $LATEST", "r-1"), ("test-function", null)],
            path.Take().Select(static log => (log.Text(), log.RequestId())));
        Assert.Equal(0, path.Logs.HeldCount);
    }

    [Fact]
    public void C6_4_C15_3_a_line_before_any_start_waits_and_follows_it()
    {
        Line("one");
        Assert.Empty(_path.Take());
        Assert.Equal(1, _path.Logs.HeldCount);
        _path.PostOne("extension", "\"two\"");
        Start("r-1");
        Line("three");
        Assert.Equal(["START:r-1", "one:r-1", "two:r-1", "three:r-1"], Taken());
        Assert.Equal(0, _path.Logs.HeldCount);
    }

    [Fact]
    public void C6_4_of_more_than_2000_orphans_the_oldest_are_dropped_and_counted()
    {
        for (int i = 0; i < 2005; i++)
        {
            Line($"{i}");
        }

        Assert.Equal((2000, 5L), (_path.Logs.HeldCount, _path.Counters.DroppedFor(DropReason.BufferFull)));
        Start("r-1");
        Assert.Equal(Enumerable.Range(5, 2000).Select(static i => $"{i}:r-1"), Taken().Skip(1));
        Assert.Equal(2006, _path.Counters.Accepted);
    }

    [Fact]
    public void C6_4_orphans_have_a_limit_in_bytes_too()
    {
        string text = new('x', 300 * 1024);
        for (int i = 0; i < 10; i++)
        {
            Line(i + text);
        }

        Assert.Equal((6, 4L), (_path.Logs.HeldCount, _path.Counters.DroppedFor(DropReason.BufferFull)));
        Start("r-1");
        Assert.Equal("456789", string.Concat(_path.Take().Skip(1).Select(static log => log.Text()[0])));
    }

    [Fact]
    public void C6_4_a_long_orphan_is_cut_as_any_long_event()
    {
        Line(new string('x', 1_500_000));
        Start("r-1");
        string text = _path.Take()[1].Text();
        Assert.EndsWith("x...TRUNCATED...", text, StringComparison.Ordinal);
        Assert.InRange(text.Length, 999_000, 1_000_000);
    }

    [Fact]
    public void C6_5_a_record_with_an_id_of_its_own_releases_no_orphan()
    {
        Line("orphan");
        _path.PostOne("platform.report", """{"requestId":"r-0","metrics":{"durationMs":1,"billedDurationMs":1}}""");
        _path.PostOne("function", """{"requestId":"r-0"}""");
        Assert.Equal(["REPORT:r-0", """{"requestId":"r-0"}:r-0"""], Taken());
        Start("r-1");
        Assert.Equal(["START:r-1", "orphan:r-1"], Taken());
    }

    [Fact]
    public void C6_late_lines_belong_to_the_last_invocation_until_the_next_start()
    {
        Start("r-1");
        _path.PostOne("platform.runtimeDone", """{"requestId":"r-1","status":"success"}""");
        Line("late");
        _path.PostOne("platform.report", """{"requestId":"r-1","metrics":{"durationMs":1,"billedDurationMs":1}}""");
        Line("later");
        Start("r-2");
        Line("next");
        Assert.Equal(["START:r-1", "END:r-1", "late:r-1", "REPORT:r-1", "later:r-1", "START:r-2", "next:r-2"], Taken());
    }

    [Fact]
    public void C6_at_shutdown_orphans_go_without_an_id()
    {
        Line("orphan");
        _path.PostOne("platform.initStart", "{}");
        _path.Logs.ReleaseAll();
        Assert.Equal(["orphan:null", "INIT_START:null"], Taken());
        _path.Logs.ReleaseAll();
        Assert.Empty(_path.Take());
    }

    [Fact]
    public void C15_6_the_id_of_a_json_record_counts_in_both_modes()
    {
        foreach (bool isManagedInstance in new[] { false, true })
        {
            var path = new TelemetryPath(isManagedInstance);
            path.PostOne("function", """{"requestId":"abc","message":"Hi"}""");
            Assert.Equal("abc", Assert.Single(path.Take()).RequestId());
        }
    }

    [Fact]
    public void The_init_of_a_new_environment_belongs_to_the_invocation_that_follows()
    {
        _path.Post($"[{At("42", "platform.start", """{"requestId":"r-1"}""")},{At("43", "platform.runtimeDone", """{"requestId":"r-1"}""")}]");
        _path.Post($"[{At("44", "platform.initStart", """{"phase":"invoke"}""")},{At("45", "function", "\"init\"")}]");
        _path.Post($"[{At("46", "platform.start", """{"requestId":"r-2"}""")}]");
        Assert.Equal(["START:r-1", "END:r-1", "START:r-2", "INIT_START:r-2", "init:r-2"], Taken());
    }

    [Fact]
    public void An_init_start_that_is_replayed_late_leaves_the_invocation_alone()
    {
        _path.Post($"[{At("42", "platform.start", """{"requestId":"r-1"}""")}]");
        _path.Post($"[{At("40", "platform.initStart", "{}")},{At("43", "function", "\"x\"")}]");
        Assert.Equal(["START:r-1", "INIT_START:r-1", "x:r-1"], Taken());
    }

    [Fact]
    public void Until_the_identity_is_known_everything_waits_in_order()
    {
        var path = new TelemetryPath(knowsIdentity: false);
        path.PostOne("platform.initStart", "{}");
        path.PostOne("function", """{"requestId":"own"}""");
        path.PostOne("function", "\"orphan\"");
        Assert.Equal(3, path.Logs.HeldCount);

        path.Buffer.Identity = LogEvents.Identity;
        path.PostOne("function", "\"orphan 2\"");
        Assert.Equal(["own"], path.Take().Select(LogEvents.RequestId));
        path.PostOne("platform.start", """{"requestId":"r-1"}""");
        Assert.Equal(
            ["START RequestId: r-1 Version: $LATEST", "INIT_START Runtime Version: ? Runtime Version ARN: ?", "orphan", "orphan 2"],
            path.Take().Select(LogEvents.Text));
    }

    [Fact]
    public void On_a_managed_instance_lines_wait_for_the_identity_and_stay_without_an_id()
    {
        var path = new TelemetryPath(isManagedInstance: true, knowsIdentity: false);
        path.PostOne("function", "\"x\"");
        path.PostOne("platform.start", """{"requestId":"r-1"}""");
        path.Buffer.Identity = LogEvents.Identity;
        path.PostOne("function", "\"y\"");
        Assert.Equal(["x", "START RequestId: r-1 Version: $LATEST", "y"], path.Take().Select(LogEvents.Text));
    }

    [Fact]
    public void Without_an_identity_at_the_end_the_events_are_counted_as_lost()
    {
        var path = new TelemetryPath(knowsIdentity: false);
        path.PostOne("function", "\"x\"");
        path.Logs.ReleaseAll();
        Assert.Equal((0, 1L, 0L), (path.Logs.HeldCount, path.Counters.DroppedFor(DropReason.Shutdown), path.Counters.Buffered));
    }

    [Fact]
    public void Json_messages_of_orphans_are_looked_into_like_any_other()
    {
        Line("""{\"level\":\"error\",\"ddtags\":\"a:1\"}""");
        Start("r-1");
        JsonElement log = _path.Take()[1];
        Assert.Equal(("""{"level":"error"}""", "error", "T,a:1"), (log.Text(), log.Status(), log.Tags()));
    }

    private void Start(string id) => _path.PostOne("platform.start", $$"""{"requestId":"{{id}}"}""");

    private void Line(string escapedText) => _path.PostOne("function", $"\"{escapedText}\"");

    private static string At(string second, string type, string record) => TelemetryPath.Element(type, record, $"2023-01-07T03:23:{second}Z");

    /// <summary>Texts (of platform records the first word) and request ids.</summary>
    private List<string> Taken() =>
        [.. _path.Take().Select(static log => $"{WordOf(log.Text())}:{log.RequestId() ?? "null"}")];

    private static string WordOf(string text) => text is [>= 'A' and <= 'Z', >= 'A' and <= 'Z', ..] ? text.Split(' ')[0] : text;
}
