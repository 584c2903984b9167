using Mayfly.Config;
using Mayfly.Local.Compat;
using Mayfly.Local.Intake;
using Mayfly.Testing;
using Mayfly.Tests.Http;
using Xunit;

namespace Mayfly.Tests.Platforms.Compat;

/// <summary>docs/spec/06-compat-and-init.md A3, A5 (DD_TAGS), A8, A9 and F1: what each signal says of the platform, from the door to the intake.</summary>
public class CompatTagsTests
{
    private static readonly (string, string)[] AzureSite =
    [
        (PlatformKeys.FunctionsExtensionVersion, "~4"), (PlatformKeys.FunctionsWorkerRuntime, "java"), (PlatformKeys.WebsiteSiteName, "My-Func"),
        (PlatformKeys.WebsiteOwnerName, "00000000-0000-0000-0000-000000000000+test-rg-EastUSwebspace-Linux"), (PlatformKeys.ComputerName, "RD0003FF"),
    ];

    [Fact]
    public async Task F1_Google_function()
    {
        await using MetadataServer metadata = await MetadataServer.StartAsync(new MetadataOptions { ProjectId = "dummy_project_id", Region = "dummy_region_west" });
        await using CompatRig rig = await CompatRig.StartAsync(
            [(PlatformKeys.GoogleFunctionName, "dummy_function_name"), (PlatformKeys.GoogleProject, "x"), (PlatformKeys.GoogleMetadataHost, metadata.Host)],
            [(Keys.Tags, "env:test,service:my-service"), (CompatKeys.LauncherVersion, "dummy_version")],
            patience: TimeSpan.FromSeconds(10));
        await rig.ReadyAsync();
        var meta = new Dictionary<string, string> { ["service"] = "test-service", ["env"] = "test-env", ["runtime-id"] = "test-runtime-id-value" };
        SampleSpan[] trace = [Span(333, 222), Span(222, 0), Span(444, 333)];
        RawAnswer answer = await rig.PostAsync(
            rig.TracePort, "/v0.4/traces", SampleSpan.V04(trace), "Content-Type: application/msgpack", "Datadog-Meta-Lang: nodejs",
            "Datadog-Meta-Lang-Version: v19.7.0", "Datadog-Meta-Tracer-Version: 4.0.0", "Datadog-Container-Id: 33");
        Assert.Equal((200, """{"rate_by_service":{"service:,env:":1}}"""), (answer.Status, answer.Body));
        Assert.Equal(0, await rig.StopAsync());
        Dictionary<ulong, ReceivedSpan> spans = rig.Intake.Spans.ToDictionary(static span => span.SpanId);
        Assert.Equal(3, spans.Count);
        Assert.All(spans.Values, static span =>
        {
            Assert.Equal("dummy_project_id", span.Meta["gcrfx.project_id"]);
            Assert.Equal("dummy_region_west", span.Meta["gcrfx.location"]);
            Assert.Equal("projects/dummy_project_id/locations/dummy_region_west/functions/dummy_function_name", span.Meta["gcrfx.resource_name"]);
            Assert.Equal("dummy_version", span.Meta["_dd.serverless_compat_version"]);
            bool isRoot = span.SpanId == 222;
            Assert.Equal(isRoot ? "dummy_function_name" : null, span.Meta.GetValueOrDefault("functionname"));
            Assert.Equal(isRoot ? "cloudfunction" : null, span.Meta.GetValueOrDefault("_dd.origin"));
            Assert.Equal(isRoot ? "cloudfunction" : null, span.Meta.GetValueOrDefault("origin"));
            Assert.Equal(isRoot ? 1.0 : 0.0, span.Metrics.GetValueOrDefault("_top_level"));
        });
        ReceivedTracerPayload payload = spans[222].Payload;
        Assert.Equal(("33", "nodejs", "v19.7.0", "4.0.0"), (payload.ContainerId, payload.LanguageName, payload.LanguageVersion, payload.TracerVersion));
        Assert.Equal(("test-env", "test-runtime-id-value", "", ""), (payload.Env, payload.RuntimeId, payload.Hostname, payload.AppVersion));
        Assert.Equal("env:test,service:my-service", payload.Tags["_dd.tags.function"]);
        Assert.Equal((-128, ""), (spans[222].Chunk.Priority, spans[222].Chunk.Origin));

        SampleSpan Span(ulong id, ulong parent) => new() { Service = "test-service", SpanId = id, ParentId = parent, Meta = meta };
    }

