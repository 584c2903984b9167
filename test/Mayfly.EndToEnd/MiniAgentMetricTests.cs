using Mayfly.EndToEnd.Agents;
using Mayfly.EndToEnd.Reference;
using Xunit;

namespace Mayfly.EndToEnd;

/// <summary>
/// The same DogStatsD packets to the agent, in the mini agent's mode, and to the published mini agent: all that reaches their intakes is equal, but for the
/// second table of docs/differences-mini-agent.md (docs/spec/04-metrics-logs.md#a-dogstatsd).
/// </summary>
public class MiniAgentMetricTests
{
    private const int Packets = 500;
    private const int Seed = 20261128;

    public static TheoryData<string> Agents => AgentUnderTest.Names;

    [Theory, MemberData(nameof(Agents))]
    public async Task Random_metrics_arrive_as_they_arrive_from_the_mini_agent(string agent)
    {
        IReadOnlyList<MetricPacket> packets = new RandomPackets(Seed).Take(Packets);
        var used = new HashSet<string>();
        MetricPacket[] rewritten = [.. packets.Select(packet => MetricDifference.Rewrite(packet, used))];
        MetricRun run = await MetricRun.StartAsync(agent, packets, rewritten);
        var unknown = new List<string>();
        int equal = 0;
        for (int i = 0; i < packets.Count; i++)
        {
            string theirs = Text(run.Theirs[MetricPacket.Named(i, isRewritten: false)].Select(one => MetricDifference.Translate(one, used)));
            string ours = Text(run.Ours[MetricPacket.Named(i, isRewritten: true)]);
            if (ours != theirs)
            {
                unknown.Add($"{packets[i].Text}, to Mayfly {rewritten[i].Text}\nMayfly: {ours}\nmini agent: {theirs}");
            }

            equal += ours.Length > 0 && ours == theirs && rewritten[i] == packets[i] ? 1 : 0;
        }

        string first = string.Join("\n\n", unknown.Take(20));
        Assert.True(unknown.Count == 0, $"seed {Seed}: {unknown.Count} packets differ, and docs/differences-mini-agent.md does not say why:\n{first}");
        Assert.Equal(MetricDifference.All.Where(static one => !one.IsOfRows).Select(static one => one.Name).Order(), used.Order());
        Assert.InRange(equal, Packets / 10, Packets);
    }

    [Theory, MemberData(nameof(Agents))]
    public async Task Every_difference_is_as_it_is_written_down(string agent)
    {
        IReadOnlyList<MetricRow> rows = MetricRow.ReadAll();
        Assert.Equal(MetricDifference.All.Select(static one => one.Name).Order(), rows.Select(static row => row.Name).Distinct().Order());
        MetricRun run = await MetricRun.StartAsync(agent, [.. rows.Select(static row => row.Packet)], []);
        Assert.All(rows.Index(), pair =>
        {
            (int i, MetricRow row) = pair;
            string name = MetricPacket.Named(i, isRewritten: false);
            Assert.Equal((row.Ours, row.Theirs), (ShownMetric.Field([.. run.Ours[name]], row.Where), ShownMetric.Field([.. run.Theirs[name]], row.Where)));
            Assert.Matches("^(A|B)[.][0-9]+", row.Why);
        });
    }

    private static string Text(IEnumerable<ShownMetric> all) => string.Join('\n', all.Select(static one => one.ToString()).Order(StringComparer.Ordinal));
}
