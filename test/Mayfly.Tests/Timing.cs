using Xunit;

namespace Mayfly.Tests;

/// <summary>
/// Times work on a machine that may be busy with something else: processor time, and the best of several runs, which is what the work itself costs.
/// </summary>
internal static class Timing
{
    private const int Runs = 20;
    private const int FewBytes = 100_000;
    private const int ManyBytes = 400_000;

    /// <summary>What is linear takes seconds at most; what is not is not waited for twenty times.</summary>
    private static readonly TimeSpan MostSpent = TimeSpan.FromSeconds(20);

    /// <summary>Passes with the first run that is fast enough. The work stays on the thread that it is called on.</summary>
    public static void AssertBestUnder(TimeSpan limit, Action work, string what)
    {
        TimeSpan best = TimeSpan.MaxValue;
        for (int run = 0; run < Runs && best >= limit; run++)
        {
            TimeSpan start = ThreadClock.Now;
            work();
            TimeSpan took = ThreadClock.Now - start;
            best = took < best ? took : best;
        }

        Assert.True(best < limit, $"{what} took {best} at best");
    }

    /// <summary>The bytes that the work takes from the heap once its pools are full. A collection may empty .NET's pools at any time; not each time.</summary>
    /// <param name="work">What is measured. It stays on the thread that it is called on.</param>
    /// <param name="between">What has to be done after each run, and is not measured.</param>
    public static long LeastAllocated(Action work, Action? between = null)
    {
        long least = long.MaxValue;
        for (int run = 0; run < Runs && (run < 5 || least > 0); run++)
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
        for (int run = 0; run < Runs && spent < MostSpent && (run < 5 || bestOfMany >= bestOfFew * 10); run++)
        {
            TimeSpan ofMany = TimeOf(many);
            TimeSpan ofFew = TimeOf(few);
            spent += ofMany + ofFew;
            bestOfMany = ofMany < bestOfMany ? ofMany : bestOfMany;
            bestOfFew = ofFew < bestOfFew ? ofFew : bestOfFew;
        }

        Assert.True(bestOfMany < bestOfFew * 10, $"{few.Length} bytes took {bestOfFew}, {many.Length} bytes {bestOfMany}, at best");

        TimeSpan TimeOf(byte[] text)
        {
            TimeSpan start = ThreadClock.Now;
            work(text);
            return ThreadClock.Now - start;
        }
    }
}
