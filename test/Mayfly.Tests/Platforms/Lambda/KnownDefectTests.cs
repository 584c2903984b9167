using System.Text;
using Mayfly.Config;
using Mayfly.Diagnostics;
using Mayfly.Local.Intake;
using Mayfly.Platforms.Lambda;
using Mayfly.Platforms.Lambda.Invocations;
using Mayfly.Platforms.Lambda.Propagation;
using Mayfly.Platforms.Lambda.Telemetry;
using Mayfly.Testing;
using Mayfly.Tests.Config;
using Mayfly.Tests.Platforms.Lambda.Invocations;
using Mayfly.Traces;
using Mayfly.Wire;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda;

/// <summary>
/// docs/spec/01-lambda-lifecycle.md 11, the entries about the lifecycle: what the references get wrong and Mayfly does right. 11 and 12 are about delivery and
/// keys; 21 is UsageSamplerTests.
/// </summary>
public sealed class KnownDefectTests : IDisposable
{
    private readonly TrackerRig _rig = new();

    public void Dispose() => _rig.Dispose();

    [Fact]
    public async Task D01_A_failed_subscription_does_not_end_the_agent()
    {
        await using AgentRig rig = await AgentRig.StartAsync(static platform => platform.SubscribeAnswer = ScriptedPlatform.Answer(403, "{}"));
        rig.Platform.Invoke("r1", TimeSpan.FromSeconds(30));
        await rig.Platform.NextAskedAsync(2);
        rig.Platform.Shutdown();
        Assert.Equal(0, await rig.EndAsync());
        Assert.Equal(1, rig.Metric("invocations").Count);
    }

    [Theory]
    [InlineData("""{"time":"2022-10-21T14:05:05.000Z","type":"platform.fault","record":"x"}""")]
    [InlineData("""{"time":"2022-10-21T14:05:05.000Z","type":"platform.initStart","record":{"initializationType":"native-http"}}""")]
    [InlineData("""{"time":"2022-10-21T14:05:05.000Z","type":"platform.initReport","record":{"metrics":{"durationMs":1}}}""")]
    [InlineData("42")]
    public async Task D02_One_odd_record_does_not_cost_its_batch(string odd)
    {
        await using AgentRig rig = await AgentRig.StartAsync();
        rig.Platform.Invoke("r1", TimeSpan.FromSeconds(30));
        Assert.Equal(200, (await rig.TelemetryAsync(
            "[" + odd
            + ",{\"time\":\"2022-10-21T14:05:05.764Z\",\"type\":\"platform.runtimeDone\","
            + """ "record":{"requestId":"r1","status":"success","metrics":{"durationMs":7}}}]""")).Status);
        await rig.Platform.NextAskedAsync(2);
        rig.Platform.Shutdown();
        Assert.Equal(0, await rig.EndAsync());
        Assert.Equal((1, 7), rig.Metric("runtime_duration"));
    }

    [Fact]
    public async Task D03_A_report_with_a_fraction_is_still_a_report_of_its_kind()
    {
        await using AgentRig rig = await AgentRig.StartAsync();
        rig.Platform.Invoke("r1", TimeSpan.FromSeconds(30));
        await rig.RuntimeDoneAsync("r1");
        await rig.Platform.NextAskedAsync(2);
        await rig.TelemetryAsync(
            """
            [{"time":"2022-10-21T14:05:05.766Z","type":"platform.report","record":{"requestId":"r1","status":"success",
            "metrics":{"durationMs":2599.4,"billedDurationMs":2600.5,"memorySizeMB":128,"maxMemoryUsedMB":128}}}]
            """);
        rig.Platform.Shutdown();
        Assert.Equal(0, await rig.EndAsync());
        Assert.Equal(2.6005, rig.Metric("billed_duration").Sum, tolerance: 1e-9);
        Assert.Equal((1, 1, 1), (rig.Metric("runtime_duration").Count, rig.Metric("estimated_cost").Count, rig.Metric("out_of_memory").Count));
    }

    [Fact]
    public async Task D04_A_runtimeDone_without_metrics_ends_the_invocation()
    {
        await using AgentRig rig = await AgentRig.StartAsync();
        rig.Platform.Invoke("r1", TimeSpan.FromMinutes(5));
        await rig.TelemetryAsync("""[{"time":"2022-10-21T14:05:05.764Z","type":"platform.runtimeDone","record":{"requestId":"r1","status":"success"}}]""");
        await rig.Platform.NextAskedAsync(2);
        rig.Platform.Shutdown();
        Assert.Equal(0, await rig.EndAsync());
        Assert.Equal(0, rig.Metric("runtime_duration").Count);
    }