    /// <summary>F2: traces wait for the exchange, and go as unknown when there is none; a tracer's own value stays.</summary>
    [Fact]
    public async Task F2_Without_metadata_the_place_is_unknown()
    {
        await using MetadataServer metadata = await MetadataServer.StartAsync(new MetadataOptions { Unanswered = 100 });
        await using CompatRig rig = await CompatRig.StartAsync(
            [(PlatformKeys.GoogleService, "fn"), (PlatformKeys.GoogleFunctionTarget, "main"), (PlatformKeys.GoogleMetadataHost, metadata.Host)]);
        await rig.ReadyAsync();
        await rig.SendTraceAsync(new SampleSpan { Meta = new Dictionary<string, string> { ["gcrfx.location"] = "mine" } });
        Assert.Equal(0, await rig.StopAsync());
        ReceivedSpan span = Assert.Single(rig.Intake.Spans);
        Assert.Equal("mine", span.Meta["gcrfx.location"]);
        Assert.Equal("unknown", span.Meta["gcrfx.project_id"]);
        Assert.Equal("projects/unknown/locations/unknown/functions/fn", span.Meta["gcrfx.resource_name"]);
    }

    /// <summary>A8, order 6; G17: known values overwrite, unknown ones do not; spans of API Management stay as they are.</summary>
    [Fact]
    public async Task A8_Azure_function()
    {
        await using CompatRig rig = await CompatRig.StartAsync(AzureSite, (CompatKeys.LauncherVersion, "1.0"));
        await rig.ReadyAsync();
        var own = new Dictionary<string, string> { ["aas.site.name"] = "tracer", ["aas.environment.instance_id"] = "tracer", ["_dd.origin"] = "synthetics" };
        await rig.SendTraceAsync(
            new SampleSpan { SpanId = 1, Name = "azure.apim", ParentId = 0 }, new SampleSpan { SpanId = 2, ParentId = 1, Meta = own }, new SampleSpan { SpanId = 3, ParentId = 2 });
        Assert.Equal(0, await rig.StopAsync());
        Dictionary<ulong, ReceivedSpan> spans = rig.Intake.Spans.ToDictionary(static span => span.SpanId);
        Assert.DoesNotContain(spans[1].Meta.Keys, static key => key.StartsWith("aas.", StringComparison.Ordinal));
        Assert.Equal(("1.0", "My-Func", "azurefunction"), (spans[1].Meta["_dd.serverless_compat_version"], spans[1].Meta["functionname"], spans[1].Meta["_dd.origin"]));
        Assert.Equal(("My-Func", "tracer", "synthetics"), (spans[2].Meta["aas.site.name"], spans[2].Meta["aas.environment.instance_id"], spans[2].Meta["_dd.origin"]));
        Assert.Equal("unknown", spans[3].Meta["aas.environment.instance_id"]);
        Assert.Equal("RD0003FF", spans[3].Meta["aas.environment.instance_name"]);
        Assert.Equal("/subscriptions/00000000-0000-0000-0000-000000000000/resourcegroups/test-rg/providers/microsoft.web/sites/my-func", spans[3].Meta["aas.resource.id"]);
        Assert.Equal(12, spans[3].Meta.Keys.Count(static key => key.StartsWith("aas.", StringComparison.Ordinal)));
        Assert.False(spans[3].Meta.ContainsKey("_dd.origin") || spans[3].Meta.ContainsKey("functionname"));
    }

    [Fact]
    public async Task A8_Spring_app()
    {
        await using CompatRig rig = await CompatRig.StartAsync(CompatRig.Spring);
        await rig.ReadyAsync();
        await rig.SendTraceAsync(new SampleSpan { SpanId = 1 }, new SampleSpan { SpanId = 2, ParentId = 1 });
        Assert.Equal(0, await rig.StopAsync());
        Assert.Equal(2, rig.Intake.Spans.Count);
        Assert.All(rig.Intake.Spans, static span => Assert.Equal(("spring-1", "my-spring-app"), (span.Meta["asa.hostname"], span.Meta["asa.name"])));
        ReceivedSpan root = rig.Intake.Spans.Single(static span => span.SpanId == 1);
        Assert.Equal("azurespringapp", root.Meta["origin"]);
        Assert.False(root.Meta.ContainsKey("functionname"));
    }

