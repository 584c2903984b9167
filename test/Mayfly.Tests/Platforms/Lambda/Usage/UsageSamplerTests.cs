using System.Diagnostics;
using Mayfly.Platforms.Lambda.Usage;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda.Usage;

/// <summary>docs/spec/01-lambda-lifecycle.md, section 5 (usage sampling) and defect 21: what is sampled, when, and at which cost.</summary>
public class UsageSamplerTests
{
    [Fact]
    public void Peaks_are_those_between_invoke_and_the_runtimes_end()
    {
        using ProcTree tree = ProcTree.Healthy();
        var time = new ManualTime();
        using UsageSampler sampler = Sampler(tree, time);
        int invocation = sampler.Begin();
        AdvanceOneSample(time, sampler);
        tree.WithProcess(14, files: 40, threads: 2);
        AdvanceOneSample(time, sampler);
        tree.WithProcess(14, files: 1, threads: 30);
        UsagePeaks peaks = EndRested(sampler, time, invocation);
        Assert.Equal((43, 31), (peaks.OpenFiles, peaks.Threads));
        Assert.True(peaks.Tmp is { Used: > 0, Size: > 0 });
    }

    [Fact]
    public void Peaks_begin_anew_with_each_invocation()
    {
        using ProcTree tree = ProcTree.Healthy();
        var time = new ManualTime();
        using UsageSampler sampler = Sampler(tree, time);
        Assert.Equal(8, sampler.End(sampler.Begin()).OpenFiles);
        time.Advance(60_000);
        tree.WithProcess(14, files: 1, threads: 1);
        Assert.Equal(4, sampler.End(sampler.Begin()).OpenFiles);
    }

    [Fact]
    public void Invocations_too_short_for_a_sample_each_share_one_and_lack_no_figure()
    {
        using ProcTree tree = ProcTree.Healthy();
        var time = new ManualTime();
        using UsageSampler sampler = Sampler(tree, time);
        const int Invocations = 2_000;
        for (int i = 1; i <= Invocations; i++)
        {
            UsagePeaks peaks = sampler.End(sampler.Begin());
            Assert.Equal((8, 8, true), (peaks.OpenFiles, peaks.Threads, peaks.Tmp.Used > 0));
        }

        // No time has passed: only the credit was there to spend.
        Assert.InRange(sampler.SampleCount, 2, Invocations / 2);

        time.Advance(60_000);
        tree.WithProcess(14, files: 20, threads: 1);
        Assert.Equal(23, sampler.End(sampler.Begin()).OpenFiles);
    }

    [Fact]
    public void What_a_short_invocation_takes_over_is_the_last_sample_and_not_the_last_peak()
    {
        using ProcTree tree = ProcTree.Healthy().WithProcess(14, files: 90, threads: 1);
        var time = new ManualTime();
        using UsageSampler sampler = Sampler(tree, time);
        int invocation = sampler.Begin();
        AdvanceOneSample(time, sampler);
        tree.WithProcess(14, files: 2, threads: 1);
        AdvanceOneSample(time, sampler);
        Assert.Equal(93, sampler.End(invocation).OpenFiles);
        Assert.Equal(5, sampler.End(sampler.Begin()).OpenFiles);
    }

    [Fact]
    public void Between_invocations_nothing_is_sampled_and_no_timer_waits()
    {
        using ProcTree tree = ProcTree.Healthy();
        var time = new ManualTime();
        using UsageSampler sampler = Sampler(tree, time);
        Assert.Equal(0, time.PendingTimers);
        sampler.End(sampler.Begin());
        Assert.Equal(0, time.PendingTimers);
        int before = sampler.SampleCount;
        time.Advance(60_000);
        Assert.Equal(before, sampler.SampleCount);
    }

    [Fact]
    public void An_end_of_an_earlier_invocation_does_not_end_the_current_one()
    {
        using ProcTree tree = ProcTree.Healthy();
        var time = new ManualTime();
        using UsageSampler sampler = Sampler(tree, time);
        int cutOff = sampler.Begin();
        int current = sampler.Begin();
        Assert.Equal(0, sampler.End(cutOff).OpenFiles);
        Assert.Equal(1, time.PendingTimers);
        Assert.Equal(8, sampler.End(current).OpenFiles);
        Assert.Equal(0, sampler.End(current).OpenFiles);
    }

    [Fact]
    public void Concurrent_invocations_are_sampled_until_the_last_one_ends_and_share_their_peaks()
    {
        using ProcTree tree = ProcTree.Healthy().WithProcess(14, files: 50, threads: 1);
        var time = new ManualTime();
        using UsageSampler sampler = Sampler(tree, time, isConcurrent: true);
        int first = sampler.Begin();
        int second = sampler.Begin();
        sampler.End(first);
        Assert.Equal(1, time.PendingTimers);
        sampler.End(second);
        Assert.Equal(0, time.PendingTimers);

        tree.WithProcess(14, files: 1, threads: 1);
        sampler.End(sampler.Begin());
        Assert.Equal(53, sampler.Peaks.OpenFiles);
    }

