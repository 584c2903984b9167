using System.Text.Json;
using Mayfly.Tests.Logs;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda.Telemetry;

/// <summary>The texts of docs/spec/04-metrics-logs.md#c3-record--message and the record table of #c15-test-vectors.</summary>
public class LambdaLogsTests
{
    private const string Id = "test-request-id";

    public static TheoryData<string, string, string, string, string> Rows { get; } = new()
    {
        // C.15, first table.
        {
            "C.15 initStart", "platform.initStart", """{"runtimeVersion":"test-runtime-version","runtimeVersionArn":"test-runtime-version-arn"}""",
            "INIT_START Runtime Version: test-runtime-version Runtime Version ARN: test-runtime-version-arn", "info"
        },
        {
            "C.15 runtimeDone success", "platform.runtimeDone", """{"requestId":"test-request-id","status":"success","metrics":{"durationMs":100.0}}""",
            "END RequestId: test-request-id", "info"
        },
        {
            "C.15 runtimeDone timeout", "platform.runtimeDone", """{"requestId":"test-request-id","status":"timeout","metrics":{"durationMs":5000.0}}""",
            "END RequestId: test-request-id Task timed out after 5.00 seconds", "error"
        },
        {
            "C.15 runtimeDone error", "platform.runtimeDone",
            """{"requestId":"test-request-id","status":"error","errorType":"Runtime.ExitError","metrics":{"durationMs":100.0}}""",
            "END RequestId: test-request-id Task failed: \"Runtime.ExitError\"", "error"
        },
        {
            "C.15 report", "platform.report",
            """{"requestId":"test-request-id","status":"success","metrics":{"durationMs":100.0,"billedDurationMs":128,"memorySizeMB":256,"maxMemoryUsedMB":64,"initDurationMs":50.0}}""",
            "REPORT RequestId: test-request-id Duration: 100.00 ms Runtime Duration: 0.00 ms Post Runtime Duration: 0.00 ms Billed Duration: 128 ms Memory Size: 256 MB Max Memory Used: 64 MB Init Duration: 50.00 ms",
            "info"
        },
        {
            "C.15 managed report", "platform.report", """{"requestId":"test-request-id","status":"success","metrics":{"durationMs":123.45}}""",
            "REPORT RequestId: test-request-id Runtime Duration: 123.45 ms", "info"
        },
        {
            "C.15 managed report error", "platform.report",
            """{"requestId":"test-request-id","status":"error","errorType":"RuntimeError","metrics":{"durationMs":200}}""",
            "REPORT RequestId: test-request-id Runtime Duration: 200.00 ms Task failed: RuntimeError", "error"
        },
        {
            "C.15 managed report timeout", "platform.report", """{"requestId":"test-request-id","status":"timeout","metrics":{"durationMs":30000}}""",
            "REPORT RequestId: test-request-id Runtime Duration: 30000.00 ms Task timed out after 30.00 seconds", "error"
        },
        {
            "C.15 managed report error without type", "platform.report", """{"requestId":"test-request-id","status":"error","metrics":{"durationMs":150}}""",
            "REPORT RequestId: test-request-id Runtime Duration: 150.00 ms Task failed with an unknown error", "error"
        },
        { "C.15 function number", "function", "12", "12", "info" },

        // C.3, the rest of its rows.
        { "C.3 function string", "function", "\"as is \\n\"", "as is \n", "info" },
        { "C.3 function object", "function", """{ "b": 1, "a": [ 2 ] }""", """{"b":1,"a":[2]}""", "info" },
        { "C.3 function bool", "function", "true", "true", "info" },
        { "C.3 function array", "function", "[ 1, 2 ]", "[1,2]", "info" },
        { "C.3 function null", "function", "null", "null", "info" },
        { "C.3 extension", "extension", "\"text\"", "text", "info" },
        { "C.3 initStart without versions", "platform.initStart", "{}", "INIT_START Runtime Version: ? Runtime Version ARN: ?", "info" },
        { "C.3 start", "platform.start", """{"requestId":"test-request-id","version":"7"}""", "START RequestId: test-request-id Version: 7", "info" },
        { "C.3 start without version", "platform.start", """{"requestId":"test-request-id"}""", "START RequestId: test-request-id Version: $LATEST", "info" },
        {
            "C.3 runtimeDone failure is an error in Mayfly", "platform.runtimeDone",
            """{"requestId":"test-request-id","status":"failure","errorType":"Sandbox.Failure","metrics":{"durationMs":1}}""",
            "END RequestId: test-request-id", "error"
        },
        {
            "C.3 runtimeDone timeout without metrics", "platform.runtimeDone", """{"requestId":"test-request-id","status":"timeout"}""",
            "END RequestId: test-request-id", "error"
        },
        {
            "C.3 runtimeDone error without type or metrics", "platform.runtimeDone", """{"requestId":"test-request-id","status":"error"}""",
            "END RequestId: test-request-id Task failed: \"\"", "error"
        },
        {
            "C.3 debug escaping of the error type", "platform.runtimeDone",
            """{"requestId":"test-request-id","status":"error","errorType":"a\"b\\c\n\r\t\u0000\u001b\u007f'é𝄞"}""",
            """END RequestId: test-request-id Task failed: "a\"b\\c\n\r\t\0\u{1b}\u{7f}'é𝄞" """.TrimEnd(), "error"
        },
        {
            "C.3 runtimeDone of unknown status", "platform.runtimeDone", """{"requestId":"test-request-id","status":"odd"}""",
            "END RequestId: test-request-id", "info"
        },
        {
            "C.3 report on-demand of a failed invocation", "platform.report",
            """{"requestId":"test-request-id","status":"error","errorType":"x","metrics":{"durationMs":1.005,"billedDurationMs":2.0,"memorySizeMB":128,"maxMemoryUsedMB":94}}""",
            "REPORT RequestId: test-request-id Duration: 1.00 ms Runtime Duration: 0.00 ms Post Runtime Duration: 0.00 ms Billed Duration: 2 ms Memory Size: 128 MB Max Memory Used: 94 MB",
            "info"
        },
        {
            "C.3 report on-demand, a field missing", "platform.report", """{"requestId":"test-request-id","metrics":{"durationMs":1,"memorySizeMB":128}}""",
            "REPORT RequestId: test-request-id Duration: 1.00 ms Runtime Duration: 0.00 ms Post Runtime Duration: 0.00 ms Memory Size: 128 MB", "info"
        },
        {
            "C.3 managed report failure", "platform.report", """{"requestId":"test-request-id","status":"failure","metrics":{"durationMs":1}}""",
            "REPORT RequestId: test-request-id Runtime Duration: 1.00 ms", "error"
        },
        {
            "C.3 report without metrics", "platform.report", """{"requestId":"test-request-id","status":"timeout"}""",
            "REPORT RequestId: test-request-id", "error"
        },

        // Section D: lines of others that look like the agent's.
        { "D of a function", "function", "\"MAYFLY | ERROR | x\"", "MAYFLY | ERROR | x", "info" },
        { "D of another extension", "extension", "\"OTHER | ERROR | x\"", "OTHER | ERROR | x", "info" },
    };

