using Mayfly.Diagnostics;
using Mayfly.Local.Intake;
using Mayfly.Testing;
using Mayfly.Traces;
using Xunit;

namespace Mayfly.Tests.Traces.Stats;

/// <summary>docs/spec/03-traces.md#42-eligibility-key-buckets and #43-payload-grouping-and-envelope, row by row, from a tracer's bytes to the intake's.</summary>
public class ConcentratorTests
{
    private static readonly Dictionary<string, double> Nothing = [];

    /// <summary>metrics, meta span.kind, counts, is top-level; the span's parent is of the same service, so it is no entry by itself.</summary>
    public static TheoryData<string, double, string, bool, bool> Eligible => new()
    {
        { "_top_level", 1, "", true, true },
        { "_dd.top_level", 1, "", true, true },
        { "_dd.top_level", 0, "", false, false },
        { "_dd.measured", 1, "", true, false },
        { "_dd.measured", 0, "", false, false },
        { "x", 1, "", false, false },
        { "x", 1, "server", true, false },
        { "x", 1, "client", true, false },
        { "x", 1, "producer", true, false },
        { "x", 1, "consumer", true, false },
        { "x", 1, "CLIENT", true, false },
        { "x", 1, "Server", true, false },
        { "x", 1, "internal", false, false },
        { "_dd.partial_version", 0, "client", false, false },
        { "_dd.partial_version", 3, "client", false, false },
        { "_dd.partial_version", -1, "client", true, false },
    };

    [Theory]
    [MemberData(nameof(Eligible))]
    public void Row_eligibility(string metric, double value, string kind, bool counts, bool isTopLevel)
    {
        using var rig = new StatsRig();
        SampleSpan root = StatsRig.Entry() with { SpanId = 1 };
        SampleSpan child = StatsRig.Entry(("span.kind", kind)) with
        {
            SpanId = 2, ParentId = 1, Name = "child", Metrics = new Dictionary<string, double> { [metric] = value },
        };
        rig.Send([root, child]);
        ReceivedStats[] groups = [.. rig.TakeLast().Where(static group => group.Name == "child")];
        Assert.Equal(counts ? 1 : 0, groups.Length);
        Assert.All(groups, group => Assert.Equal((1, isTopLevel ? 1 : 0), (group.Hits, group.TopLevelHits)));
        Assert.Equal(counts ? 2 : 1, rig.Hits.Accepted);
    }

    [Fact]
    public void Row_eligibility_without_span_kinds()
    {
        using var rig = new StatsRig(StatsRig.Settings with { CountsSpanKinds = false });
        rig.Send([StatsRig.Entry() with { SpanId = 1 }, StatsRig.Entry(("span.kind", "client")) with { SpanId = 2, ParentId = 1 }]);
        Assert.Equal(1, Assert.Single(rig.TakeLast()).Hits);
    }

