using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Mayfly.Config;
using Mayfly.Diagnostics;
using Mayfly.Local.Intake;
using Mayfly.Testing;
using Mayfly.Tests.Http;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda;

/// <summary>docs/spec/01-lambda-lifecycle.md 1.2 to 1.4, 2.5; vectors TV1, TV2, TV3, TV6. Each test plays the platform over real sockets.</summary>
public class LambdaAgentTests
{
    private const string Id = "459921b5-681c-4a96-beb0-81e0aa586026";

    /// <summary>2.3, TV1, TV2.</summary>
    [Theory]
    [InlineData("true", """["platform","extension","function"]""")]
    [InlineData("false", """["platform"]""")]
    public async Task Registers_then_subscribes_then_asks_for_the_first_event(string logs, string types)
    {
        await using AgentRig rig = await AgentRig.StartAsync(null, (Keys.LogsEnabled, logs));
        await rig.Platform.NextAskedAsync(1);
        await rig.Platform.CalledAsync("/2022-07-01/telemetry");

        // The subscription is on its way before next is asked for (see ExtensionClientTests); which connection a server reads first is its own affair.
        PlatformCall[] calls = [.. rig.Platform.Calls.OrderBy(static call => call.Path.EndsWith("/next", StringComparison.Ordinal))];
        Assert.Equal("/2020-01-01/extension/register", rig.Platform.Calls[0].Path);
        Assert.Equal(
            ["POST /2020-01-01/extension/register", "PUT /2022-07-01/telemetry", "GET /2020-01-01/extension/event/next"],
            calls.Select(static call => $"{call.Method} {call.Path}"));
        Assert.Equal("""{"events":["INVOKE","SHUTDOWN"]}""", calls[0].Body);
        Assert.Equal(("datadog-agent", "accountId"), (calls[0].Headers["Lambda-Extension-Name"], calls[0].Headers["Lambda-Extension-Accept-Feature"]));
        int port = rig.Settings.Listeners.TelemetryPort;
        Assert.Equal(
            $$$"""{"schemaVersion":"2022-12-13","destination":{"protocol":"HTTP","URI":"http://sandbox:{{{port}}}/"},"""
                + $"\"types\":{types}," + """ "buffering":{"maxItems":1000,"maxBytes":262144,"timeoutMs":25}}""".TrimStart(),
            calls[1].Body);
        Assert.Equal("application/json", calls[1].Headers["Content-Type"]);
        Assert.All(calls.Skip(1), static call => Assert.Equal(ScriptedPlatform.ExtensionId, call.Headers["Lambda-Extension-Identifier"]));
        rig.Platform.Shutdown();
        Assert.Equal(0, await rig.EndAsync());
    }

