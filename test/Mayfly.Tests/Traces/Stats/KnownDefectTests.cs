using System.Text.Json;
using Mayfly.Config;
using Mayfly.Diagnostics;
using Mayfly.Local.Intake;
using Mayfly.Testing;
using Mayfly.Tests.Http;
using Mayfly.Tests.Platforms.Lambda;
using Mayfly.Traces;
using Mayfly.Traces.Stats;
using Xunit;

namespace Mayfly.Tests.Traces.Stats;

/// <summary>docs/spec/03-traces.md 9, the entries about trace statistics: what the references get wrong and Mayfly does right.</summary>
public class KnownDefectTests
{
    private static readonly (string, string) Computes = (Keys.ComputeStats, "true");

    private static SampleSpan Now => new() { Start = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() * 1_000_000, Duration = 1000 };

    /// <summary>MA: no final flush.</summary>
    [Fact]
    public async Task D04_The_end_of_the_process_sends_the_open_bucket()
    {
        await using AgentRig rig = await AgentRig.StartAsync(null, Computes);
        await rig.Platform.NextAskedAsync(1);
        await SendAsync(rig, "/v0.4/traces", SampleSpan.V04([Now]));
        await SendAsync(rig, "/v0.6/stats", Corpus.Named("dd-stats-002-v0.6_stats").Body);
        Assert.Empty(rig.Intake.Stats);
        rig.Platform.Shutdown();
        Assert.Equal(0, await rig.EndAsync());
        Assert.Equal(1, Assert.Single(rig.Intake.Stats, static group => !group.Payload.ClientComputed).Hits);
        Assert.Equal(4, rig.Intake.Stats.Where(static group => group.Payload.ClientComputed).Sum(static group => group.Hits));
        Assert.Equal((5, 0), (rig.Agent.Counters[Signal.Stats].Delivered, rig.Agent.Counters[Signal.Stats].Buffered));
        rig.AssertSums();
    }

    /// <summary>BC: the last 20 s wait for a next invocation that may never come.</summary>
    [Fact]
    public async Task D05_A_sandbox_that_is_killed_after_its_invocation_has_sent_its_statistics()
    {
        await using AgentRig rig = await AgentRig.StartAsync(null, Computes);

        // Without telemetry the agent would not wait for the handler.
        await rig.Platform.CalledAsync("/2022-07-01/telemetry");
        await rig.Platform.NextAskedAsync(1);
        rig.Platform.Invoke("r1", TimeSpan.FromSeconds(30));
        await SendAsync(rig, "/v0.4/traces", SampleSpan.V04([Now]));
        await rig.RuntimeDoneAsync("r1");
        await rig.Platform.NextAskedAsync(2);
        Assert.Equal(1, Assert.Single(rig.Intake.Stats, static group => group.Name == "http.request").Hits);
    }

    /// <summary>LIB: one nil where a value is required rejects the request with 500; .NET then sends it five times more.</summary>
    [Fact]
    public void D07_Nil_in_a_field_of_statistics_costs_that_field()
    {
        string[] required = ["Service", "Name", "Resource", "HTTPStatusCode", "Hits", "Errors", "Duration", "OkSummary", "ErrorSummary", "Synthetics", "TopLevelHits"];
        var body = new MsgPackWriter().Map(1).Str("Stats").Array(1).Map(1).Str("Stats").Array(required.Length);
        foreach (string nil in required)
        {
            body.Map(2).Str("Type").Str("web").Str(nil).Nil();
        }

        var stats = new ClientStats(StatsRig.Settings, new SignalCounters(), ObfuscationSettings.Default);
        byte[] bytes = body.ToArray();
        Assert.True(stats.Accept(bytes, bytes.Length, isObfuscated: false).IsAccepted);
        var payloads = new List<Mayfly.Intake.IntakePayload>();
        stats.TakePayloads(payloads);
        Assert.Equal(required.Length, StatsDecoder.Decode(Assert.Single(payloads).Body.WrittenSpan).Count(static group => group.Type == "web"));
    }

    /// <summary>MA: Start of the first bucket becomes the time of arrival.</summary>
    [Fact]
    public async Task D10_The_start_of_a_tracer_s_bucket_stays()
    {
        await using AgentRig rig = await AgentRig.StartAsync();
        await SendAsync(rig, "/v0.6/stats", Corpus.Named("dd-stats-002-v0.6_stats").Body);
        rig.Platform.Shutdown();
        await rig.EndAsync();
        Assert.All(rig.Intake.Stats, static group => Assert.Equal((1_795_222_260_000_000_000, 10_000_000_000), (group.BucketStart, group.BucketDuration)));
        Assert.Equal(2, rig.Intake.Stats.Count);
    }

