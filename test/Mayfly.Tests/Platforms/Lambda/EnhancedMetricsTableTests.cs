using Mayfly.Platforms.Lambda;
using Mayfly.Platforms.Lambda.Invocations;
using Mayfly.Platforms.Lambda.Telemetry;
using Mayfly.Tags;
using Mayfly.Local.Intake.Protos;
using Mayfly.Tests.Metrics;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda;

/// <summary>The table of docs/spec/01-lambda-lifecycle.md, section 5: the metrics that come from records and events. Those of /proc are in Usage.</summary>
public sealed class EnhancedMetricsTableTests : IDisposable
{
    private const long At = MetricRig.Now - 60;

    private static readonly RuntimeDone Done = new(At * 1_000_000_000, PlatformStatus.Success, null, null);

    private static readonly TagSet Tags = TagSet.Empty.With("cold_start", "false").With("runtime", "java17");

    private readonly MetricRig _rig = new();

    public void Dispose() => _rig.Dispose();

    public static TheoryData<string, double, Action<EnhancedMetrics>> Rows => new()
    {
        { "invocations", 1, static metrics => metrics.Invocation(At, Tags) },
        { "errors", 1, static metrics => metrics.Error(At, Tags) },
        { "timeouts", 1, static metrics => metrics.Timeout(At, Tags) },
        { "out_of_memory", 1, static metrics => metrics.OutOfMemory(At, Tags) },
        { "runtime_duration", 2599, static metrics => metrics.RuntimeDone(Done with { DurationMs = 2599 }, At, Tags) },
        { "produced_bytes", 8, static metrics => metrics.RuntimeDone(Done with { ProducedBytes = 8 }, At, Tags) },
        { "post_runtime_duration", 0.4, static metrics => metrics.PostRuntimeDuration(0.4, At, Tags) },
        { "snapstart_restore_duration", 0.1505, static metrics => metrics.SnapStartRestoreDuration(150.5, At, Tags) },
        { "shutdowns", 1, static metrics => metrics.Shutdown(isUnused: false, At, Tags) },
        { "response_latency", 0.847, static metrics => metrics.RuntimeDone(Done with { ResponseLatencyMs = 0.847 }, At, Tags) },
        { "response_duration", 0.127, static metrics => metrics.RuntimeDone(Done with { ResponseDurationMs = 0.127 }, At, Tags) },
    };

    [Theory]
    [MemberData(nameof(Rows))]
    public void Row_of_the_table(string name, double expected, Action<EnhancedMetrics> add)
    {
        add(new EnhancedMetrics(_rig.Aggregator, isOn: true));
        Sketch sent = Assert.Single(_rig.Take().Sketches);
        Assert.Equal("aws.lambda.enhanced." + name, sent.Metric);
        Dogsketch value = Assert.Single(sent.Dogsketches);
        Assert.Equal((1L, At / 10 * 10), (value.Cnt, value.Ts));
        Assert.Equal(expected, value.Sum, 1e-12);
        Assert.Equal(["cold_start:false", "runtime:java17"], sent.Tags);
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void Off_switch_leaves_none(string name, double value, Action<EnhancedMetrics> add)
    {
        add(new EnhancedMetrics(_rig.Aggregator, isOn: false));
        Assert.True(_rig.Take().Sketches.Count == 0, $"{name} {value}");
    }

    [Fact]
    public void Rows_of_the_report()
    {
        new EnhancedMetrics(_rig.Aggregator, isOn: true).Report(
            new ReportFigures { DurationMs = 2599.4, BilledDurationMs = 2600, MemorySizeMb = 128, MaxMemoryUsedMb = 94 }, At, Tags);
        Dictionary<string, double> sent = _rig.Take().Sketches
            .ToDictionary(static sketch => sketch.Metric, static sketch => Assert.Single(sketch.Dogsketches).Sum);
        Assert.Equal(5, sent.Count);
        Assert.Equal(2.5994, sent["aws.lambda.enhanced.duration"], 1e-12);
        Assert.Equal(2.6, sent["aws.lambda.enhanced.billed_duration"], 1e-12);
        Assert.Equal(94, sent["aws.lambda.enhanced.max_memory_used"]);
        Assert.Equal(128, sent["aws.lambda.enhanced.memorysize"]);
        Assert.Equal(EnhancedMetrics.EstimatedCost(2600, 128, FunctionIdentity.ArchitectureName), sent["aws.lambda.enhanced.estimated_cost"]);
    }

    [Fact]
    public void Init_duration_counts_once_with_the_init_type_as_the_platform_spells_it()
    {
        // Defect 14 of section 11: the reference has two spellings for SnapStart.
        var metrics = new EnhancedMetrics(_rig.Aggregator, isOn: true);
        metrics.InitDuration(549.04, "snap-start", At, Tags);
        metrics.InitDuration(550, "on-demand", At, Tags);
        Sketch sent = Assert.Single(_rig.Take().Sketches);
        Assert.Equal(0.54904, Assert.Single(sent.Dogsketches).Sum, 1e-12);
        Assert.Equal(["cold_start:false", "init_type:snap-start", "runtime:java17"], sent.Tags);
    }

    [Theory]
    [InlineData(2600, 128, 0.000005616678, 0.000004533355)]
    [InlineData(100, 256, 0.000000616668, 0.000000533335)]
    [InlineData(1000, 1024, 0.0000168667, 0.0000135334)]
    [InlineData(50, 1769, 0.000001639619, 0.000001351698)]
    public void TV14_cost(double billedMs, double memoryMb, double x86, double arm)
    {
        Assert.Equal(x86, EnhancedMetrics.EstimatedCost(billedMs, memoryMb, "x86_64"));
        Assert.Equal(arm, EnhancedMetrics.EstimatedCost(billedMs, memoryMb, "arm64"));
    }
}
