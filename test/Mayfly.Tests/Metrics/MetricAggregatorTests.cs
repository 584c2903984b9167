using System.Globalization;
using System.Text;
using Mayfly.Diagnostics;
using Mayfly.Intake;
using Mayfly.Metrics;
using Mayfly.Tags;
using Mayfly.Testing;
using Mayfly.Local.Intake.Protos;
using Xunit;
using Pb = Mayfly.Local.Intake.Protos;

namespace Mayfly.Tests.Metrics;

public class MetricAggregatorTests
{
    [Fact]
    public void A7_the_type_is_part_of_the_context_and_tags_in_any_order_are_the_same_context()
    {
        using var rig = new MetricRig();
        rig.Send("x:1|c|#b,a\nx:2|c|#a,b\nx:4|c|#a,b,a\nx:8|c|#b,,a\nx:5|g|#b,a\nx:1|d|#b,a\nx:1|c");
        Assert.Equal(
            [
                "x COUNT 1 @1656581400", "x COUNT 15 @1656581400 a,b", "x GAUGE 5 @1656581400 a,b",
                "x SKETCH cnt 1 sum 1 avg 1 min 1 max 1 {1338:1} @1656581400 a,b",
            ],
            rig.Take().Describe());
    }

    [Fact]
    public void A7_default_tags_are_merged_in_sorted_without_duplicates_whenever_they_become_known()
    {
        using var rig = new MetricRig();
        rig.Send("x:1|c|#zone:a,env:prod,env:dev");
        rig.Aggregator.DefaultTags = Tags("service:s", "env:prod", "bare");
        Assert.Equal(["x COUNT 1 @1656581400 bare,env:dev,env:prod,service:s,zone:a"], rig.Take().Describe());
    }

    [Fact]
    public void A7_more_than_100_default_tags_are_all_kept()
    {
        using var rig = new MetricRig();
        rig.Aggregator.DefaultTags = TagSet.From(Enumerable.Range(0, 150).Select(static i => KeyValuePair.Create($"k{i:000}", "v")));
        rig.Send("x:1|c|#a");
        Assert.Equal(151, rig.Take().Series.Single().Tags.Count);
    }

    [Fact]
    public void A10_a_bucket_sent_again_gets_later_times_and_at_the_last_of_them_the_total()
    {
        using var rig = new MetricRig();
        rig.Send("x:100|c\nt:1|h");
        var times = new List<long>();
        var latest = new Dictionary<long, double>();
        var latestRate = new Dictionary<long, double>();
        for (int i = 0; i < 30; i++)
        {
            rig.Send("x:1|c\nt:1|h");
            foreach (MetricSeries series in rig.Take().Series)
            {
                if (series.Metric == "x")
                {
                    times.Add(series.Points[0].Timestamp);
                    latest[series.Points[0].Timestamp] = series.Points[0].Value;
                }
                else if (series.Metric == "t.count")
                {
                    latestRate[series.Points[0].Timestamp] = series.Points[0].Value;
                }
            }
        }

        Assert.Equal(Enumerable.Range(0, 30).Select(static i => MetricRig.Bucket + Math.Min(i, 9)), times);

        // An intake that keeps the last point of each time has the exact total.
        Assert.Equal(130, latest.Values.Sum());
        Assert.Equal(3.1, latestRate.Values.Sum(), 1e-9);

        rig.Clock.UnixSeconds += 10;
        rig.Send("x:1|c");
        Assert.Equal(["x COUNT 1 @1656581410"], rig.Take().Describe());
    }

    [Fact]
    public void A10_no_two_points_of_one_series_ever_have_the_same_time()
    {
        using var rig = new MetricRig();
        rig.Aggregator.DefaultTags = Tags("env:prod");

        // Equal once the default tags are merged in; a gauge and a set are the same series, so are a histogram and a timing.
        rig.Send("x:1|c|#env:prod\nx:2|c\ny:5|g\ny:member|s\nz:1|h\nz:1|ms\nw:1|d\nw:1|d|#env:prod");
        Decoded decoded = rig.Take();
        Assert.Equal(2 + 2 + 10, decoded.Series.Select(static series => (series.Metric, series.Points[0].Timestamp)).Distinct().Count());
        Assert.Equal(2, decoded.Sketches.Select(static sketch => sketch.Dogsketches[0].Ts).Distinct().Count());
    }

