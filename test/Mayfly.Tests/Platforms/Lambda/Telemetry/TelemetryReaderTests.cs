using System.Text;
using Mayfly.Platforms.Lambda.Telemetry;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda.Telemetry;

/// <summary>docs/spec/01-lambda-lifecycle.md#events-and-fields-used, docs/spec/07-observed-clients.md#2-telemetry-events-as-produced-by-awss-code.</summary>
public class TelemetryReaderTests
{
    private const string Id = "459921b5-681c-4a96-beb0-81e0aa586026";

    [Fact]
    public void TV6_every_field_of_a_cold_invocation_is_read()
    {
        (List<TelemetryRecord> records, TelemetryReadResult result) = TelemetryPath.Read(
            """[{"time":"2022-10-21T14:05:02.600Z","type":"platform.initStart","record":{"initializationType":"on-demand","phase":"init","runtimeVersion":"java:17.v30"}},{"time":"2022-10-21T14:05:03.149Z","type":"platform.initReport","record":{"initializationType":"on-demand","phase":"init","metrics":{"durationMs":549.04}}},{"time":"2022-10-21T14:05:03.165Z","type":"platform.start","record":{"requestId":"459921b5-681c-4a96-beb0-81e0aa586026","version":"$LATEST"}},{"time":"2022-10-21T14:05:05.764Z","type":"platform.runtimeDone","record":{"requestId":"459921b5-681c-4a96-beb0-81e0aa586026","status":"success","metrics":{"durationMs":2599.0,"producedBytes":8}}},{"time":"2022-10-21T14:05:05.766Z","type":"platform.report","record":{"requestId":"459921b5-681c-4a96-beb0-81e0aa586026","status":"success","metrics":{"durationMs":2599.4,"billedDurationMs":2600,"memorySizeMB":128,"maxMemoryUsedMB":94,"initDurationMs":549.04}}}]""");

        Assert.Equal(new TelemetryReadResult(5, 0, 0, 0), result);
        Assert.Equal(
            [
                (TelemetryKind.InitStart, 1666361102_600000000),
                (TelemetryKind.InitReport, 1666361103_149000000),
                (TelemetryKind.Start, 1666361103_165000000),
                (TelemetryKind.RuntimeDone, 1666361105_764000000),
                (TelemetryKind.Report, 1666361105_766000000),
            ],
            records.Select(static record => (record.Kind, record.TimeNs)));

        PlatformRecord initStart = records[0].Platform;
        Assert.Equal(("on-demand", InitPhase.Init, "java:17.v30"), (initStart.InitializationType, initStart.Phase, initStart.RuntimeVersion));
        Assert.Null(initStart.RuntimeVersionArn);
        Assert.Null(initStart.DurationMs);
        PlatformRecord initReport = records[1].Platform;
        Assert.Equal(("on-demand", InitPhase.Init, 549.04), (initReport.InitializationType, initReport.Phase, initReport.DurationMs));
        PlatformRecord start = records[2].Platform;
        Assert.Equal((Id, "$LATEST"), (start.RequestId, start.Version));
        PlatformRecord done = records[3].Platform;
        Assert.Equal((Id, PlatformStatus.Success, 2599.0, 8L), (done.RequestId, done.Status, done.DurationMs, done.ProducedBytes));
        PlatformRecord report = records[4].Platform;
        Assert.Equal((Id, PlatformStatus.Success, 2599.4, 2600.0), (report.RequestId, report.Status, report.DurationMs, report.BilledDurationMs));
        Assert.Equal((128L, 94L, 549.04), (report.MemorySizeMB, report.MaxMemoryUsedMB, report.InitDurationMs));
        Assert.Null(report.RestoreDurationMs);
        Assert.Null(report.ErrorType);
    }