    /// <summary>TV6.</summary>
    [Fact]
    public async Task A_cold_invocation_arrives_at_the_intake()
    {
        await using AgentRig rig = await AgentRig.StartAsync(null, (Keys.Service, "My-Svc"), (Keys.Env, "dev"), (Keys.ProcEnhancedMetrics, "false"));
        rig.Platform.Invoke(Id, TimeSpan.FromSeconds(30));
        ListenerSettings ports = rig.Settings.Listeners;
        Assert.Equal(200, (await rig.PostAsync(ports.LifecyclePort, "/lambda/start-invocation", "{}", "lambda-runtime-aws-request-id: " + Id)).Status);
        var placeholder = new SampleSpan
        {
            Name = "dd-tracer-serverless-span",
            Resource = "dd-tracer-serverless-span",
            TraceId = 999,
            SpanId = 77,
            Meta = new Dictionary<string, string> { ["request_id"] = Id, ["from.tracer"] = "yes" },
            Metrics = new Dictionary<string, double> { ["_sampling_priority_v1"] = 1 },
        };
        var child = new SampleSpan { TraceId = 999, SpanId = 78, ParentId = 77 };
        using (var tracer = new RawHttp(ports.TracePort))
        {
            Assert.Equal(200, (await tracer.RequestAsync("PUT", "/v0.4/traces", SampleSpan.V04([placeholder, child]))).Status);
        }

        string[] end = ["lambda-runtime-aws-request-id: " + Id, "x-datadog-trace-id: 999", "x-datadog-span-id: 77", "x-datadog-sampling-priority: 1"];
        Assert.Equal(200, (await rig.PostAsync(ports.LifecyclePort, "/lambda/end-invocation", "{}", end)).Status);
        await rig.TelemetryAsync($$$$"""
            [{"time":"2022-10-21T14:05:02.600Z","type":"platform.initStart","record":{"initializationType":"on-demand","phase":"init","runtimeVersion":"java:17.v30"}},
            {"time":"2022-10-21T14:05:03.149Z","type":"platform.initReport","record":{"initializationType":"on-demand","phase":"init","metrics":{"durationMs":549.04}}},
            {"time":"2022-10-21T14:05:03.165Z","type":"platform.start","record":{"requestId":"{{{{Id}}}}","version":"$LATEST"}},
            {"time":"2022-10-21T14:05:05.764Z","type":"platform.runtimeDone","record":{"requestId":"{{{{Id}}}}","status":"success","metrics":{"durationMs":2599.0,"producedBytes":8}}},
            {"time":"2022-10-21T14:05:05.766Z","type":"platform.report","record":{"requestId":"{{{{Id}}}}","status":"success","metrics":{"durationMs":2599.4,"billedDurationMs":2600,"memorySizeMB":128,"maxMemoryUsedMB":94,"initDurationMs":549.04}}}]
            """);
        await rig.Platform.NextAskedAsync(2);
        rig.Platform.Shutdown();
        Assert.Equal(0, await rig.EndAsync());

        ReceivedSpan span = Assert.Single(rig.Intake.Spans, static span => span.Name == "aws.lambda");
        Assert.Equal((999ul, 77ul, 0ul, 1666361103165000000, 2599000000), (span.TraceId, span.SpanId, span.ParentId, span.StartNs, span.DurationNs));
        Assert.Equal(("my-svc", "my-fn", "serverless", 0, 1), (span.Service, span.Resource, span.Type, span.Error, span.Chunk.Priority));
        Assert.Equal(("true", Id, "yes", "server"), (span.Meta["cold_start"], span.Meta["request_id"], span.Meta["from.tracer"], span.Meta["span.kind"]));
        Assert.Equal(("lambda", "dev", "123456789012"), (span.Meta["_dd.origin"], span.Meta["env"], span.Meta["account_id"]));
        Assert.Equal(77ul, Assert.Single(rig.Intake.Spans, static span => span.Name == "http.request").ParentId);
        ReceivedSpan cold = Assert.Single(rig.Intake.Spans, static span => span.Name == "aws.lambda.cold_start");
        Assert.Equal((999ul, 0ul, 1666361102600000000, 549040000), (cold.TraceId, cold.ParentId, cold.StartNs, cold.DurationNs));
        Assert.Equal(("my-svc", "my-fn", "serverless", 0, 1), (cold.Service, cold.Resource, cold.Type, cold.Error, cold.Chunk.Priority));
        Assert.Same(span.Chunk, cold.Chunk);

        (string Name, double Sum)[] expected =
        [
            ("invocations", 1), ("init_duration", 0.54904), ("runtime_duration", 2599), ("produced_bytes", 8), ("duration", 2.5994), ("billed_duration", 2.6),
            ("max_memory_used", 94), ("memorysize", 128), ("estimated_cost", Arm ? 0.000004533355 : 0.000005616678), ("post_runtime_duration", 0.4), ("shutdowns", 1),
        ];
        foreach ((string name, double sum) in expected)
        {
            Assert.Equal(1, rig.Metric(name).Count);
            Assert.Equal(sum, rig.Metric(name).Sum, tolerance: 1e-9);
        }

        // The limits of files and threads are measured only if INVOKE was served before the records came.
        Assert.Equal(expected.Length, rig.Intake.Metrics.Count(static metric =>
            metric.Name.StartsWith("aws.lambda.enhanced.", StringComparison.Ordinal) && !metric.Name.EndsWith("_max", StringComparison.Ordinal)));
        Assert.Contains("cold_start:true", rig.Intake.Metrics.Single(static metric => metric.Name.EndsWith("invocations", StringComparison.Ordinal)).Tags);
        Assert.Contains(rig.Intake.Logs, static log => log.Message == $"START RequestId: {Id} Version: $LATEST");
        Assert.All(Enum.GetValues<Signal>(), signal => Assert.Equal(rig.Agent.Counters[signal].Accepted, rig.Agent.Counters[signal].Delivered));
    }

