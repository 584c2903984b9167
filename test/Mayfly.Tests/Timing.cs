using Xunit;

namespace Mayfly.Tests;

/// <summary>
/// What work costs by itself, on a machine that may be busy with something else: its processor time and its allocations, the least of several runs.
/// The work stays on the thread that it is called on.
/// </summary>
internal static class Timing
{
    private const int Runs = 20;
    private const int EnoughRuns = 5;
    private const int FewBytes = 100_000;
    private const int ManyBytes = 400_000;

    /// <summary>What is linear takes seconds at most; what is not is not waited for twenty times.</summary>
    private static readonly TimeSpan MostSpent = TimeSpan.FromSeconds(20);

    /// <summary>Passes with the first run that is fast enough.</summary>
    public static void AssertBestUnder(TimeSpan limit, Action work, string what)
    {
        TimeSpan best = TimeSpan.MaxValue;
        for (int run = 0; run < Runs && best >= limit; run++)
        {
            best = Lesser(best, TimeOf(work));
        }

        Assert.True(best < limit, $"{what} took {best} at best");
    }

    public static TimeSpan BestOf(Action work) => Enumerable.Range(0, EnoughRuns).Min(_ => TimeOf(work));

    /// <summary>The bytes that the work takes from the heap once its pools are full. A collection may empty .NET's pools at any time; not each time.</summary>
    /// <param name="work">What is measured.</param>
    /// <param name="between">What has to be done after each run, and is not measured.</param>
    /// <param name="enough">So little is looked for: with more it is run more often.</param>
    public static long LeastAllocated(Action work, Action? between = null, long enough = 0)
    {
        long least = long.MaxValue;
        for (int run = 0; run < Runs && (run < EnoughRuns || least > enough); run++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            work();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
            between?.Invoke();
        }

        return least;
    }

    /// <summary>
    /// Four times the text takes four times as long, and not sixteen times. A collection, or memory that the system gives page by page, can cost more than all of
    /// the work: both lengths are run in turn, five times, and more often until the best of each are near enough.
    /// </summary>
    /// <param name="makeText">Gives the text for a length in bytes, roughly.</param>
    /// <param name="work">What is measured. It keeps its buffers from run to run.</param>
    public static void AssertLinear(Func<int, byte[]> makeText, Action<byte[]> work)
    {
        byte[] few = makeText(FewBytes);
        byte[] many = makeText(ManyBytes);
        TimeSpan bestOfFew = TimeSpan.MaxValue;
        TimeSpan bestOfMany = TimeSpan.MaxValue;
        TimeSpan spent = TimeSpan.Zero;
        for (int run = 0; run < Runs && spent < MostSpent && (run < EnoughRuns || bestOfMany >= bestOfFew * 10); run++)
        {
            TimeSpan ofMany = TimeOf(() => work(many));
            TimeSpan ofFew = TimeOf(() => work(few));
            spent += ofMany + ofFew;
            bestOfMany = Lesser(bestOfMany, ofMany);
            bestOfFew = Lesser(bestOfFew, ofFew);
        }

        Assert.True(bestOfMany < bestOfFew * 10, $"{few.Length} bytes took {bestOfFew}, {many.Length} bytes {bestOfMany}, at best");
    }

    private static TimeSpan TimeOf(Action work)
    {
        TimeSpan start = ThreadClock.Now;
        work();
        return ThreadClock.Now - start;
    }

    private static TimeSpan Lesser(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