    [Fact]
    public void TV9_the_spans_of_a_managed_report_are_read()
    {
        (List<TelemetryRecord> records, _) = TelemetryPath.Read(
            """[{"time":"2025-09-19T19:36:50.881Z","type":"platform.report","record":{"requestId":"13d1305b-a2f5-440c-bfbe-686ccff3d3e0","status":"success","metrics":{"durationMs":1.148},"spans":[{"name":"responseLatency","start":"2025-09-19T19:36:50.880Z","durationMs":0.847},{"name":"responseDuration","start":"2025-09-19T19:36:50.880Z","durationMs":0.127}]}}]""");

        PlatformRecord report = Assert.Single(records).Platform;
        Assert.Equal((1.148, null), (report.DurationMs, report.BilledDurationMs));
        Assert.Equal([new("responseLatency", 1758310610_880000000, 0.847), new("responseDuration", 1758310610_880000000, 0.127)], report.Spans);
        Assert.Equal(0.127, report.FindSpan("responseDuration")?.DurationMs);
        Assert.Null(report.FindSpan("runtimeOverhead"));
    }

    [Theory]
    [InlineData("platform.initStart", TelemetryKind.InitStart)]
    [InlineData("platform.initRuntimeDone", TelemetryKind.InitRuntimeDone)]
    [InlineData("platform.initReport", TelemetryKind.InitReport)]
    [InlineData("platform.start", TelemetryKind.Start)]
    [InlineData("platform.runtimeDone", TelemetryKind.RuntimeDone)]
    [InlineData("platform.report", TelemetryKind.Report)]
    [InlineData("platform.restoreStart", TelemetryKind.RestoreStart)]
    [InlineData("platform.restoreRuntimeDone", TelemetryKind.RestoreRuntimeDone)]
    [InlineData("platform.restoreReport", TelemetryKind.RestoreReport)]
    [InlineData("platform.extension", TelemetryKind.ExtensionState)]
    [InlineData("platform.telemetrySubscription", TelemetryKind.Subscription)]
    [InlineData("platform.logsDropped", TelemetryKind.LogsDropped)]
    [InlineData("function", TelemetryKind.Function)]
    [InlineData("extension", TelemetryKind.Extension)]
    public void Every_type_is_known(string type, TelemetryKind kind)
    {
        (List<TelemetryRecord> records, _) = TelemetryPath.Read($"[{TelemetryPath.Element(type, """{"requestId":"r"}""")}]");
        Assert.Equal(kind, Assert.Single(records).Kind);
    }

    [Fact]
    public void Every_text_field_is_read()
    {
        (List<TelemetryRecord> records, _) = TelemetryPath.Read(
            $$"""
            [{{TelemetryPath.Element("platform.report", """{"requestId":"r","status":"failure","errorType":"Sandbox.\u0046ailure","phase":"invoke","tenantId":"é","functionArn":"arn:x","version":"7"}""")}},
             {{TelemetryPath.Element("platform.initStart", """{"runtimeVersion":"v","runtimeVersionArn":"va","initializationType":"snap-start"}""")}},
             {{TelemetryPath.Element("platform.restoreReport", """{"metrics":{"restoreDurationMs":1.5,"billedRestoreDurationMs":2,"producedBytes":3}}""")}},
             {{TelemetryPath.Element("platform.logsDropped", """{"reason":"fallen behind","droppedRecords":123,"droppedBytes":12345}""")}}]
            """);
        PlatformRecord report = records[0].Platform;
        Assert.Equal(
            ("r", PlatformStatus.Failure, "Sandbox.Failure", InitPhase.Invoke, "é", "arn:x", "7"),
            (report.RequestId, report.Status, report.ErrorType, report.Phase, report.TenantId, report.FunctionArn, report.Version));
        Assert.Equal(
            ("v", "va", "snap-start"),
            (records[1].Platform.RuntimeVersion, records[1].Platform.RuntimeVersionArn, records[1].Platform.InitializationType));
        PlatformRecord restore = records[2].Platform;
        Assert.Equal((1.5, 2.0, 3L), (restore.RestoreDurationMs, restore.BilledRestoreDurationMs, restore.ProducedBytes));
        PlatformRecord loss = records[3].Platform;
        Assert.Equal(("fallen behind", 123L, 12345L), (loss.Reason, loss.DroppedRecords, loss.DroppedBytes));
    }

    [Theory]
    [InlineData("TV22 native-http", """{"requestId":"r","initializationType":"native-http"}""")]
    [InlineData("unknown status", """{"requestId":"r","status":"exploded","initializationType":"native-http"}""")]
    [InlineData("unknown phase", """{"requestId":"r","phase":"afterwards","initializationType":"native-http"}""")]
    [InlineData("fields of other types", """{"status":5,"metrics":[1],"spans":{"name":1},"version":null,"phase":true,"requestId":"r","initializationType":"native-http"}""")]
    [InlineData("metrics of other types", """{"requestId":"r","metrics":{"durationMs":"1","billedDurationMs":{"a":[1]},"memorySizeMB":1e300,"producedBytes":1e999},"initializationType":"native-http"}""")]
    [InlineData("odd spans", """{"requestId":"r","spans":[1,"x",null,{},{"name":5},[{"name":"y"}]],"initializationType":"native-http"}""")]
    [InlineData("unknown members", """{"requestId":"r","tracing":{"type":"X-Amzn-Trace-Id","value":"Root=1"},"events":["INVOKE"],"instanceMaxMemory":134217728,"initializationType":"native-http"}""")]
    public void A_field_that_is_not_understood_costs_itself(string row, string record)
    {
        (List<TelemetryRecord> records, TelemetryReadResult result) = TelemetryPath.Read($"[{TelemetryPath.Element("platform.initStart", record)}]");
        PlatformRecord platform = Assert.Single(records).Platform;
        Assert.Equal((row, "r", "native-http"), (row, platform.RequestId, platform.InitializationType));
        Assert.Equal((PlatformStatus.Unknown, InitPhase.Unknown), (platform.Status, platform.Phase));
        Assert.Equal((null, null, null, null), (platform.DurationMs, platform.BilledDurationMs, platform.MemorySizeMB, platform.ProducedBytes));
        Assert.Empty(platform.Spans);
        Assert.Equal(new TelemetryReadResult(1, 0, 0, 0), result);
    }

    [Fact]
    public void TV22_a_billed_duration_with_a_point_is_a_number()
    {
        const string Report = """{"requestId":"r","metrics":{"durationMs":2599.4,"billedDurationMs":2600.0,"memorySizeMB":128.0}}""";
        (List<TelemetryRecord> records, _) = TelemetryPath.Read($"[{TelemetryPath.Element("platform.report", Report)}]");
        Assert.Equal((2600.0, 128L), (records[0].Platform.BilledDurationMs, records[0].Platform.MemorySizeMB));
    }

    [Fact]
    public void Records_come_in_the_order_of_their_times_and_of_the_body()
    {
        (List<TelemetryRecord> records, _) = TelemetryPath.Read(
            $"[{Line("c", "2023-01-07T03:23:48Z")},{Line("a", "2023-01-07T03:23:46.999Z")},{Line("d", "2023-01-07T03:23:48.000Z")}," +
            $"{Line("b", "2023-01-07T04:23:47+01:00")},{Line("e", "2023-01-07T03:23:48Z")}]");
        Assert.Equal("abcde", string.Concat(records.Select(static record => record.Text.ToString())));
    }

    [Fact]
    public void A_thousand_records_of_two_times_keep_their_order()
    {
        IEnumerable<string> elements = Enumerable.Range(0, 1000).Select(static i => Line($"{i:000}", $"2023-01-07T03:23:4{(i % 3 == 0 ? 7 : 6)}Z"));
        (List<TelemetryRecord> records, _) = TelemetryPath.Read($"[{string.Join(',', elements)}]");
        IEnumerable<int> expected = Enumerable.Range(0, 1000).OrderBy(static i => i % 3 == 0 ? 1 : 0);
        Assert.Equal(expected, records.Select(static record => int.Parse(record.Text.ToString())));
    }

    [Theory]
    [InlineData("""{"type":"function","record":"x"}""")]
    [InlineData("""{"time":"yesterday","type":"function","record":"x"}""")]
    [InlineData("""{"time":1673061827,"type":"function","record":"x"}""")]
    public void A_record_without_a_time_has_that_of_the_one_before(string element)
    {
        (List<TelemetryRecord> records, _) = TelemetryPath.Read($"[{element},{Line("y", "2023-01-07T03:23:47Z")},{element}]");
        Assert.Equal([1673061827_000000000, 1673061827_000000000, TelemetryPath.ReceivedNs], records.Select(static record => record.TimeNs));
        Assert.Equal("yxx", string.Concat(records.Select(static record => record.Text.ToString())));
    }

    [Theory]
    [InlineData("\"plain\"", "plain")]
    [InlineData("\"\"", "")]
    [InlineData("\"line\\n\"", "line\n")]
    [InlineData("\"a\\rb\"", "a\rb")]
    [InlineData(""" "\"\\\/\b\f\n\r\t\u0041\u00e9\u20ac\ud834\udd1e" """, "\"\\/\b\f\n\r\tAé€𝄞")]
    [InlineData(""" "\ud834x\udd1e\udd1e" """, "\uFFFDx\uFFFD\uFFFD")]
    [InlineData(""" "\ud834\ud834\udd1e\ud834" """, "\uFFFD𝄞\uFFFD")]
    [InlineData("\"é€𝄞\"", "é€𝄞")]
    [InlineData("12", "12")]
    [InlineData("-1.50e+3", "-1.50e+3")]
    [InlineData("true", "true")]
    [InlineData("null", "null")]
    [InlineData("[ 1, \"a b\" , [ ] ]", "[1,\"a b\",[]]")]
    [InlineData("{ \"b\" : 1 , \"a\" : { \"x y\" : \" \\\" \\u00e9 \\/ \\u0022 \\u0007 \" } }", "{\"b\":1,\"a\":{\"x y\":\" \\\" é / \\\" \\u0007 \"}}")]
    public void The_text_of_a_line_is_what_was_written(string recordJson, string text)
    {
        foreach (string type in new[] { "function", "extension" })
        {
            (List<TelemetryRecord> records, _) = TelemetryPath.Read($"[{TelemetryPath.Element(type, recordJson)}]");
            Assert.Equal(text, Assert.Single(records).Text.ToString());
        }
    }

    [Theory]
    [InlineData("""{"requestId":"abc","message":"Hi"}""", "abc")]
    [InlineData("""{"AWSRequestId":"abc","message":"Hi"}""", "abc")]
    [InlineData("""{"AWSRequestId":"x","requestId":"abc"}""", "abc")]
    [InlineData("""{"requestId":"abc","AWSRequestId":"x"}""", "abc")]
    [InlineData("""{"requestId":5,"AWSRequestId":"abc"}""", "abc")]
    [InlineData("""{"AWSRequestId":"abc","requestId":""}""", "abc")]
    [InlineData("""{"a":{"requestId":"no"},"b":["requestId","no"]}""", "")]
    [InlineData("""{"requestId":{"requestId":"no"}}""", "")]
    [InlineData("""["requestId","no"]""", "")]
    [InlineData("""
        "{\"requestId\":\"no\"}"
        """, "")]
    public void C3_the_request_id_of_a_json_line(string recordJson, string requestId)
    {
        Assert.Equal(requestId, Assert.Single(TelemetryPath.Read($"[{TelemetryPath.Element("function", recordJson)}]").Records).RequestId.ToString());
        Assert.True(Assert.Single(TelemetryPath.Read($"[{TelemetryPath.Element("extension", recordJson)}]").Records).RequestId.IsEmpty);
    }

    [Fact]
    public void A_line_of_300_KiB_is_read()
    {
        string line = string.Concat(Enumerable.Repeat("stack \"frame\"\n\té ", 20_000));
        string json = System.Text.Json.JsonSerializer.Serialize(line);
        Assert.True(Encoding.UTF8.GetByteCount(line) > 300 * 1024);
        Assert.True(line == Assert.Single(TelemetryPath.Read($"[{TelemetryPath.Element("function", json)}]").Records).Text.ToString());
    }

    private static string Line(string text, string time) => TelemetryPath.Element("function", $"\"{text}\"", time);
}
