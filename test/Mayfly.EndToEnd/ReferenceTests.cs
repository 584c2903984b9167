using Mayfly.EndToEnd.Agents;
using Mayfly.EndToEnd.Platform;
using Mayfly.EndToEnd.Reference;
using Mayfly.Local.Intake;
using Mayfly.Testing;
using Xunit;

namespace Mayfly.EndToEnd;

/// <summary>
/// The same spans through the agent and through libdatadog itself: all that leaves is equal, but for docs/differences-libdatadog.md
/// (docs/spec/03-traces.md#38-obfuscation).
/// </summary>
public class ReferenceTests
{
    private const int Spans = 3000;
    private const int Seed = 20261128;

    /// <summary>What is on by default in the agent, and what can be switched: the environment of the one, the configuration of the other.</summary>
    private static readonly Dictionary<string, (string Reference, Dictionary<string, string> Agent)> Configurations = new()
    {
        ["defaults"] = (
            """
            {"redis":{"enabled":true},"valkey":{"enabled":true},"memcached":{"enabled":true},"credit_cards":{"enabled":true},
            "elasticsearch":{"enabled":true},"opensearch":{"enabled":true},"mongodb":{"enabled":true}}
            """,
            []),
        ["everything switched"] = (
            """
            {"http":{"remove_query_string":true,"remove_paths_with_digits":true},"redis":{"enabled":true,"remove_all_args":true},
            "valkey":{"enabled":true,"remove_all_args":true},"memcached":{"enabled":true,"keep_command":true},"credit_cards":{"enabled":true,"luhn":true},
            "elasticsearch":{"enabled":true,"keep_keys":["query0","_id1"]},"opensearch":{"enabled":true,"keep_keys":["a b0"]},
            "mongodb":{"enabled":true,"keep_keys":["é0"]},"sql":{"replace_digits":true,"keep_sql_alias":true,"dollar_quoted_func":true}}
            """,
            new()
            {
                ["DD_APM_OBFUSCATION_HTTP_REMOVE_QUERY_STRING"] = "true", ["DD_APM_OBFUSCATION_HTTP_REMOVE_PATHS_WITH_DIGITS"] = "true",
                ["DD_APM_OBFUSCATION_REDIS_REMOVE_ALL_ARGS"] = "true", ["DD_APM_OBFUSCATION_VALKEY_REMOVE_ALL_ARGS"] = "true",
                ["DD_APM_OBFUSCATION_MEMCACHED_KEEP_COMMAND"] = "true", ["DD_APM_OBFUSCATION_CREDIT_CARDS_LUHN"] = "true",
                ["DD_APM_OBFUSCATION_ELASTICSEARCH_KEEP_VALUES"] = """["query0","_id1"]""", ["DD_APM_OBFUSCATION_OPENSEARCH_KEEP_VALUES"] = """["a b0"]""",
                ["DD_APM_OBFUSCATION_MONGODB_KEEP_VALUES"] = """["é0"]""", ["DD_APM_FEATURES"] = "replace_sql_digits,keep_sql_alias,dollar_quoted_func",
            }),
        ["everything off"] = (
            """
            {"redis":{"enabled":false},"valkey":{"enabled":false},"memcached":{"enabled":false},"credit_cards":{"enabled":false},
            "elasticsearch":{"enabled":false},"opensearch":{"enabled":false},"mongodb":{"enabled":false}}
            """,
            new()
            {
                ["DD_APM_OBFUSCATION_REDIS_ENABLED"] = "false", ["DD_APM_OBFUSCATION_VALKEY_ENABLED"] = "false", ["DD_APM_OBFUSCATION_MEMCACHED_ENABLED"] = "false",
                ["DD_APM_OBFUSCATION_CREDIT_CARDS_ENABLED"] = "false", ["DD_APM_OBFUSCATION_ELASTICSEARCH_ENABLED"] = "false",
                ["DD_APM_OBFUSCATION_OPENSEARCH_ENABLED"] = "false", ["DD_APM_OBFUSCATION_MONGODB_ENABLED"] = "false",
            }),
    };

    public static TheoryData<string> Agents => AgentUnderTest.Names;

    public static TheoryData<string, string> AgentsAndConfigurations => AgentUnderTest.With(Configurations.Keys);

