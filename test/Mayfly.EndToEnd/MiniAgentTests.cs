using Mayfly.EndToEnd.Agents;
using Mayfly.EndToEnd.Compat;
using Mayfly.EndToEnd.Platform;
using Mayfly.EndToEnd.Reference;
using Mayfly.Local.Intake;
using Xunit;

namespace Mayfly.EndToEnd;

/// <summary>One process of the mini agent, and one of each agent under test, for all tests of the class.</summary>
public sealed class BothAgents : IAsyncLifetime
{
    private const string FunctionName = "scripted";

    private readonly Dictionary<string, ScriptedSandbox> _sandboxes = [];
    private MiniAgent? _mini;
    private int _runs;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    /// <summary>What the agent as an extension, in an invocation, and the mini agent made of each request: by path of the field.</summary>
    internal async Task<IReadOnlyList<TraceComparison>> CompareAsync(string agent, IReadOnlyList<TraceRequest> requests)
    {
        if (!_sandboxes.TryGetValue(agent, out ScriptedSandbox? sandbox))
        {
            _sandboxes[agent] = sandbox = await ScriptedSandbox.StartAsync(agent);
        }

        string invocation = $"r{_runs++}";
        await sandbox.BeginAsync(invocation);
        return await CompareAsync(requests, sandbox.Ports.Traces, sandbox.Intake, () => sandbox.FinishAsync(invocation));
    }

    /// <summary>The same of the agent in the mini agent's mode: beside a program, in the same environment.</summary>
    internal async Task<IReadOnlyList<TraceComparison>> CompareBesideAsync(string agent, IReadOnlyList<TraceRequest> requests)
    {
        await using Beside ours = await Beside.StartAsync(AgentUnderTest.Command(agent));
        return await CompareAsync(requests, ours.Ports.Traces, ours.Intake, async () =>
        {
            ours.Agent.SendSigTerm();
            Assert.Equal(0, await ours.Agent.ExitCodeAsync(Until.Patience));
        });
    }

    private async Task<IReadOnlyList<TraceComparison>> CompareAsync(IReadOnlyList<TraceRequest> requests, int port, LocalIntake intake, Func<Task> finish)
    {
        _mini ??= await MiniAgent.StartAsync(FunctionName);

        // What comes last arrives last.
        TraceRequest last = TraceRequest.Parse("[[{}]]");
        TraceRequest[] all = [.. requests, last];
        Task<int[]> theirStatuses = SendAsync(_mini.Port, all);
        int[] ourStatuses = await SendAsync(port, all);
        await finish();
        await theirStatuses;
        bool isDelivered = await _mini.Intake.WaitUntilAsync(seen => new ReceivedSpans(seen.Spans).Find(last, 0, 0) is not null, Until.Patience);
        Assert.True(isDelivered, _mini.ToString());
        var ours = new ReceivedSpans(intake.Spans);
        var theirs = new ReceivedSpans(_mini.Intake.Spans);
        Assert.NotNull(ours.Find(last, 0, 0));
        return
        [
            .. requests.Select((request, i) => new TraceComparison(
                request, TraceOutcome.Of(request, ourStatuses[i], ours), TraceOutcome.Of(request, theirStatuses.Result[i], theirs))),
        ];
    }

    public async ValueTask DisposeAsync()
    {
        foreach (ScriptedSandbox sandbox in _sandboxes.Values)
        {
            await sandbox.DisposeAsync();
        }

        if (_mini is not null)
        {
            await _mini.DisposeAsync();
        }
    }

    private static async Task<int[]> SendAsync(int port, TraceRequest[] requests)
    {
        using var connection = new RawHttpConnection(port);
        var statuses = new List<int>();
        foreach (TraceRequest request in requests)
        {
            statuses.Add((await connection.SendAsync("POST", "/v0.4/traces", request.ToBody(), [.. request.Headers])).Status);
        }

        return [.. statuses];
    }
}

/// <summary>
/// The same v0.4 requests to the agent and to the published mini agent: all that reaches their intakes is equal, but for docs/differences-mini-agent.md
/// (docs/spec/03-traces.md#3-processing-pipeline).
/// </summary>
public class MiniAgentTests(BothAgents agents) : IClassFixture<BothAgents>
{
    private const int Requests = 400;
    private const int Seed = 20261128;

