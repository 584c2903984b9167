using Mayfly.Lifecycle;
using Xunit;

namespace Mayfly.Tests.Lifecycle;

/// <summary>Memory of a sandbox that stays: design, second budget row.</summary>
public class HeapTrimTests
{
    [Fact]
    public void It_happens_once_after_500_invocations()
    {
        int collections = 0;
        var trim = new HeapTrim(() => collections++, () => 0, () => 1);
        for (int i = 1; i < HeapTrim.Invocations; i++)
        {
            trim.Served();
        }

        Assert.Equal(0, collections);
        for (int i = 0; i < 2000; i++)
        {
            trim.Served();
        }

        Assert.Equal(1, collections);
    }

    [Fact]
    public void What_nobody_holds_is_given_back()
    {
        long before = GC.CollectionCount(GC.MaxGeneration);
        var trim = new HeapTrim();
        for (int i = 0; i < HeapTrim.Invocations; i++)
        {
            trim.Served();
        }

        Assert.True(GC.CollectionCount(GC.MaxGeneration) > before);
    }

    [Fact]
    public void It_happens_when_the_process_has_grown_and_something_was_allocated()
    {
        int collections = 0;
        long allocated = 0;
        long resident = 20 * 1024 * 1024;
        var trim = new HeapTrim(
            () =>
            {
                collections++;
                resident -= HeapTrim.GrowthBytes / 2;
            },
            () => allocated,
            () => resident);

        Serve(HeapTrim.AllocatedBytes, 0);
        Assert.Equal(0, collections);
        Serve(HeapTrim.AllocatedBytes, HeapTrim.GrowthBytes - 1);
        Assert.Equal(0, collections);
        Serve(HeapTrim.AllocatedBytes - 1, 1);
        Assert.Equal(0, collections);
        Serve(1, 0);
        Assert.Equal(1, collections);

        // From what is left on, half of the growth stayed; after a while, or it would need more.
        for (int i = 0; i < 100; i++)
        {
            Serve(0, 0);
        }

        Serve(HeapTrim.AllocatedBytes, HeapTrim.GrowthBytes - 1);
        Assert.Equal(1, collections);
        Serve(HeapTrim.AllocatedBytes, 1);
        Assert.Equal(2, collections);
        Serve(HeapTrim.AllocatedBytes, HeapTrim.GrowthBytes);
        Assert.Equal(3, collections);
        Serve(HeapTrim.AllocatedBytes, HeapTrim.GrowthBytes);
        Assert.Equal(3, collections);
        Serve(HeapTrim.AllocatedBytes, HeapTrim.GrowthBytes);
        Assert.Equal(4, collections);

        void Serve(long more, long growth)
        {
            allocated += more;
            resident += growth;
            trim.Served();
        }
    }
}
