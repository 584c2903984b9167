using System.Diagnostics;
using Mayfly.Config;
using Mayfly.Intake;
using Mayfly.Local.Intake;
using Mayfly.Platforms.Lambda;
using Mayfly.Testing;
using Mayfly.Tests.Config;
using Mayfly.Tests.Http;
using Mayfly.Tests.Lifecycle;
using Mayfly.Tests.Platforms.Lambda;
using Mayfly.Traces;
using Mayfly.Traces.Filters;
using Mayfly.Wire;
using Xunit;
using DropReason = Mayfly.Diagnostics.DropReason;
using Pb = Mayfly.Local.Intake.Protos;
using Signal = Mayfly.Diagnostics.Signal;

namespace Mayfly.Tests.Traces;

/// <summary>
/// What the references do wrong and Mayfly does not, numbered as in docs/spec/03-traces.md#9-known-defects-and-missing-features-of-the-references: those of
/// receiving, processing and sending traces. The others are beside those who know better: Obfuscation, Stats, Proxies.
/// </summary>
public class KnownDefectTests
{
    [Fact]
    public void D01_An_item_larger_than_a_body_goes_alone_and_blocks_nothing()
    {
        var rig = new TraceRig();
        rig.Send<TraceV04>(SampleSpan.V04([WithTag(1, 4_000_000)]));
        rig.Send<TraceV04>(SampleSpan.V04([new SampleSpan { SpanId = 2 }]));
        Assert.Equal([1UL, 2UL], rig.Take().Select(static body => body.TracerPayloads[0].Chunks[0].Spans[0].SpanId));
    }

    [Theory]
    [InlineData(400)]
    [InlineData(413)]
    [InlineData(500)]
    public async Task D02_An_error_status_is_never_success(int status)
    {
        await using FlushRig rig = await FlushRig.StartAsync();
        rig.Intake.SetFault("*", IntakeFault.Status(status));
        rig.Put(IntakeKind.Traces, units: 3);
        Assert.Equal(0, (await rig.FlushAsync()).Delivered);
    }

    [Fact]
    public async Task D03_What_was_delivered_is_not_sent_again_when_its_neighbour_failed()
    {
        await using FlushRig rig = await FlushRig.StartAsync();
        rig.Put(IntakeKind.Traces, sizeBytes: 1000);
        rig.Put(IntakeKind.Traces, sizeBytes: 2000);
        rig.Intake.SetFault("*", IntakeFault.Status(503, requests: 3));
        await rig.FlushAsync();
        await rig.FlushAsync();
        Assert.Equal([0L, 0L, 0L, 2004L, 1004L], rig.Intake.Requests.Select(static request => request.BytesRaw));
    }

    /// <summary>A float for the time of an event, invalid UTF-8, nil for a field.</summary>
    [Fact]
    public void D07_An_unexpected_value_does_not_cost_the_request()
    {
        byte[] body = new MsgPackWriter().Array(1).Array(1).Map(6).Str("trace_id").Int(1).Str("span_id").Int(2).Str("service").Nil().Str("duration").Nil()
            .Str("resource").Raw(0xa2, 0xc3, 0x28)
            .Str("span_events").Array(1).Map(1).Str("time_unix_nano").Float64(1.7000000000005e18).ToArray();
        Pb.Span span = new TraceRig().SendOne(body);
        Assert.Equal(("\ufffd(", "unnamed-service"), (span.Resource, span.Service));
        Assert.InRange(Assert.Single(span.SpanEvents).TimeUnixNano, 1_700_000_000_000_499_000UL, 1_700_000_000_000_501_000UL);
    }

    /// <summary>Nor does any number of requests; the limit of the .NET and JavaScript tracers is 2 s.</summary>
    [Fact]
    public async Task D08_A_hanging_intake_does_not_delay_the_answer()
    {
        await using AgentRig rig = await AgentRig.StartAsync();
        rig.Intake.SetFault("*", IntakeFault.Hang);
        int port = rig.Settings.Listeners.TracePort;
        using var client = new RawHttp(port);
        byte[] body = SampleSpan.V04([new SampleSpan()]);
        var times = new List<TimeSpan>();
        for (int i = 0; i < 50; i++)
        {
            long start = Stopwatch.GetTimestamp();
            Assert.Equal(200, (await client.RequestAsync("PUT", "/v0.4/traces", body)).Status);
            times.Add(Stopwatch.GetElapsedTime(start));
        }

        // The first one is on a cold agent, and a busy machine may stand still now and then; an intake that is waited for delays all of them.
        Assert.InRange(times.Skip(1).Order().ElementAt(^3), TimeSpan.Zero, TimeSpan.FromSeconds(2));
    }