    [Fact]
    public void A10_a_timer_flush_holds_the_open_bucket_back()
    {
        using var rig = new MetricRig(new MetricSettings { MayFreeze = false });
        const string Packet = "c:1:2|c|#b,a\ng:1|g\nd:1|d\nh:3:1|h\ns:a|s";
        rig.Send($"{Packet}\nold:1|c|T1656581395");
        Assert.Equal(["old COUNT 1 @1656581390"], rig.Take(byTimer: true).Describe());
        Assert.Equal(7, rig.Counters.Buffered);
        Assert.Empty(rig.Take(byTimer: true).Describe());

        rig.Send($"{Packet}\ns:b|s");
        rig.Clock.UnixSeconds += 10;
        rig.Send("c:1|c|#a,b");
        string[] expected =
        [
            "c COUNT 6 @1656581400 a,b", "d SKETCH cnt 2 sum 2 avg 1 min 1 max 1 {1338:2} @1656581400", "g GAUGE 1 @1656581400",
            "h.95percentile GAUGE 3 @1656581400",
            "h.avg GAUGE 2 @1656581400", "h.count RATE 0.4 @1656581400", "h.max GAUGE 3 @1656581400", "h.median GAUGE 1 @1656581400", "s GAUGE 2 @1656581400",
        ];
        Assert.Equal(expected, rig.Take(byTimer: true).Describe());
        Assert.Equal(["c COUNT 1 @1656581410 a,b"], rig.Take().Describe());
    }

    [Fact]
    public void A10_where_the_process_may_be_frozen_every_flush_takes_the_open_bucket()
    {
        using var rig = new MetricRig();
        rig.Send("c:1|c\n_sc|db|0");
        Assert.Equal(["c COUNT 1 @1656581400", "db CHECK 0 @1656581409"], rig.Take(byTimer: true).Describe());
    }

    [Fact]
    public void A7_contexts_beyond_the_limit_are_dropped_and_counted()
    {
        using var rig = new MetricRig(new MetricSettings { MaxContexts = 10 });
        for (int i = 0; i < 15; i++)
        {
            rig.Send($"x{i}:1:2:3|c|#b,a");
        }

        rig.Send("x3:1|c|#a,b");
        Assert.Equal(46, rig.Counters.Accepted);
        Assert.Equal(15, rig.Counters.DroppedFor(DropReason.ContextLimit));
        Decoded decoded = rig.Take();
        Assert.Equal(10, decoded.Series.Count);
        Assert.Equal(31, decoded.Payloads.Sum(static payload => payload.Units));

        rig.Send("x14:1|c");
        Assert.Single(rig.Take().Series);
    }

    [Theory]
    [InlineData("n{0}:1|c|#tag-of-some-length:{0}")]
    [InlineData("h:{0}.5|h")]
    [InlineData("s:{0}|s")]
    [InlineData("n{0}:1:10:100:1000:1e4:1e5:1e6:1e7:1e8:1e9:1e10|d")]
    public void R3_bytes_beyond_the_limit_are_dropped_and_counted(string format)
    {
        using var rig = new MetricRig(new MetricSettings { BufferBytes = 64 * 1024, MaxContexts = 1_000_000 });
        for (int i = 0; i < 20_000; i++)
        {
            rig.Send(string.Format(CultureInfo.InvariantCulture, format, i));
        }

        long dropped = rig.Counters.DroppedFor(DropReason.BufferFull);
        Assert.InRange(dropped, 1, rig.Counters.Accepted - 1);
        Assert.Equal(rig.Counters.Accepted - dropped, rig.Take().Payloads.Sum(static payload => payload.Units));
    }

    [Fact]
    public void Equal_histogram_values_take_no_further_room()
    {
        using var rig = new MetricRig(new MetricSettings { BufferBytes = 16 * 1024 });
        for (int i = 0; i < 100_000; i++)
        {
            rig.Send($"h:{i % 100}|h");
        }

        Assert.Equal(0, rig.Counters.DroppedInAll);
        Assert.Contains("h.count RATE 10000 @1656581400", rig.Take().Describe());
    }

    [Theory]
    [InlineData("x:1e308|c\nx:1e308|c")]
    [InlineData("x:1e308|d\nx:1e308|d")]
    [InlineData("x:1e308|h\nx:1e308|h")]
    [InlineData("x:1e308|g\nx:1e308:1e308|c")]
    [InlineData("x:1e308|g\nx:1e300|d|@1e-20")]
    public void Sums_stay_finite(string packet)
    {
        using var rig = new MetricRig();
        rig.Send(packet);
        Assert.Equal(1, rig.Aggregator.Refused(DogStatsdStatus.Overflow));
        Assert.Equal(1, rig.Counters.Accepted);
        Assert.Equal(1, rig.Counters.DroppedFor(DropReason.Malformed));
        Assert.Equal(1, rig.Take().Payloads.Sum(static payload => payload.Units));
    }

