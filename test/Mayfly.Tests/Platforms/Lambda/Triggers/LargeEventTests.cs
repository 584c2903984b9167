using System.Text;
using Mayfly.Platforms.Lambda;
using Mayfly.Platforms.Lambda.Propagation;
using Mayfly.Platforms.Lambda.Triggers;
using Mayfly.Tests.Config;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda.Triggers;

/// <summary>
/// An event is read where it lies: no tree of it is built, nor a string of its size. What remains is what is kept, and the contexts and pointers of the first
/// <see cref="Batch.RecordLimit"/> records.
/// </summary>
public class LargeEventTests
{
    private const int MostAllocatedBytes = 32 * 1024;

    [Theory]
    [MemberData(nameof(LargeEvents.Rows), MemberType = typeof(LargeEvents))]
    public void Six_MiB_cost_no_memory(string row, string template)
    {
        byte[] json = Encoding.UTF8.GetBytes(LargeEvents.Of(template));
        var events = new InvocationEvents(Environments.Read());
        var headers = new Carrier();
        long allocated = Timing.LeastAllocated(
            () =>
            {
                Assert.NotNull(events.Read(json, headers, atNs: 1).Trigger);
                Assert.Null(ResponseStatusCode.Read(json));
            },
            enough: MostAllocatedBytes - 1);

        TestContext.Current.TestOutputHelper?.WriteLine($"{row}: {allocated} B");
        Assert.True(allocated < MostAllocatedBytes, $"{row}: {allocated} B for {json.Length}");
    }
}
