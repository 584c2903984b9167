using System.Text;
using Mayfly.Platforms.Lambda.Usage;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda.Usage;

/// <summary>docs/spec/01-lambda-lifecycle.md, section 5 (CPU utilisation) and TV11.</summary>
public class CpuTests
{
    [Fact]
    public void TV11_a_line_of_proc_stat_in_ticks_becomes_milliseconds()
    {
        Assert.True(CpuTimes.TryParse("cpu  2337 0 188 17838 1 2 3\ncpu0 1 0 0 10\ncpu1 1 0 0 20\nintr 5\n"u8, msPerTick: 10, out CpuTimes times));
        Assert.Equal((23370, 1880, 178380), (times.UserMs, times.SystemMs, times.IdleMs));
        Assert.Equal([new CoreIdle(0, 100), new CoreIdle(1, 200)], times.Cores);
    }

    [Fact]
    public void TV11_utilization_between_two_moments()
    {
        var start = new CpuTimes(50, 10, 10, [new(0, 10), new(1, 30)]);
        var end = new CpuTimes(200, 170, 1130, [new(0, 570), new(1, 600)]);
        CpuUtilization utilization = CpuUtilization.Between(start, 1_891_100, end, 1_891_900)!.Value;
        Assert.Equal(30, utilization.TotalPercent, 1e-9);
        Assert.Equal(0.6, utilization.TotalCores, 1e-9);
        Assert.Equal(2, utilization.CoreCount);
        Assert.Equal(30, utilization.MaxPercent!.Value, 1e-9);
        Assert.Equal(28.75, utilization.MinPercent!.Value, 1e-9);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-10)]
    public void TV11_without_time_passed_there_is_no_utilization(double passedMs)
    {
        var times = new CpuTimes(50, 10, 10, [new(0, 10)]);
        Assert.Null(CpuUtilization.Between(times, 1000, times, 1000 + passedMs));
    }

    /// <summary>Rows of the rule: per core max(0, end − start) of idle, cores at both moments, n = cores at the end, no clamp above 100.</summary>
    [Theory]
    [InlineData("an idle counter that ran backwards is an idle time of 0", "0:100", "0:90", 0, 100, 100.0, 100.0)]
    [InlineData("a core that came later counts in n, not in min and max", "0:0", "0:50 1:9999", 100, 100, 50.0, 50.0)]
    [InlineData("a core that went away counts in neither", "0:0 1:0", "1:25", 25, 100, 75.0, 75.0)]
    [InlineData("no core at both moments: no min, no max", "0:0", "1:50", 50, 100, null, null)]
    [InlineData("more idle than time passed is 0 % busy", "0:0", "0:150", 150, 100, 0.0, 0.0)]
    [InlineData("the busiest core has the least idle time", "0:0 1:0", "0:20 1:80", 100, 100, 80.0, 20.0)]
    public void Cores(string row, string startCores, string endCores, double idleMs, double passedMs, double? max, double? min)
    {
        var start = new CpuTimes(0, 0, 0, Parse(startCores));
        var end = new CpuTimes(0, 0, idleMs, Parse(endCores));
        CpuUtilization utilization = CpuUtilization.Between(start, 0, end, passedMs)!.Value;
        Assert.True((max, min) == (utilization.MaxPercent, utilization.MinPercent), $"{row}: {utilization}");
        Assert.Equal(end.Cores.Length, utilization.CoreCount);
        Assert.Equal(Math.Max(0, ((passedMs * end.Cores.Length) - idleMs) / passedMs), utilization.TotalCores, 1e-9);
        Assert.Equal(utilization.TotalCores * 100 / end.Cores.Length, utilization.TotalPercent, 1e-9);
    }

    [Fact]
    public void A_share_above_100_percent_is_not_clamped()
    {
        CpuUtilization utilization = CpuUtilization.Between(new CpuTimes(0, 0, 50, [new(0, 50)]), 0, new CpuTimes(0, 0, 0, [new(0, 0)]), 100)!.Value;
        Assert.Equal(150, utilization.TotalPercent);
    }

    [Theory]
    [InlineData("empty", "")]
    [InlineData("no cpu line", "intr 1 2 3\n")]
    [InlineData("total comes late", "cpu0 1 0 0 1\ncpu 1 0 0 1\n")]
    [InlineData("too few fields", "cpu 1 0 0\n")]
    [InlineData("not a number", "cpu 1 0 x 4\n")]
    [InlineData("a negative number", "cpu 1 0 -1 4\n")]
    [InlineData("a number beyond 64 bits", "cpu 1 0 99999999999999999999999 4\n")]
    [InlineData("a core line cut off", "cpu 1 0 1 4\ncpu0 1 0")]
    [InlineData("a core without a number", "cpu 1 0 1 4\ncpux 1 0 1 4\n")]
    [InlineData("two totals", "cpu 1 0 1 4\ncpu 1 0 1 4\n")]
    public void Malformed_text_gives_no_times(string row, string text) =>
        Assert.False(CpuTimes.TryParse(Encoding.UTF8.GetBytes(text), 10, out _), row);

    [Fact]
    public void Every_truncation_gives_no_times_or_those_of_whole_lines()
    {
        byte[] text = "cpu  2337 0 188 17838 1\ncpu0 1 0 0 10 1\n"u8.ToArray();
        for (int length = 0; length < text.Length; length++)
        {
            // A right-sized copy: reading past the end would throw.
            if (CpuTimes.TryParse(text.AsSpan(0, length).ToArray(), 10, out CpuTimes times))
            {
                Assert.Equal((23370, 1880), (times.UserMs, times.SystemMs));
                Assert.InRange(times.Cores.Length, 0, 1);
            }
        }
    }

    [Theory]
    [InlineData("1891.10 3000.00\n", 1_891_100.0)]
    [InlineData("0.00 0.00", 0.0)]
    [InlineData("5", 5_000.0)]
    [InlineData("", null)]
    [InlineData("\n1.0", null)]
    [InlineData("-1.5 0", null)]
    [InlineData("1.5x 0", null)]
    [InlineData("NaN 0", null)]
    [InlineData("Infinity 0", null)]
    public void Uptime_is_the_first_number_in_seconds(string text, double? expectedMs)
    {
        bool isRead = ProcText.TryParseUptime(Encoding.UTF8.GetBytes(text), out double uptimeMs);
        Assert.Equal(expectedMs.HasValue, isRead);
        if (isRead)
        {
            Assert.Equal(expectedMs!.Value, uptimeMs, 1e-6);
        }
    }

    private static CoreIdle[] Parse(string cores) =>
        [.. cores.Split(' ').Select(static core => core.Split(':')).Select(static parts => new CoreIdle(ulong.Parse(parts[0]), double.Parse(parts[1])))];
}