    [Fact]
    public void A9_rates_weigh_counts_exactly_and_the_others_by_whole_samples()
    {
        using var rig = new MetricRig();
        rig.Send("c:3|c|@0.3\nd:3|d|@0.3\nd:5|d|@0.4");
        Assert.Equal(
            ["c COUNT 10 @1656581400", "d SKETCH cnt 6 sum 24 avg 4 min 3 max 5 {1409:3,1442:3} @1656581400"],
            rig.Take().Describe());
    }

    [Fact]
    public void The_agents_own_distributions_take_the_same_way()
    {
        using var rig = new MetricRig();
        rig.Aggregator.AddDistribution("aws.lambda.enhanced.duration", 1.5, MetricRig.Now - 20, Tags("cold_start:true", "a:x,y\nz"));
        rig.Aggregator.AddDistribution("aws.lambda.enhanced.duration", 1.5, MetricRig.Now + 1000, TagSet.Empty);
        rig.Aggregator.AddDistribution("aws.lambda.enhanced.duration", double.NaN, MetricRig.Now, TagSet.Empty);
        rig.Aggregator.AddDistribution("aws.lambda.enhanced.duration", 1, 0, TagSet.Empty);
        Assert.Equal(2, rig.Counters.DroppedFor(DropReason.Malformed));
        Assert.Equal(
            [
                "aws.lambda.enhanced.duration SKETCH cnt 1 sum 1.5 avg 1.5 min 1.5 max 1.5 {1364:1} @1656581380 a:x_y_z,cold_start:true",
                "aws.lambda.enhanced.duration SKETCH cnt 1 sum 1.5 avg 1.5 min 1.5 max 1.5 {1364:1} @1656581400",
            ],
            rig.Take().Describe());
    }

    [Fact]
    public void R11_each_cause_is_said_once()
    {
        using var output = new MemoryStream();
        using var rig = new MetricRig(new MetricSettings { MaxContexts = 3 }, new Log(LogLevel.Warn, output));
        string tags = string.Join(',', Enumerable.Range(0, 101));
        for (int i = 0; i < 5; i++)
        {
            rig.Send($"x:1|c|#{tags}\nx:1|c|#{tags},{i}\ny:1|c|#{tags}\nn{i}:1|c\nbad\nx:nan|c\n_sc|x|0");
        }

        Assert.Equal(
            [
                "MAYFLY | WARN | DogStatsD: x has more than 100 tags; the surplus is cut off",
                "MAYFLY | WARN | DogStatsD: y has more than 100 tags; the surplus is cut off",
                "MAYFLY | WARN | DogStatsD: NoSeparator: bad (said once; further lines are counted)",
                "MAYFLY | WARN | DogStatsD: InvalidValue: x:nan|c (said once; further lines are counted)",
                "MAYFLY | WARN | Metrics: more than 3 contexts in ten seconds between two flushes; further samples are dropped and counted",
            ],
            Encoding.UTF8.GetString(output.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries));
        rig.Take();
    }

    [Fact]
    public void Nothing_accepted_gives_no_payload()
    {
        using var rig = new MetricRig();
        rig.Send("bad\n_sc|x|9\n\n");
        Assert.Empty(rig.Take().Payloads);
        Assert.Equal(0, rig.Counters.Accepted);
    }

    [Fact]
    public void Known_contexts_cost_no_allocation()
    {
        using var rig = new MetricRig();
        byte[] packet = Encoding.UTF8.GetBytes(
            "page.views:1:2:3|c|#service:web,env:prod,az:1|c:in-1\nload:0.75|g|@0.5|#env:prod,b\nlatency:12.5:13.25:1e2|d|@0.1|#service:web,env:prod\n" +
            "h:7:8|h|#b,a\nt:320|ms|#b,a\nu:alice|s|#b,a\n");
        for (int flush = 0; flush < 3; flush++)
        {
            for (int i = 0; i < 100; i++)
            {
                rig.Aggregator.AcceptPacket(packet);
            }

            rig.Take();
        }

        rig.Aggregator.AcceptPacket(packet);
        Assert.Equal(0, Timing.LeastAllocated(() =>
        {
            for (int i = 0; i < 10_000; i++)
            {
                rig.Aggregator.AcceptPacket(packet);
            }
        }));
    }

    [Fact]
    public void New_contexts_after_a_flush_reuse_what_the_last_cycles_used()
    {
        using var rig = new MetricRig();
        byte[] packet = Encoding.UTF8.GetBytes(string.Join('\n', Enumerable.Range(0, 500).Select(static i => $"m{i}:1|d|#b,a\nc{i}:1|c\nu{i}:a|s\nh{i}:1|h")));
        Assert.Equal(0, Timing.LeastAllocated(() => rig.Aggregator.AcceptPacket(packet), between: () => rig.Take()));
    }