    /// <summary>MA: five more times, while nothing else gets through.</summary>
    [Theory]
    [InlineData(400)]
    [InlineData(403)]
    public async Task D09_What_the_intake_refuses_is_not_sent_again(int status)
    {
        await using FlushRig rig = await FlushRig.StartAsync();
        rig.Intake.SetFault("*", IntakeFault.Status(status));
        rig.Put(IntakeKind.Traces, units: 3);
        await rig.FlushAsync();
        rig.Intake.ClearFault();
        await rig.FlushAsync();
        Assert.Single(rig.Intake.Requests);
        Assert.Equal(3, rig.Counters[Signal.Traces].DroppedInAll);
    }

    [Fact]
    public void D13_The_root_is_looked_for_among_the_spans_that_stay_and_no_chunk_is_empty()
    {
        var rig = new TraceRig(inspector: new DropsRoot());
        rig.Send<TraceV04>(SampleSpan.V04(
            [new SampleSpan { SpanId = 1 }],
            [new SampleSpan { SpanId = 1 }, new SampleSpan { SpanId = 2, ParentId = 1, Meta = new Dictionary<string, string> { ["_dd.origin"] = "rum" } }]));
        Pb.TraceChunk chunk = Assert.Single(rig.TakeOne().Chunks);
        Assert.Equal(("rum", 1.0), (chunk.Origin, Assert.Single(chunk.Spans).Metrics["_top_level"]));
    }

    [Theory]
    [InlineData("synthetics")]
    [InlineData("rum")]
    public void D14_A_trace_keeps_its_origin(string origin)
    {
        var rig = new TraceRig();
        rig.Pipeline.Tags = TraceRig.Platform("lambda");
        rig.Send<TraceV04>(SampleSpan.V04([new SampleSpan { Meta = new Dictionary<string, string> { ["_dd.origin"] = origin } }]));
        Pb.TraceChunk chunk = Assert.Single(rig.TakeOne().Chunks);
        Assert.Equal((origin, origin), (chunk.Origin, chunk.Spans[0].Meta["_dd.origin"]));
    }

    [Fact]
    public void D15_A_service_may_begin_with_a_digit() =>
        Assert.Equal("2fa-service", new TraceRig().SendOne(SampleSpan.V04([new SampleSpan { Service = "2fa-service" }])).Service);

    [Theory]
    [InlineData("a--b", "a_b")]
    [InlineData("x///y", "x_y")]
    public void D16_No_raw_byte_is_left_in_a_name(string name, string expected) =>
        Assert.Equal(expected, new TraceRig().SendOne(SampleSpan.V04([new SampleSpan { Name = name }])).Name);

    [Fact]
    public void D17_A_trace_with_an_invalid_span_is_not_sent_half_done()
    {
        var rig = new TraceRig();
        rig.Send<TraceV04>(SampleSpan.V04([new SampleSpan { SpanId = 1 }, new SampleSpan { SpanId = 0 }]));
        Assert.Empty(rig.TakeRaw());
        Assert.Equal(2, rig.Counters.DroppedFor(DropReason.Malformed));
    }

    [Fact]
    public void D19_The_tags_of_a_request_label_its_own_chunks_only()
    {
        var rig = new TraceRig();
        rig.Pipeline.Tags = TraceRig.Platform("", ("functionname", "first"));
        rig.Send<TraceV04>(SampleSpan.V04([new SampleSpan { SpanId = 1 }]));
        rig.Pipeline.Tags = TraceRig.Platform("", ("functionname", "second"));
        rig.Send<TraceV04>(SampleSpan.V04([new SampleSpan { SpanId = 2 }]));
        Assert.Equal(
            [("functionname:first", 1UL), ("functionname:second", 2UL)],
            rig.Take().SelectMany(static body => body.TracerPayloads).Select(static one => (one.Tags["_dd.tags.function"], one.Chunks[0].Spans[0].SpanId)));
    }

    [Fact]
    public void D19_The_value_of_a_tag_of_the_user_may_hold_colons() =>
        Assert.Equal([KeyValuePair.Create("url", "http://x:80")], Environments.Read((Keys.Tags, "url:http://x:80")).Tags);

