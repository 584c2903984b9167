using System.Text.Json;
using Mayfly.EndToEnd.Agents;
using Mayfly.EndToEnd.Functions;
using Mayfly.EndToEnd.Platform;
using Mayfly.Local.Intake;
using Xunit;

namespace Mayfly.EndToEnd;

/// <summary>Unmodified DogStatsD clients over every transport that they have: what they sent is what was delivered (docs/spec/04-metrics-logs.md A.13).</summary>
public sealed class DogStatsdClientTests : IDisposable
{
    private const string Python = "/usr/bin/python3";

    private readonly string _directory = Directory.CreateTempSubdirectory("mayfly-dsd-").FullName;

    public static TheoryData<string> Agents => AgentUnderTest.Names;

    public static TheoryData<string, string> AgentsAndWays => AgentUnderTest.With("udp", "udp packed", "uds", "uds packed", "stream", "stream packed");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory, MemberData(nameof(AgentsAndWays))]
    public async Task What_hot_shots_sent_is_delivered(string agent, string way)
    {
        await NodeProgram.RequireAsync();
        string protocol = way.Split(' ')[0];
        if (protocol == "uds")
        {
            await ClientProgram.RequireUnixDatagramsAsync();
        }

        var variables = new Dictionary<string, string> { ["DD_DOGSTATSD_SOCKET"] = PathOf("uds"), ["DD_DOGSTATSD_STREAM_SOCKET"] = PathOf("stream") };
        await using ScriptedSandbox sandbox = await ScriptedSandbox.StartAsync(agent, new ScriptedOptions { Variables = variables });
        string target = protocol == "udp" ? $"{sandbox.Ports.DogStatsd}" : PathOf(protocol);
        IReadOnlyList<JsonElement> sent = await InvokeAsync(sandbox, () => ClientProgram.RunAsync("node", "hot-shots.cjs", [protocol, target, .. way.Split(' ')[1..]]));
        Assert.Equal(200 * 6 + 2, sent.Count);
        MetricsHaveArrived(sent, sandbox);
        Assert.Equal(7, sandbox.Intake.Metrics.Where(static one => one.Name == "real.set").SelectMany(static one => one.Points).Max(static point => point.Value));

        JsonElement sentEvent = sent.Single(static one => Text(one, "type") == "event");
        ReceivedEvent received = Assert.Single(sandbox.Intake.Events);
        Assert.Equal((Text(sentEvent, "title"), Text(sentEvent, "text")), (received.Title, received.Text));
        Assert.Equal(("shop", "warning", "low", "door", 1700000000L), (received.Source, received.AlertType, received.Priority, received.AggregationKey, received.TimestampSeconds));
        Assert.Empty(Tags(sentEvent).Except(received.Tags));
        JsonElement sentCheck = sent.Single(static one => Text(one, "type") == "serviceCheck");
        ReceivedServiceCheck check = Assert.Single(sandbox.Intake.ServiceChecks);
        Assert.Equal(("coffee.machine", 1, "needs cleaning", 1700000000L), (check.Name, check.Status, check.Message, check.TimestampSeconds));
        Assert.Empty(Tags(sentCheck).Except(check.Tags));
        Assert.All([received.Tags, check.Tags], static tags => Assert.Contains("region:us-east-1", tags));
        await sandbox.ShutDownAsync();
    }

    /// <summary>It looks its host up: <c>localhost</c>, which is ::1 first in many places.</summary>
    [Theory, MemberData(nameof(Agents))]
    public async Task What_aiodogstatsd_sent_is_delivered(string agent)
    {
        await ClientProgram.RequirePythonAsync(Python);
        await using ScriptedSandbox sandbox = await ScriptedSandbox.StartAsync(agent);
        IReadOnlyList<JsonElement> sent = await InvokeAsync(sandbox, () => ClientProgram.RunAsync(Python, "aiodogstatsd_client.py", $"{sandbox.Ports.DogStatsd}"));
        Assert.Equal(300 * 5, sent.Count);
        MetricsHaveArrived(sent, sandbox);
        await sandbox.ShutDownAsync();
    }

    private static async Task<IReadOnlyList<JsonElement>> InvokeAsync(ScriptedSandbox sandbox, Func<Task<IReadOnlyList<JsonElement>>> run)
    {
        await sandbox.BeginAsync("r1");
        IReadOnlyList<JsonElement> sent = await run();
        await sandbox.FinishAsync("r1");
        AgentCounters counters = await AgentCounters.ReadAsync(sandbox.Ports.Traces);
        counters.MustBalance();
        Assert.Equal((0, 0), (counters.Metrics.DroppedInAll, counters.Metrics.Buffered));
        return sent;
    }

    private static void MetricsHaveArrived(IReadOnlyList<JsonElement> sent, ScriptedSandbox sandbox)
    {
        SentMetricLine[] metrics =
        [
            .. sent.Where(static one => Text(one, "type") == "metric" && Text(one, "kind") != "s")
                .Select(static one => new SentMetricLine("r1", Text(one, "name"), Text(one, "kind"), one.GetProperty("value").GetDouble(), Tags(one))),
        ];
        Assert.Equal(5 * 5, metrics.Select(static one => one.Context).Distinct().Count());
        Arrived.Metrics(metrics, sandbox.Intake.Requests);
    }

    private string PathOf(string name) => Path.Combine(_directory, name);

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;

    private static string[] Tags(JsonElement element) => [.. element.GetProperty("tags").EnumerateArray().Select(static tag => tag.GetString()!)];
}
