using Mayfly.Config;
using Mayfly.Diagnostics;
using Mayfly.Intake;
using Mayfly.Metrics;
using Mayfly.Platforms.Compat;
using Mayfly.Testing;
using Mayfly.Tests.Config;
using Mayfly.Tests.Metrics;
using Xunit;

namespace Mayfly.Tests.Platforms.Compat;

/// <summary>docs/spec/06-compat-and-init.md A10 and G12.</summary>
public class AzureMetricsTests
{
    /// <summary>A10, CPU vectors: readings in ns, one second apart unless said.</summary>
    [Theory]
    [InlineData("1000000000 2000000000", 1.0, "- 1000000000")]
    [InlineData("5 3 4", 1.0, "- - 1")]
    [InlineData("1 2", 0.0, "- -")]
    [InlineData("x 1 x 3", 1.0, "- - - 1")]
    [InlineData("0 500", 0.5, "- 1000")]
    public void CPU_between_readings(string readings, double seconds, string expected)
    {
        var clock = new FakeClock();
        var left = new Queue<string>(readings.Split(' '));
        var meter = new CpuMeter(() => left.Dequeue() is var text && text == "x" ? null : long.Parse(text, System.Globalization.CultureInfo.InvariantCulture), clock);
        var measured = new List<string>();
        while (left.Count > 0)
        {
            measured.Add(meter.Measure()?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "-");
            clock.Advance(TimeSpan.FromSeconds(seconds));
        }

        Assert.Equal(expected, string.Join(' ', measured));
    }

    [Theory]
    [InlineData(100, 200, 30_000L)]
    [InlineData(-1, 5, null)]
    [InlineData(5, -1, null)]
    [InlineData(long.MaxValue, 1, null)]
    [InlineData(long.MaxValue / 100, 0, 9_223_372_036_854_775_800L)]
    public void Windows_times(long user, long kernel, long? expected) => Assert.Equal(expected, ContainerCpu.NanosecondsOf(user, kernel));

    /// <summary>G12: version 2 of control groups counts too.</summary>
    [Theory]
    [InlineData("cpu/cpuacct.usage", "123456\n", 123_456L)]
    [InlineData("cpu,cpuacct/cpuacct.usage", "7\n", 7L)]
    [InlineData("cpu.stat", "usage_usec 1500\nuser_usec 1000\nsystem_usec 500\n", 1_500_000L)]
    [InlineData("cpu.stat", "user_usec 1000\nusage_usec 9\n", 9_000L)]
    [InlineData("cpu.stat", "nr_periods 0\n", null)]
    [InlineData("cpu/cpuacct.usage", "-5\n", null)]
    [InlineData("cpu/cpuacct.usage", "", null)]
    [InlineData("other", "5", null)]
    public void Control_groups(string file, string content, long? expected)
    {
        DirectoryInfo root = Directory.CreateTempSubdirectory("mayfly-cgroup-");
        string path = Path.Combine(root.FullName, file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
        var cpu = new ContainerCpu(root.FullName);
        Assert.Equal(expected, cpu.Read());
        root.Delete(recursive: true);
        Assert.Null(cpu.Read());
    }

    /// <summary>A10: instance every 3 s, CPU every second; no instance metric without a name, no CPU metric when it is turned off.</summary>
    [Theory]
    [InlineData("RD0003FF", true, 3, 9)]
    [InlineData("RD0003FF", false, 3, 0)]
    [InlineData("", true, 0, 9)]
    [InlineData("", false, 0, 0)]
    public void F7_What_is_sent_in_nine_seconds(string computer, bool withCpu, int instances, int cpu)
    {
        var clock = new FakeClock();
        var counters = new Counters();
        using var metrics = new MetricAggregator(new MetricSettings { OriginCategory = 71 }, counters[Signal.Metrics], clock);
        var site = AzureSite.Read(Environments.Reader((PlatformKeys.ComputerName, computer), (PlatformKeys.WebsiteSku, "Dynamic")), isWindows: false);
        long used = 0;
        var azure = new AzureMetrics(metrics, site, "9.9", withCpu ? new CpuMeter(() => used += 250_000_000, clock) : null, clock);
        for (int tick = 0; tick < 36; tick++)
        {
            clock.Advance(TimeSpan.FromMilliseconds(250));
            azure.Tick();
        }

        Assert.Equal(instances + cpu, counters[Signal.Metrics].Accepted);
        var payloads = new List<IntakePayload>();
        metrics.TakeLastPayloads(payloads);
        var decoded = new Decoded();
        payloads.ForEach(decoded.Add);
        payloads.ForEach(static payload => payload.Dispose());
        Assert.Equal(instances > 0, decoded.Series.Count > 0);
        Assert.All(decoded.Series, static one => Assert.Equal(
            ("azure.functions.enhanced.instance", "instance:rd0003ff,plan_tier:Dynamic,serverless_compat_version:9.9"),
            (one.Metric, string.Join(',', one.Tags.Order()))));
        Assert.All(decoded.Series, static one => Assert.All(one.Points, static point => Assert.Equal(1, point.Value)));
        Assert.All(decoded.Sketches, static one => Assert.Equal(
            ("azure.functions.enhanced.cpu.usage", "plan_tier:Dynamic,serverless_compat_version:9.9"), (one.Metric, string.Join(',', one.Tags.Order()))));
        Assert.Equal(cpu, decoded.Sketches.Sum(static one => one.Dogsketches.Sum(static sketch => sketch.Cnt)));
        Assert.All(decoded.Sketches, static one => Assert.All(one.Dogsketches, static sketch => Assert.Equal(250_000_000, sketch.Avg)));
    }
}