    /// <summary>2.5: a port in use turns that feature off.</summary>
    [Theory]
    [InlineData(Keys.LifecyclePort, "lifecycle API")]
    [InlineData(Keys.TracePort, "trace agent")]
    [InlineData(Keys.TelemetryPort, "telemetry listener")]
    [InlineData(Keys.DogStatsdPort, "DogStatsD")]
    public async Task A_port_that_is_taken_costs_that_listener(string key, string name)
    {
        bool isUdp = key == Keys.DogStatsdPort;
        using var other = new Socket(AddressFamily.InterNetwork, isUdp ? SocketType.Dgram : SocketType.Stream, isUdp ? ProtocolType.Udp : ProtocolType.Tcp);
        other.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        if (!isUdp)
        {
            other.Listen();
        }

        string port = ((IPEndPoint)other.LocalEndPoint!).Port.ToString(System.Globalization.CultureInfo.InvariantCulture);
        await using AgentRig rig = await AgentRig.StartAsync(null, (key, port));
        await rig.Platform.NextAskedAsync(1);
        Assert.Contains($"ERROR | {name}", rig.Output, StringComparison.Ordinal);
        Assert.Equal(key != Keys.TelemetryPort, rig.Platform.Calls.Any(static call => call.Path.EndsWith("/telemetry", StringComparison.Ordinal)));
        rig.Platform.Invoke("r1", TimeSpan.FromSeconds(30));
        if (key != Keys.TelemetryPort)
        {
            await rig.RuntimeDoneAsync("r1");
        }

        await rig.Platform.NextAskedAsync(2);
        rig.Platform.Shutdown();
        Assert.Equal(0, await rig.EndAsync());
        Assert.Equal(1, rig.Metric("invocations").Count);
    }

    /// <summary>1.4, 2.5, and 07, 7.8: without telemetry nobody tells when the handler is done, so nobody waits for it.</summary>
    [Theory]
    [InlineData(202, """{"errorMessage":"Telemetry API is not supported","errorType":"Telemetry.NotSupported"}""")]
    [InlineData(403, """{"errorType":"Telemetry.SubscriptionClosed"}""")]
    [InlineData(500, "")]
    [InlineData(-1, "garbage")]
    [InlineData(0, "no answer")]
    public async Task Without_telemetry_the_agent_serves_on(int status, string body)
    {
        await using AgentRig rig = await AgentRig.StartAsync(platform => platform.SubscribeAnswer = status switch
        {
            0 => null,
            -1 => body,
            _ => ScriptedPlatform.Answer(status, body),
        });
        for (int i = 1; i <= 3; i++)
        {
            rig.Platform.Invoke("r" + i, TimeSpan.FromSeconds(60));
            await rig.Platform.NextAskedAsync(i + 1);
        }

        rig.Platform.Shutdown();
        Assert.Equal(0, await rig.EndAsync());
        Assert.Equal(3, rig.Metric("invocations").Count);
        Assert.Single(rig.Output.Split('\n'), static line => line.Contains("No telemetry", StringComparison.Ordinal));
    }

    /// <summary>2.5: parse tolerantly, retry what is a matter of transport.</summary>
    [Theory]
    [InlineData("""{"eventType":"SURPRISE"}""")]
    [InlineData("[]")]
    [InlineData("not json")]
    [InlineData("""{"eventType":"INVOKE","requestId":"r1","deadlineMs":""")]
    [InlineData("closed")]
    [InlineData("cut")]
    [InlineData("no http")]
    public async Task An_odd_answer_to_next_is_followed_by_another_next(string answer)
    {
        await using AgentRig rig = await AgentRig.StartAsync();
        rig.Platform.AnswerNext(answer switch
        {
            "closed" => "",
            "cut" => "HTTP/1.1 200 x\r\nContent-Length: 100",
            "no http" => "SSH-2.0-surprise\r\n",
            _ => ScriptedPlatform.Answer(200, answer),
        });
        if (answer.Contains("r1", StringComparison.Ordinal))
        {
            await rig.RuntimeDoneAsync("r1");
        }

        await rig.Platform.NextAskedAsync(2);
        rig.Platform.Shutdown();
        Assert.Equal(0, await rig.EndAsync());
        Assert.Equal(1, rig.Metric("shutdowns").Count);
    }