    [Fact]
    public void A_timer_that_fires_after_the_end_samples_nothing()
    {
        using ProcTree tree = ProcTree.Healthy();
        var time = new ManualTime();
        using UsageSampler sampler = Sampler(tree, time);
        int invocation = sampler.Begin();
        sampler.End(invocation);
        int before = sampler.SampleCount;
        time.Advance(1_000);
        Assert.Equal(before, sampler.SampleCount);
    }

    [Theory]
    [InlineData(0, 10)]
    [InlineData(99, 10)]
    [InlineData(100, 100)]
    [InlineData(900_000, 100)]
    public void Samples_are_10_ms_apart_for_100_ms_and_100_ms_later(int activeMs, int expectedMs) =>
        Assert.Equal(TimeSpan.FromMilliseconds(expectedMs), SamplingPace.Interval(TimeSpan.FromMilliseconds(activeMs)));

    [Fact]
    public void Rest_is_asked_for_once_the_credit_is_spent_and_pays_it_back()
    {
        var time = new ManualTime();
        var pace = new SamplingPace(time);
        Assert.Equal(TimeSpan.Zero, pace.Rest);
        pace.Spend(3_000_000);
        Assert.True(pace.Rest == TimeSpan.Zero, "the first look may be an outlier");
        pace.Spend(2_000_000);
        pace.Spend(9_000_000);
        Assert.True(pace.Rest == TimeSpan.Zero, "2 + 2 of 4 ms");
        pace.Spend(3_000_000);
        Assert.Equal(TimeSpan.FromMilliseconds(3 * 400), pace.Rest);
        time.Advance(1_000);
        Assert.Equal(TimeSpan.FromMilliseconds(200), pace.Rest);
        time.Advance(200);
        Assert.Equal(TimeSpan.Zero, pace.Rest);
        pace.SpendWake();
        Assert.Equal(TimeSpan.FromMilliseconds(60), pace.Rest);
        time.Advance(3_600_000);
        pace.Spend(3_000_000);
        pace.Spend(3_000_000);
        Assert.Equal(TimeSpan.FromMilliseconds(2 * 400), pace.Rest);
    }

    [Theory]
    [InlineData("few processes", 60_000, 10)]
    [InlineData("200 processes", 2_500_000, 10)]
    [InlineData("1000 processes", 12_000_000, 10)]
    [InlineData("without end", 60_000, 0.1)]
    public void In_the_long_run_looks_cost_a_four_hundredth_of_a_core(string row, long costNs, double tickMs)
    {
        var time = new ManualTime();
        var pace = new SamplingPace(time);
        long spentNs = 0;
        DateTimeOffset end = time.Now.AddMinutes(1);
        while (time.Now < end)
        {
            if (pace.Rest == TimeSpan.Zero)
            {
                pace.SpendWake();
                pace.Spend(costNs);
                spentNs += SamplingPace.WakeCostNs + costNs;
            }

            time.Advance(tickMs);
        }

        // A minute's share, the credit, and a look too many.
        double allowedNs = (60e9 / 400) + SamplingPace.CreditNs + (2 * costNs) + SamplingPace.WakeCostNs;
        Assert.True(spentNs > 60e9 / 400 * 0.9 && spentNs <= allowedNs, $"{row}: {spentNs / 1e6} ms");
    }

    [Fact]
    public void A_sample_allocates_nothing()
    {
        // The machine's own tree: as many processes as there are.
        using var sampler = new UsageSampler(new ProcReader(), "/tmp", isConcurrent: false, TimeProvider.System);
        Assert.Equal(0, Timing.LeastAllocated(sampler.Sample));
        Assert.True(sampler.Peaks is { OpenFiles: > 0, Threads: > 0 });
    }

    [Fact]
    public async Task With_the_real_clock_a_short_peak_inside_an_invocation_is_seen()
    {
        using ProcTree tree = ProcTree.Healthy();
        using UsageSampler sampler = Sampler(tree, TimeProvider.System);
        int invocation = sampler.Begin();
        tree.WithProcess(14, files: 60, threads: 3);
        var patience = Stopwatch.StartNew();
        while (sampler.Peaks.OpenFiles < 63 && patience.Elapsed < TimeSpan.FromSeconds(30))
        {
            await Task.Yield();
        }

        tree.WithProcess(14, files: 1, threads: 1);
        Assert.Equal(63, sampler.End(invocation).OpenFiles);
    }

    private static UsageSampler Sampler(ProcTree tree, TimeProvider time, bool isConcurrent = false) =>
        new(new ProcReader(tree.Root), tree.Tmp, isConcurrent, time);

    /// <summary>How long a sample's rest is depends on what it cost here; this goes on until the next one was taken.</summary>
    private static void AdvanceOneSample(ManualTime time, UsageSampler sampler)
    {
        int before = sampler.SampleCount;
        for (int i = 0; i < 100_000 && sampler.SampleCount == before; i++)
        {
            time.Advance(1);
        }

        Assert.Equal(before + 1, sampler.SampleCount);
    }

    private static UsagePeaks EndRested(UsageSampler sampler, ManualTime time, int invocation)
    {
        AdvanceOneSample(time, sampler);
        return sampler.End(invocation);
    }
}