    [Fact]
    public Task D05_The_deadline_is_kept() => Attempts.OneKeepsTheTimeAsync(static async () =>
    {
        await using AgentRig rig = await AgentRig.StartAsync();
        await rig.Platform.NextAskedAsync(1);
        DateTimeOffset deadline = TimeProvider.System.GetUtcNow() + TimeSpan.FromSeconds(1);
        rig.Platform.Invoke("r1", TimeSpan.FromSeconds(1));
        TimeSpan late = await rig.Platform.NextAskedAsync(2) - deadline;
        rig.Intake.SetFault("*", IntakeFault.Hang);
        deadline = TimeProvider.System.GetUtcNow() + TimeSpan.FromSeconds(2);
        rig.Platform.Shutdown(seconds: 2);
        await rig.EndAsync();
        TimeSpan lateAtTheEnd = TimeProvider.System.GetUtcNow() - deadline;
        return late < TimeSpan.Zero && lateAtTheEnd < TimeSpan.Zero ? null : $"invocation {late} late, shutdown {lateAtTheEnd}";
    });

    [Fact]
    public void D06_A_warm_invocation_is_neither_cold_nor_proactive_however_early_the_report_came()
    {
        _rig.Clock.Advance(TimeSpan.FromSeconds(20));
        foreach (string id in (string[])["r1", "r2", "r3"])
        {
            _rig.Invoke(id);
            _rig.End(id);
            _rig.Done(id);
            _rig.Report(id);
        }

        _rig.Tracker.Shutdown("spindown");
        Assert.Equal([(false, true), (false, false), (false, false)], _rig.Spans.Select(static span => (span.IsColdStart == true, span.IsProactiveInit)));
    }

    [Fact]
    public void D07_Concurrent_invocations_do_not_share_their_triggers()
    {
        using var rig = new TrackerRig(SandboxKind.ManagedInstances);
        var events = new InvocationEvents(Environments.Read());
        foreach (string path in (string[])["one", "two"])
        {
            rig.PlatformStart(path);
            string http = """
                {"version":"2.0","rawPath":"/PATH","routeKey":"GET /PATH","rawQueryString":"","headers":{},"requestContext":{"apiId":"a","domainName":"a.execute-api.x",
                "stage":"$default","timeEpoch":1700000000000,"http":{"method":"GET","path":"/PATH"}}}
                """.Replace("PATH", path, StringComparison.Ordinal);
            rig.Tracker.StartCalled(path, events.Read(Encoding.UTF8.GetBytes(http), new Mayfly.Platforms.Lambda.Propagation.Carrier(), 1));
        }

        foreach (string path in (string[])["one", "two"])
        {
            rig.End(path);
            rig.Tracker.Reported(path, new ReportFigures { DurationMs = 1 }, 1);
        }

        Assert.Equal(["GET /one", "GET /two"], rig.Spans.Select(static span => span.Trigger!.Spans[0].Resource));
    }

    [Fact]
    public void D08_On_managed_instances_late_calls_are_paired()
    {
        using var rig = new TrackerRig(SandboxKind.ManagedInstances);
        rig.PlatformStart("r1");
        rig.Start("r1", new SpanContext(5, 6, null, []));
        rig.Tracker.Reported("r1", new ReportFigures { DurationMs = 1 }, 1);
        rig.End("r1");
        Assert.Equal(5ul, Assert.Single(rig.Spans).TraceId);
        Assert.Equal(0, rig.Tracker.Count);
    }

    [Fact]
    public void D09_A_missing_end_does_not_shift_those_that_follow()
    {
        for (int i = 0; i < 1000; i++)
        {
            _rig.Invoke("r" + i);
            _rig.Start(null, new SpanContext((ulong)i + 1, 6, null, []));
            if (i % 3 != 0)
            {
                _rig.End(null, spanId: 1000 + (ulong)i);
            }

            _rig.Done("r" + i);
            _rig.Report("r" + i);
        }

        Assert.True(_rig.Tracker.Count <= 1);
        _rig.Tracker.Shutdown("spindown");
        Assert.Equal(666, _rig.Spans.Count);
        Assert.All(_rig.Spans, static span => Assert.Equal(("r" + (span.TraceId - 1), span.TraceId + 999), (span.RequestId, span.SpanId)));
    }

    [Fact]
    public void D10_A_late_end_sends_the_span()
    {
        _rig.Invoke("r1");
        _rig.Start("r1");
        _rig.Done("r1");
        _rig.Tracker.SendComplete();
        Assert.Empty(_rig.Spans);
        _rig.End("r1");
        _rig.Tracker.SendComplete();
        Assert.Single(_rig.Spans);
    }