    /// <summary>2.5: final flush and exit for 4xx and 5xx; 1.2: 500 = container error, the extension should exit.</summary>
    [Theory]
    [InlineData(403)]
    [InlineData(500)]
    public async Task A_platform_that_refuses_next_ends_the_agent_after_a_final_flush(int status)
    {
        await using AgentRig rig = await AgentRig.StartAsync();
        rig.Platform.AnswerNext(ScriptedPlatform.Answer(status, """{"errorType":"Extension.UnknownExtensionIdentifier"}"""));
        Assert.Equal(1, await rig.EndAsync());
        Assert.Equal(1, rig.Metric("shutdowns").Count);
        Assert.Contains($"ERROR | The platform ended the extension's life: the platform refused next: {status}", rig.Output, StringComparison.Ordinal);
    }

    /// <summary>2.5, 11.25: SHUTDOWN of a sandbox that was never used.</summary>
    [Theory]
    [InlineData("spindown")]
    [InlineData("SPINDOWN")]
    [InlineData("failure")]
    public async Task SHUTDOWN_may_be_the_very_first_event(string reason)
    {
        await using AgentRig rig = await AgentRig.StartAsync();
        rig.Platform.Shutdown(reason);
        Assert.Equal(0, await rig.EndAsync());
        Assert.Equal((1, 1), (rig.Metric("shutdowns").Count, rig.Metric("unused_init").Count));
        Assert.Equal(1, rig.Platform.NextCalls);
    }

    /// <summary>A deadline is the platform's number and may be anything.</summary>
    [Theory]
    [InlineData("676051")]
    [InlineData("0")]
    [InlineData("-9223372036854775808")]
    [InlineData("9223372036854775807")]
    [InlineData("1e300")]
    [InlineData("\"soon\"")]
    public async Task Any_deadline_is_survived(string deadline)
    {
        await using AgentRig rig = await AgentRig.StartAsync();
        rig.Platform.AnswerNext(ScriptedPlatform.Answer(200, $$"""{"eventType":"INVOKE","deadlineMs":{{deadline}},"requestId":"r1"}"""));
        await rig.RuntimeDoneAsync("r1");
        await rig.Platform.NextAskedAsync(2);
        rig.Platform.AnswerNext(ScriptedPlatform.Answer(200, $$"""{"eventType":"SHUTDOWN","deadlineMs":{{deadline}},"shutdownReason":"spindown"}"""));
        Assert.Equal(0, await rig.EndAsync());
        Assert.DoesNotContain("inside the agent", rig.Output, StringComparison.Ordinal);
        rig.AssertSums();
    }

    /// <summary>The design, 4: the extension never exits for a missing key, it counts.</summary>
    [Fact]
    public async Task Without_an_API_key_invocations_are_served_and_data_is_counted()
    {
        await using AgentRig rig = await AgentRig.StartAsync(null, (Keys.ApiKey, ""), (Keys.ProcEnhancedMetrics, "false"));
        for (int i = 1; i <= 2; i++)
        {
            rig.Platform.Invoke("r" + i, TimeSpan.FromSeconds(30));
            await rig.RuntimeDoneAsync("r" + i);
            await rig.Platform.NextAskedAsync(i + 1);
        }

        JsonElement page = JsonDocument.Parse(await GetDebugPageAsync(rig)).RootElement.GetProperty("metrics");
        // Of each invocation at least: invocations, runtime_duration.
        Assert.InRange(page.GetProperty("accepted").GetInt64(), 4, 8);
        Assert.Equal(page.GetProperty("accepted").GetInt64(), page.GetProperty("dropped").GetProperty("no_api_key").GetInt64());
        rig.Platform.Shutdown();
        Assert.Equal(0, await rig.EndAsync());
        Assert.Empty(rig.Intake.Requests);
        Assert.Single(rig.Output.Split('\n'), static line => line.Contains("No API key", StringComparison.Ordinal));
        rig.AssertSums();
    }

