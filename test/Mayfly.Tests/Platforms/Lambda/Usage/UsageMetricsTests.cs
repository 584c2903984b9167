using Mayfly.Config;
using Mayfly.Platforms.Lambda;
using Mayfly.Platforms.Lambda.Usage;
using Mayfly.Tags;
using Mayfly.Local.Intake.Protos;
using Mayfly.Tests.Metrics;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda.Usage;

/// <summary>The rows of the table in docs/spec/01-lambda-lifecycle.md, section 5, that come from /proc: from a tree to the payload.</summary>
public sealed class UsageMetricsTests : IDisposable
{
    private const long EventSeconds = MetricRig.Now - 60;
    private const string Prefix = "aws.lambda.enhanced.";

    private static readonly TagSet Tags = TagSet.Empty.With("cold_start", "true");
    private static readonly string[] Cpu = ["cpu_total_utilization_pct", "cpu_total_utilization", "num_cores", "cpu_max_utilization", "cpu_min_utilization"];
    private static readonly string[] CpuTime = ["cpu_user_time", "cpu_system_time", "cpu_total_time"];
    private static readonly string[] Network = ["rx_bytes", "tx_bytes", "total_network"];
    private static readonly string[] Limits = ["fd_max", "threads_max"];
    private static readonly string[] Tmp = ["tmp_used", "tmp_max", "tmp_free"];
    private static readonly string[] Peaks = ["fd_use", "threads_use", .. Tmp];

    private readonly MetricRig _rig = new();
    private readonly ProcTree _tree = ProcTree.Healthy();

    public void Dispose()
    {
        _rig.Dispose();
        _tree.Dispose();
    }

    [Theory]
    [InlineData("cpu_total_utilization_pct", 30)]
    [InlineData("cpu_total_utilization", 0.6)]
    [InlineData("num_cores", 2)]
    [InlineData("cpu_max_utilization", 30)]
    [InlineData("cpu_min_utilization", 28.75)]
    [InlineData("cpu_user_time", 150)]
    [InlineData("cpu_system_time", 160)]
    [InlineData("cpu_total_time", 310)]
    [InlineData("rx_bytes", 100)]
    [InlineData("tx_bytes", 200)]
    [InlineData("total_network", 300)]
    [InlineData("fd_max", 1024)]
    [InlineData("threads_max", 1024)]
    [InlineData("fd_use", 8)]
    [InlineData("threads_use", 8)]
    public void Row_of_the_table(string name, double expected)
    {
        Dictionary<string, Sketch> sent = OneInvocation();
        Dogsketch value = Assert.Single(sent[name].Dogsketches);
        Assert.Equal(1, value.Cnt);
        Assert.Equal(expected, value.Sum, 1e-6);
        Assert.Equal(["cold_start:true"], sent[name].Tags);
        bool isStampedWithNow = Cpu.Concat(CpuTime).Concat(Network).Contains(name);
        Assert.Equal((isStampedWithNow ? MetricRig.Now : EventSeconds) / 10 * 10, value.Ts);
    }

    [Fact]
    public void Rows_of_the_temporary_directory()
    {
        Dictionary<string, Sketch> sent = OneInvocation();
        var drive = new DriveInfo(_tree.Tmp);
        Assert.Equal(drive.TotalSize, ValueOf(sent, "tmp_max"));
        Assert.Equal(ValueOf(sent, "tmp_max") - ValueOf(sent, "tmp_used"), ValueOf(sent, "tmp_free"));
        Assert.InRange(ValueOf(sent, "tmp_free") - drive.AvailableFreeSpace, -256e6, 256e6);
        Assert.Equal(EventSeconds / 10 * 10, Assert.Single(sent["tmp_used"].Dogsketches).Ts);
    }

    [Fact]
    public void All_of_the_table_and_nothing_else() =>
        Assert.Equal(Names(Cpu, CpuTime, Network, Limits, Peaks), OneInvocation().Keys.Order(StringComparer.Ordinal));

