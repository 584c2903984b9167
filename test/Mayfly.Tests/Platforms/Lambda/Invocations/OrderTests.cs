using Mayfly.Platforms.Lambda.Propagation;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda.Invocations;

/// <summary>
/// docs/spec/01-lambda-lifecycle.md 4.1: "ordering between the three sources is arbitrary". Every order of the events of an invocation, not only those that its
/// sources can produce, gives the same span and the same metrics.
/// </summary>
public class OrderTests
{
    private static readonly SpanContext Upstream = new(111, 222, null, [new("_dd.p.dm", "-4")]);

    private static readonly Action<TrackerRig, string>[] Events =
    [
        static (rig, id) => rig.Invoke(id),
        static (rig, id) => rig.PlatformStart(id),
        static (rig, id) => rig.Start(id, Upstream),
        static (rig, id) => rig.Placeholder(id),
        static (rig, id) => rig.End(id),
        static (rig, id) => rig.Done(id),
        static (rig, id) => rig.Report(id, initMs: 10),
    ];

    [Fact]
    public void All_5040_orders_of_one_invocation()
    {
        string expected = Play([Enumerable.Range(0, Events.Length)]);
        foreach (int[] order in Permutations([.. Enumerable.Range(0, Events.Length)]))
        {
            Assert.True(expected == Play([order]), $"Order {string.Join(',', order)}:\n{Play([order])}\ninstead of\n{expected}");
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Random_orders_of_three_invocations(int seed)
    {
        var random = new Random(seed);
        string expected = Play([.. Enumerable.Repeat(Enumerable.Range(0, Events.Length), 3)]);
        for (int i = 0; i < 200; i++)
        {
            int[][] orders = [.. Enumerable.Range(0, 3).Select(_ => Enumerable.Range(0, Events.Length).Shuffle(random).ToArray())];
            Assert.True(expected == Play(orders), $"Seed {seed}, orders {string.Join(" | ", orders.Select(static order => string.Join(',', order)))}");
        }
    }

    /// <summary>07, 7.3: the report of an invocation usually comes during the next one, its runtimeDone may.</summary>
    [Fact]
    public void Records_may_come_during_the_next_invocation()
    {
        string expected = Play([.. Enumerable.Repeat(Enumerable.Range(0, Events.Length), 2)]);
        using var rig = new TrackerRig();
        foreach (int i in (int[])[0, 1, 2, 3, 4, 5])
        {
            Events[i](rig, "r0");
        }

        rig.Tracker.SendComplete();
        Events[0](rig, "r1");
        Events[6](rig, "r0");
        foreach (int i in (int[])[1, 2, 3, 4, 5, 6])
        {
            Events[i](rig, "r1");
        }

        rig.Tracker.SendComplete();
        Assert.Equal(expected, Outcome(rig));
    }

    private static string Play(IReadOnlyList<IEnumerable<int>> orders)
    {
        using var rig = new TrackerRig();
        for (int i = 0; i < orders.Count; i++)
        {
            foreach (int step in orders[i])
            {
                Events[step](rig, "r" + i);
            }

            // The moment before the flush of this invocation.
            rig.Tracker.SendComplete();
        }

        return Outcome(rig);
    }

    private static string Outcome(TrackerRig rig)
    {
        rig.Tracker.Shutdown("spindown");
        Assert.Equal(0, rig.Tracker.Count);
        return string.Join('\n', rig.Spans.Select(TrackerRig.Describe).Concat(rig.TakeMetrics()));
    }

    private static IEnumerable<int[]> Permutations(int[] items, int fixedCount = 0)
    {
        if (fixedCount == items.Length)
        {
            yield return [.. items];
            yield break;
        }

        for (int i = fixedCount; i < items.Length; i++)
        {
            (items[fixedCount], items[i]) = (items[i], items[fixedCount]);
            foreach (int[] order in Permutations(items, fixedCount + 1))
            {
                yield return order;
            }

            (items[fixedCount], items[i]) = (items[i], items[fixedCount]);
        }
    }
}

/// <summary>Random order of a sequence.</summary>
internal static class ShuffleExtensions
{
    public static IEnumerable<T> Shuffle<T>(this IEnumerable<T> items, Random random)
    {
        T[] shuffled = [.. items];
        random.Shuffle(shuffled);
        return shuffled;
    }
}