    public static TheoryData<string, Dictionary<string, string>, Dictionary<string, double>, string> Keys => new()
    {
        { "SpanKind as sent", new() { ["span.kind"] = "Server" }, Nothing, "kind=Server" },
        { "HTTPStatusCode from metrics first", new() { ["http.status_code"] = "500" }, new() { ["http.status_code"] = 404 }, "status=404" },
        { "HTTPStatusCode from meta", new() { ["http.status_code"] = "503" }, Nothing, "status=503" },
        { "HTTPStatusCode that is none", new() { ["http.status_code"] = "5xx" }, Nothing, "" },
        { "HTTPStatusCode out of range", [], new() { ["http.status_code"] = -7 }, "" },
        { "HTTPStatusCode beyond 32 bits", new() { ["http.status_code"] = "4294967296" }, Nothing, "" },
        { "HTTPMethod", new() { ["http.method"] = "PUT" }, Nothing, "method=PUT" },
        { "HTTPEndpoint", new() { ["http.endpoint"] = "/a", ["http.route"] = "/b" }, Nothing, "endpoint=/a" },
        { "HTTPEndpoint from the route", new() { ["http.route"] = "/b" }, Nothing, "endpoint=/b" },
        { "GRPCStatusCode from meta, first of four", new() { ["grpc.code"] = "3", ["rpc.grpc.status_code"] = "5" }, Nothing, "grpc=5" },
        { "GRPCStatusCode, second", new() { ["grpc.code"] = "StatusCode.NOT_FOUND" }, Nothing, "grpc=5" },
        { "GRPCStatusCode, third", new() { ["rpc.grpc.status.code"] = "UNAVAILABLE" }, Nothing, "grpc=14" },
        { "GRPCStatusCode, fourth", new() { ["grpc.status.code"] = "ok" }, Nothing, "grpc=0" },
        { "GRPCStatusCode, one that is none is passed over", new() { ["rpc.grpc.status_code"] = "?", ["grpc.code"] = "1" }, Nothing, "grpc=1" },
        { "GRPCStatusCode from metrics", [], new() { ["grpc.code"] = 8 }, "grpc=8" },
        { "GRPCStatusCode from metrics, whole numbers only", [], new() { ["grpc.code"] = 8.5 }, "" },
        { "GRPCStatusCode, meta before metrics", new() { ["grpc.status.code"] = "2" }, new() { ["rpc.grpc.status_code"] = 9 }, "grpc=2" },
        { "srv_src", new() { ["_dd.svc_src"] = "m" }, Nothing, "source=m" },
        { "Synthetics", new() { ["_dd.origin"] = "synthetics" }, Nothing, "synthetic" },
        { "Synthetics, browser", new() { ["_dd.origin"] = "synthetics-browser" }, Nothing, "synthetic" },
        { "not Synthetics", new() { ["_dd.origin"] = "rum" }, Nothing, "" },
        { "PeerTags of a client, in key order, addresses quantized", new() { ["span.kind"] = "client", ["out.host"] = "10.0.0.5", ["db.name"] = "o" }, Nothing, "kind=client peer=db.name:o,out.host:blocked-ip-address" },
        { "PeerTags of a producer", new() { ["span.kind"] = "PRODUCER", ["topicname"] = "t" }, Nothing, "kind=PRODUCER peer=topicname:t" },
        { "PeerTags of a consumer", new() { ["span.kind"] = "consumer", ["queuename"] = "q", ["_dd.base_service"] = "b" }, Nothing, "kind=consumer peer=_dd.base_service:b,queuename:q" },
        { "PeerTags of a server: the base service only", new() { ["span.kind"] = "server", ["db.name"] = "o", ["_dd.base_service"] = "b" }, Nothing, "kind=server peer=_dd.base_service:b" },
        { "PeerTags without kind: the base service only, as it is", new() { ["_dd.base_service"] = "10.0.0.5" }, Nothing, "peer=_dd.base_service:10.0.0.5" },
        { "PeerTags of a server without base service", new() { ["span.kind"] = "server", ["db.name"] = "o" }, Nothing, "kind=server" },
        { "PeerTags, the newest", new() { ["span.kind"] = "client", ["db.system.name"] = "postgresql" }, Nothing, "kind=client peer=db.system.name:postgresql" },
    };

    [Theory]
    [MemberData(nameof(Keys))]
    public void Row_key(string row, Dictionary<string, string> meta, Dictionary<string, double> metrics, string expected)
    {
        Assert.NotEmpty(row);
        using var rig = new StatsRig();
        ReceivedStats group = rig.GroupOf(StatsRig.Entry() with { Meta = meta, Metrics = metrics });
        string[] parts =
        [
            group.SpanKind.Length > 0 ? $"kind={group.SpanKind}" : "", group.HttpStatusCode != 0 ? $"status={group.HttpStatusCode}" : "",
            group.HttpMethod.Length > 0 ? $"method={group.HttpMethod}" : "", group.HttpEndpoint.Length > 0 ? $"endpoint={group.HttpEndpoint}" : "",
            group.GrpcStatusCode.Length > 0 ? $"grpc={group.GrpcStatusCode}" : "", group.ServiceSource.Length > 0 ? $"source={group.ServiceSource}" : "",
            group.Synthetics ? "synthetic" : "", group.PeerTags.Count > 0 ? $"peer={string.Join(',', group.PeerTags)}" : "",
        ];
        Assert.Equal(expected, string.Join(' ', parts.Where(static part => part.Length > 0)));
        Assert.Equal(("web", "http.request", "GET /", "web", 1L), (group.Service, group.Name, group.Resource, group.Type, group.IsTraceRoot));
    }