    public static TheoryData<string, string, string[]> Broken => new()
    {
        { "stat", "missing", [.. Cpu, .. CpuTime] },
        { "stat", "cut off", [.. Cpu, .. CpuTime] },
        { "uptime", "missing", Cpu },
        { "uptime", "garbage", Cpu },
        { "net/dev", "missing", Network },
        { "net/dev", "garbage", Network },
        { "14/fd", "missing", [] },
        { "14/task", "missing", ["threads_use"] },
        { "14/limits", "missing", [] },
        { "14/limits", "garbage", [] },
        { "net", "missing", Network },
        { "14", "missing", [] },
        { "*", "missing", [.. Cpu, .. CpuTime, .. Network, .. Limits, "fd_use", "threads_use"] },
        { "/tmp", "missing", Tmp },
    };

    [Theory]
    [MemberData(nameof(Broken))]
    public void A_broken_file_costs_its_metrics_only(string path, string how, string[] lost)
    {
        string tmp = _tree.Tmp;
        Dictionary<string, Sketch> sent = OneInvocation(prepare: () =>
        {
            if (path == "*")
            {
                Directory.Delete(_tree.Root, recursive: true);
            }
            else if (path == "/tmp")
            {
                tmp = "/not/there";
            }
            else if (how == "missing")
            {
                _tree.Without(path);
            }
            else
            {
                _tree.With(path, how == "garbage" ? "\0\u00ff garbage: -1 x\n" : "cpu 5 0 1\n");
            }

            return tmp;
        });
        Assert.Equal(Names(Cpu, CpuTime, Network, Limits, Peaks).Except(lost), sent.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Counters_that_ran_backwards_measured_nothing()
    {
        using UsageMetrics usage = Usage();
        _tree.AfterInvocation();
        InvocationUsage invocation = usage.Begin();
        using ProcTree earlier = ProcTree.Healthy();
        foreach (string file in new[] { "stat", "uptime", "net/dev" })
        {
            File.Copy(Path.Combine(earlier.Root, file), Path.Combine(_tree.Root, file), overwrite: true);
        }

        usage.Reported(invocation, EventSeconds, Tags);
        Assert.Equal(Names(Limits, Peaks), Sent().Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Each_call_counts_once_and_a_report_without_a_runtimes_end_stands_for_both()
    {
        using UsageMetrics usage = Usage();
        InvocationUsage invocation = usage.Begin();
        _tree.AfterInvocation();
        usage.Reported(invocation, EventSeconds, Tags);
        usage.RuntimeDone(invocation, EventSeconds, Tags);
        usage.Reported(invocation, EventSeconds, Tags);
        Dictionary<string, Sketch> sent = Sent();
        Assert.Equal(Names(Cpu, CpuTime, Network, Limits, Peaks), sent.Keys.Order(StringComparer.Ordinal));
        Assert.All(sent.Values, static sketch => Assert.Equal(1, Assert.Single(sketch.Dogsketches).Cnt));
    }

    [Fact]
    public void Off_switch_for_proc_leaves_the_limits()
    {
        Dictionary<string, Sketch> sent = OneInvocation(readsUsage: false);
        Assert.Equal(Names(Limits), sent.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Off_switch_for_enhanced_metrics_leaves_nothing_and_starts_no_timer()
    {
        var time = new ManualTime();
        using var usage = new UsageMetrics(new EnhancedMetrics(_rig.Aggregator, isOn: false), Settings(true, false), time);
        InvocationUsage invocation = usage.Begin();
        Assert.Equal(0, time.PendingTimers);
        usage.Reported(invocation, EventSeconds, Tags);
        usage.Shutdown(Tags);
        Assert.Empty(_rig.Take().Sketches);
    }

    [Fact]
    public void Limits_are_kept_when_they_are_asked_for_too_often()
    {
        var time = new ManualTime();
        using var usage = new UsageMetrics(new EnhancedMetrics(_rig.Aggregator, isOn: true), Settings(readsUsage: false, isConcurrent: false), time);
        double LimitOfOneInvocation()
        {
            usage.RuntimeDone(usage.Begin(), EventSeconds, Tags);
            return ValueOf(Sent(), "fd_max");
        }

        Assert.Equal(1024, LimitOfOneInvocation());
        _tree.WithProcess(14, files: 1, threads: 1, ProcTree.Limits("512", "512"));
        Assert.Equal(512, LimitOfOneInvocation());

        // Until the credit is spent; no time passes.
        _tree.WithProcess(14, files: 1, threads: 1, ProcTree.Limits("256", "256"));
        for (int i = 0; i < 2_000; i++)
        {
            usage.RuntimeDone(usage.Begin(), EventSeconds, Tags);
        }

        Sent();
        _tree.WithProcess(14, files: 1, threads: 1, ProcTree.Limits("128", "128"));
        Assert.Equal(256, LimitOfOneInvocation());
        time.Advance(60_000);
        Assert.Equal(128, LimitOfOneInvocation());
    }

    [Fact]
    public void Managed_instances_have_limits_and_peaks_at_shutdown_only()
    {
        _tree.WithProcess(14, files: 50, threads: 2);
        using UsageMetrics usage = Usage(isConcurrent: true);
        InvocationUsage first = usage.Begin();
        InvocationUsage second = usage.Begin();
        _tree.AfterInvocation();
        usage.Reported(first, EventSeconds, Tags);
        usage.Reported(second, EventSeconds, Tags);
        Dictionary<string, Sketch> sent = Sent();
        Assert.Equal(Names(Cpu, CpuTime, Network), sent.Keys.Order(StringComparer.Ordinal));
        Assert.All(sent.Values, static sketch => Assert.Equal(2, Assert.Single(sketch.Dogsketches).Cnt));

        usage.Shutdown(Tags);
        sent = Sent();
        Assert.Equal(Names(Limits, Peaks), sent.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(53, ValueOf(sent, "fd_use"));
    }

    [Fact]
    public void An_abandoned_invocation_gives_its_sampling_back_and_has_no_metrics()
    {
        var time = new ManualTime();
        using var usage = new UsageMetrics(new EnhancedMetrics(_rig.Aggregator, isOn: true), Settings(true, true), time);
        InvocationUsage invocation = usage.Begin();
        Assert.Equal(1, time.PendingTimers);
        usage.Abandon(invocation);
        usage.Reported(invocation, EventSeconds, Tags);
        Assert.Equal(0, time.PendingTimers);
        Assert.Empty(_rig.Take().Sketches);
    }

    [Theory]
    [InlineData(null, true)]
    [InlineData("true", true)]
    [InlineData("false", false)]
    [InlineData("0", false)]
    [InlineData("perhaps", true)]
    public void The_switch_is_a_setting(string? value, bool expected)
    {
        var env = new EnvReader(key => key == "DD_LAMBDA_PROC_ENHANCED_METRICS" ? value : null);
        Assert.Equal(expected, Mayfly.Config.Settings.Read(env).ProcEnhancedMetrics);
    }

    private UsageSettings Settings(bool readsUsage, bool isConcurrent, string? tmp = null) =>
        new() { ReadsUsage = readsUsage, IsConcurrent = isConcurrent, ProcDirectory = _tree.Root, TmpDirectory = tmp ?? _tree.Tmp };

    private static IEnumerable<string> Names(params string[][] groups) => groups.SelectMany(static group => group).Order(StringComparer.Ordinal);

    private static double ValueOf(Dictionary<string, Sketch> sent, string name) => Assert.Single(sent[name].Dogsketches).Sum;

    private UsageMetrics Usage(bool readsUsage = true, bool isConcurrent = false, string? tmp = null) =>
        new(new EnhancedMetrics(_rig.Aggregator, isOn: true), Settings(readsUsage, isConcurrent, tmp), _rig.Clock);

    private Dictionary<string, Sketch> OneInvocation(bool readsUsage = true, Func<string>? prepare = null)
    {
        string? tmp = prepare?.Invoke();
        using UsageMetrics usage = Usage(readsUsage, tmp: tmp);
        InvocationUsage invocation = usage.Begin();
        _tree.AfterInvocation();
        if (prepare is not null)
        {
            prepare();
        }

        usage.RuntimeDone(invocation, EventSeconds, Tags);
        usage.Reported(invocation, EventSeconds + 1, Tags);
        return Sent();
    }

    private Dictionary<string, Sketch> Sent() => _rig.Take().Sketches.ToDictionary(static sketch => sketch.Metric[Prefix.Length..]);
}