    [Theory]
    [MemberData(nameof(Rows))]
    public void A_record_gives_its_text(string row, string type, string record, string message, string status)
    {
        var path = new TelemetryPath();
        path.PostOne(type, record);
        path.Logs.ReleaseAll();
        JsonElement log = Assert.Single(path.Take());
        Assert.Equal((row, message, status), (row, log.Text(), log.Status()));
        Assert.Equal(1673061827000, log.GetProperty("message").GetProperty("timestamp").GetInt64());
        Assert.Equal(record.Contains(Id, StringComparison.Ordinal) ? Id : null, log.RequestId());
    }

    [Theory]
    [InlineData("platform.initReport", """{"metrics":{"durationMs":1}}""")]
    [InlineData("platform.initRuntimeDone", """{"status":"error"}""")]
    [InlineData("platform.restoreStart", "{}")]
    [InlineData("platform.restoreRuntimeDone", """{"status":"success"}""")]
    [InlineData("platform.restoreReport", """{"metrics":{"durationMs":1}}""")]
    [InlineData("platform.extension", """{"name":"mayfly","state":"Ready","events":["INVOKE"]}""")]
    [InlineData("platform.telemetrySubscription", """{"name":"mayfly","state":"Subscribed","types":["platform"]}""")]
    [InlineData("platform.logsDropped", """{"reason":"x","droppedRecords":1,"droppedBytes":2}""")]
    [InlineData("platform.fault", """{"requestId":"x"}""")]
    [InlineData("extension", "\"MAYFLY | ERROR | own lines never come in again\"")]
    [InlineData("extension", "\"MAYFLY | DEBUG | x\\n\"")]
    public void C3_records_without_a_log(string type, string record)
    {
        var path = new TelemetryPath();
        path.PostOne(type, record);
        path.Logs.ReleaseAll();
        Assert.Empty(path.Take());
    }