    /// <summary>A3, base tags; design: DD_TAGS, env, service and version as in the extension; origin metadata as in 04 B.7.</summary>
    [Theory]
    [InlineData("lambda", 38u)]
    [InlineData("azurefunction", 71u)]
    [InlineData("azurespringapp", 0u)]
    public async Task A3_metrics(string origin, uint category)
    {
        (string, string)[] platform = origin == "lambda" ? CompatRig.LambdaLite : origin == "azurefunction" ? CompatRig.Azure : CompatRig.Spring;
        await using CompatRig rig = await CompatRig.StartAsync(
            platform, (Keys.Env, "Prod"), (Keys.Service, "Shop"), (Keys.Version, "7"), (Keys.Tags, "url:http://x:80/,team:a"));
        await rig.ReadyAsync();
        await rig.SendMetricAsync("orders:2|c|#mine:1");
        Assert.True(await rig.WaitAsync(() => rig.Agent.Counters[Mayfly.Diagnostics.Signal.Metrics].Accepted >= 1));
        Assert.Equal(0, await rig.StopAsync());
        ReceivedMetric metric = Assert.Single(rig.Intake.Metrics, static metric => metric.Name == "orders");
        string[] expected = [$"dd.origin:{origin}", "env:Prod", "mine:1", $"origin:{origin}", "service:shop", "team:a", "url:http://x:80/", "version:7"];
        Assert.Equal(expected, metric.Tags.Order());
        Assert.Equal(category == 0 ? null : new ReceivedOrigin(1, category, 472), metric.Origin);
    }

    /// <summary>A9, vector of <c>X-Datadog-Additional-Tags</c>, and G10.</summary>
    [Theory]
    [InlineData("azure", "functionname:my-azure-app,_dd.origin:azurefunction")]
    [InlineData("lambda", "functionname:fn,_dd.origin:lambda")]
    [InlineData("google", "functionname:gfn,_dd.origin:cloudrun")]
    [InlineData("spring", "functionname:my-spring-app,_dd.origin:azurespringapp")]
    public async Task A9_profiles_and_data_streams(string row, string end)
    {
        (string, string)[] platform = row switch
        {
            "azure" => CompatRig.Azure,
            "lambda" => CompatRig.LambdaLite,
            "spring" => CompatRig.Spring,
            _ => [(PlatformKeys.GoogleFunctionName, "gfn"), (PlatformKeys.GoogleProject, "x"), (PlatformKeys.GoogleMetadataHost, "127.0.0.1:1")],
        };
        await using CompatRig rig = await CompatRig.StartAsync(platform, (Keys.Tags, "service:payments env:test"));
        await rig.ReadyAsync();
        foreach (string path in new[] { "/profiling/v1/input", "/v0.1/pipeline_stats" })
        {
            Assert.Equal(200, (await rig.PostAsync(rig.TracePort, path, "x"u8.ToArray(), "X-Datadog-Additional-Tags: host:worker-1,default_env:prod")).Status);
        }

        Assert.Equal(0, await rig.StopAsync());
        Assert.Equal(["/api/v0.1/pipeline_stats", "/api/v2/profile"], rig.Intake.Requests.Select(static request => request.Path).Order());
        Assert.All(rig.Intake.Requests, request => Assert.Equal(
            "host:worker-1,default_env:prod,env:test,service:payments," + end, request.Headers["X-Datadog-Additional-Tags"]));
    }

    /// <summary>A5, DD_TAGS; G11: values may hold colons.</summary>
    [Theory]
    [InlineData("some:tag,another:thing,invalid:thing:here", "another:thing,invalid:thing:here,some:tag")]
    [InlineData("some:tag,another:thing extra:value", "another:thing,extra:value,some:tag")]
    [InlineData("also-bad", null)]
    [InlineData(" , , ", null)]
    public async Task A5_function_tags_are_sorted(string tags, string? expected)
    {
        await using CompatRig rig = await CompatRig.StartAsync(CompatRig.LambdaLite, (Keys.Tags, tags));
        await rig.ReadyAsync();
        await rig.SendTraceAsync(new SampleSpan());
        Assert.Equal(0, await rig.StopAsync());
        Assert.Equal(expected, Assert.Single(rig.Intake.Spans).Payload.Tags.GetValueOrDefault("_dd.tags.function"));
    }

    /// <summary>04 C.12: events without tags get env, service, version and DD_TAGS.</summary>
    [Fact]
    public async Task F8_log_events()
    {
        await using CompatRig rig = await CompatRig.StartAsync(CompatRig.Azure, (Keys.LogsEnabled, "true"), (Keys.Env, "dev"), (Keys.Tags, "a:b"));
        await rig.ReadyAsync();
        await rig.SendLogAsync("""[{"message":"hello","timestamp":1700000000000,"lambda":{"arn":"x"}},{"message":"own","timestamp":1,"ddtags":"c:d"}]""");
        Assert.Equal(0, await rig.StopAsync());
        Assert.Equal(["a:b,env:dev", "c:d"], rig.Intake.Logs.Select(static log => string.Join(',', log.Tags.Order())));
    }

