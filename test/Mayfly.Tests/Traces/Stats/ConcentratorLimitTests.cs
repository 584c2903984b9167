using Mayfly.Diagnostics;
using Mayfly.Local.Intake;
using Mayfly.Testing;
using Mayfly.Traces;
using Mayfly.Traces.Stats;
using Xunit;

namespace Mayfly.Tests.Traces.Stats;

/// <summary>What bounds the concentrator, how a flush decides, and that nothing is lost or counted twice whatever the order of things.</summary>
public class ConcentratorLimitTests
{
    private const string Blocked = "tracer_blocked_value";

    /// <summary>docs/spec/03-traces.md#42-eligibility-key-buckets, cardinality: 7,000 keys per bucket, the rest in one group.</summary>
    [Fact]
    public void Row_overflow_of_a_bucket()
    {
        using var rig = new StatsRig(StatsRig.Settings with { BufferBytes = 64 * 1024 * 1024 });
        const int More = 3;
        for (int round = 0; round < 2; round++)
        {
            rig.Send([.. Enumerable.Range(0, StatsBucket.MaxGroups + More).Select(static i => new[] { StatsRig.Entry() with { Resource = $"r{i}", Error = i & 1 } })]);
        }

        Assert.Equal(2 * More, rig.Hits.DroppedFor(DropReason.ContextLimit));
        List<(byte[] Body, long Units, string Languages)> bodies = rig.TakeRaw(isLast: true);
        List<ReceivedStats> groups = StatsRig.Read(bodies.Select(static body => body.Body));
        Assert.Equal(StatsBucket.MaxGroups + 1, groups.Count);
        ReceivedStats rest = Assert.Single(groups, static group => group.Resource == Blocked);
        Assert.Equal((2 * More, 4L, 2 * More), (rest.Hits, rest.Ok.Count, (int)rest.TopLevelHits));
        Assert.All(
            [rest.Service, rest.Name, rest.Type, rest.SpanKind, rest.HttpMethod, rest.HttpEndpoint, rest.ServiceSource, Assert.Single(rest.PeerTags)],
            static text => Assert.Equal(Blocked, text));
        Assert.Equal((0, "", false, 0), (rest.HttpStatusCode, rest.GrpcStatusCode, rest.Synthetics, rest.IsTraceRoot));
        Assert.Equal(2 * (StatsBucket.MaxGroups + More), groups.Sum(static group => group.Hits));
        Assert.Equal((rig.Hits.Accepted - 2 * More, 0), (rig.Hits.Delivered, rig.Hits.Buffered));

        // 4.5: at most 4,000 groups in a body; the parts say that they are some.
        Assert.Equal([4000, 3001], bodies.Select(static body => StatsDecoder.Decode(body.Body).Count));
        Assert.All(groups, static group => Assert.True(group.Payload.SplitPayload));
    }

    [Fact]
    public void A_key_that_is_too_long_counts_with_the_rest()
    {
        using var rig = new StatsRig();
        string endless = new('x', GroupKeyWriter.LongestBytes);
        rig.Send([StatsRig.Entry(("span.kind", "client"), ("db.name", endless))], [StatsRig.Entry(("http.route", endless))], [StatsRig.Entry()]);
        Assert.Equal([(Blocked, 2L), ("GET /", 1L)], rig.TakeLast().Select(static group => (group.Resource, group.Hits)));
        Assert.Equal(2, rig.Hits.DroppedFor(DropReason.ContextLimit));
    }

    /// <summary>Bytes are what is limited in the end: keys, groups and sketches together never hold more, and every span is accounted for.</summary>
    [Theory]
    [InlineData(4 * 1024)]
    [InlineData(64 * 1024)]
    [InlineData(1024 * 1024)]
    public void The_limit_in_bytes_holds(int limitBytes)
    {
        using var rig = new StatsRig(StatsRig.Settings with { BufferBytes = limitBytes });
        var random = new Random(limitBytes);
        for (int i = 0; i < 60; i++)
        {
            rig.Send(
                new TraceHeaders { Language = $"l{i}" },
                [.. Enumerable.Range(0, 100).Select(n => new[] { StatsRig.Entry() with { Resource = new string('r', n * 7) + i, Duration = random.NextInt64(1_000_000_000_000) } })]);
            Assert.InRange(rig.Concentrator.UsedBytes, 0, limitBytes + 1024 * (1 + limitBytes / StatsBucket.FixedBytes));
        }

        List<ReceivedStats> groups = rig.TakeLast();
        long withoutRoom = rig.Hits.DroppedFor(DropReason.BufferFull);
        Assert.Equal(6000, rig.Hits.Accepted);
        Assert.Equal(6000 - withoutRoom, groups.Sum(static group => group.Hits));
        Assert.Equal(6000 - withoutRoom, groups.Sum(static group => group.Ok.Count));
        Assert.True(rig.Hits.DroppedFor(DropReason.ContextLimit) > 0 || withoutRoom > 0);
        Assert.Equal((0, 0), (rig.Hits.Buffered, rig.Concentrator.UsedBytes));
    }

