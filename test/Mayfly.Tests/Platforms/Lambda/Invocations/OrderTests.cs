using FsCheck;
using FsCheck.Fluent;
using Mayfly.Config;
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

    /// <summary>
    /// Three streams, each in its order: INVOKE events, telemetry, a tracer's calls. A tracer's calls come before the next invocation begins; telemetry may come
    /// until the one after the next does.
    /// </summary>
    [Fact]
    public void Two_thousand_interleavings_of_three_invocations_on_demand() => Interleave(
        SandboxKind.OnDemand,
        [AllOf(Invoke), AllOf(Telemetry), AllOf(Tracing)],
        static events =>
        {
            // The platform begins no invocation before the agent has taken note of the one before it.
            for (int i = Invocations - 1; i >= 0; i--)
            {
                Before(events, (i, Invoke), e => e.Invocation == i + 1);
            }

            for (int i = 0; i < Invocations; i++)
            {
                Before(events, (i, Tracing), e => e == (i + 1, Invoke[0]));
                Before(events, (i, Telemetry), e => e == (i + 2, Invoke[0]));
            }
        });

    /// <summary>On managed instances all three overlap as they like: two streams for each, in its order.</summary>
    [Fact]
    public void Two_thousand_interleavings_of_three_invocations_on_managed_instances() => Interleave(
        SandboxKind.ManagedInstances,
        [.. Enumerable.Range(0, Invocations).SelectMany(static i => new[] { Of(i, ManagedTelemetry), Of(i, Tracing) })],
        static _ => { });

    private const int Invocations = 3;

    private static readonly int[] Invoke = [0];
    private static readonly int[] Tracing = [2, 3, 4];
    private static readonly int[] Telemetry = [1, 5, 6];
    private static readonly int[] ManagedTelemetry = [1, 6];

    private static (int Invocation, int Step)[] Of(int invocation, int[] steps) => [.. steps.Select(step => (invocation, step))];

    private static (int Invocation, int Step)[] AllOf(int[] steps) => [.. Enumerable.Range(0, Invocations).SelectMany(i => Of(i, steps))];

    /// <summary>2,000 seeds; one that fails is printed. A flush may begin after any event.</summary>
    private static void Interleave(SandboxKind kind, (int Invocation, int Step)[][] streams, Action<List<(int Invocation, int Step)>> arrange)
    {
        (int Invocation, int Step)[] plain = [.. streams.SelectMany(static stream => stream).OrderBy(static e => e.Invocation).ThenBy(static e => e.Step)];
        string expected = PlayEvents(kind, plain);
        Assert.Equal(Invocations, expected.Split('\n').Count(static line => line.StartsWith('r') && line.Contains(" trace 111 ", StringComparison.Ordinal)));
        Prop.ForAll(Gen.Choose(0, int.MaxValue - 1).ToArbitrary(), seed =>
        {
            var random = new Random(seed);
            int[] next = new int[streams.Length];
            List<(int Invocation, int Step)> events =
                [.. streams.SelectMany(static (stream, i) => Enumerable.Repeat(i, stream.Length)).Shuffle(random).Select(i => streams[i][next[i]++])];
            arrange(events);
            string outcome = PlayEvents(kind, events);
            return (outcome == expected).Label($"seed {seed}: {string.Join(' ', events)}\n{outcome}\ninstead of\n{expected}");
        }).Check(FsCheck.Config.QuickThrowOnFailure.WithMaxTest(2000));
    }

    /// <summary>Moves each of the given steps of an invocation before <paramref name="limit"/>, if it comes after it.</summary>
    private static void Before(List<(int Invocation, int Step)> events, (int Invocation, int[] Steps) early, Predicate<(int Invocation, int Step)> limit)
    {
        foreach (int step in early.Steps)
        {
            int at = events.IndexOf((early.Invocation, step)), border = events.FindIndex(limit);
            if (at >= 0 && border >= 0 && at > border)
            {
                events.RemoveAt(at);
                events.Insert(border, (early.Invocation, step));
            }
        }
    }

    private static string PlayEvents(SandboxKind kind, IEnumerable<(int Invocation, int Step)> events)
    {
        using var rig = new TrackerRig(kind);
        rig.Tracker.InitStarted(1_666_361_103_000_000_000, null);
        if (kind == SandboxKind.ManagedInstances)
        {
            // The sandbox's first invocation is told apart by its metrics' tags, whichever that is; and it shows that there is a tracer.
            rig.PlatformStart("first");
            rig.Start("first");
        }

        foreach ((int invocation, int step) in events)
        {
            Events[step](rig, "r" + invocation);
            rig.Tracker.SendComplete();
        }

        rig.Tracker.Shutdown("spindown");
        Assert.Equal(0, rig.Tracker.Count);
        return string.Join('\n', rig.Spans.OrderBy(static span => span.RequestId).Select(TrackerRig.Describe).Concat(rig.TakeMetrics()));
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