    public static TheoryData<string> Agents => AgentUnderTest.Names;

    [Theory, MemberData(nameof(Agents))]
    public async Task Random_traces_arrive_as_they_arrive_from_the_mini_agent(string agent)
    {
        IReadOnlyList<TraceComparison> seen = await agents.CompareAsync(agent, new RandomTraces(Seed).Take(Requests));
        var explained = new HashSet<string>();
        var unknown = new List<FieldDifference>();
        foreach (FieldDifference field in seen.SelectMany(static one => one.Differing))
        {
            if (MiniAgentDifference.Explain(field) is { } name)
            {
                explained.Add(name);
            }
            else
            {
                unknown.Add(field);
            }
        }

        string first = string.Join("\n\n", unknown.Take(5));
        Assert.True(unknown.Count == 0, $"seed {Seed}: {unknown.Count} fields differ, and docs/differences-mini-agent.md does not say why:\n{first}");
        Assert.Equal(MiniAgentDifference.All.Select(static one => one.Name).ToHashSet().Order(), explained.Order());
        Assert.InRange(seen.Sum(static one => one.Ours.Count(field => one.Theirs.GetValueOrDefault(field.Key) == field.Value)), 20 * Requests, int.MaxValue);
    }

    /// <summary>In the mode that replaces the mini agent, in the environment of vector D1 for both: no difference but those of the page.</summary>
    [Theory, MemberData(nameof(Agents))]
    public async Task Random_traces_arrive_in_the_mini_agent_s_mode_as_from_the_mini_agent(string agent)
    {
        IReadOnlyList<TraceComparison> seen = await agents.CompareBesideAsync(agent, new RandomTraces(Seed + 1).Take(Requests));
        FieldDifference[] differing = [.. seen.SelectMany(static one => one.Differing)];
        FieldDifference[] unknown = [.. differing.Where(static field => MiniAgentDifference.Explain(field) is null)];
        string first = string.Join("\n\n", unknown.Take(5).Select(static one => one.ToString()));
        Assert.True(unknown.Length == 0, $"seed {Seed + 1}: {unknown.Length} fields differ, and docs/differences-mini-agent.md does not say why:\n{first}");
        IEnumerable<string> inThisMode = MiniAgentDifference.All.Select(static one => one.Name).Distinct().Except(MiniAgentDifference.OfLambdaOnly);
        IEnumerable<string> needed = differing.Select(static field => MiniAgentDifference.Explain(field)!).Distinct();
        Assert.Equal(string.Join(' ', inThisMode.Order()), string.Join(' ', needed.Order()));
        Assert.InRange(seen.Sum(static one => one.Ours.Count(field => one.Theirs.GetValueOrDefault(field.Key) == field.Value)), 20 * Requests, int.MaxValue);
    }

    [Theory, MemberData(nameof(Agents))]
    public async Task Every_difference_is_as_it_is_written_down(string agent)
    {
        IReadOnlyList<MiniAgentRow> rows = MiniAgentRow.ReadAll();
        Assert.Equal(MiniAgentDifference.All.Select(static one => one.Name).Distinct().Order(), rows.Select(static row => row.Name).Distinct().Order());
        IReadOnlyList<TraceComparison> seen = await agents.CompareAsync(agent, [.. rows.Select(static row => row.Request)]);
        Assert.All(rows.Zip(seen), static pair =>
        {
            (MiniAgentRow row, TraceComparison comparison) = pair;
            FieldDifference[] fields = [.. comparison.Differing];
            FieldDifference field = Assert.Single(fields, one => one.Path == row.Where);
            Assert.Equal((row.Ours, row.Theirs), (field.Ours, field.Theirs));
            Assert.Equal(row.Name, MiniAgentDifference.Explain(field));
            Assert.All(fields, static one => Assert.NotNull(MiniAgentDifference.Explain(one)));
            Assert.Matches("^(§[1-9]|07 §)", row.Why);
        });
    }
}