    /// <summary>BC: one concentrator with the first tracer's labels.</summary>
    [Fact]
    public void D11_Every_tracer_s_statistics_carry_its_own_labels()
    {
        using var rig = new StatsRig();
        rig.Send(new TraceHeaders { Language = "nodejs", TracerVersion = "5" }, [StatsRig.Entry(("env", "prod"), ("version", "1"))]);
        rig.Send(new TraceHeaders { Language = "python", TracerVersion = "3" }, [StatsRig.Entry(("env", "dev"), ("version", "2"))]);
        Assert.Equal(
            [("nodejs", "5", "prod", "1"), ("python", "3", "dev", "2")],
            rig.TakeLast().Select(static group => (group.Payload.Lang, group.Payload.TracerVersion, group.Payload.Env, group.Payload.Version)));
    }

    /// <summary>LIB: a trace that stands for ten counts once.</summary>
    [Fact]
    public void D12_Client_sampling_is_weighed_in()
    {
        using var rig = new StatsRig();
        ReceivedStats group = rig.GroupOf(StatsRig.Entry() with { Metrics = new Dictionary<string, double> { ["_sample_rate"] = 0.1 } });
        Assert.Equal((10, 10, 10), (group.Hits, group.TopLevelHits, group.Duration));
    }

    /// <summary>BC: the platform's origin overwrites that of a synthetic test.</summary>
    [Fact]
    public async Task D14_Synthetic_requests_are_told_apart()
    {
        await using AgentRig rig = await AgentRig.StartAsync(null, Computes);
        await rig.Platform.NextAskedAsync(1);
        SampleSpan synthetic = Now with { Resource = "test", Meta = new Dictionary<string, string> { ["_dd.origin"] = "synthetics" } };
        await SendAsync(rig, "/v0.4/traces", SampleSpan.V04([synthetic], [Now with { SpanId = 2, Resource = "user" }]));
        rig.Platform.Shutdown();
        await rig.EndAsync();
        Assert.Equal([("test", true), ("user", false)], rig.Intake.Stats.Select(static group => (group.Resource, group.Synthetics)).Order());
    }

    /// <summary>BC: no peer tags and no span kinds in /info, so tracers compute statistics without them.</summary>
    [Fact]
    public async Task D21_Tracers_learn_what_statistics_are_made_of()
    {
        await using AgentRig rig = await AgentRig.StartAsync();
        await rig.Platform.NextAskedAsync(1);
        using var client = new RawHttp(rig.Settings.Listeners.TracePort);
        JsonElement info = JsonDocument.Parse((await client.RequestAsync("GET", "/info")).Body).RootElement;
        Assert.Contains("/v0.6/stats", info.GetProperty("endpoints").EnumerateArray().Select(static one => one.GetString()));
        Assert.Equal(StatsSettings.DefaultPeerTags, info.GetProperty("peer_tags").EnumerateArray().Select(static one => one.GetString()));
        Assert.Equal(["server", "client", "producer", "consumer"], info.GetProperty("span_kinds_stats_computed").EnumerateArray().Select(static one => one.GetString()));
        Assert.False(info.GetProperty("client_drop_p0s").GetBoolean()); // a dropped chunk would take the root that the agent enriches
    }

    /// <summary>BC: statistics go to the site whatever DD_APM_DD_URL says.</summary>
    [Theory]
    [InlineData("https://x", "https://x/api/v0.2/stats")]
    [InlineData("https://x/", "https://x/api/v0.2/stats")]
    [InlineData("https://x/proxy", "https://x/proxy/api/v0.2/stats")]
    [InlineData("https://x/api/v0.2/traces", "https://x/api/v0.2/stats")]
    [InlineData("", "https://trace.agent.datadoghq.com/api/v0.2/stats")]
    public void D26_Statistics_go_where_traces_go(string traces, string stats) =>
        Assert.Equal(stats, Mayfly.Tests.Config.Environments.Read((Keys.TracesUrl, traces)).Intake.Stats.AbsoluteUri);

    /// <summary>BC: queues without limit, nothing counted.</summary>
    [Fact]
    public void D28_Statistics_are_bounded_and_drops_are_counted()
    {
        using var rig = new StatsRig(StatsRig.Settings with { BufferBytes = 32 * 1024 });
        for (int i = 0; i < 1000; i++)
        {
            rig.Send([StatsRig.Entry() with { Resource = $"r{i}" }]);
            Assert.InRange(rig.Concentrator.UsedBytes, 0, 33 * 1024);
        }

        Assert.Equal(1000, rig.TakeLast().Sum(static group => group.Hits));
        Assert.InRange(rig.Hits.DroppedFor(DropReason.ContextLimit), 800, 999);
        Assert.Equal((1000, 0), (rig.Hits.Accepted, rig.Hits.Buffered));
    }

    private static async Task SendAsync(AgentRig rig, string path, byte[] body)
    {
        using var client = new RawHttp(rig.Settings.Listeners.TracePort);
        Assert.InRange((await client.RequestAsync("PUT", path, body, "Datadog-Meta-Lang: nodejs")).Status, 200, 202);
    }
}
