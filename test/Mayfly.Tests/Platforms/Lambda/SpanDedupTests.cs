using Mayfly.Platforms.Lambda;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda;

public class SpanDedupTests
{
    [Fact]
    public void The_last_spans_are_known_and_those_before_are_not()
    {
        var dedup = new SpanDedup();
        for (ulong i = 1; i <= SpanDedup.Capacity + 1; i++)
        {
            Assert.True(dedup.IsNew(7, i));
        }

        Assert.False(dedup.IsNew(7, 2));
        Assert.True(dedup.IsNew(7, 1));
        Assert.True(dedup.IsNew(7, 2));
    }

    [Fact]
    public void Span_and_trace_id_together_tell_a_span()
    {
        var dedup = new SpanDedup();
        Assert.True(dedup.IsNew(1, 2));
        Assert.True(dedup.IsNew(2, 1));
        Assert.True(dedup.IsNew(2, 2));
        Assert.True(dedup.IsNew(0, 0));
        Assert.False(dedup.IsNew(1, 2));
        Assert.False(dedup.IsNew(0, 0));
    }

    [Theory]
    [InlineData(1, 500)]
    [InlineData(2, 2500)]
    [InlineData(3, 100_000)]
    public void Answers_as_a_set_with_a_queue_would(int seed, int differentIds)
    {
        var random = new Random(seed);
        var dedup = new SpanDedup();
        var known = new HashSet<(ulong, ulong)>();
        var order = new Queue<(ulong, ulong)>();
        for (int i = 0; i < 200_000; i++)
        {
            ulong id = (ulong)random.Next(differentIds);
            (ulong Trace, ulong Span) key = (id / 7, id);
            bool isNew = known.Add(key);
            if (isNew)
            {
                order.Enqueue(key);
                if (order.Count > SpanDedup.Capacity)
                {
                    known.Remove(order.Dequeue());
                }
            }

            Assert.True(isNew == dedup.IsNew(key.Trace, key.Span), $"step {i}, id {id}");
        }
    }
}
