using Mayfly.Diagnostics;
using Mayfly.Platforms.Lambda.RuntimeProxy;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda.RuntimeProxy;

/// <summary>docs/spec/01-lambda-lifecycle.md#411-processing-of-tracer-payloads-that-touches-the-lifecycle, reparenting.</summary>
public sealed class ReparentingTests
{
    /// <summary>TV23: record {r1, inv 11, parent 0}; spans A(trace 5, id 1, parent 0), B(trace 5, id 2, parent 1).</summary>
    [Fact]
    public void The_root_span_goes_below_the_invocation_and_its_child_stays()
    {
        var reparenting = new Reparenting(new Counters());
        Assert.True(reparenting.TryAdd("r1", 11, 0));
        Assert.Equal(11ul, reparenting.ParentOf(5, 0));
        Assert.Equal(1ul, reparenting.ParentOf(5, 1));
        Assert.True(reparenting.TryFind("r1", out ReparentedInvocation invocation));
        Assert.Equal(new ReparentedInvocation("r1", 11, 0, 5), invocation);
    }

    [Fact]
    public void With_an_upstream_context_the_span_below_it_is_moved()
    {
        var reparenting = new Reparenting(new Counters());
        reparenting.TryAdd("r1", 11, 3333, traceId: 2222);
        Assert.Equal(0ul, reparenting.ParentOf(9, 0));
        Assert.Equal(11ul, reparenting.ParentOf(2222, 3333));
        Assert.Equal(0ul, reparenting.ParentOf(2222, 0));
    }

    [Fact]
    public void Overlapping_invocations_do_not_take_the_same_trace()
    {
        var reparenting = new Reparenting(new Counters());
        reparenting.TryAdd("r1", 11, 0);
        reparenting.TryAdd("r2", 22, 0);
        ulong[] parents = [reparenting.ParentOf(5, 0), reparenting.ParentOf(5, 1), reparenting.ParentOf(6, 0), reparenting.ParentOf(5, 0)];
        Assert.Equal([11ul, 1ul, 22ul, 11ul], parents);
        Assert.Equal([5ul, 6ul], reparenting.ToList().Select(static known => known.TraceId));
    }

    [Fact]
    public void A_duplicate_is_ignored_and_a_reported_invocation_is_forgotten()
    {
        var reparenting = new Reparenting(new Counters());
        Assert.True(reparenting.TryAdd("r1", 11, 0));
        Assert.False(reparenting.TryAdd("r1", 12, 0));
        reparenting.Remove("r1");
        reparenting.Remove("r1");
        Assert.Equal(0ul, reparenting.ParentOf(5, 0));
        Assert.False(reparenting.TryFind("r1", out _));
        Assert.True(reparenting.TryAdd("r1", 13, 0));
    }

    [Fact]
    public void The_oldest_of_500_makes_room()
    {
        var counters = new Counters();
        var reparenting = new Reparenting(counters);
        for (uint i = 1; i <= Reparenting.Capacity + 2; i++)
        {
            reparenting.TryAdd($"r{i}", i, 0);
        }

        Assert.Equal(Reparenting.Capacity, reparenting.ToList().Count);
        Assert.Equal("r3", reparenting.ToList()[0].RequestId);
        Assert.Equal(2, counters.Omitted(Omission.ReparentedInvocation));
    }

    [Fact]
    public void A_span_without_a_trace_belongs_to_nobody()
    {
        var reparenting = new Reparenting(new Counters());
        reparenting.TryAdd("r1", 11, 0);
        Assert.Equal(0ul, reparenting.ParentOf(0, 0));
        Assert.Equal(0ul, reparenting.ToList()[0].TraceId);
    }
}