    /// <summary>docs/spec/03-traces.md#43-payload-grouping-and-envelope: 50 senders, the one that was quiet longest goes out first.</summary>
    [Fact]
    public void Row_senders_are_limited()
    {
        using var rig = new StatsRig();
        for (int i = 0; i <= Concentrator.MaxSenders; i++)
        {
            rig.Send(new TraceHeaders { Language = $"l{i}" }, [StatsRig.Entry()]);
            rig.Send(new TraceHeaders { Language = "l0" }, [StatsRig.Entry()]);
        }

        // l0 was used all the time, l1 was quiet longest: its open bucket goes with the next flush, the others stay.
        Assert.Equal("l1", Assert.Single(rig.Take()).Payload.Lang);
        List<ReceivedStats> rest = rig.TakeLast();
        Assert.Equal(Concentrator.MaxSenders, rest.Count);
        Assert.Equal(Concentrator.MaxSenders + 2, Assert.Single(rest, static group => group.Payload.Lang == "l0").Hits);
        Assert.Equal(0, rig.Hits.Buffered);
    }

    /// <summary>
    /// docs/spec/03-traces.md#45-sending, timing: seconds between flushes, whether the open bucket goes with the second one. A process that may be frozen for good
    /// sends it after a pause; one that lives on does not.
    /// </summary>
    [Theory]
    [InlineData(true, 3, false)]
    [InlineData(true, 9.9, false)]
    [InlineData(true, 10, true)]
    [InlineData(true, 3600, true)]
    [InlineData(false, 10, false)]
    public void Row_timing(bool mayFreeze, double pause, bool goes)
    {
        using var rig = new StatsRig(StatsRig.Settings with { MayFreeze = mayFreeze });
        rig.Send([StatsRig.Entry()]);
        Assert.Equal(mayFreeze ? 1 : 0, rig.Take().Count);
        rig.Clock.Advance(TimeSpan.FromSeconds(pause));
        rig.Send([StatsRig.Entry() with { Resource = "second", Start = StatsRig.Begin + (long)(pause * StatsRig.Second) }]);
        Assert.Equal(goes ? 1 : 0, rig.Take().Count(static group => group.Resource == "second"));
        Assert.Equal(goes ? 0 : 1, rig.TakeLast().Count(static group => group.Resource == "second"));
    }

    /// <summary>However the spans are cut into traces and requests, and whenever a flush comes: every eligible span is one hit, in the same groups.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Property_hits_are_the_eligible_spans(int seed)
    {
        var random = new Random(seed);
        SampleSpan[] spans =
        [
            .. Enumerable.Range(1, 2000).Select(i => new SampleSpan
            {
                TraceId = (ulong)i, SpanId = (ulong)i, ParentId = (ulong)random.Next(2), Service = $"s{random.Next(3)}", Resource = $"r{random.Next(40)}",
                Start = StatsRig.Begin + random.NextInt64(30 * StatsRig.Second), Duration = random.NextInt64(StatsRig.Second), Error = random.Next(4) / 3,
                Meta = new Dictionary<string, string> { ["span.kind"] = random.Next(3) switch { 0 => "client", 1 => "internal", _ => "server" }, ["db.name"] = $"d{random.Next(3)}" },
                Metrics = random.Next(3) == 0 ? new Dictionary<string, double> { ["_dd.partial_version"] = 1 } : new Dictionary<string, double>(),
            }),
        ];
        using var whole = new StatsRig();
        whole.Clock.Advance(TimeSpan.FromSeconds(31));
        whole.Send([.. spans.Select(static span => new[] { span })]);
        Dictionary<string, (long, long, long, long)> expected = Sums(whole.TakeLast());
        int eligible = spans.Count(static span => span.Metrics.Count == 0);
        Assert.Equal(eligible, expected.Values.Sum(static sums => sums.Item1));

        using var split = new StatsRig();
        split.Clock.Advance(TimeSpan.FromSeconds(31));
        List<ReceivedStats> taken = [];
        for (int at = 0; at < spans.Length;)
        {
            int size = Math.Min(random.Next(1, 200), spans.Length - at);
            split.Send([.. spans[at..(at + size)].Select(static span => new[] { span })]);
            at += size;
            if (random.Next(3) == 0)
            {
                taken.AddRange(split.Take(isLast: random.Next(2) == 0));
            }
        }

        taken.AddRange(split.TakeLast());
        Assert.Equal(expected, Sums(taken));
        Assert.Equal((eligible, eligible, 0), (split.Hits.Accepted, split.Hits.Delivered, split.Hits.Buffered));
    }

