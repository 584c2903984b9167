using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Mayfly.Config;
using Mayfly.Delivery;
using Mayfly.Diagnostics;
using Mayfly.Http;
using Mayfly.Intake;
using Mayfly.Lifecycle;
using Mayfly.Local.Intake;
using Mayfly.Logs;
using Mayfly.Secrets;
using Mayfly.Tests.Config;
using Mayfly.Tests.Http;
using Mayfly.Tests.Lifecycle;
using Mayfly.Tests.Platforms.Lambda;
using Mayfly.Tests.Platforms.Lambda.Telemetry;
using Xunit;
using LogLevel = Mayfly.Diagnostics.LogLevel;

namespace Mayfly.Tests.Logs;

/// <summary>
/// What the references do wrong and Mayfly does not, numbered as in docs/spec/04-metrics-logs.md#known-defects-and-missing-features-of-the-references: those of
/// logs, 15 to 27. 25 is <c>ScrubberTests</c>.
/// </summary>
public class KnownDefectTests
{
    private const string Report = """{"requestId":"r","status":"success","metrics":{"durationMs":12.5,"billedDurationMs":13,"memorySizeMB":128,"maxMemoryUsedMB":64}}""";

    [Theory]
    [InlineData("platform.somethingNew", """{"requestId":"r"}""")]
    [InlineData("platform.runtimeDone", """{"requestId":"r","status":"odd"}""")]
    [InlineData("platform.initReport", """{"initializationType":"odd","phase":"odd","status":"odd"}""")]
    [InlineData("platform.start", "{}")]
    [InlineData("platform.report", "[]")]
    public void D15_A_record_that_is_not_understood_costs_itself(string type, string record)
    {
        var path = new TelemetryPath();
        string start = TelemetryPath.Element("platform.start", """{"requestId":"r-1"}""");
        path.Post($"[{start},{TelemetryPath.Element(type, record)},{TelemetryPath.Element("function", "\"beside it\"")}]");
        Assert.Contains(path.Take(), static log => log.Text() == "beside it" && log.RequestId() == "r-1");
    }

    [Fact]
    public void D16_No_line_has_an_empty_id_and_late_ones_stay_with_their_invocation()
    {
        var path = new TelemetryPath();
        path.PostOne("function", "\"orphan\"");
        path.PostOne("platform.report", Report);
        path.PostOne("function", """{"requestId":"r","message":"own id"}""");
        path.PostOne("platform.start", """{"requestId":"r-1"}""");
        path.PostOne("platform.runtimeDone", """{"requestId":"r-1","status":"success"}""");
        path.PostOne("function", "\"late\"");
        path.PostOne("platform.start", """{"requestId":"r-2"}""");
        Dictionary<string, string?> ids = path.Take().Where(static log => !log.Text().Contains("RequestId:")).ToDictionary(LogEvents.Text, LogEvents.RequestId);
        Assert.Equal(("r-1", "r-1"), (ids["orphan"], ids["late"]));
    }

    [Fact]
    public void D16_Orphans_have_a_limit()
    {
        var path = new TelemetryPath();
        for (int i = 0; i < 3000; i++)
        {
            path.PostOne("function", "\"x\"");
        }

        Assert.Equal((2000, 1000L), (path.Logs.HeldCount, path.Counters.DroppedFor(DropReason.BufferFull)));
    }

    [Fact]
    public void D17_An_event_of_any_length_leaves_and_so_does_the_next()
    {
        var path = new TelemetryPath(isManagedInstance: true);
        path.PostOne("function", $"\"{new string('x', 6_000_000)}\"");
        path.PostOne("function", "\"next\"");
        Assert.Equal([1_000_000, 4], path.Take().Select(static log => log.Text().Length > 4 ? log.GetRawText().Length : log.Text().Length));
    }

    [Fact]
    public void D17_What_waits_has_a_limit()
    {
        var path = new TelemetryPath(isManagedInstance: true, settings: new LogSettings { BufferBytes = 100_000 });
        for (int i = 0; i < 1000; i++)
        {
            path.PostOne("function", $"\"{new string('x', 1000)}\"");
            Assert.InRange(path.Buffer.WaitingBytes, 0, 100_000);
        }

        int sent = path.Take().Count;
        Assert.Equal(1000, sent + path.Counters.DroppedFor(DropReason.BufferFull));
    }

    /// <summary>The blocking flush of the reference drops it.</summary>
    [Fact]
    public async Task D17_A_batch_that_failed_is_sent_by_a_later_flush()
    {
        await using FlushRig rig = await FlushRig.StartAsync();
        rig.Intake.SetFault("*", IntakeFault.Status(503));
        rig.Put(IntakeKind.Logs);
        Assert.Equal(1, (await rig.FlushAsync()).Kept);
        rig.Intake.ClearFault();
        rig.Time.Jump(TimeSpan.FromSeconds(3));
        Assert.Equal(1, (await rig.FlushAsync()).Delivered);
    }

    [Theory]
    [InlineData("true", "gzip")]
    [InlineData("false", null)]
    public async Task D18_The_header_says_what_the_body_is(string compresses, string? encoding)
    {
        await using FlushRig rig = await FlushRig.StartAsync(FlushRig.Key, (Keys.LogsUseCompression, compresses));
        rig.Put(IntakeKind.Logs, sizeBytes: 10_000);
        await rig.FlushAsync();
        ReceivedRequest request = Assert.Single(rig.Intake.Requests);
        Assert.Equal((encoding, null), (request.ContentEncoding, request.Error));
        Assert.Equal(encoding is not null, request.BytesCompressed < request.BytesRaw);
    }

    /// <summary>What a worker wants is D19 of LogShippingTests.</summary>
    [Fact]
    public void D19_One_bad_entry_or_rule_costs_itself_and_is_an_error()
    {
        Settings settings = Environments.Read(
            (Keys.AdditionalLogs, """[{"Host":"no-key"},{"api_key":"k","Host":"h"}]"""),
            (Keys.LogProcessingRules, """[{"type":"mask_sequences","name":"bad","pattern":"("},{"type":"exclude_at_match","name":"good","pattern":"x"}]"""));
        Assert.Equal(("k", "good"), (Assert.Single(settings.LogShipping.Additional).ApiKey.Value, Assert.Single(settings.LogRules).Name));
        Assert.Equal(2, settings.Errors.Count);
        Assert.Contains("DD_LOGS_CONFIG_ADDITIONAL_ENDPOINTS=entry 1 ", settings.Errors[0], StringComparison.Ordinal);
        Assert.Contains("(bad)", settings.Errors[1], StringComparison.Ordinal);
    }

    [Fact]
    public void D20_Outer_members_are_kept_beside_nested_tags()
    {
        var path = new TelemetryPath(isManagedInstance: true);
        path.PostOne("function", """{"user":"ann","message":{"text":"hi","ddtags":"a:b"},"price":9}""");
        JsonElement log = Assert.Single(path.Take());
        Assert.Equal(("""{"user":"ann","message":{"text":"hi"},"price":9}""", "T,a:b"), (log.Text(), log.Tags()));
    }

    [Fact]
    public void D21_A_report_never_has_the_runtime_duration_of_another_invocation()
    {
        var path = new TelemetryPath();
        path.PostOne("platform.start", """{"requestId":"q"}""");
        path.PostOne("platform.runtimeDone", """{"requestId":"q","status":"success","metrics":{"durationMs":7}}""");
        path.PostOne("platform.start", """{"requestId":"r"}""");
        path.PostOne("platform.report", Report);
        Assert.Contains(" Runtime Duration: 0.00 ms Post Runtime Duration: 0.00 ms ", path.Take()[^1].Text(), StringComparison.Ordinal);
    }

    [Fact]
    public void D21_A_failure_is_an_error()
    {
        var path = new TelemetryPath();
        path.PostOne("platform.runtimeDone", """{"requestId":"r","status":"failure"}""");
        Assert.Equal("error", Assert.Single(path.Take()).Status());
    }

    /// <summary>From the POST to the intake: rules, tags and the address that the user set.</summary>
    [Fact]
    public async Task D22_Entries_of_clients_have_rules_and_tags_and_go_where_the_user_wants()
    {
        await using LocalIntake intake = await LocalIntake.StartAsync();
        Settings settings = Environments.Read(
            (Keys.ApiKey, FlushRig.Key), (Keys.LogsUrl, intake.Url),
            (Keys.LogProcessingRules, """[{"type":"mask_sequences","name":"m","pattern":"pin=\\d+","replace_placeholder":"pin=*"},{"type":"exclude_at_match","name":"e","pattern":"^ping"}]"""));
        var counters = new Counters();
        var buffer = new LogBuffer(new LogSettings(), counters[Signal.Logs]) { Rules = ProcessingRules.From(settings.LogRules, Log.Silent) };
        using var client = new IntakeClient(settings);
        using var keys = new ApiKeyProvider(settings.Secrets, intake.Url, TimeProvider.System, Log.Silent);
        using var flushes = new FlushCoordinator([buffer], client, keys, counters, Log.Silent);
        await using ServerRig server = await ServerRig.StartAsync(new LogIntakeRoute(buffer, "env:dev,service:shop").Table());
        using var sender = new RawHttp(server.Port);
        RawAnswer answer = await sender.RequestAsync(
            "POST",
            "/v1/input",
            """
            [{"message":"pin=1234","timestamp":1700000000123,"hostname":"h","service":"s","ddsource":"azure","status":"warn"},
             {"message":"ping","timestamp":1},{"message":"own tags","timestamp":2,"ddtags":"a:1"}]
            """u8.ToArray());
        Assert.Equal((200, "ok"), (answer.Status, answer.Body));
        Assert.Equal(new FlushReport(2, 0, 0), await flushes.FlushAsync(Deadline.In(TimeProvider.System, TimeSpan.FromSeconds(20))));

        Assert.Equal(IntakePaths.Logs, Assert.Single(intake.Requests).Path);
        Assert.Equal(
            [
                new ReceivedLog
                {
                    Message = "pin=*", TimestampMs = 1700000000123, Hostname = "h", Service = "s", DdSource = "azure", Status = "warn", DdTags = "env:dev,service:shop",
                },
                new ReceivedLog { Message = "own tags", TimestampMs = 2, DdTags = "a:1" },
            ],
            intake.Logs);
        SignalCounters logs = counters[Signal.Logs];
        Assert.Equal((3, 2, 1), (logs.Accepted, logs.Delivered, logs.DroppedFor(DropReason.Filtered)));
    }

    [Fact]
    public async Task D22_A_port_that_is_taken_is_said()
    {
        using var other = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        other.Bind(new IPEndPoint(IPAddress.Any, 0));
        other.Listen();
        int port = ((IPEndPoint)other.LocalEndPoint!).Port;
        using var output = new MemoryStream();
        RouteTable table = new LogIntakeRoute(new LogBuffer(new LogSettings(), new SignalCounters()), "").Table();
        var endpoint = new HttpEndpoint("log intake", HttpEndpoint.Everywhere, port, table);
        await using HttpServer server = HttpServer.Bind([endpoint], new BodyBudget(1), new Log(LogLevel.Error, output));
        Assert.Null(server.PortOf(endpoint));
        string said = System.Text.Encoding.UTF8.GetString(output.ToArray());
        Assert.StartsWith("MAYFLY | ERROR | ", said, StringComparison.Ordinal);
        Assert.Contains($"port {port}", said, StringComparison.Ordinal);
    }

    [Fact]
    public void D23_Long_messages_are_cut_and_can_be_left_out_and_lines_put_together()
    {
        string line = $"\"{new string('x', 1_100_000)}\"";
        var cut = new TelemetryPath(isManagedInstance: true);
        cut.PostOne("function", line);
        Assert.EndsWith("...TRUNCATED...", Assert.Single(cut.Take()).Text(), StringComparison.Ordinal);

        var path = new TelemetryPath(rules: """[{"type":"exclude_truncated","name":"t"},{"type":"multi_line","name":"m","pattern":"new"}]""");
        path.PostOne("platform.start", """{"requestId":"r"}""");
        path.PostOne("function", line);
        path.PostOne("function", "\"new one\"");
        path.PostOne("function", "\"  goes on\"");
        Assert.Equal(["START RequestId: r Version: $LATEST", "new one\n  goes on"], path.Take().Select(LogEvents.Text));
    }

    /// <summary>The platform's two signs are enough where no lines are subscribed to.</summary>
    [Fact]
    public async Task D24_Without_logs_a_lack_of_memory_is_seen_all_the_same()
    {
        await using AgentRig rig = await AgentRig.StartAsync(null, (Keys.ServerlessLogsEnabled, "false"));
        rig.Platform.Invoke("r1", TimeSpan.FromSeconds(30));
        await rig.TelemetryAsync(
            $"[{TelemetryPath.Element("platform.runtimeDone", """{"requestId":"r1","status":"error","errorType":"Runtime.OutOfMemory","metrics":{"durationMs":1}}""")}]");
        await rig.Platform.NextAskedAsync(2);
        rig.Platform.Invoke("r2", TimeSpan.FromSeconds(30));
        await rig.RuntimeDoneAsync("r2");
        string full = Report.Replace("\"r\"", "\"r2\"", StringComparison.Ordinal).Replace(":64", ":128", StringComparison.Ordinal);
        await rig.TelemetryAsync($"[{TelemetryPath.Element("platform.report", full)}]");
        await rig.Platform.NextAskedAsync(3);
        rig.Platform.Shutdown();
        Assert.Equal(0, await rig.EndAsync());
        Assert.Equal(2, rig.Metric("out_of_memory").Count);
    }

    [Theory]
    [InlineData("MyMemoryErrorHandler is ready", 0)]
    [InlineData("MemoryErrors: 0", 0)]
    [InlineData("[ERROR] MemoryError: Unable to allocate 8 GiB", 1)]
    public async Task D24_A_name_that_only_begins_alike_is_no_lack_of_memory(string line, int expected)
    {
        await using AgentRig rig = await AgentRig.StartAsync();
        rig.Platform.Invoke("r1", TimeSpan.FromSeconds(30));
        string start = TelemetryPath.Element("platform.start", """{"requestId":"r1"}""");
        await rig.TelemetryAsync($"[{start},{TelemetryPath.Element("function", JsonSerializer.Serialize(line))}]");
        await rig.RuntimeDoneAsync("r1");
        await rig.Platform.NextAskedAsync(2);
        rig.Platform.Shutdown();
        Assert.Equal(0, await rig.EndAsync());
        Assert.Equal(expected, rig.Metric("out_of_memory").Count);
    }

    /// <summary>The module name of the reference's filter that silences everything is a level here, or a warning.</summary>
    [Theory]
    [InlineData("warning", "Warn", 0)]
    [InlineData("critical", "Error", 0)]
    [InlineData("none", "Off", 0)]
    [InlineData("debg", "Info", 1)]
    [InlineData("info,hyper=off", "Info", 1)]
    public void D26_Any_level_is_a_level(string text, string expected, int warnings)
    {
        Settings settings = Environments.Read((Keys.LogLevel, text));
        Assert.Equal((expected, warnings), (settings.LogLevel.ToString(), settings.Warnings.Count));
    }

    [Fact]
    public async Task D27_Tags_have_one_order_whoever_names_them_first()
    {
        var seen = new List<string>();
        foreach (string tags in (string[])["zone:a,app:b,middle:c", "middle:c,zone:a,app:b"])
        {
            await using AgentRig rig = await AgentRig.StartAsync(null, (Keys.Tags, tags), (Keys.Env, "test"));
            await rig.Platform.NextAskedAsync(1);
            await rig.TelemetryAsync($"[{TelemetryPath.Element("function", "\"x\"")}]");
            rig.Platform.Shutdown();
            Assert.Equal(0, await rig.EndAsync());
            seen.Add(Assert.Single(rig.Intake.Logs).DdTags);
        }

        Assert.Equal(seen[0], seen[1]);
        Assert.Equal(seen[0].Split(',').Order(StringComparer.Ordinal), seen[0].Split(','));
        Assert.Contains("app:b", seen[0], StringComparison.Ordinal);
    }
}