    [Theory, MemberData(nameof(AgentsAndConfigurations))]
    public async Task Random_spans_leave_as_they_leave_the_reference(string agent, string configuration)
    {
        (IReadOnlyList<Observation> seen, int others) = await CompareAsync(agent, configuration, new RandomSpans(Seed).Take(Spans, firstId: 1));
        var explained = new HashSet<string>();
        var unknown = new List<Observation>();
        foreach (Observation observation in seen.Where(static one => !one.IsEqual))
        {
            if (Difference.Explain(observation) is { } names)
            {
                explained.UnionWith(names);
            }
            else
            {
                unknown.Add(observation);
            }
        }

        string first = string.Join("\n\n", unknown.Take(5));
        Assert.True(unknown.Count == 0, $"seed {Seed}: {unknown.Count} texts differ, and docs/differences-libdatadog.md does not say why:\n{first}");
        Assert.Equal(0, others);
        Assert.Empty(DifferenceRow.ReadAll().Where(row => row.Settings == configuration).Select(static row => row.Name).Except(explained));
        if (configuration == "defaults")
        {
            Assert.InRange(seen.Count(static one => one.IsEqual && one.Ours != one.Input), Spans / 2, int.MaxValue);
        }
    }

    [Theory, MemberData(nameof(Agents))]
    public async Task Every_difference_is_as_it_is_written_down(string agent)
    {
        IReadOnlyList<DifferenceRow> rows = DifferenceRow.ReadAll();
        Assert.Equal(Difference.All.Select(static one => one.Name).Order(), rows.Select(static row => row.Name).Distinct().Order());
        var seen = new List<Observation>();
        foreach (IGrouping<string, DifferenceRow> same in rows.GroupBy(static row => row.Settings))
        {
            seen.AddRange((await CompareAsync(agent, same.Key, [.. same.Select(static row => row.Span)])).Seen);
        }

        Assert.All(rows, row =>
        {
            Observation observation = Assert.Single(seen, one => one.Span == row.Span && one.Tag == row.Tag);
            Assert.Equal((row.Ours, row.Theirs), (observation.Ours, observation.Theirs));
            Assert.Equal([row.Name], Difference.Explain(observation));
            Assert.StartsWith("§3.8 ", row.Why, StringComparison.Ordinal);
        });
    }

    /// <summary>What became of every text that may hold values, and in how many spans anything else differs.</summary>
    private static async Task<(IReadOnlyList<Observation> Seen, int Others)> CompareAsync(string agent, string configuration, IReadOnlyList<SampleSpan> sent)
    {
        byte[] body = SampleSpan.V04([.. sent.Select(static span => new[] { span })]);
        await using ReferenceProcess reference = await ReferenceProcess.StartAsync();
        IReadOnlyDictionary<ulong, ReferenceSpan> theirs = await reference.ProcessAsync(Configurations[configuration].Reference.ReplaceLineEndings(" "), body);
        await using ScriptedSandbox sandbox = await ScriptedSandbox.StartAsync(agent, new ScriptedOptions { Variables = Configurations[configuration].Agent });
        await sandbox.BeginAsync("r");
        Assert.Equal(200, await ScriptedSandbox.PostAsync(sandbox.Ports.Traces, "/v0.4/traces", body));
        await sandbox.FinishAsync("r");
        ILookup<ulong, ReceivedSpan> ours = sandbox.Intake.Spans.ToLookup(static span => span.SpanId);
        var seen = new List<Observation>();
        int others = 0;
        foreach (SampleSpan span in sent)
        {
            ReceivedSpan our = Assert.Single(ours[span.SpanId], one => one.TraceId == span.TraceId);
            ReferenceSpan their = theirs[span.SpanId];
            seen.Add(new Observation(span, null, our.Resource, their.Resource));
            seen.AddRange(span.Meta.Keys.Select(tag => new Observation(span, tag, our.Meta[tag], their.Meta[tag])));
            others += IsEqualElsewhere(span, our, their) ? 0 : 1;
        }

        await sandbox.ShutDownAsync();
        return (seen, others);
    }

    /// <summary>The fields that hold no values, the copy of the query, the numbers.</summary>
    private static bool IsEqualElsewhere(SampleSpan sent, ReceivedSpan our, ReferenceSpan their)
    {
        string identity = $"{our.Service} {our.Name} {our.Type} {our.TraceId} {our.ParentId} {our.StartNs} {our.DurationNs} {our.Error}";
        bool hasCopy = sent.Type is "sql" or "cassandra";
        return identity == their.Identity
            && our.Meta.GetValueOrDefault("sql.query") == (hasCopy ? our.Resource : null)
            && their.Meta.GetValueOrDefault("sql.query") == (hasCopy ? their.Resource : null)
            && sent.Metrics.Keys.Append("_top_level").All(key => our.Metrics[key].Equals(their.Metrics[key]));
    }
}
