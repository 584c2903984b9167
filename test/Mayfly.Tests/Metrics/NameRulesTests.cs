using Mayfly.Diagnostics;
using Mayfly.Metrics;
using Mayfly.Tags;
using Mayfly.Tests.Config;
using Xunit;

namespace Mayfly.Tests.Metrics;

/// <summary>docs/spec/04-metrics-logs.md A.2 (names left out), A.7 (tags of clients), A.8 (namespace); docs/spec/05-config.md section 7 (lists of names).</summary>
public class NameRulesTests
{
    [Theory]
    [InlineData("x:1|c", "ns.x")]
    [InlineData("jvm.heap:1|g", "jvm.heap")]
    [InlineData("runtime.node.mem:1|g", "runtime.node.mem")]
    [InlineData("datadog.dogstatsd.client.metrics:1|c", "datadog.dogstatsd.client.metrics")]
    [InlineData("activemq_58.x:1|c", "activemq_58.x")]
    [InlineData("jv:1|c", "ns.jv")]
    [InlineData("my.jvm.heap:1|c", "ns.my.jvm.heap")]
    [InlineData("datadog.mine:1|c", "ns.datadog.mine")]
    public void A8_namespace(string line, string expected)
    {
        using var rig = new MetricRig(MetricSettings.Of(Environments.Read((Mayfly.Config.Keys.MetricNamespace, "ns")).CustomMetrics));
        rig.Send(line);
        Assert.Equal(expected, rig.Take().Series.Single().Metric);
    }

    /// <summary>Histograms too, whose names are made longer, and sketches; the agent's own metrics keep their names.</summary>
    [Fact]
    public void A8_the_namespace_goes_before_every_kind_of_client_metric_only()
    {
        using var rig = new MetricRig(new MetricSettings { Namespace = "ns", HistogramCopyPrefix = "dist." });
        rig.Send("c:1|c\ng:1|g\nd:1|d\nh:1|h\ns:1|s");
        rig.Aggregator.AddDistribution("aws.lambda.enhanced.duration", 1, MetricRig.Now, TagSet.Empty);
        Decoded decoded = rig.Take();
        Assert.Equal(
            ["ns.c", "ns.g", "ns.h.95percentile", "ns.h.avg", "ns.h.count", "ns.h.max", "ns.h.median", "ns.s"],
            decoded.Series.Select(static one => one.Metric).Order(StringComparer.Ordinal));
        Assert.Equal(["aws.lambda.enhanced.duration", "dist.ns.h", "ns.d"], decoded.Sketches.Select(static one => one.Metric).Order(StringComparer.Ordinal));
    }

    /// <summary>The exemption decides about the origin too: the service of runtime metrics is found by their name.</summary>
    [Fact]
    public void A8_runtime_metrics_keep_their_origin()
    {
        using var rig = new MetricRig(MetricSettings.Of(Environments.Read((Mayfly.Config.Keys.MetricNamespace, "ns")).CustomMetrics) with { OriginCategory = 38 });
        rig.Send("runtime.node.mem:1|g\nx:1|c");
        Assert.Equal([474u, 472u], rig.Take().Series.OrderBy(static one => one.Metric.Length).Reverse().Select(static one => one.Metadata.Origin.OriginService));
    }

    [Theory]
    [InlineData("exact:1|c", "BlockedName")]
    [InlineData("exactly:1|c", "Ok")]
    [InlineData("exac:1|c", "Ok")]
    [InlineData("prefix:1|c", "BlockedName")]
    [InlineData("prefix.one:1:2|d", "BlockedName")]
    [InlineData("prefiy:1|c", "Ok")]
    [InlineData("own.counted:1|c", "IgnoredName")]
    [InlineData("own.counted.x:1|c", "Ok")]
    [InlineData("a:1|c", "BlockedName")]
    [InlineData("ab:1|c", "BlockedName")]
    [InlineData("b:1|c", "Ok")]
    public void Lists_of_names(string line, string status)
    {
        using var rig = new MetricRig(new MetricSettings { IgnoredNames = ["own.counted"], BlockedNames = ["exact", "exact"], BlockedPrefixes = ["prefix.", "prefix", "a", "abc"] });
        rig.Send(line);
        DogStatsdStatus expected = Enum.Parse<DogStatsdStatus>(status);
        Assert.Equal(expected == DogStatsdStatus.Ok ? 1 : 0, rig.Take().Payloads.Count);
        int samples = line.Contains("1:2", StringComparison.Ordinal) ? 2 : 1;
        Assert.Equal(expected == DogStatsdStatus.BlockedName ? samples : 0, rig.Counters.DroppedFor(DropReason.Filtered));
        Assert.Equal(expected == DogStatsdStatus.Ok ? 0 : 1, rig.Aggregator.Refused(expected));
    }

