using Mayfly.Diagnostics;
using Mayfly.Metrics;
using Xunit;

namespace Mayfly.Tests.Metrics;

/// <summary>docs/spec/04-metrics-logs.md A.14, row by row: packet in, decoded payload out. <c>err</c> = nothing comes out and one line is counted.</summary>
public class DogStatsdVectorTests
{
    [Theory]
    [InlineData("page.views:1|c", "page.views COUNT 1 @1656581400")]
    [InlineData("page.views:1:2:3|c", "page.views COUNT 6 @1656581400")]
    [InlineData("x:2|c|@0.5", "x COUNT 4 @1656581400")]
    [InlineData("x:5|g\nx:7|g", "x GAUGE 7 @1656581400")]
    [InlineData("x:+5|g", "x GAUGE 5 @1656581400")]
    [InlineData("x:1e3|g", "x GAUGE 1000 @1656581400")]
    [InlineData("x:nan|g", "err InvalidValue")]
    [InlineData("x:1|d|@0.1", "x SKETCH cnt 10 sum 10 avg 1 min 1 max 1 {1338:10} @1656581400")]
    [InlineData("x:1|d\nx:2|d\nx:3|d", "x SKETCH cnt 3 sum 6 avg 2 min 1 max 3 {1338:1,1383:1,1409:1} @1656581400")]
    [InlineData("x:1:2:3|d", "x SKETCH cnt 3 sum 6 avg 2 min 1 max 3 {1338:1,1383:1,1409:1} @1656581400")]
    [InlineData(
        "t:1:2:3:4|ms",
        "t.95percentile GAUGE 4 @1656581400; t.avg GAUGE 2.5 @1656581400; " +
        "t.count RATE 0.4 @1656581400; t.max GAUGE 4 @1656581400; t.median GAUGE 2 @1656581400")]
    [InlineData(
        "t:320|ms|@0.3",
        "t.95percentile GAUGE 320 @1656581400; t.avg GAUGE 320 @1656581400; " +
        "t.count RATE 0.3 @1656581400; t.max GAUGE 320 @1656581400; t.median GAUGE 320 @1656581400")]
    [InlineData("u:alice|s\nu:bob|s\nu:alice|s", "u GAUGE 2 @1656581400")]
    [InlineData("u:a:b|s\nu:a|s", "u GAUGE 2 @1656581400")]
    [InlineData("x:1|c|#env:a,x:1,env:a", "x COUNT 1 @1656581400 env:a,x:1")]
    [InlineData("x:1|c|#a,,b:", "x COUNT 1 @1656581400 a,b:")]
    [InlineData("x:1|c|T1656581395", "x COUNT 1 @1656581390")]
    [InlineData("x:1|c|T1656581395.6", "x COUNT 1 @1656581390")]
    [InlineData("x:1|c|T1656581399.6", "x COUNT 1 @1656581400")]
    [InlineData("x:1|c|T9999999999", "x COUNT 1 @1656581400")]
    [InlineData("x:1|c|T1e300", "x COUNT 1 @1656581400")]
    [InlineData("x:1|c|T", "err EmptyTimestamp")]
    [InlineData("x:1|c|Tabc", "err InvalidTimestamp")]
    [InlineData("x:1|c|T0", "err InvalidTimestamp")]
    [InlineData("x:1|c|T-5", "err InvalidTimestamp")]
    [InlineData("x:1|c|@abc", "err InvalidSampleRate")]
    [InlineData("x:1|c|@", "err InvalidSampleRate")]
    [InlineData("x:1|c|@0", "x COUNT 1 @1656581400")]
    [InlineData("x:1|c|@-0.5", "x COUNT 1 @1656581400")]
    [InlineData("x:1|c|@2", "x COUNT 1 @1656581400")]
    [InlineData("x:1|c||#a|zzz", "x COUNT 1 @1656581400 a")]
    [InlineData("x:1|c|#a|#b", "x COUNT 1 @1656581400 b")]
    [InlineData("x:1|c|#a|c:in-1|e:ext|card:low", "x COUNT 1 @1656581400 a")]
    [InlineData(":1|c", "err EmptyName")]
    [InlineData("x|c", "err NoSeparator")]
    [InlineData("x|c:1", "err NoSeparator")]
    [InlineData("x:|c", "err EmptyValue")]
    [InlineData("x:::|c", "err EmptyValue")]
    [InlineData("x:1", "err MissingType")]
    [InlineData("x:1|", "err MissingType")]
    [InlineData("x:1|z", "err UnknownType")]
    [InlineData("x:1|m", "err UnknownType")]
    [InlineData("x:a|c", "err InvalidValue")]
    [InlineData("x:1:a:2|c", "err InvalidValue")]
    [InlineData("x::1::2:|c", "x COUNT 3 @1656581400")]
    [InlineData("x:inf|d", "err InvalidValue")]
    [InlineData("x:1e400|d", "err InvalidValue")]
    [InlineData("x:1|c\nbad\ny:2|g\n", "x COUNT 1 @1656581400; y GAUGE 2 @1656581400; err NoSeparator")]
    [InlineData("x:1|c\r\n", "x COUNT 1 @1656581400")]
    [InlineData("\n\n\r\nx:1|c\n\n", "x COUNT 1 @1656581400")]
    [InlineData("_sc|svc|0", "svc CHECK 0 @1656581409")]
    [InlineData("_e{5,4}:title|text", "title|text EVENT api info normal @1656581409")]
    [InlineData("_e{5,9}:title|text", "err InvalidEvent")]
    [InlineData("_e{5,2}:title|text", "err InvalidEvent")]
    [InlineData("_e{1,4}:é|text", "é|text EVENT api info normal @1656581409")]
    [InlineData("_e{5,4}:title|a\\nb|t:error", "title|a⏎b EVENT api error normal @1656581409")]
    [InlineData("aws.lambda.enhanced.invocations:1|d", "err IgnoredName")]
    [InlineData("aws.lambda.enhanced.invocations_custom:1|c", "aws.lambda.enhanced.invocations_custom COUNT 1 @1656581400")]
    [InlineData("x:1|c|#dd.internal.entity_id:u,dd.internal.card:low,dd.internal.jmx_check_name:j,host:h", "x COUNT 1 @1656581400 host:h")]
    [InlineData("p.ts:5|g|T1656581000|#env:a", "p.ts GAUGE 5 @1656581000 env:a")]
    [InlineData("naïve.metric:1|c|#ключ:значение 🎉", "naïve.metric COUNT 1 @1656581400 ключ:значение 🎉")]
    public void A14(string packet, string expected)
    {
        using var rig = new MetricRig(new MetricSettings { IgnoredNames = ["aws.lambda.enhanced.invocations"] });

        rig.Send(packet);

        string[] lines = expected.Split("; ");
        Assert.Equal(lines.Where(static line => !line.StartsWith("err ", StringComparison.Ordinal)), rig.Take().Describe());
        foreach (DogStatsdStatus status in Enum.GetValues<DogStatsdStatus>())
        {
            Assert.Equal(lines.Contains($"err {status}") ? 1 : 0, rig.Aggregator.Refused(status));
        }
    }