    public static TheoryData<string> Troubles => ["intake hangs", "intake refuses", "intake fails", "function never ends", "request never ends"];

    /// <summary>1.3: an extension that is not back by the deadline turns a success into a timeout.</summary>
    [Theory]
    [MemberData(nameof(Troubles))]
    public Task The_agent_is_back_at_next_before_the_deadline(string trouble) => Attempts.OneKeepsTheTimeAsync(async () =>
    {
        await using AgentRig rig = await AgentRig.StartAsync();
        await rig.Platform.NextAskedAsync(1);
        switch (trouble)
        {
            case "intake hangs":
                rig.Intake.SetFault("*", IntakeFault.Hang);
                break;
            case "intake refuses":
                await rig.Intake.RefuseConnectionsAsync();
                break;
            case "intake fails":
                rig.Intake.SetFault("*", IntakeFault.Status(500));
                break;
            default:
                break;
        }

        using var stuck = new RawHttp(rig.Settings.Listeners.TracePort);
        if (trouble == "request never ends")
        {
            await stuck.SendAsync("PUT /v0.4/traces HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n1");
        }

        DateTimeOffset deadline = TimeProvider.System.GetUtcNow() + TimeSpan.FromSeconds(1.5);
        rig.Platform.Invoke("r1", TimeSpan.FromSeconds(1.5));
        if (trouble != "function never ends")
        {
            await rig.RuntimeDoneAsync("r1");
        }

        DateTimeOffset back = await rig.Platform.NextAskedAsync(2);
        Assert.All(Enum.GetValues<Signal>(), signal => Assert.Equal(0, rig.Agent.Counters[signal].DroppedInAll));

        DateTimeOffset end = TimeProvider.System.GetUtcNow() + TimeSpan.FromSeconds(2);
        rig.Platform.Shutdown(seconds: 2);
        Assert.Equal(0, await rig.EndAsync());
        TimeSpan left = end - TimeProvider.System.GetUtcNow();
        Assert.All(Enum.GetValues<Signal>(), signal => Assert.Equal(0, rig.Agent.Counters[signal].Buffered));
        rig.AssertSums();
        return deadline - back >= TimeSpan.FromMilliseconds(100) && left > TimeSpan.Zero
            ? null
            : $"back {(deadline - back).TotalMilliseconds} ms before the deadline, ended {left.TotalMilliseconds} ms before the end of its budget";
    });

    /// <summary>2.5: register fails.</summary>
    [Theory]
    [InlineData(403, """{"errorType":"Extension.InvalidExtensionName"}""", 1)]
    [InlineData(500, "", 1)]
    [InlineData(200, "{}", 3)]
    public async Task A_refused_registration_ends_the_process(int status, string body, int attempts)
    {
        await using AgentRig rig = await AgentRig.StartAsync(platform => platform.RegisterAnswer = ScriptedPlatform.Answer(status, body));
        Assert.Equal(1, await rig.EndAsync());
        Assert.Equal(attempts, rig.Platform.Calls.Count);
        Assert.Contains("ERROR | Registration as a Lambda extension failed", rig.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Settings_that_were_not_understood_are_said_once()
    {
        await using AgentRig rig = await AgentRig.StartAsync(null, (Keys.LogLevel, "loud"));
        rig.Platform.Shutdown();
        Assert.Equal(0, await rig.EndAsync());
        Assert.Single(rig.Output.Split('\n'), static line => line.StartsWith("MAYFLY | WARN | DD_LOG_LEVEL=loud", StringComparison.Ordinal));
    }

    private static bool Arm => System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture == System.Runtime.InteropServices.Architecture.Arm64;

    private static async Task<string> GetDebugPageAsync(AgentRig rig)
    {
        using var client = new RawHttp(rig.Settings.Listeners.TracePort);
        return (await client.RequestAsync("GET", "/debug/mayfly")).Body;
    }
}
