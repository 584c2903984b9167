using Mayfly.Diagnostics;
using Mayfly.Metrics;
using Mayfly.Platforms.Lambda;
using Mayfly.Platforms.Lambda.Invocations;
using Mayfly.Tags;
using Mayfly.Testing;
using Mayfly.Tests.Platforms.Lambda.Invocations;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda;

/// <summary>docs/spec/01-lambda-lifecycle.md 5; vectors TV6, TV14.</summary>
public class EnhancedMetricsTests
{
    [Theory]
    [InlineData(2600, 128, 0.000005616678, 0.000004533355)]
    [InlineData(100, 256, 0.000000616668, 0.000000533335)]
    [InlineData(1000, 1024, 0.0000168667, 0.0000135334)]
    [InlineData(50, 1769, 0.000001639619, 0.000001351698)]
    public void Tv14_cost(double billedMs, double memoryMb, double x86, double arm)
    {
        Assert.Equal(x86, EnhancedMetrics.EstimatedCost(billedMs, memoryMb, "x86_64"));
        Assert.Equal(arm, EnhancedMetrics.EstimatedCost(billedMs, memoryMb, "arm64"));
    }

    [Fact]
    public void Tv6_metrics()
    {
        using var rig = new TrackerRig();
        rig.Tracker.InitReported(549.04, "on-demand", 1666361103149000000);
        rig.Invoke("r1");
        rig.PlatformStart("r1");
        rig.Done("r1", producedBytes: 8);
        rig.Report("r1", initMs: 549.04);
        const string Cold = "cold_start:true,runtime:java17";
        string cost = FunctionIdentity.ArchitectureName == "arm64" ? "0.000004533" : "0.000005617";
        Assert.Equal(
            [
                $"billed_duration 1x2.6 @1666361100 {Cold}",
                $"duration 1x2.5994 @1666361100 {Cold}",
                $"estimated_cost 1x{cost} @1666361100 {Cold}",
                "init_duration 1x0.54904 @1666361100 cold_start:true,init_type:on-demand,runtime:java17",
                $"invocations 1x1 @1666361100 {Cold}",
                $"max_memory_used 1x94 @1666361100 {Cold}",
                $"memorysize 1x128 @1666361100 {Cold}",
                $"post_runtime_duration 1x0.4 @1666361100 {Cold}",
                $"produced_bytes 1x8 @1666361100 {Cold}",
                $"runtime_duration 1x2599 @1666361100 {Cold}",
            ],
            rig.TakeMetrics().Select(static line => line.Replace("5.617E-06", "0.000005617", StringComparison.Ordinal).Replace("4.533E-06", "0.000004533", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_figure_that_is_absent_has_no_metric()
    {
        using var rig = new TrackerRig();
        rig.Invoke("r1");
        rig.Done("r1", durationMs: null);
        rig.Tracker.Reported("r1", new ReportFigures { DurationMs = 5 }, 1666361105766000000);
        Assert.Equal("duration=1 invocations=1", rig.CountMetrics());
    }

    /// <summary>5: post_runtime_duration only if the runtime's duration is not 0.</summary>
    [Fact]
    public void A_runtime_duration_of_zero_has_no_post_runtime_duration()
    {
        using var rig = new TrackerRig();
        rig.Invoke("r1");
        rig.Done("r1", durationMs: 0);
        rig.Report("r1");
        Assert.Equal("", rig.CountMetrics("post_runtime_duration"));
    }

    [Fact]
    public void Switched_off_nothing_is_counted()
    {
        var counters = new SignalCounters();
        using var aggregator = new MetricAggregator(new MetricSettings(), counters, new FakeClock());
        var metrics = new EnhancedMetrics(aggregator, isOn: false);
        metrics.Invocation(1, TagSet.Empty);
        metrics.InitDuration(1, "on-demand", 1, TagSet.Empty);
        metrics.Report(new ReportFigures { DurationMs = 1, BilledDurationMs = 1, MemorySizeMb = 128 }, 1, TagSet.Empty);
        metrics.Shutdown(isUnused: true, 1, TagSet.Empty);
        Assert.Equal(0, counters.Accepted);
    }
}