    /// <summary>A9: in the field of 03 §2.4 that senders leave empty; a tracer's own stay.</summary>
    [Theory]
    [InlineData("azure", "env:test,service:payments,functionname:my-azure-app,_dd.origin:azurefunction")]
    [InlineData("lambda", "env:test,service:payments,functionname:fn,_dd.origin:lambda")]
    [InlineData("spring", "env:test,service:payments,_dd.origin:azurespringapp")]
    public async Task A9_statistics(string row, string expected)
    {
        (string, string)[] platform = row switch { "azure" => CompatRig.Azure, "lambda" => CompatRig.LambdaLite, _ => CompatRig.Spring };
        await using CompatRig rig = await CompatRig.StartAsync(platform, (Keys.Tags, "service:payments env:test"), (CompatKeys.StatsComputation, "true"));
        await rig.ReadyAsync();
        await rig.SendTraceAsync(new SampleSpan { Resource = "computed" });
        await SendStatsAsync("no field", static payload => payload.Map(1));
        await SendStatsAsync("none", static payload => payload.Map(2).Str("Tags").Array(0));
        await SendStatsAsync("own", static payload => payload.Map(2).Str("Tags").Array(1).Str("own:1"));
        Assert.Equal(0, await rig.StopAsync());
        Assert.Equal(
            [$"computed {expected}", $"no field {expected}", $"none {expected}", "own own:1"],
            rig.Intake.Stats.Select(static stats => $"{stats.Resource} {stats.Payload.Tags}").Order());

        async Task SendStatsAsync(string resource, Func<MsgPackWriter, MsgPackWriter> payload)
        {
            MsgPackWriter body = payload(new MsgPackWriter()).Str("Stats").Array(1).Map(1).Str("Stats").Array(1).Map(2).Str("Resource").Str(resource).Str("Hits").Int(1);
            Assert.Equal(202, (await rig.PostAsync(rig.TracePort, "/v0.6/stats", body.ToArray(), "Content-Type: application/msgpack")).Status);
        }
    }

    /// <summary>05, 7: the environment of traces and statistics that name none; metrics and logs keep theirs.</summary>
    [Fact]
    public async Task DD_APM_ENV_is_for_traces_and_statistics()
    {
        await using CompatRig rig = await CompatRig.StartAsync(
            CompatRig.LambdaLite, (Keys.Env, "prod"), (Keys.TraceEnv, "apm"), (CompatKeys.StatsComputation, "true"), (Keys.LogsEnabled, "true"));
        await rig.ReadyAsync();
        await rig.SendTraceAsync(new SampleSpan());
        await rig.SendLogAsync("""[{"message":"hello","timestamp":1700000000000}]""");
        RawAnswer info = await RawHttp.OnceAsync(rig.TracePort, "GET /info HTTP/1.1\r\nHost: localhost\r\n\r\n");
        Assert.Contains("\"default_env\":\"apm\"", info.Body, StringComparison.Ordinal);
        Assert.Equal(0, await rig.StopAsync());
        Assert.Equal("apm", Assert.Single(rig.Intake.Spans).Agent.Env);
        ReceivedStatsPayload stats = Assert.Single(rig.Intake.Stats).Payload;
        Assert.Equal(("apm", "apm"), (stats.Env, stats.AgentEnv));
        Assert.Equal(["env:prod"], Assert.Single(rig.Intake.Logs).Tags);
    }

    /// <summary>03 §3.3: in this mode only calls to the agent itself are taken out.</summary>
    [Theory]
    [InlineData("http://127.0.0.1:{0}/v0.4/traces", 0)]
    [InlineData("http://localhost:{0}/info", 0)]
    [InlineData("http://127.0.0.1:{0}9/", 1)]
    [InlineData("http://127.0.0.1:9001/", 1)]
    public async Task Spans_of_calls_to_the_agent_are_taken_out(string url, int arrive)
    {
        await using CompatRig rig = await CompatRig.StartAsync(CompatRig.LambdaLite);
        await rig.ReadyAsync();
        string called = url.Replace("{0}", rig.TracePort.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal);
        await rig.SendTraceAsync(new SampleSpan { Meta = new Dictionary<string, string> { ["http.url"] = called } });
        Assert.Equal(0, await rig.StopAsync());
        Assert.Equal(arrive, rig.Intake.Spans.Count);
    }

    /// <summary>03 §4.1: an option, off.</summary>
    [Theory]
    [InlineData("", false)]
    [InlineData("true", true)]
    public async Task Spans_ask_the_intake_for_statistics_only_when_the_user_does(string value, bool asks)
    {
        await using CompatRig rig = await CompatRig.StartAsync(CompatRig.LambdaLite, (CompatKeys.StatsByIntake, value));
        await rig.ReadyAsync();
        await rig.SendTraceAsync(new SampleSpan());
        Assert.Equal(0, await rig.StopAsync());
        Assert.Equal(asks, Assert.Single(rig.Intake.Spans).Meta.ContainsKey("_dd.compute_stats"));
    }
}