    [Fact]
    public void Row_key_without_peer_tags_and_with_others()
    {
        SampleSpan span = StatsRig.Entry(("span.kind", "client"), ("db.name", "o"), ("team", "t"), ("_dd.base_service", "b"));
        using var without = new StatsRig(StatsRig.Settings with { PeerTags = [] });
        Assert.Empty(without.GroupOf(span).PeerTags);
        using var others = new StatsRig(StatsRig.Settings with { PeerTags = ["http.method", "team"] });
        Assert.Equal(["http.method:GET", "team:t"], others.GroupOf(span with { Meta = new Dictionary<string, string>(span.Meta) { ["http.method"] = "GET" } }).PeerTags);
    }

    /// <summary>Each field of the key alone tells two spans apart.</summary>
    [Fact]
    public void Row_key_every_field_counts()
    {
        SampleSpan span = StatsRig.Entry(("span.kind", "client"));
        SampleSpan With(string key, string value) => span with { Meta = new Dictionary<string, string>(span.Meta) { [key] = value } };
        SampleSpan[] spans =
        [
            span, span, span with { Service = "b" }, span with { Name = "b" }, span with { Resource = "b" }, span with { Type = "b" }, With("span.kind", "server"),
            With("http.status_code", "200"), With("http.method", "GET"), With("http.endpoint", "/"), With("grpc.code", "0"), With("_dd.svc_src", "s"),
            With("_dd.origin", "synthetics"), With("db.name", "b"), With("db.type", "b"), span with { ParentId = 77 },
        ];
        using var rig = new StatsRig();
        rig.Send([.. spans.Select((one, i) => new[] { one with { TraceId = (ulong)i + 1 } })]);
        List<ReceivedStats> groups = rig.TakeLast();
        Assert.Equal(spans.Length - 1, groups.Count);
        Assert.Equal(2, Assert.Single(groups, static group => group.Hits > 1).Hits);
        Assert.Equal(spans.Length, groups.Sum(static group => group.Hits));
    }

    [Fact]
    public void Row_values()
    {
        using var rig = new StatsRig();
        SampleSpan span = StatsRig.Entry();
        rig.Send([span with { Duration = 5_000_000 }], [span with { Duration = 20_000_000, Error = 7 }], [span with { Duration = 0 }]);
        ReceivedStats group = Assert.Single(rig.TakeLast());
        Assert.Equal((3, 1, 25_000_000, 3), (group.Hits, group.Errors, group.Duration, group.TopLevelHits));
        Assert.Equal((1, 1), (group.Ok.ZeroCount, group.Ok.Bins[2333]));
        Assert.Equal([2422], group.Error.Bins.Keys);
    }

    /// <summary>_sample_rate of the root, spans sent, hits: weight 1 / rate in (0, 1], rounded half up at the end.</summary>
    [Theory]
    [InlineData(0.25, 1, 4)]
    [InlineData(1, 3, 3)]
    [InlineData(0.4, 1, 3)]
    [InlineData(0.4, 3, 8)]
    [InlineData(0, 2, 2)]
    [InlineData(-0.5, 2, 2)]
    [InlineData(1.5, 2, 2)]
    public void Row_values_are_weighted_by_the_client_s_sampling(double rate, int sent, long hits)
    {
        using var rig = new StatsRig();
        for (int i = 0; i < sent; i++)
        {
            rig.Send(
            [
                StatsRig.Entry() with { SpanId = 1, Duration = 100, Metrics = new Dictionary<string, double> { ["_sample_rate"] = rate } },
                StatsRig.Entry(("span.kind", "client")) with { SpanId = 2, ParentId = 1, Duration = 100, Error = 1 },
            ]);
        }

        List<ReceivedStats> groups = rig.TakeLast();
        Assert.Equal([hits, hits], groups.Select(static group => group.Hits));
        Assert.Equal([hits, 0], groups.Select(static group => group.TopLevelHits));
        Assert.Equal([0, hits], groups.Select(static group => group.Errors));
        double weight = rate is > 0 and <= 1 ? 1 / rate : 1;
        Assert.All(groups, group => Assert.Equal((long)Math.Floor(sent * 100 * weight + 0.5), group.Duration));
        Assert.Equal(sent * weight, groups[0].Ok.Count, tolerance: 1e-9);
        Assert.Equal(sent * weight, groups[1].Error.Count, tolerance: 1e-9);
        Assert.Equal(2 * sent, rig.Hits.Delivered);
    }

