using Mayfly.Local.Intake;
using Mayfly.Testing;
using Xunit;

namespace Mayfly.Tests.Traces.Stats;

/// <summary>docs/spec/03-traces.md#76-stats-computation</summary>
public class StatsVectorTests
{
    private const string TwentyMs = "2422=1";
    private const string FiveMs = "2333=1";

    private static readonly SampleSpan[] FirstTrace =
    [
        new()
        {
            TraceId = 1, SpanId = 1, Service = "web", Name = "http.request", Resource = "GET /", Type = "web",
            Start = StatsRig.Begin + StatsRig.Second, Duration = 20_000_000,
            Meta = new Dictionary<string, string> { ["span.kind"] = "server", ["http.method"] = "GET", ["http.route"] = "/", ["http.status_code"] = "200" },
            Metrics = new Dictionary<string, double> { ["_sampling_priority_v1"] = 1 },
        },
        new()
        {
            TraceId = 1, SpanId = 2, ParentId = 1, Service = "pg", Name = "pg.query", Resource = "SELECT ?", Type = "sql",
            Start = StatsRig.Begin + 1_002_000_000, Duration = 5_000_000,
            Meta = new Dictionary<string, string> { ["span.kind"] = "client", ["db.name"] = "orders", ["out.host"] = "10.0.0.5" },
        },
        new()
        {
            TraceId = 1, SpanId = 3, ParentId = 1, Service = "web", Name = "render", Resource = "render", Type = "",
            Start = StatsRig.Begin + 1_008_000_000, Duration = 1_000_000,
        },
    ];

    private static readonly SampleSpan Fourth = FirstTrace[0] with { TraceId = 2, SpanId = 4, Error = 1, Start = StatsRig.Begin + 9_990_000_000 };

    private static readonly string[] Expected =
    [
        $"{StatsRig.Begin} web/http.request/GET / web 200 server GET / root 1 [] hits 1 errors 0 duration 20000000 top 1 ok {TwentyMs} error ",
        $"{StatsRig.Begin} pg/pg.query/SELECT ? sql 0 client   root 2 [db.name:orders out.host:blocked-ip-address] hits 1 errors 0 duration 5000000 top 1 ok {FiveMs} error ",
        $"{StatsRig.Begin + Mayfly.Traces.Stats.Concentrator.BucketNs} web/http.request/GET / web 200 server GET / root 1 [] hits 1 errors 1 duration 20000000 top 1 ok  error {TwentyMs}",
    ];

    [Fact]
    public void Vector_7_6_normal_flushes()
    {
        using StatsRig rig = Send();
        rig.Clock.Advance(TimeSpan.FromSeconds(9.999 - 0.01));
        Assert.Empty(rig.Take());
        rig.Clock.Advance(TimeSpan.FromSeconds(0.001));
        Assert.Equal(Expected[..2], rig.Take().Select(Row));
        rig.Clock.Advance(TimeSpan.FromSeconds(9.999));
        Assert.Empty(rig.Take());
        rig.Clock.Advance(TimeSpan.FromSeconds(0.001));
        Assert.Equal(Expected[2..], rig.Take().Select(Row));
        Assert.Empty(rig.TakeLast());
    }

    [Fact]
    public void Vector_7_6_the_last_flush_takes_everything()
    {
        using StatsRig rig = Send();
        Assert.Equal(Expected, rig.TakeLast().Select(Row));
        Assert.Empty(rig.TakeLast());
        Assert.Equal((3, 3, 0), (rig.Hits.Accepted, rig.Hits.Delivered, rig.Hits.Buffered));
    }

    /// <summary>§4.3: the payload's own fields.</summary>
    [Fact]
    public void Vector_7_6_is_sent_as_computed_by_the_agent()
    {
        using StatsRig rig = Send();
        ReceivedStatsPayload payload = Assert.Single(rig.TakeLast().Select(static group => group.Payload).Distinct());
        Assert.Equal(
            new ReceivedStatsPayload { AgentEnv = "none", AgentVersion = "7.1", Env = "none", Lang = "nodejs", TracerVersion = "5.132.0" },
            payload);
    }

    private static StatsRig Send()
    {
        var rig = new StatsRig();
        var headers = new Mayfly.Traces.TraceHeaders { Language = "nodejs", TracerVersion = "5.132.0" };
        rig.Clock.Advance(TimeSpan.FromSeconds(1.03));
        rig.Send(headers, FirstTrace);
        rig.Clock.Advance(TimeSpan.FromSeconds(8.98));
        rig.Send(headers, [Fourth]);
        return rig;
    }

    private static string Row(ReceivedStats group)
    {
        Assert.Equal(Mayfly.Traces.Stats.Concentrator.BucketNs, group.BucketDuration);
        return $"{group.BucketStart} {group.Service}/{group.Name}/{group.Resource} {group.Type} {group.HttpStatusCode} {group.SpanKind} {group.HttpMethod} "
            + $"{group.HttpEndpoint} root {group.IsTraceRoot} [{string.Join(' ', group.PeerTags)}] hits {group.Hits} errors {group.Errors} "
            + $"duration {group.Duration} top {group.TopLevelHits} ok {Bins(group.Ok)} error {Bins(group.Error)}";
    }

    private static string Bins(ReceivedLatencies sketch) => string.Join(' ', sketch.Bins.Select(static bin => $"{bin.Key}={bin.Value}"));
}