    /// <summary>The user names what he sees: the name with its namespace.</summary>
    [Theory]
    [InlineData("ns.x", false, "x:1|c", true)]
    [InlineData("x", false, "x:1|c", false)]
    [InlineData("jvm.heap", false, "jvm.heap:1|c", true)]
    [InlineData("ns.jvm.heap", false, "jvm.heap:1|c", false)]
    [InlineData("ns.", true, "x:1|c", true)]
    [InlineData("n", true, "x:1|c", true)]
    [InlineData("n", true, "jvm.heap:1|c", false)]
    [InlineData("ns.a", true, "ab:1|c", true)]
    [InlineData("ns.a", true, "b:1|c", false)]
    [InlineData("jvm", true, "jvm.heap:1|c", true)]
    public void Lists_of_names_judge_the_name_with_its_namespace(string listed, bool isPrefix, string line, bool isBlocked)
    {
        using var rig = new MetricRig(new MetricSettings
        {
            Namespace = "ns",
            NamespaceExemptions = ["jvm"],
            BlockedNames = isPrefix ? [] : [listed],
            BlockedPrefixes = isPrefix ? [listed] : [],
        });
        rig.Send(line);
        Assert.Equal(isBlocked ? 0 : 1, rig.Take().Series.Count);
    }

    [Fact]
    public void A12_a_type_that_is_turned_off_counts_as_filtered()
    {
        using var rig = new MetricRig(new MetricSettings { HistogramsAndSets = false });
        rig.Send("h:1:2:3|h\ns:a|s");
        Assert.Empty(rig.Take().Payloads);
        Assert.Equal((4, 4), (rig.Counters.Accepted, rig.Counters.DroppedFor(DropReason.Filtered)));
    }

    /// <summary><c>dogstatsd_tags</c>: on what clients send, not on what the agent measures; no duplicates with their own.</summary>
    [Fact]
    public void A7_tags_of_clients()
    {
        using var rig = new MetricRig(new MetricSettings { ClientTags = ["team:a", "bare"] });
        rig.Aggregator.DefaultTags = TagSet.From([KeyValuePair.Create("env", "prod")]);
        rig.Send("x:1|c|#team:a,z");
        rig.Aggregator.AddDistribution("x", 1, MetricRig.Now, TagSet.Empty);
        Assert.Equal(
            ["x COUNT 1 @1656581400 bare,env:prod,team:a,z", "x SKETCH cnt 1 sum 1 avg 1 min 1 max 1 {1338:1} @1656581400 env:prod"],
            rig.Take().Describe());
    }

    [Fact]
    public void A11_a_histogram_is_copied_to_a_distribution_and_counts_once()
    {
        using var rig = new MetricRig(new MetricSettings { HistogramCopyPrefix = "", HistogramAggregates = HistogramAggregates.Max, HistogramPercentiles = [] });
        rig.Send("t:1:2:3|ms|@0.5");
        Decoded decoded = rig.Take();
        Assert.Equal(["t SKETCH cnt 6 sum 12 avg 2 min 1 max 3 {1338:2,1383:2,1409:2} @1656581400", "t.max GAUGE 3 @1656581400"], decoded.Describe());
        Assert.Equal(3, decoded.Payloads.Sum(static payload => payload.Units));
    }
}