    /// <summary>Over the agent's own port and socket.</summary>
    [Fact]
    public async Task D21_D33_Every_version_is_received_and_info_tells_what_clients_act_on()
    {
        string folder = Directory.CreateTempSubdirectory("mayfly").FullName;
        string socket = Path.Combine(folder, "apm.socket");
        await using (AgentRig rig = await AgentRig.StartAsync(null, (Keys.TraceSocket, socket), (Keys.TraceV10, "true")))
        {
            await AssertReceivesAsync(rig.Settings.Listeners.TracePort, socket);
            Assert.True(File.Exists(socket));
        }

        Directory.Delete(folder, recursive: true);
    }

    private static async Task AssertReceivesAsync(int port, string socket)
    {
        using var client = new RawHttp(port);
        foreach ((string path, byte[] body) in new[]
        {
            ("/v0.3/traces", SampleSpan.V04([])), ("/v0.4/traces", SampleSpan.V04([])), ("/v0.5/traces", SampleSpan.V05([])), ("/v0.7/traces", [0x80]),
            ("/v1.0/traces", new byte[] { 0x80 }),
        })
        {
            Assert.Equal(200, (await client.RequestAsync("PUT", path, body)).Status);
        }

        RawAnswer info = await client.RequestAsync("GET", "/info");
        foreach (string named in new[] { "\"version\"", "\"span_events\":true", "\"span_meta_structs\":true", "/v0.5/traces", "/v0.7/traces", "/v1.0/traces", socket })
        {
            Assert.Contains(named, info.Body, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void D22_One_huge_tag_does_not_reach_the_intake()
    {
        Pb.Span span = new TraceRig().SendOne(SampleSpan.V04([new SampleSpan { Meta = new Dictionary<string, string> { ["error.stack"] = new('x', 1_000_000) } }]));
        Assert.Equal(25_003, span.Meta["error.stack"].Length);
    }

    /// <summary>By the root's resource or by tags; the trace is in no statistics either (TraceFiltersTests).</summary>
    [Theory]
    [InlineData(Keys.IgnoreResources, "^GET /$")]
    [InlineData(Keys.FilterTagsReject, "service:web")]
    [InlineData(Keys.FilterTagsRegexReject, "service:^w")]
    [InlineData(Keys.FilterTagsRequire, "env")]
    [InlineData(Keys.FilterTagsRegexRequire, "env:.")]
    public async Task D23_Traces_are_filtered_as_the_user_says(string variable, string value)
    {
        await using AgentRig rig = await AgentRig.StartAsync(null, (variable, value));
        using var client = new RawHttp(rig.Settings.Listeners.TracePort);
        Assert.Equal(200, (await client.RequestAsync("PUT", "/v0.4/traces", SampleSpan.V04([new SampleSpan()]))).Status);
        Assert.Equal(1, rig.Agent.Counters[Signal.Traces].DroppedFor(DropReason.Filtered));
        Assert.Contains(value, (await client.RequestAsync("GET", "/info")).Body, StringComparison.Ordinal);
    }

    /// <summary>BC: additional traces as they are, statistics not at all.</summary>
    [Theory]
    [InlineData(IntakeKind.Traces)]
    [InlineData(IntakeKind.Stats)]
    public async Task D26_Copies_for_further_intakes_are_compressed(IntakeKind kind)
    {
        await using LocalIntake other = await LocalIntake.StartAsync();
        await using FlushRig rig = await FlushRig.StartAsync(FlushRig.Key, (Keys.AdditionalTraces, $$"""{"{{other.Url}}":["key"]}"""));
        rig.Put(kind, sizeBytes: 5000);
        await rig.FlushAsync();
        Assert.Equal("gzip", Assert.Single(other.Requests).ContentEncoding);
    }

    [Fact]
    public void D28_The_queue_is_bounded_and_says_what_it_drops()
    {
        var rig = new TraceRig(TraceRig.Settings with { BufferBytes = 100_000 });
        for (ulong id = 1; id <= 200; id++)
        {
            rig.Send<TraceV04>(SampleSpan.V04([WithTag(id, 2_000)]));
        }

        Assert.InRange(rig.Counters.Buffered, 40, 50);
        Assert.Equal(200, rig.Counters.Buffered + rig.Counters.DroppedFor(DropReason.BufferFull));
    }

    [Fact]
    public void D29_The_memory_of_spans_is_larger_than_one_resend_of_a_trace()
    {
        var dedup = new SpanDedup();
        Assert.All(Enumerable.Range(1, 1000), id => Assert.True(dedup.IsNew(1, (ulong)id)));
        Assert.All(Enumerable.Range(1, 1000), id => Assert.False(dedup.IsNew(1, (ulong)id)));
    }

    /// <summary>Compiling allocates; filtering does not.</summary>
    [Fact]
    public void D30_Expressions_of_filters_are_compiled_once()
    {
        var filters = new TraceFilters(Environments.Read(
            (Keys.IgnoreResources, "^POST,health.*x,(x|y){20,40}"), (Keys.FilterTagsRequire, "team:blue env"), (Keys.FilterTagsRegexReject, "team:^r env:^(a|b){20,40}$"))
            .TraceFilters);
        var root = new Span { Resource = Utf8Slice.From("GET /health") };
        root.Meta.Add(Utf8Slice.From("team"), Utf8Slice.From("blue"));
        root.Meta.Add(Utf8Slice.From("env"), Utf8Slice.From("abababab"));
        long least = Timing.LeastAllocated(() =>
        {
            for (int i = 0; i < 100; i++)
            {
                Assert.False(filters.Rejects(root));
            }
        });
        Assert.Equal(0, least);
    }

    /// <summary>OTLP is an issue of its own: until it is received, exporters are told so, and nothing is accepted that would be lost.</summary>
    [Theory]
    [InlineData("/v1/traces")]
    [InlineData("/v1/metrics")]
    [InlineData("/v1/logs")]
    public async Task D31_OTLP_is_not_half_received(string path)
    {
        await using AgentRig rig = await AgentRig.StartAsync();
        using var client = new RawHttp(rig.Settings.Listeners.TracePort);
        Assert.Equal(404, (await client.RequestAsync("POST", path, [], "Content-Type: application/x-protobuf")).Status);
        Assert.DoesNotContain(path, (await client.RequestAsync("GET", "/info")).Body, StringComparison.Ordinal);
        Assert.Equal(0, rig.Agent.Counters[Signal.Traces].Accepted);
    }

    /// <summary>A function that knows nothing about itself, settings that are none: traces arrive all the same, and the agent ends with its sandbox.</summary>
    [Fact]
    public async Task D32_A_strange_environment_does_not_end_the_agent()
    {
        await using AgentRig rig = await AgentRig.StartAsync(
            null,
            (Keys.FunctionName, ""), (Keys.FunctionMemorySize, "much"), (Keys.InitializationType, "odd"), (Keys.Region, ""),
            (Keys.Tags, ":::,,"), (Keys.AdditionalTraces, "no JSON"), (Keys.IgnoreResources, "("));
        await rig.Platform.NextAskedAsync(1);
        using var client = new RawHttp(rig.Settings.Listeners.TracePort);
        Assert.Equal(200, (await client.RequestAsync("PUT", "/v0.4/traces", SampleSpan.V04([new SampleSpan()]))).Status);
        rig.Platform.Shutdown();
        Assert.Equal(0, await rig.EndAsync());
        Assert.Equal(456UL, Assert.Single(rig.Intake.Spans).SpanId);
    }

    /// <summary>Somebody computes statistics, and nobody twice: the intake is asked to only where neither tracer nor agent does.</summary>
    [Theory]
    [InlineData("", "", true)]
    [InlineData("", "yes", false)]
    [InlineData("true", "", false)]
    [InlineData("true", "yes", false)]
    public async Task D34_Statistics_are_computed_once(string agentComputes, string tracerComputes, bool isIntakeAsked)
    {
        await using AgentRig rig = await AgentRig.StartAsync(null, (Keys.ComputeStats, agentComputes));
        await rig.Platform.NextAskedAsync(1);
        using var client = new RawHttp(rig.Settings.Listeners.TracePort);
        byte[] body = SampleSpan.V04([new SampleSpan { Metrics = new Dictionary<string, double> { ["_sampling_priority_v1"] = 1 } }]);
        Assert.Equal(200, (await client.RequestAsync("PUT", "/v0.4/traces", body, "Datadog-Client-Computed-Stats: " + tracerComputes)).Status);
        rig.Platform.Shutdown();
        Assert.Equal(0, await rig.EndAsync());
        Assert.Equal(isIntakeAsked ? "1" : null, Assert.Single(rig.Intake.Spans).Meta.GetValueOrDefault("_dd.compute_stats"));
        Assert.Equal(agentComputes == "true" && tracerComputes.Length == 0 ? 1 : 0, rig.Intake.Stats.Count);
    }

    private static SampleSpan WithTag(ulong id, int sizeBytes) =>
        new() { SpanId = id, Meta = new Dictionary<string, string> { ["_dd.text.json"] = new('x', sizeBytes) } };

    private sealed class DropsRoot : ISpanInspector
    {
        public SpanVerdict Inspect(Span span, in TraceHeaders headers) => span.ParentId == 0 ? SpanVerdict.Drop : SpanVerdict.Keep;
    }
}