    [Fact]
    public async Task Senders_and_flushes_at_once_lose_nothing()
    {
        using var rig = new MetricRig();
        const int Senders = 3;
        const int Packets = 5000;
        Task[] senders = [.. Enumerable.Range(0, Senders).Select(sender => Task.Run(() =>
        {
            for (int i = 0; i < Packets; i++)
            {
                rig.Send($"shared:1:1|c|#a\nown{sender}:1|c\nd:1|d\nh:{i % 7}|h");
            }
        }))];
        Task all = Task.WhenAll(senders);
        double shared = 0;
        double carried = 0;
        long distribution = 0;
        long units = 0;
        bool done = false;
        while (!done)
        {
            done = all.IsCompleted;
            var payloads = new List<IntakePayload>();
            rig.Aggregator.TakePayloads(payloads);
            var decoded = new Decoded();
            payloads.ForEach(decoded.Add);
            payloads.ForEach(static payload => payload.Dispose());
            units += decoded.Payloads.Sum(static payload => payload.Units);
            rig.Counters.Deliver(decoded.Payloads.Sum(static payload => payload.Units));
            Assert.True(rig.Counters.Buffered >= 0);
            distribution += decoded.Sketches.Sum(static sketch => sketch.Dogsketches[0].Cnt);

            // At the largest shift a point carries the total of that time: only the last one counts.
            foreach (MetricSeries series in decoded.Series.Where(static series => series.Metric == "shared"))
            {
                bool isLargestShift = series.Points[0].Timestamp == MetricRig.Bucket + SentPoints.MaxShiftSeconds;
                carried = isLargestShift ? series.Points[0].Value : carried;
                shared += isLargestShift ? 0 : series.Points[0].Value;
            }
        }

        await all;
        Assert.Equal(Senders * Packets * 2, shared + carried);
        Assert.Equal(Senders * Packets, distribution);
        Assert.Equal(Senders * Packets * 5, units);
        Assert.Equal(0, rig.Counters.Buffered);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Any_mix_of_metrics_adds_up_to_what_a_plain_dictionary_says(int seed)
    {
        using var rig = new MetricRig();
        var random = new Random(seed);
        var expected = new Dictionary<string, double>();
        string[] tags = ["env:prod", "env:dev", "a", "z:1", "service:web"];
        for (int i = 0; i < 5000; i++)
        {
            string name = $"m{random.Next(20)}";
            string[] chosen = [.. tags.Where(_ => random.Next(2) == 0).OrderBy(_ => random.Next())];
            long time = MetricRig.Now - random.Next(40);
            int value = random.Next(1000);
            rig.Send($"{name}:{value}|c|T{time}|#{string.Join(',', chosen)}");
            string key = $"{name} {time / 10 * 10} {string.Join(',', chosen.Order(StringComparer.Ordinal))}";
            expected[key] = expected.GetValueOrDefault(key) + value;
        }

        Decoded decoded = rig.Take();
        Assert.Equal(expected.Count, decoded.Series.Count);
        foreach (MetricSeries series in decoded.Series)
        {
            Assert.Equal(expected[$"{series.Metric} {series.Points[0].Timestamp} {string.Join(',', series.Tags)}"], series.Points[0].Value);
        }
    }

    [Fact]
    public void The_recorded_proxy_body_of_a_Node_tracer_arrives_whole()
    {
        using var rig = new MetricRig();
        byte[] body = Corpus.Named("dd-runtimemetrics-005-dogstatsd_v2_proxy").Body;
        rig.Aggregator.AcceptPacket(body);

        string[] lines = Encoding.UTF8.GetString(body).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(lines.Length, rig.Counters.Accepted);
        Assert.Equal(0, rig.Counters.DroppedInAll);
        Decoded decoded = rig.Take();
        Assert.Equal(
            lines.Select(static line => line[..line.IndexOf(':')]).Distinct().Order(StringComparer.Ordinal),
            decoded.Series.Select(static series => series.Metric).Concat(decoded.Sketches.Select(static sketch => sketch.Metric))
                .Distinct().Order(StringComparer.Ordinal));
        Assert.Contains(decoded.Series, static series =>
            series.Metric == "runtime.node.event_loop.delay.count" && series.Type == Pb.SeriesType.SeriesCount &&
            series.Tags.Contains("service:my-svc"));
    }

    private static TagSet Tags(params string[] tags) => TagSet.From(tags.Select(static tag =>
    {
        int colon = tag.IndexOf(':');
        return colon < 0 ? KeyValuePair.Create(tag, "") : KeyValuePair.Create(tag[..colon], tag[(colon + 1)..]);
    }));
}
