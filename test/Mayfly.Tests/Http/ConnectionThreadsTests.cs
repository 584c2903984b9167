using Mayfly.Http;
using Xunit;

namespace Mayfly.Tests.Http;

public sealed class ConnectionThreadsTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public void There_are_no_more_than_the_most_and_an_end_makes_room()
    {
        var threads = new ConnectionThreads();
        using var end = new SemaphoreSlim(0);
        using var ended = new SemaphoreSlim(0);
        void Work()
        {
            end.Wait(Patience);
            ended.Release();
        }

        for (int i = 0; i < ConnectionThreads.Most; i++)
        {
            Assert.True(threads.TryRun(Work));
        }

        Assert.False(threads.TryRun(Work));
        end.Release();
        Assert.True(ended.Wait(Patience));
        Assert.True(SpinWait.SpinUntil(() => threads.TryRun(Work), Patience));
        Assert.False(threads.TryRun(Work));
        end.Release(ConnectionThreads.Most);
        for (int i = 0; i < ConnectionThreads.Most; i++)
        {
            Assert.True(ended.Wait(Patience));
        }
    }

    [Fact]
    public void A_thread_without_work_takes_the_next()
    {
        var threads = new ConnectionThreads();
        var used = new HashSet<int>();
        using var done = new SemaphoreSlim(0);
        for (int i = 0; i < 50; i++)
        {
            Assert.True(SpinWait.SpinUntil(
                () => threads.TryRun(() =>
                {
                    used.Add(Environment.CurrentManagedThreadId);
                    done.Release();
                }),
                Patience));
            Assert.True(done.Wait(Patience));
        }

        // One thread that has told of its work may not have come back for more yet.
        Assert.InRange(used.Count, 1, ConnectionThreads.Most);
    }
}
