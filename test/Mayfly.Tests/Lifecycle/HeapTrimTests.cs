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
        var trim = new HeapTrim(() => collections++);
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
}