    /// <summary>seconds after the start that the clock shows, that the span ends; seconds at which its bucket starts.</summary>
    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(9.9, 9.8, 0)]
    [InlineData(10, 9.9999, 0)]
    [InlineData(10, 10, 10)]
    [InlineData(25, 3, 0)]
    [InlineData(5, -3600, 0)] // late: the oldest open bucket
    [InlineData(5, 15, 0)] // not over yet: now
    [InlineData(5, 86400, 0)]
    public void Row_bucket(double now, double end, double bucket)
    {
        using var rig = new StatsRig();
        rig.Clock.Advance(TimeSpan.FromSeconds(now));
        ReceivedStats group = rig.GroupOf(StatsRig.Entry() with { Start = StatsRig.Begin + (long)((end - 1) * StatsRig.Second), Duration = StatsRig.Second });
        Assert.Equal((StatsRig.Begin + (long)(bucket * StatsRig.Second), StatsRig.Second), (group.BucketStart, group.Duration));
    }

    /// <summary>After a normal flush late spans find the bucket before the current one, after the last one the current one.</summary>
    [Fact]
    public void Row_bucket_oldest_moves_with_each_flush()
    {
        using var rig = new StatsRig();
        rig.Clock.Advance(TimeSpan.FromSeconds(45));
        Assert.Empty(rig.Take());
        SampleSpan late = StatsRig.Entry();
        Assert.Equal(StatsRig.Begin + 30 * StatsRig.Second, rig.GroupOf(late).BucketStart);
        Assert.Equal(StatsRig.Begin + 40 * StatsRig.Second, rig.GroupOf(late).BucketStart);
    }

    [Fact]
    public void Start_and_duration_that_overflow_count_at_their_start()
    {
        using var rig = new StatsRig();
        ReceivedStats group = rig.GroupOf(StatsRig.Entry() with { Duration = long.MaxValue - StatsRig.Begin + 1 });
        Assert.Equal((StatsRig.Begin, 1, 0), (group.BucketStart, group.Hits, group.Duration)); // 3.4: normalized
    }

    /// <summary>4.3: one payload per language, tracer version, environment, version, container and base service of the root.</summary>
    [Fact]
    public void Row_grouping_each_part_of_the_identity_counts()
    {
        using var rig = new StatsRig();
        TraceHeaders headers = new() { Language = "nodejs", TracerVersion = "5", ContainerId = "c" };
        rig.Send(headers, [StatsRig.Entry(("env", "e"), ("version", "v"), ("runtime-id", "r"))]);
        rig.Send(headers, [StatsRig.Entry(("env", "e"), ("version", "v"), ("runtime-id", "another"))]);
        rig.Send(headers with { Language = "python" }, [StatsRig.Entry(("env", "e"), ("version", "v"))]);
        rig.Send(headers with { TracerVersion = "6" }, [StatsRig.Entry(("env", "e"), ("version", "v"))]);
        rig.Send(headers with { ContainerId = "d" }, [StatsRig.Entry(("env", "e"), ("version", "v"))]);
        rig.Send(headers, [StatsRig.Entry(("env", "f"), ("version", "v"))]);
        rig.Send(headers, [StatsRig.Entry(("env", "e"), ("version", "w"))]);
        rig.Send(headers, [StatsRig.Entry(("env", "e"), ("version", "v"), ("_dd.base_service", "b"))]);
        rig.Send(headers, [StatsRig.Entry()]);
        List<ReceivedStats> groups = rig.TakeLast();
        ReceivedStatsPayload first = new()
        {
            Lang = "nodejs", TracerVersion = "5", ContainerId = "c", Env = "e", Version = "v", RuntimeId = "r", AgentEnv = "none", AgentVersion = "7.1",
        };
        Assert.Equal(
            [
                first, first with { Lang = "python", RuntimeId = "" }, first with { TracerVersion = "6", RuntimeId = "" }, first with { ContainerId = "d", RuntimeId = "" },
                first with { Env = "f", RuntimeId = "" }, first with { Version = "w", RuntimeId = "" }, first with { Service = "b", RuntimeId = "" },
                first with { Env = "none", Version = "", RuntimeId = "" },
            ],
            groups.Select(static group => group.Payload));
        Assert.Equal([2L, 1, 1, 1, 1, 1, 1, 1], groups.Select(static group => group.Hits));
    }

    [Fact]
    public void Row_grouping_the_envelope_names_the_languages()
    {
        using var rig = new StatsRig(StatsRig.Settings with { Env = "prod" });
        rig.Send(new TraceHeaders { Language = "python" }, [StatsRig.Entry()]);
        rig.Send(new TraceHeaders { Language = "nodejs" }, [StatsRig.Entry()]);
        rig.Send(new TraceHeaders { Language = "nodejs", TracerVersion = "2" }, [StatsRig.Entry()]);
        rig.Send(new TraceHeaders { Language = "a\r\nX-Evil: 1" }, [StatsRig.Entry()]);
        (byte[] body, long units, string languages) = Assert.Single(rig.TakeRaw(isLast: true));
        Assert.Equal((4, "X-Datadog-Reported-Languages=nodejs|python"), (units, languages));
        var envelope = (Dictionary<string, object?>)MsgPackDecoder.Decode(body)!;
        Assert.Equal(["AgentHostname", "AgentEnv", "Stats", "AgentVersion", "ClientComputed", "SplitPayload"], envelope.Keys);
        Assert.Equal(("", "prod", "7.1", false, false), (envelope["AgentHostname"], envelope["AgentEnv"], envelope["AgentVersion"], envelope["ClientComputed"], envelope["SplitPayload"]));
    }

    /// <summary>4.1: who computes; and step 16 of 3.1, what is dropped once it is counted (docs/spec/01-lambda-lifecycle.md#64-_ddcompute_stats).</summary>
    [Theory]
    [InlineData("", 1.0, 1, 1, 0)]
    [InlineData("", 2.0, 1, 1, 0)]
    [InlineData("", 0.0, 1, 0, 1)]
    [InlineData("", -1.0, 1, 0, 1)]
    [InlineData("", -128.0, 1, 1, 0)]
    [InlineData("yes", 1.0, 0, 1, 0)]
    public void Row_who_computes(string computed, double priority, int counted, int kept, int dropped)
    {
        using var rig = new StatsRig();
        var headers = new TraceHeaders { ComputedStats = TraceHeaders.IsTrue(computed) };
        rig.Send(headers, [StatsRig.Entry() with { Metrics = new Dictionary<string, double> { ["_sampling_priority_v1"] = priority } }]);
        Assert.Equal(counted, rig.TakeLast().Sum(static group => group.Hits));
        SignalCounters traces = rig.Counters[Signal.Traces];
        Assert.Equal((1, kept, dropped), (traces.Accepted, traces.Buffered, traces.DroppedFor(DropReason.Sampled)));
    }

    /// <summary>With the agent's statistics nobody asks the intake for them, and a rejected request counts nothing.</summary>
    [Fact]
    public void A_malformed_request_counts_nothing()
    {
        using var rig = new StatsRig();
        byte[] body = SampleSpan.V04([StatsRig.Entry()], [StatsRig.Entry()]);
        Assert.Equal(TraceOutcome.Malformed, rig.Pipeline.Accept<TraceV04>(body[..^1], body.Length - 1, default).Outcome);
        Assert.Equal(0, rig.Hits.Accepted);
        rig.Send([StatsRig.Entry()]);
        Assert.Equal(1, Assert.Single(rig.TakeLast()).Hits);
    }
}