    [Fact]
    public void D13_A_failed_invocation_is_one_error()
    {
        _rig.Invoke("r1");
        _rig.End("r1", statusCode: "500", error: new InvocationError("m", "t", ""));
        _rig.Done("r1", PlatformStatus.Error);
        _rig.Report("r1", PlatformStatus.Error);
        Assert.Equal("errors=1", _rig.CountMetrics("errors"));
    }

    [Fact]
    public async Task D14_Init_type_has_one_spelling()
    {
        await using AgentRig rig = await AgentRig.StartAsync(null, (Keys.InitializationType, "snap-start"));
        await rig.TelemetryAsync(
            """
            [{"time":"2022-10-21T14:05:02.600Z","type":"platform.initReport","record":{"initializationType":"snap-start","phase":"init","metrics":{"durationMs":5}}},
            {"time":"2022-10-21T14:05:03.600Z","type":"platform.restoreStart","record":{}},
            {"time":"2022-10-21T14:05:03.700Z","type":"platform.restoreReport","record":{"status":"success","metrics":{"durationMs":100}}}]
            """);
        rig.Platform.Invoke("r1", TimeSpan.FromSeconds(30));
        await rig.RuntimeDoneAsync("r1");
        await rig.Platform.NextAskedAsync(2);
        rig.Platform.Shutdown();
        Assert.Equal(0, await rig.EndAsync());
        Assert.All(rig.Intake.Metrics, static metric =>
            Assert.Equal(["init_type:snap-start"], metric.Tags.Where(static tag => tag.StartsWith("init_type", StringComparison.Ordinal))));
        Assert.Equal((1, 1), (rig.Metric("init_duration").Count, rig.Metric("snapstart_restore_duration").Count));
    }

    [Fact]
    public void D15_The_upstream_priority_is_on_the_chunk()
    {
        _rig.Invoke("r1");
        _rig.Start("r1", new SpanContext(5, 6, 2, []));
        _rig.End("r1");
        _rig.Done("r1");
        _rig.Tracker.SendComplete();
        Assert.Equal(2, Assert.Single(_rig.Spans).Priority);
    }

    [Fact]
    public async Task D15_An_upstream_origin_is_kept()
    {
        await using AgentRig rig = await AgentRig.StartAsync();
        var span = new SampleSpan { Meta = new Dictionary<string, string> { ["_dd.origin"] = "rum" } };
        using (var tracer = new Http.RawHttp(rig.Settings.Listeners.TracePort))
        {
            Assert.Equal(200, (await tracer.RequestAsync("PUT", "/v0.4/traces", SampleSpan.V04([span]))).Status);
        }

        rig.Platform.Shutdown();
        Assert.Equal(0, await rig.EndAsync());
        Assert.Equal("rum", Assert.Single(rig.Intake.Spans).Meta["_dd.origin"]);
    }

    [Theory]
    [InlineData("POST", "/lambda/flush")]
    [InlineData("GET", "/trace-context")]
    public async Task D16_Old_paths_are_answered(string method, string path)
    {
        await using AgentRig rig = await AgentRig.StartAsync();
        using var client = new Http.RawHttp(rig.Settings.Listeners.LifecyclePort);
        Assert.Equal(200, (await client.RequestAsync(method, path)).Status);
    }

    [Fact]
    public void D16_A_status_code_can_be_text()
    {
        _rig.Invoke("r1");
        _rig.End("r1", statusCode: "502");
        _rig.Done("r1");
        _rig.Tracker.SendComplete();
        Assert.True(Assert.Single(_rig.Spans).IsError);
    }

    [Fact]
    public void D18_Calls_to_the_proxy_s_port_are_internal()
    {
        var span = new Span();
        span.Meta.Set(Utf8Slice.From("http.url"), Utf8Slice.From("http://127.0.0.1:9000/2018-06-01/runtime/invocation/next"));
        Assert.True(new InternalSpans(Environments.Read()).Contains(span));
    }

    [Fact]
    public void D19_The_response_is_measured()
    {
        _rig.Invoke("r1");
        _rig.Tracker.RuntimeFinished("r1", new RuntimeDone(_rig.Clock.NowNs, PlatformStatus.Success, null, 5) { ResponseLatencyMs = 3, ResponseDurationMs = 1 });
        Assert.Equal("response_duration=1 response_latency=1", _rig.CountMetrics("response_duration", "response_latency"));
    }

    [Theory]
    [InlineData("platform function", "\"types\":[\"platform\",\"function\"]")]
    [InlineData("function", "\"types\":[\"platform\",\"function\"]")]
    [InlineData("platform", "\"types\":[\"platform\"]")]
    public async Task D19_The_types_of_logs_can_be_chosen(string types, string expected)
    {
        await using AgentRig rig = await AgentRig.StartAsync(null, (Keys.TelemetryTypes, types));
        await rig.Platform.CalledAsync("/2022-07-01/telemetry");
        Assert.Contains(expected, rig.Platform.Calls.Single(static call => call.Path == "/2022-07-01/telemetry").Body, StringComparison.Ordinal);
        rig.Platform.Shutdown();
        Assert.Equal(0, await rig.EndAsync());
    }