    [Fact]
    public void C3_logs_that_the_platform_dropped_are_an_own_warning_once()
    {
        var path = new TelemetryPath();
        path.PostOne("platform.logsDropped", """{"reason":"Consumer seems to have fallen behind","droppedRecords":123,"droppedBytes":12345}""");
        path.PostOne("platform.logsDropped", """{"reason":"again","droppedRecords":1,"droppedBytes":2}""");
        Assert.Equal("MAYFLY | WARN | Lambda dropped 123 log records (12345 bytes): Consumer seems to have fallen behind\n", path.OwnOutput);
    }

    [Fact]
    public void C3_the_report_takes_the_runtime_duration_from_runtimeDone_and_forgets_it_at_the_next_start()
    {
        const string Report = """{"requestId":"r","metrics":{"durationMs":102.5,"billedDurationMs":103,"memorySizeMB":128,"maxMemoryUsedMB":64}}""";
        var path = new TelemetryPath();
        path.PostOne("platform.start", """{"requestId":"r"}""");
        path.PostOne("platform.runtimeDone", """{"requestId":"r","status":"success","metrics":{"durationMs":100.25}}""");
        path.PostOne("platform.report", Report);
        path.PostOne("platform.start", """{"requestId":"r"}""");
        path.PostOne("platform.report", Report);

        List<JsonElement> logs = path.Take();
        Assert.Contains("Duration: 102.50 ms Runtime Duration: 100.25 ms Post Runtime Duration: 2.25 ms Billed", logs[2].Text(), StringComparison.Ordinal);
        Assert.Contains("Duration: 102.50 ms Runtime Duration: 0.00 ms Post Runtime Duration: 0.00 ms Billed", logs[4].Text(), StringComparison.Ordinal);
    }

    [Fact]
    public void C3_of_two_runtimeDone_the_last_one_counts()
    {
        var path = new TelemetryPath();
        path.PostOne("platform.start", """{"requestId":"r"}""");
        path.PostOne("platform.runtimeDone", """{"requestId":"r","status":"success","metrics":{"durationMs":100}}""");
        path.PostOne("platform.runtimeDone", """{"requestId":"r","status":"timeout","metrics":{"durationMs":3000}}""");
        path.PostOne("platform.report", """{"requestId":"r","metrics":{"durationMs":3000,"billedDurationMs":3000,"memorySizeMB":128,"maxMemoryUsedMB":64}}""");
        Assert.Contains(" Runtime Duration: 3000.00 ms Post Runtime Duration: 0.00 ms", path.Take()[3].Text(), StringComparison.Ordinal);
    }

    [Fact]
    public void C15_1_a_start_is_this_body()
    {
        var path = new TelemetryPath();
        path.PostOne("platform.start", """{"requestId":"test-request-id","version":"test"}""");
        Assert.Equal(
            """[{"message":{"message":"START RequestId: test-request-id Version: test","lambda":{"arn":"test-arn","request_id":"test-request-id"},"timestamp":1673061827000,"status":"info"},"hostname":"test-arn","service":"test-service","ddtags":"T","ddsource":"lambda"}]""",
            Assert.Single(LogEvents.TakeBodies(path.Buffer)));
    }

    [Fact]
    public void C15_2_a_line_after_the_start_is_the_second_element_of_this_body()
    {
        var path = new TelemetryPath();
        string start = TelemetryPath.Element("platform.start", """{"requestId":"test-request-id","version":"test"}""");
        path.Post($"[{start},{TelemetryPath.Element("function", "\"test-function\"")}]");
        Assert.Equal(
            """[{"message":{"message":"START RequestId: test-request-id Version: test","lambda":{"arn":"test-arn","request_id":"test-request-id"},"timestamp":1673061827000,"status":"info"},"hostname":"test-arn","service":"test-service","ddtags":"T","ddsource":"lambda"},{"message":{"message":"test-function","lambda":{"arn":"test-arn","request_id":"test-request-id"},"timestamp":1673061827000,"status":"info"},"hostname":"test-arn","service":"test-service","ddtags":"T","ddsource":"lambda"}]""",
            Assert.Single(LogEvents.TakeBodies(path.Buffer)));
    }

    [Fact]
    public void A_line_of_300_KiB_arrives_whole()
    {
        string line = string.Concat(Enumerable.Repeat("stack \"frame\"\n\té ", 20_000));
        var path = new TelemetryPath(isManagedInstance: true);
        path.PostOne("function", JsonSerializer.Serialize(line));
        Assert.True(line == Assert.Single(path.Take()).Text());
    }
}