    [Fact]
    public void A14_invalid_utf8_costs_its_line_only()
    {
        using var rig = new MetricRig();
        rig.Aggregator.AcceptPacket([0x78, 0x3A, 0x31, 0x7C, 0x63, 0x0A, 0xFF]);
        Assert.Equal(["x COUNT 1 @1656581400"], rig.Take().Describe());
        Assert.Equal(1, rig.Aggregator.Refused(DogStatsdStatus.NoSeparator));
        Assert.Equal(1, rig.Counters.DroppedFor(DropReason.Malformed));
    }

    [Fact]
    public void A2_invalid_utf8_within_a_metric_becomes_a_replacement_character()
    {
        using var rig = new MetricRig();
        rig.Aggregator.AcceptPacket([.. "x"u8, 0xC3, .. ":1|c|#a:"u8, 0xFE, .. "\ny:1|c"u8]);
        Assert.Equal(["x\uFFFD COUNT 1 @1656581400 a:\uFFFD", "y COUNT 1 @1656581400"], rig.Take().Describe());
    }

    [Fact]
    public void A14_of_101_distinct_tags_100_are_kept_after_removing_duplicates()
    {
        using var rig = new MetricRig();
        string[] tags = [.. Enumerable.Range(0, 101).Select(static i => $"tag:{i:000}")];
        rig.Send($"x:1|c|#{string.Join(',', tags)},{string.Join(',', tags)}");
        rig.Send($"y:1|c|#{string.Join(',', tags.Take(100).Concat(tags.Take(100)))}");
        Decoded decoded = rig.Take();
        Assert.Equal(tags.Take(100), decoded.Series.Single(static series => series.Metric == "x").Tags);
        Assert.Equal(tags.Take(100), decoded.Series.Single(static series => series.Metric == "y").Tags);
    }

    [Fact]
    public void A12_histograms_and_sets_can_be_turned_off()
    {
        using var rig = new MetricRig(new MetricSettings { HistogramsAndSets = false });
        rig.Send("a:1|h\nb:1|ms\nc:1|s\nd:1|d\ne:1|c\nf:1|g");
        Assert.Equal(3, rig.Take().Describe().Length);
        Assert.Equal(3, rig.Aggregator.Refused(DogStatsdStatus.TypeTurnedOff));
    }

    [Fact]
    public void A11_all_series_of_a_histogram()
    {
        using var rig = new MetricRig(new MetricSettings
        {
            HistogramAggregates = (HistogramAggregates)63,
            HistogramPercentiles = [50, 99],
        });
        rig.Send($"h:{string.Join(':', Enumerable.Range(1, 100))}|h|#a");
        Assert.Equal(
            [
                "h.50percentile GAUGE 50 @1656581400 a", "h.99percentile GAUGE 99 @1656581400 a", "h.avg GAUGE 50.5 @1656581400 a",
                "h.count RATE 10 @1656581400 a",
                "h.max GAUGE 100 @1656581400 a", "h.median GAUGE 50 @1656581400 a", "h.min GAUGE 1 @1656581400 a", "h.sum GAUGE 5050 @1656581400 a",
            ],
            rig.Take().Describe());
    }
}