    [Fact]
    public async Task D19_SIGTERM_is_a_shutdown()
    {
        using var stop = new CancellationTokenSource();
        using var platform = new ExtensionClient("127.0.0.1:" + AgentRig.FreePort());
        var events = new EventSource(platform, "id", TimeProvider.System, new Log(LogLevel.Off, Stream.Null));
        var never = new TaskCompletionSource<ExtensionEvent>();
        await using CancellationTokenRegistration _ = stop.Token.Register(() => never.TrySetCanceled());
        Task<SandboxEvent> next = events.NextAsync(never.Task, stop.Token);
        await stop.CancelAsync();
        Assert.Equal(SandboxEventKind.Terminated, (await next).Kind);
    }

    [Fact]
    public void D20_A_value_is_text_first()
    {
        Settings settings = Environments.Read((Keys.Version, "1.10"), (Keys.ApiKey, "12345678901234567890123456789012"));
        Assert.Equal(("1.10", "12345678901234567890123456789012"), (settings.Version, settings.ApiKey));
    }

    [Fact]
    public async Task D22_Logs_are_drained_at_SHUTDOWN_of_a_managed_instance()
    {
        await using AgentRig rig = await AgentRig.StartAsync(null, (Keys.InitializationType, "lambda-managed-instances"));
        await rig.TelemetryAsync("""[{"time":"2022-10-21T14:05:02.600Z","type":"function","record":"last words"}]""");
        rig.Platform.Shutdown();
        Assert.Equal(0, await rig.EndAsync());
        Assert.Contains(rig.Intake.Logs, static log => log.Message == "last words");
    }

    [Fact]
    public void D23_Under_SnapStart_the_first_invocation_is_counted_at_once()
    {
        using var rig = new TrackerRig(SandboxKind.SnapStart);
        rig.Invoke("r1");
        Assert.Equal("invocations=1", rig.CountMetrics());
    }

    [Fact]
    public async Task D24_The_ports_are_open_when_the_platform_has_the_registration()
    {
        // The registration is never answered: whatever is open then was open before.
        await using AgentRig rig = await AgentRig.StartAsync(static platform => platform.RegisterAnswer = "");
        await rig.Platform.CalledAsync("/2020-01-01/extension/register");
        ListenerSettings ports = rig.Settings.Listeners;
        foreach (int port in (int[])[ports.LifecyclePort, ports.TracePort, ports.TelemetryPort])
        {
            using var client = new System.Net.Sockets.TcpClient();
            await client.ConnectAsync(System.Net.IPAddress.Loopback, port);
            Assert.True(client.Connected);
        }
    }

    [Fact]
    public async Task D25_SHUTDOWN_can_be_the_first_event()
    {
        await using AgentRig rig = await AgentRig.StartAsync();
        rig.Platform.Shutdown();
        Assert.Equal(0, await rig.EndAsync());
        Assert.Equal((1, 1), (rig.Metric("unused_init").Count, rig.Metric("shutdowns").Count));
    }

    [Fact]
    public async Task D26_An_unreadable_body_is_answered_200_and_its_invocation_has_a_span()
    {
        await using AgentRig rig = await AgentRig.StartAsync();
        rig.Platform.Invoke("r1", TimeSpan.FromSeconds(30));
        int port = rig.Settings.Listeners.LifecyclePort;
        const string Id = "lambda-runtime-aws-request-id: r1";
        Assert.Equal(200, (await rig.PostAsync(port, "/lambda/start-invocation", "\0garbage", Id, "Content-Encoding: gzip")).Status);
        Assert.Equal(200, (await rig.PostAsync(port, "/lambda/end-invocation", "{", Id, "x-datadog-trace-id: 9", "x-datadog-span-id: 7")).Status);
        await rig.RuntimeDoneAsync("r1");
        await rig.Platform.NextAskedAsync(2);
        rig.Platform.Shutdown();
        Assert.Equal(0, await rig.EndAsync());
        Assert.Equal((9ul, 7ul), (Assert.Single(rig.Intake.Spans).TraceId, rig.Intake.Spans[0].SpanId));
    }

    [Fact]
    public void D26_A_runtimeDone_of_another_invocation_is_its_own()
    {
        InvocationContext first = _rig.Tracker.Begin("r1");
        _rig.Invoke("r2");
        _rig.Done("r1");
        Assert.True(first.WhenRuntimeDone.IsCompleted);
        _rig.End("r2");
        _rig.Tracker.SendComplete();
        Assert.Empty(_rig.Spans);
    }
}