    [Fact]
    public async Task Requests_and_flushes_at_once_lose_nothing()
    {
        using var rig = new StatsRig();
        byte[] body = SampleSpan.V04([.. Enumerable.Range(0, 50).Select(static i => new[] { StatsRig.Entry() with { Resource = $"r{i % 9}" } })]);
        const int Senders = 4;
        const int Requests = 100;
        int left = Senders;
        var taken = new List<ReceivedStats>();
        Task[] sending = [.. Enumerable.Range(0, Senders).Select(sender => Task.Run(() =>
        {
            for (int i = 0; i < Requests; i++)
            {
                rig.Pipeline.Accept<TraceV04>(body, body.Length, new TraceHeaders { Language = $"l{sender}" });
            }

            Interlocked.Decrement(ref left);
        }))];
        while (Volatile.Read(ref left) > 0)
        {
            taken.AddRange(rig.TakeLast());
            Assert.True(rig.Hits.Buffered >= 0);
        }

        await Task.WhenAll(sending);
        taken.AddRange(rig.TakeLast());
        Assert.Equal(Senders * Requests * 50, taken.Sum(static group => group.Hits));
        Assert.Equal((0, 0), (rig.Hits.Buffered, rig.Hits.DroppedInAll));
    }

    /// <summary>A request of more spans than are collected before they are folded in, as one trace.</summary>
    [Fact]
    public void Large_requests_are_folded_in_parts()
    {
        using var rig = new StatsRig();
        SampleSpan[] trace = [.. Enumerable.Range(1, 10_000).Select(static i => StatsRig.Entry(("span.kind", "client"), ("env", "e")) with { SpanId = (ulong)i })];
        rig.Send(trace, trace);
        ReceivedStats group = Assert.Single(rig.TakeLast());
        Assert.Equal((20_000, "e"), (group.Hits, group.Payload.Env));
    }

    /// <summary>Steady state: a span with a known key allocates nothing, in its first bucket and in the ones after.</summary>
    [Fact]
    public void Known_keys_allocate_nothing()
    {
        using var rig = new StatsRig(traces: TraceRig.Settings with { BufferBytes = 1 });
        byte[] body = SampleSpan.V04(
        [
            .. Enumerable.Range(1, 200).Select(static i => StatsRig.Entry(
                ("span.kind", "client"), ("db.name", "orders"), ("out.host", "10.1.2.3"), ("http.status_code", "200"), ("rpc.grpc.status_code", "NOT_FOUND")) with
            {
                SpanId = (ulong)i, ParentId = (ulong)i - 1, Resource = $"r{i % 20}", Duration = 1_000_000 * (i % 50),
            }),
        ]);
        var headers = new TraceHeaders { Language = "nodejs", TracerVersion = "5.1" };
        Assert.Equal(0, Timing.LeastAllocated(() => rig.Pipeline.Accept<TraceV04>(body, body.Length, headers)));
        Assert.Equal(20 + 1, rig.TakeLast().Count); // the first span is a root

        // The next bucket has the same keys and takes the memory of the last one.
        rig.Clock.Advance(TimeSpan.FromSeconds(10));
        rig.Pipeline.Accept<TraceV04>(body, body.Length, headers);
        Assert.Equal(0, Timing.LeastAllocated(() => rig.Pipeline.Accept<TraceV04>(body, body.Length, headers)));
    }

    private static Dictionary<string, (long Hits, long Errors, long Duration, long TopLevel)> Sums(IEnumerable<ReceivedStats> groups) => groups
        .GroupBy(static group => $"{group.Service} {group.Resource} {group.SpanKind} {group.IsTraceRoot} {string.Join(',', group.PeerTags)}")
        .ToDictionary(
            static same => same.Key,
            static same => (same.Sum(static g => g.Hits), same.Sum(static g => g.Errors), same.Sum(static g => g.Duration), same.Sum(static g => g.TopLevelHits)));
}
